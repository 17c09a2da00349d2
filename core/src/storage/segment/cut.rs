//! Shortening and removing segments, and what is read when one is opened.

use std::path::PathBuf;

use super::{Segment, TimestampOffset, Walk, relative};
use crate::base::Offset;
use crate::storage::index::Place;
use crate::storage::{StorageError, names};

impl Segment {
    /// Cuts off the batch that holds `offset` and all that follow. Returns the offset at which the
    /// segment then ends, or `None` if it has nothing at or after `offset`.
    pub(crate) fn truncate_to(
        &mut self,
        place: Place<'_>,
        offset: Offset,
    ) -> Result<Option<Offset>, StorageError> {
        let Some(found) = self.find(place, offset)? else { return Ok(None) };
        let base = self.base_offset;
        let bound = relative(base, found.base_offset);
        // the indexes first: one that points past the end would be wrong, one that is short is not
        self.offset_index.truncate(place, base, |entry| entry.relative_offset < bound)?;
        self.time_index.truncate(place, base, |entry| entry.relative_offset < bound)?;
        self.cut_file(place, found.position)?;
        self.bytes_since_index = 0;
        self.recent = None;
        self.reload_largest(place)?;
        if self.size == 0 {
            self.first_timestamp = None;
        }
        Ok(Some(found.base_offset))
    }

    /// Cuts the file of batches to `size` bytes.
    pub(super) fn cut_file(&mut self, place: Place<'_>, size: u32) -> Result<(), StorageError> {
        let file = self.file(place)?;
        file.set_len(u64::from(size)).map_err(|error| {
            StorageError::io("truncate", &place.path(self.base_offset, names::LOG), error)
        })?;
        self.size = size;
        self.dirty = true;
        Ok(())
    }

    /// Reads where the segment ends, its largest timestamp and its first one: what is needed before
    /// it is written to. Steps over the batches after the last index entry only.
    ///
    /// The error is `Corrupt` if an index or a batch header is not what it must be.
    pub(crate) fn load_end(&mut self, place: Place<'_>) -> Result<Offset, StorageError> {
        if self.size == 0 {
            return Ok(self.base_offset);
        }
        self.offset_index.load(place, self.base_offset)?;
        self.time_index.load(place, self.base_offset)?;
        let end = self.reload_largest(place)?;
        let file = self.file(place)?;
        let mut walk = Walk::new(&*file, 0, self.size);
        self.first_timestamp = self.next_step(place, &mut walk)?.map(|step| step.max_timestamp);
        Ok(end)
    }

    /// Finds the largest timestamp anew: the time index's last, or one behind the last index entry.
    /// Returns the offset at which the segment ends.
    fn reload_largest(&mut self, place: Place<'_>) -> Result<Offset, StorageError> {
        self.largest = None;
        let mut largest = self.largest(place)?;
        let mut end = self.base_offset;
        if self.size > 0 {
            let start = self.offset_index.last().map_or(0, |entry| entry.position);
            let file = self.file(place)?;
            let mut walk = Walk::new(&*file, start, self.size);
            while let Some(step) = self.next_step(place, &mut walk)? {
                if step.max_timestamp > largest.timestamp {
                    largest =
                        TimestampOffset { timestamp: step.max_timestamp, offset: step.last_offset };
                }
                end = step.last_offset.plus(1);
            }
        }
        self.largest = Some(largest);
        Ok(end)
    }

    /// Renames the segment's files, and the producer snapshot of its base offset, so that they are
    /// no longer found; returns the new names. Slices that are out keep reading.
    pub(crate) fn retire(&mut self, place: Place<'_>) -> Result<Vec<PathBuf>, StorageError> {
        self.release();
        let mut renamed = Vec::new();
        // the batches first: an index without them is taken for an orphan
        let suffixes =
            [names::LOG, names::INDEX, names::TIME_INDEX, names::TXN_INDEX, names::SNAPSHOT];
        for suffix in suffixes {
            let from = place.path(self.base_offset, suffix);
            let mut to = from.clone().into_os_string();
            to.push(names::DELETED);
            let to = PathBuf::from(to);
            match place.disk.rename(&from, &to) {
                Ok(()) => renamed.push(to),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(StorageError::io("rename", &from, error)),
            }
        }
        Ok(renamed)
    }

    /// Removes the segment's files at once: recovery, where nobody reads yet.
    pub(crate) fn remove(&mut self, place: Place<'_>) -> Result<(), StorageError> {
        for path in self.retire(place)? {
            let removed = place.disk.remove_file(&path);
            removed.map_err(|error| StorageError::io("delete", &path, error))?;
        }
        Ok(())
    }

    /// The largest timestamp, or when the file was last written if it has none: what `retention.ms`
    /// is measured from (`LogSegment.largestTimestamp`).
    pub(crate) fn retention_timestamp(&mut self, place: Place<'_>) -> Result<i64, StorageError> {
        let largest = self.largest(place)?;
        if largest.timestamp >= 0 {
            return Ok(largest.timestamp);
        }
        let path = place.path(self.base_offset, names::LOG);
        let stat = place.disk.stat(&path).map_err(|e| StorageError::io("stat", &path, e))?;
        Ok(stat.map_or(self.created_ms, |stat| stat.modified_ms))
    }
}
