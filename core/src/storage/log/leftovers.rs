//! What an interrupted deletion or cleaning left behind (`LogLoader`).

use std::collections::HashMap;
use std::io;

use crate::base::Offset;
use crate::storage::index::Place;
use crate::storage::names::{self, CLEANED, FileKind, SWAP};
use crate::storage::segment::Walk;
use crate::storage::{DirEntry, OpenMode, StorageError};

/// Removes `.deleted` and `.cleaned` files, finishes the swaps that were under way, and lists the
/// files that are then there.
pub(super) fn clear(place: Place<'_>) -> Result<Vec<DirEntry>, StorageError> {
    let files = list(place)?;
    let leftover = |kind| matches!(kind, FileKind::Deleted | FileKind::Cleaned | FileKind::Swap);
    if !files.iter().any(|file| leftover(names::classify(&file.name))) {
        return Ok(files);
    }
    // a swap at or behind a file still being written belongs to a split that did not finish
    let unfinished = files
        .iter()
        .filter(|file| file.name.ends_with(CLEANED))
        .filter_map(|file| base_of(&file.name, CLEANED))
        .min();
    let mut swaps = HashMap::new();
    for file in &files {
        match names::classify(&file.name) {
            FileKind::Deleted | FileKind::Cleaned => remove(place, &file.name)?,
            FileKind::Swap => {
                let base = base_of(&file.name, SWAP);
                if base.is_none() || unfinished.is_some_and(|least| base >= Some(least)) {
                    remove(place, &file.name)?;
                } else {
                    swaps.insert(file.name.clone(), base);
                }
            }
            _ => {}
        }
    }
    if !swaps.is_empty() {
        finish_swaps(place, &files, &swaps)?;
    }
    list(place)
}

/// Removes the segments that a cleaned one replaces, then gives the cleaned one its name.
fn finish_swaps(
    place: Place<'_>,
    files: &[DirEntry],
    swaps: &HashMap<String, Option<Offset>>,
) -> Result<(), StorageError> {
    let (mut first, mut end) = (Offset(i64::MAX), Offset(i64::MIN));
    let logs = files.iter().filter(|file| swaps.contains_key(&file.name));
    for file in logs.filter(|file| file.name.ends_with(".log.swap")) {
        if let Some(base) = base_of(&file.name, SWAP) {
            first = first.min(base);
            end = end.max(end_of(place, file, base)?);
        }
    }
    for file in files {
        let replaced = match names::classify(&file.name) {
            FileKind::Log(base)
            | FileKind::Index(base)
            | FileKind::TimeIndex(base)
            | FileKind::TxnIndex(base) => base >= first && base < end,
            _ => false,
        };
        if replaced {
            remove(place, &file.name)?;
        }
    }
    for name in swaps.keys() {
        let from = place.dir.join(name);
        let to = place.dir.join(name.trim_end_matches(SWAP));
        let renamed = place.disk.rename(&from, &to);
        renamed.map_err(|error| StorageError::io("rename", &from, error))?;
    }
    tracing::info!(dir = %place.dir.display(), files = swaps.len(), "finished a swap of segments");
    Ok(())
}

/// One past the last offset of a cleaned segment.
fn end_of(place: Place<'_>, file: &DirEntry, base: Offset) -> Result<Offset, StorageError> {
    let path = place.dir.join(&file.name);
    let open = place.disk.open(&path, OpenMode::Read);
    let open = open.map_err(|error| StorageError::io("open", &path, error))?;
    let mut walk = Walk::new(&*open, 0, u32::try_from(file.len).unwrap_or(u32::MAX));
    let mut end = base;
    // a bad batch ends the walk: recovery will cut there
    while let Ok(Some(step)) = walk.next() {
        end = step.last_offset.plus(1);
    }
    Ok(end)
}

/// The offset at the front of a name that has another suffix behind its own.
fn base_of(name: &str, suffix: &str) -> Option<Offset> {
    match names::classify(name.strip_suffix(suffix)?) {
        FileKind::Log(base)
        | FileKind::Index(base)
        | FileKind::TimeIndex(base)
        | FileKind::TxnIndex(base)
        | FileKind::Snapshot(base) => Some(base),
        _ => None,
    }
}

fn list(place: Place<'_>) -> Result<Vec<DirEntry>, StorageError> {
    let entries = place.disk.list(place.dir);
    let mut entries = entries.map_err(|error| StorageError::io("list", place.dir, error))?;
    entries.retain(|entry| !entry.is_dir);
    Ok(entries)
}

/// Removes a file of the partition's directory; one that is gone is fine.
pub(super) fn remove(place: Place<'_>, name: &str) -> Result<(), StorageError> {
    let path = place.dir.join(name);
    match place.disk.remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StorageError::io("delete", &path, error))
        }
        _ => Ok(()),
    }
}
