//! Looks at a log directory without opening it: what is wrong, and where. Nothing is written.
//!
//! It reads what [`LogDir::open`](super::LogDir::open) and the recovery of logs read, with the same
//! code, but changes nothing: a batch that recovery would cut off is a [`Finding`] here.

mod finding;
mod partition;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use super::dir::{CLEAN_SHUTDOWN, LOCK, read_checkpoint};
use super::names::{self, DirKind, METADATA_LOG_DIR};
use super::{Checkpoint, Disk, LogDir, MetaProperties, StorageError};
use crate::base::{Offset, TopicPartition};

pub use finding::{Finding, Severity, Wrong};

/// What a look at a log directory has found.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// Whose the directory is, if it says so.
    pub meta: Option<MetaProperties>,
    /// The partitions whose logs lie in it.
    pub partitions: Vec<TopicPartition>,
    /// Segments that were read.
    pub segments: u64,
    /// Whole batches in them.
    pub batches: u64,
    /// Bytes of whole batches.
    pub bytes: u64,
}

/// What is known of a directory while its logs are looked at.
struct Context<'a> {
    disk: &'a dyn Disk,
    /// A process has it open, or it was not closed in order: its newest batches may be torn.
    may_be_torn: bool,
    in_use: bool,
    /// Told how many bytes of segments have been dealt with since it was told last.
    read: &'a dyn Fn(u64),
}

impl Checked {
    fn add(&mut self, severity: Severity, path: &Path, wrong: Wrong) {
        self.findings.push(Finding { severity, path: path.to_owned(), wrong });
    }

    fn failed(&mut self, path: &Path, error: StorageError) {
        self.add(Severity::Error, path, Wrong::Storage(error));
    }
}

/// The bytes of all segments in a log directory, as far as it can be listed: what
/// [`check_dir_with`] will read.
#[must_use]
pub fn segment_bytes(disk: &dyn Disk, path: &Path) -> u64 {
    let entries = disk.list(path).unwrap_or_default();
    let logs = entries.iter().filter(|entry| entry.is_dir && is_log(&entry.name));
    let of_log = |name: &str| {
        let files = disk.list(&path.join(name)).unwrap_or_default();
        let segments = files.iter().filter(|file| {
            !file.is_dir && matches!(names::classify(&file.name), names::FileKind::Log(_))
        });
        segments.map(|file| file.len).sum::<u64>()
    };
    logs.map(|entry| of_log(&entry.name)).sum()
}

fn is_log(name: &str) -> bool {
    matches!(names::classify_dir(name), DirKind::Partition(_)) || name == METADATA_LOG_DIR
}

/// Looks at everything in a log directory.
#[must_use]
pub fn check_dir(disk: &dyn Disk, path: &Path) -> Checked {
    check_dir_with(disk, path, &|_| {})
}

/// [`check_dir`], which tells `read` again and again how many more bytes of segments it has dealt
/// with.
#[must_use]
pub fn check_dir_with(disk: &dyn Disk, path: &Path, read: &dyn Fn(u64)) -> Checked {
    let mut checked = Checked::default();
    let entries = match disk.list(path) {
        Ok(entries) => entries,
        Err(error) => {
            checked.failed(path, StorageError::io("list", path, error));
            return checked;
        }
    };
    let in_use = in_use(disk, path, &mut checked);
    match LogDir::peek(disk, path) {
        Ok(meta) => checked.meta = meta,
        Err(error) => checked.failed(path, error),
    }
    let mut logs = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_dir) {
        match names::classify_dir(&entry.name) {
            DirKind::Partition(partition) => drop(logs.insert(partition, path.join(&entry.name))),
            _ if entry.name == METADATA_LOG_DIR => {
                let partition = TopicPartition::new("__cluster_metadata", 0);
                logs.insert(partition, path.join(&entry.name));
            }
            DirKind::Stray => {
                checked.add(Severity::Warning, &path.join(&entry.name), Wrong::Stray);
            }
            DirKind::Delete | DirKind::Future | DirKind::Other => {}
        }
    }
    let has_meta = entries.iter().any(|entry| entry.name == "meta.properties");
    if !has_meta && !logs.is_empty() {
        checked.add(Severity::Warning, path, Wrong::NoMeta);
    }
    let clean = entries.iter().any(|entry| entry.name == CLEAN_SHUTDOWN);
    if !clean && !in_use && !logs.is_empty() {
        checked.add(Severity::Note, path, Wrong::Unclean);
    }
    let context = Context { disk, may_be_torn: in_use || !clean, in_use, read };
    let mut ends = BTreeMap::new();
    for (partition, dir) in logs {
        if let Some(range) = partition::check(&context, &dir, &mut checked) {
            ends.insert(partition.clone(), range);
        }
        checked.partitions.push(partition);
    }
    checkpoints(&context, path, &ends, &mut checked);
    checked
}

/// Whether a process has the directory open. Only a lock file that is there is tried.
fn in_use(disk: &dyn Disk, path: &Path, checked: &mut Checked) -> bool {
    let lock = path.join(LOCK);
    if !disk.exists(&lock).unwrap_or(false) {
        return false;
    }
    match disk.lock(&lock) {
        Ok(Some(_)) => false,
        Ok(None) => {
            checked.add(Severity::Note, path, Wrong::InUse);
            true
        }
        Err(error) => {
            let error = StorageError::io("lock", &lock, error);
            checked.add(Severity::Warning, path, Wrong::Storage(error));
            false
        }
    }
}

/// Compares the checkpoint files with the logs.
fn checkpoints(
    context: &Context<'_>,
    path: &Path,
    logs: &BTreeMap<TopicPartition, (Offset, Offset)>,
    checked: &mut Checked,
) {
    for which in Checkpoint::ALL {
        let file = path.join(which.file_name());
        let entries = match read_checkpoint(context.disk, path, which) {
            Ok(entries) => entries,
            Err(error) => {
                checked.add(Severity::Warning, &file, Wrong::Storage(error));
                continue;
            }
        };
        for (partition, offset) in entries {
            let Some((start, end)) = logs.get(&partition) else { continue };
            // between the file and the log a broker that runs has gone on
            if offset <= *end || context.in_use {
                continue;
            }
            let severity = match which {
                Checkpoint::LogStart => Severity::Error,
                Checkpoint::RecoveryPoint | Checkpoint::HighWatermark => Severity::Warning,
            };
            let (start, end) = (*start, *end);
            checked.add(severity, &file, Wrong::Checkpoint { partition, offset, start, end });
        }
    }
}
