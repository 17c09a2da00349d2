//! The log directory's checkpoint files: an offset for each partition.
//!
//! ```text
//! 0                     version
//! 2                     number of entries
//! orders 0 4711         topic partition offset
//! orders 1 0
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::layout;
use crate::base::{Offset, TopicPartition};
use crate::storage::{Disk, StorageError};

/// The largest checkpoint file that is read: well over 200,000 partitions.
const MAX_FILE: usize = 64 << 20;

/// Which checkpoint file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// `recovery-point-offset-checkpoint`: up to where a log is on disk.
    RecoveryPoint,
    /// `log-start-offset-checkpoint`: where a log begins, if not at 0.
    LogStart,
    /// `replication-offset-checkpoint`: the high watermark.
    HighWatermark,
}

impl Checkpoint {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RecoveryPoint, Self::LogStart, Self::HighWatermark];
    pub(super) const COUNT: usize = Self::ALL.len();

    pub(super) fn index(self) -> usize {
        match self {
            Self::RecoveryPoint => 0,
            Self::LogStart => 1,
            Self::HighWatermark => 2,
        }
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::LogStart => "log-start-offset-checkpoint",
            Self::HighWatermark => "replication-offset-checkpoint",
        }
    }

    /// What a broker does without the file.
    fn fall_back(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "every log that was not closed in order is scanned whole",
            Self::LogStart => "each log starts at its first segment; deleted records may reappear",
            Self::HighWatermark => "high watermarks start at each log's start offset",
        }
    }
}

/// Reads a checkpoint file. One that is not there is empty; one that makes no sense is ignored with
/// a warning that says what follows.
pub(super) fn read_or_warn(
    disk: &dyn Disk,
    dir: &Path,
    which: Checkpoint,
) -> Result<BTreeMap<TopicPartition, Offset>, StorageError> {
    match read(disk, dir, which) {
        Err(error @ StorageError::Malformed { .. }) => {
            tracing::warn!(%error, "ignoring a checkpoint file: {}", which.fall_back());
            Ok(BTreeMap::new())
        }
        other => other,
    }
}

/// Reads a checkpoint file. One that is not there is empty.
pub(in crate::storage) fn read(
    disk: &dyn Disk,
    dir: &Path,
    which: Checkpoint,
) -> Result<BTreeMap<TopicPartition, Offset>, StorageError> {
    let path = &dir.join(which.file_name());
    let lines = layout::read_lines(disk, path, MAX_FILE)?;
    let mut entries = BTreeMap::new();
    for (line, text) in layout::checkpoint_entries(path, &lines)? {
        let malformed = || StorageError::Malformed {
            path: path.clone(),
            line,
            expected: "topic, partition and offset",
        };
        let mut fields = text.split_ascii_whitespace();
        let (Some(topic), Some(partition), Some(offset), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(malformed());
        };
        let partition = partition.parse().map_err(|_| malformed())?;
        let offset: i64 = offset.parse().map_err(|_| malformed())?;
        if offset < 0 {
            return Err(malformed());
        }
        entries.insert(TopicPartition::new(topic, partition), Offset(offset));
    }
    Ok(entries)
}

pub(super) fn write(
    disk: &dyn Disk,
    dir: &Path,
    which: Checkpoint,
    entries: &BTreeMap<TopicPartition, Offset>,
) -> Result<(), StorageError> {
    let mut text = format!("0\n{}\n", entries.len());
    for (partition, offset) in entries {
        // writing to a String cannot fail
        let _ = writeln!(text, "{} {} {offset}", partition.topic, partition.partition);
    }
    let path: PathBuf = dir.join(which.file_name());
    layout::write_atomically(disk, &path, text.as_bytes())
}
