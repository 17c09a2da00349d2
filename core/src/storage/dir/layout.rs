//! Small text files: read whole, replaced whole.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use super::meta::{base64_uuid, parse_base64_uuid};
use crate::base::TopicId;
use crate::storage::names::PARTITION_METADATA;
use crate::storage::{Disk, OpenMode, StorageError};

/// Replaces a file so that a reader, or a crash, finds the old content or the new: written beside
/// it, synced, renamed over it, and the name synced.
pub(super) fn write_atomically(
    disk: &dyn Disk,
    path: &Path,
    content: &[u8],
) -> Result<(), StorageError> {
    replace(disk, path, content, true)?;
    let synced = path.parent().map_or(Ok(()), |dir| disk.sync_dir(dir));
    synced.map_err(|error| StorageError::io("sync", path, error))
}

/// Replaces a file in the same way, but leaves the syncs to a later flush of its directory: one
/// partition's small file is not worth two syncs of its own.
pub(super) fn write_unsynced(
    disk: &dyn Disk,
    path: &Path,
    content: &[u8],
) -> Result<(), StorageError> {
    replace(disk, path, content, false)
}

/// Writes a file that is not there yet, or whose loss costs nothing: a crash may leave a part.
pub(super) fn write_new(disk: &dyn Disk, path: &Path, content: &[u8]) -> Result<(), StorageError> {
    let written = disk
        .open(path, OpenMode::Truncate)
        .and_then(|file| file.write_at(&[IoSlice::new(content)], 0));
    written.map_err(|error| StorageError::io("write", path, error))
}

fn replace(disk: &dyn Disk, path: &Path, content: &[u8], sync: bool) -> Result<(), StorageError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = PathBuf::from(beside);
    let file = disk.open(&beside, OpenMode::Truncate);
    let file = file.map_err(|error| StorageError::io("open", &beside, error))?;
    let written = file.write_at(&[IoSlice::new(content)], 0);
    let written = written.and_then(|()| if sync { file.sync_data() } else { Ok(()) });
    written.map_err(|error| StorageError::io("write", &beside, error))?;
    let renamed = disk.rename(&beside, path);
    renamed.map_err(|error| StorageError::io("rename", &beside, error))
}

/// The lines of a text file; none if there is no file.
pub(super) fn read_lines(
    disk: &dyn Disk,
    path: &Path,
    limit: usize,
) -> Result<Vec<String>, StorageError> {
    Ok(read_text(disk, path, limit)?.lines().map(str::to_owned).collect())
}

/// A file's text; empty if there is no such file.
pub(super) fn read_text(
    disk: &dyn Disk,
    path: &Path,
    limit: usize,
) -> Result<String, StorageError> {
    let content = disk.read_small(path, limit);
    let content = content.map_err(|error| StorageError::io("read", path, error))?;
    String::from_utf8(content.unwrap_or_default()).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        StorageError::Malformed { path: path.to_owned(), line, expected: "UTF-8 text" }
    })
}

/// The entries of a checkpoint file with their line numbers, its two first lines checked
/// (`CheckpointFile`). An empty file has none: Kafka makes one when it starts.
pub(super) fn checkpoint_entries<'a>(
    path: &Path,
    lines: &'a [String],
) -> Result<Vec<(usize, &'a str)>, StorageError> {
    let malformed =
        |line, expected| StorageError::Malformed { path: path.to_owned(), line, expected };
    let mut rest = lines.iter();
    match rest.next() {
        None => return Ok(Vec::new()),
        Some(version) if version.trim() == "0" => {}
        Some(_) => return Err(malformed(1, "version 0")),
    }
    let count = rest.next().and_then(|line| line.trim().parse::<usize>().ok());
    let count = count.ok_or_else(|| malformed(2, "the number of entries"))?;
    let entries: Vec<_> = rest.enumerate().map(|(at, line)| (at + 3, line.as_str())).collect();
    if entries.len() == count {
        Ok(entries)
    } else {
        Err(malformed(2, "as many entries as it says"))
    }
}

/// Writes a partition's `partition.metadata`: which topic, by id, the directory belongs to.
///
/// ```text
/// version: 0
/// topic_id: kteH49QzS3qKPk6pUjnFVA
/// ```
pub fn write_partition_metadata(
    disk: &dyn Disk,
    partition_dir: &Path,
    topic: TopicId,
) -> Result<(), StorageError> {
    let text = format!("version: 0\ntopic_id: {}", base64_uuid(topic));
    // what is torn makes no sense, and is taken for missing
    write_new(disk, &partition_dir.join(PARTITION_METADATA), text.as_bytes())
}

/// Reads a partition's `partition.metadata`; `None` if there is none, or one that makes no sense:
/// it is not synced when it is made, and the metadata log knows the id.
pub fn read_partition_metadata(
    disk: &dyn Disk,
    partition_dir: &Path,
) -> Result<Option<TopicId>, StorageError> {
    let path = partition_dir.join(PARTITION_METADATA);
    let lines = match read_lines(disk, &path, 4096) {
        Err(StorageError::Malformed { .. }) => Vec::new(),
        other => other?,
    };
    let version = lines.first().filter(|line| line.trim() == "version: 0");
    let id = lines.get(1).and_then(|line| line.strip_prefix("topic_id:"));
    let id = version.and(id).and_then(|id| parse_base64_uuid(id.trim()));
    if id.is_none() && !lines.is_empty() {
        tracing::warn!(path = %path.display(), "ignoring a file that does not name a topic's id");
    }
    Ok(id)
}
