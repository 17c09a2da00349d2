//! A partition's `leader-epoch-checkpoint`: where each leader's records begin (KIP-101).
//!
//! ```text
//! 0            version
//! 2            number of entries
//! 0 0          epoch, start offset
//! 3 4711
//! ```

use std::fmt::Write as _;
use std::path::Path;

use super::layout;
use crate::base::{LeaderEpoch, Offset};
use crate::storage::names::LEADER_EPOCH_CHECKPOINT;
use crate::storage::{Disk, StorageError};

const MAX_FILE: usize = 16 << 20;

/// A leader epoch and the offset of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The leader epoch.
    pub epoch: LeaderEpoch,
    /// Where its records begin.
    pub start_offset: Offset,
}

/// Reads a partition's leader epochs; none if there is no file.
pub fn read_leader_epochs(
    disk: &dyn Disk,
    partition_dir: &Path,
) -> Result<Vec<EpochStart>, StorageError> {
    let path = partition_dir.join(LEADER_EPOCH_CHECKPOINT);
    let text = layout::read_text(disk, &path, MAX_FILE)?;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        let expected = "a last line that ends";
        return Err(StorageError::Malformed { path, line: lines.len(), expected });
    }
    let mut epochs = Vec::new();
    for (line, text) in layout::checkpoint_entries(&path, &lines)? {
        let fields = text.split_once(' ');
        let parsed = fields.and_then(|(epoch, start)| {
            let epoch = epoch.trim().parse().ok().filter(|epoch: &i32| *epoch >= 0)?;
            let start = start.trim().parse().ok().filter(|start: &i64| *start >= 0)?;
            Some(EpochStart { epoch: LeaderEpoch(epoch), start_offset: Offset(start) })
        });
        let expected = "epoch and start offset";
        let malformed = || StorageError::Malformed { path: path.clone(), line, expected };
        epochs.push(parsed.ok_or_else(malformed)?);
    }
    Ok(epochs)
}

/// Replaces a partition's leader epochs.
pub fn write_leader_epochs(
    disk: &dyn Disk,
    partition_dir: &Path,
    epochs: &[EpochStart],
) -> Result<(), StorageError> {
    let mut text = format!("0\n{}\n", epochs.len());
    for EpochStart { epoch, start_offset } in epochs {
        // writing to a String cannot fail
        let _ = writeln!(text, "{epoch} {start_offset}");
    }
    let path = partition_dir.join(LEADER_EPOCH_CHECKPOINT);
    match epochs {
        // of a log that is new: torn by a crash, it is found again in the log's few batches
        [EpochStart { start_offset: Offset::ZERO, .. }] => {
            layout::write_new(disk, &path, text.as_bytes())
        }
        _ => layout::write_unsynced(disk, &path, text.as_bytes()),
    }
}
