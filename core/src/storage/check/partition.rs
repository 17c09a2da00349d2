//! One partition's directory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::segment::{self, Indexes};
use super::{Checked, Context, Severity, Wrong};
use crate::base::Offset;
use crate::partition::decode_snapshot;
use crate::storage::names::{self, FileKind, LEADER_EPOCH_CHECKPOINT};
use crate::storage::{StorageError, read_leader_epochs, read_partition_metadata};

/// The largest snapshot that is read.
const MAX_SNAPSHOT: usize = 256 << 20;

/// The files of a partition, by base offset.
#[derive(Default)]
struct Files {
    logs: BTreeMap<Offset, u64>,
    indexes: BTreeSet<Offset>,
    time_indexes: BTreeSet<Offset>,
    snapshots: BTreeSet<Offset>,
}

/// Looks at a partition's files; where its log begins and ends, if there is one.
pub(super) fn check(
    context: &Context<'_>,
    dir: &Path,
    checked: &mut Checked,
) -> Option<(Offset, Offset)> {
    let files = match list(context, dir) {
        Ok(files) => files,
        Err(error) => {
            checked.failed(dir, error);
            return None;
        }
    };
    let range = segments(context, dir, &files, checked);
    for base in files.indexes.iter().filter(|base| !files.logs.contains_key(base)) {
        let path = dir.join(names::segment_file(*base, names::INDEX));
        checked.add(Severity::Warning, &path, Wrong::Orphan);
    }
    if let Some((_, end)) = range {
        snapshots(context, dir, &files, end, checked);
        epochs(context, dir, end, checked);
    }
    if let Err(error) = read_partition_metadata(context.disk, dir) {
        checked.failed(dir, error);
    }
    range
}

fn list(context: &Context<'_>, dir: &Path) -> Result<Files, StorageError> {
    let entries = context.disk.list(dir).map_err(|error| StorageError::io("list", dir, error))?;
    let mut files = Files::default();
    for entry in entries.iter().filter(|entry| !entry.is_dir) {
        match names::classify(&entry.name) {
            FileKind::Log(base) => drop(files.logs.insert(base, entry.len)),
            FileKind::Index(base) => drop(files.indexes.insert(base)),
            FileKind::TimeIndex(base) => drop(files.time_indexes.insert(base)),
            FileKind::Snapshot(base) => drop(files.snapshots.insert(base)),
            // the broker removes what an interrupted deletion or cleaning left
            FileKind::TxnIndex(_)
            | FileKind::Deleted
            | FileKind::Cleaned
            | FileKind::Swap
            | FileKind::Other => {}
        }
    }
    Ok(files)
}

fn segments(
    context: &Context<'_>,
    dir: &Path,
    files: &Files,
    checked: &mut Checked,
) -> Option<(Offset, Offset)> {
    let (first, _) = files.logs.first_key_value()?;
    let (last, _) = files.logs.last_key_value()?;
    let mut end = *first;
    for (base, len) in &files.logs {
        let path = dir.join(names::segment_file(*base, names::LOG));
        if *base < end {
            let wrong = Wrong::Overlap { expected: end, begins: *base };
            checked.add(Severity::Error, &path, wrong);
        }
        let indexes = Indexes {
            offset: files.indexes.contains(base),
            time: files.time_indexes.contains(base),
        };
        let is_last = base == last;
        let found = segment::check(context, dir, (*base, *len), (indexes, is_last), checked);
        end = end.max(found.unwrap_or(*base));
    }
    Some((*first, end))
}

fn snapshots(context: &Context<'_>, dir: &Path, files: &Files, end: Offset, checked: &mut Checked) {
    for offset in &files.snapshots {
        let path = dir.join(names::segment_file(*offset, names::SNAPSHOT));
        let content = match context.disk.read_small(&path, MAX_SNAPSHOT) {
            Ok(Some(content)) => content,
            // the broker has just deleted it
            Ok(None) => continue,
            Err(error) => {
                checked.failed(&path, StorageError::io("read", &path, error));
                continue;
            }
        };
        if let Err(error) = decode_snapshot(&content) {
            checked.add(Severity::Warning, &path, Wrong::Snapshot(error));
        } else if *offset > end && !context.in_use {
            let wrong = Wrong::BehindEnd { offset: *offset, end };
            checked.add(Severity::Warning, &path, wrong);
        }
    }
}

fn epochs(context: &Context<'_>, dir: &Path, end: Offset, checked: &mut Checked) {
    let path = dir.join(LEADER_EPOCH_CHECKPOINT);
    let epochs = match read_leader_epochs(context.disk, dir) {
        Ok(epochs) => epochs,
        Err(error) => {
            checked.add(Severity::Warning, &path, Wrong::Storage(error));
            return;
        }
    };
    let rising = |pair: &[crate::storage::EpochStart]| match pair {
        [a, b] => a.epoch < b.epoch && a.start_offset <= b.start_offset,
        _ => true,
    };
    if !epochs.windows(2).all(rising) {
        checked.add(Severity::Warning, &path, Wrong::Epochs);
    }
    if let Some(last) = epochs.last().filter(|last| last.start_offset > end && !context.in_use) {
        let wrong = Wrong::BehindEnd { offset: last.start_offset, end };
        checked.add(Severity::Warning, &path, wrong);
    }
}
