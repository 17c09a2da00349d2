//! One segment: a file of batches and its two indexes.
//!
//! ```text
//! 0        8        12       16   17       21
//! +--------+--------+--------+----+--------+-----------------+--------+--------+---
//! | base   | length | leader |ma- | crc    | attributes ...  | base   | length | ...
//! | offset |        | epoch  |gic | 32C    | records         | offset |        |
//! +--------+--------+--------+----+--------+-----------------+--------+--------+---
//! |<------------------ one batch ---------------------------->|<---- the next ----
//! ```
//!
//! Nothing stands between batches, before the first or after the last.

mod cut;
mod read;
mod recent;
mod recover;
mod time;
mod verify;
mod walk;

use std::io::IoSlice;
use std::sync::Arc;

use self::recent::Recent;
use super::index::{IndexFile, OffsetEntry, Place, TimeEntry};
use super::log::reserve::{Excess, Reserved};
use super::{DiskFile, OpenMode, StorageError, names};
use crate::base::Offset;

pub use recover::BatchVisitor;
pub(crate) use recover::Scan;
pub(crate) use verify::verify;
pub(crate) use walk::{Step, Walk};

/// The largest position and size of a segment: Kafka keeps both as `int`.
pub(crate) const MAX_SIZE: u32 = i32::MAX as u32;

/// What a log must know of a batch it appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMeta {
    /// Bytes of the batch, header included.
    pub size: u32,
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Offset of the last record.
    pub last_offset: Offset,
    /// The largest timestamp in the batch; -1 if it has none.
    pub max_timestamp: i64,
}

/// A timestamp, and the last offset of the first batch that reached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Milliseconds since the Unix epoch; -1 if unknown.
    pub timestamp: i64,
    /// The offset.
    pub offset: Offset,
}

/// One segment of a log.
#[derive(Debug)]
pub(crate) struct Segment {
    base_offset: Offset,
    size: u32,
    file: Option<Arc<dyn DiskFile>>,
    offset_index: IndexFile<OffsetEntry>,
    time_index: IndexFile<TimeEntry>,
    /// Largest timestamp and its batch; `None` until read from the time index.
    largest: Option<TimestampOffset>,
    /// Largest timestamp of the first batch: what `segment.ms` is measured from.
    first_timestamp: Option<i64>,
    /// When the segment was made or opened, by the wall clock.
    created_ms: i64,
    /// Taken off `segment.ms` (`segment.jitter.ms`).
    jitter_ms: i64,
    bytes_since_index: u32,
    recent: Option<Box<Recent>>,
    /// Whether the file may hold what a sync has not covered.
    dirty: bool,
    reserved: Reserved,
}

impl Segment {
    /// A new, empty segment. Files are made when first written.
    pub(crate) fn new(base_offset: Offset, created_ms: i64, jitter_ms: i64) -> Self {
        Self {
            base_offset,
            size: 0,
            file: None,
            offset_index: IndexFile::new(),
            time_index: IndexFile::new(),
            largest: Some(TimestampOffset { timestamp: -1, offset: base_offset }),
            first_timestamp: None,
            created_ms,
            jitter_ms,
            bytes_since_index: 0,
            recent: None,
            dirty: true,
            reserved: Reserved::default(),
        }
    }

    /// A segment found on disk. Its indexes are read when first needed.
    pub(crate) fn on_disk(base_offset: Offset, size: u32, created_ms: i64, jitter_ms: i64) -> Self {
        Self {
            size,
            offset_index: IndexFile::on_disk(),
            time_index: IndexFile::on_disk(),
            largest: None,
            dirty: false,
            ..Self::new(base_offset, created_ms, jitter_ms)
        }
    }

    /// Offset of the first record it may hold; names its files.
    pub(crate) fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// How far its file has been given room.
    pub(crate) fn reserved(&mut self) -> &mut Reserved {
        &mut self.reserved
    }

    /// Bytes of whole batches.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Whether `offset` fits in 32 bits relative to the base offset.
    pub(crate) fn can_hold(&self, offset: Offset) -> bool {
        let relative = offset.0.saturating_sub(self.base_offset.0);
        (0..=i64::from(i32::MAX)).contains(&relative)
    }

    /// The open file, opened if it is not.
    pub(crate) fn file(&mut self, place: Place<'_>) -> Result<Arc<dyn DiskFile>, StorageError> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = place.open(self.base_offset, names::LOG, OpenMode::Create)?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Puts another handle of its file in place; returns the one that was there.
    pub(crate) fn replace_file(
        &mut self,
        file: Option<Arc<dyn DiskFile>>,
    ) -> Option<Arc<dyn DiskFile>> {
        std::mem::replace(&mut self.file, file)
    }

    /// Writes `parts`, which are `batches` one after the other, to the end of the segment.
    ///
    /// After a failed write the file is cut back to its last whole batch.
    pub(crate) fn append(
        &mut self,
        place: Place<'_>,
        parts: &[IoSlice<'_>],
        batches: &[BatchMeta],
        index_interval: u32,
    ) -> Result<u32, StorageError> {
        // before the batch is written, so that a full disk refuses the batch and not its index
        if self.offset_index.tail_is_full() || self.time_index.tail_is_full() {
            self.write_indexes(place)?;
        }
        let largest = self.largest(place)?;
        let file = self.file(place)?;
        let position = self.size;
        self.dirty = true;
        if let Err(error) = file.write_at(parts, u64::from(position)) {
            // a torn batch must not be found at the end; if this fails too, recovery cuts it
            let _ = file.set_len(u64::from(position));
            return Err(StorageError::io(
                "write",
                &place.path(self.base_offset, names::LOG),
                error,
            ));
        }
        if position == 0 {
            self.first_timestamp = batches.iter().map(|batch| batch.max_timestamp).max();
        }
        self.note(batches, largest, index_interval);
        Ok(position)
    }

    /// Takes note of batches just written: size, largest timestamp, index entries.
    fn note(&mut self, batches: &[BatchMeta], mut largest: TimestampOffset, interval: u32) {
        let recent = self.recent.get_or_insert_default();
        for batch in batches {
            if batch.max_timestamp > largest.timestamp {
                largest =
                    TimestampOffset { timestamp: batch.max_timestamp, offset: batch.last_offset };
            }
            if self.bytes_since_index > interval {
                let relative = relative(self.base_offset, batch.last_offset);
                self.offset_index
                    .push(OffsetEntry { relative_offset: relative, position: self.size });
                self.time_index.maybe_push(time_entry(self.base_offset, largest));
                self.bytes_since_index = 0;
            }
            recent.push(batch, self.size);
            self.bytes_since_index = self.bytes_since_index.saturating_add(batch.size);
            self.size = self.size.saturating_add(batch.size);
        }
        self.largest = Some(largest);
    }

    /// The largest timestamp and its batch, from the time index if not known yet.
    pub(crate) fn largest(&mut self, place: Place<'_>) -> Result<TimestampOffset, StorageError> {
        if let Some(largest) = self.largest {
            return Ok(largest);
        }
        self.time_index.load(place, self.base_offset)?;
        let largest = self.time_index.last().map_or(
            TimestampOffset { timestamp: -1, offset: self.base_offset },
            |last| TimestampOffset {
                timestamp: last.timestamp,
                offset: self.base_offset.plus(i64::from(last.relative_offset)),
            },
        );
        self.largest = Some(largest);
        Ok(largest)
    }

    /// Whether an index has no room for another entry (`segment.index.bytes`). The time index keeps
    /// one slot for the entry it gets when the segment is rolled.
    pub(crate) fn index_is_full(&self, max_bytes: u32) -> bool {
        self.offset_index.entries() >= max_bytes / 8
            || self.time_index.entries() >= (max_bytes / 12).saturating_sub(1)
    }

    /// Writes what the indexes hold in memory.
    pub(crate) fn write_indexes(&mut self, place: Place<'_>) -> Result<(), StorageError> {
        self.offset_index.write_tail(place, self.base_offset)?;
        self.time_index.write_tail(place, self.base_offset)
    }

    /// Gives the time index its last entry and writes both indexes: what a segment gets when it is
    /// rolled and when its log is closed (`LogSegment.onBecomeInactiveSegment`).
    pub(crate) fn seal(&mut self, place: Place<'_>) -> Result<(), StorageError> {
        if self.file.is_none() && self.recent.is_none() && self.size > 0 {
            // found on disk and not touched since
            return Ok(());
        }
        if let Some(largest) = self.largest.filter(|largest| largest.timestamp >= 0) {
            self.time_index.load(place, self.base_offset)?;
            self.time_index.maybe_push(time_entry(self.base_offset, largest));
        }
        self.reserved.seal();
        // an empty segment has a log file as well
        self.file(place)?;
        self.write_indexes(place)?;
        self.recent = None;
        self.release_indexes();
        Ok(())
    }

    /// Closes the file; it is opened again when needed. Slices that are out keep theirs.
    pub(crate) fn release(&mut self) {
        self.file = None;
        self.recent = None;
        self.release_indexes();
    }

    /// Closes the file of a segment that is written to, and keeps what is known of its end.
    pub(crate) fn rest(&mut self) {
        self.file = None;
        self.release_indexes();
    }

    fn release_indexes(&mut self) {
        self.offset_index.release();
        self.time_index.release();
    }

    /// Whether the file is open.
    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Adds the files that a sync must cover to `files`; they count as covered from now on.
    pub(crate) fn take_unsynced(
        &mut self,
        place: Place<'_>,
        files: &mut Vec<Arc<dyn DiskFile>>,
    ) -> Result<(), StorageError> {
        if self.dirty {
            files.push(self.file(place)?);
            self.dirty = false;
        }
        files.extend(self.offset_index.take_unsynced(place, self.base_offset)?);
        files.extend(self.time_index.take_unsynced(place, self.base_offset)?);
        Ok(())
    }

    /// The file, if the segment is sealed and has room left to give back.
    pub(crate) fn take_excess(&mut self, place: Place<'_>) -> Result<Option<Excess>, StorageError> {
        if !self.reserved.take_excess() {
            return Ok(None);
        }
        Ok(Some(Excess { file: self.file(place)?, size: self.size }))
    }

    /// Milliseconds that count against `segment.ms`: from the first batch's timestamp to the new
    /// one's, or by the clock if the segment is empty (`LogSegment.timeWaitedForRoll`).
    pub(crate) fn time_waited(&self, now_ms: i64, timestamp: i64) -> i64 {
        match self.first_timestamp {
            Some(first) if first >= 0 => timestamp.saturating_sub(first),
            _ => now_ms.saturating_sub(self.created_ms),
        }
    }

    /// Taken off `segment.ms`.
    pub(crate) fn jitter_ms(&self) -> i64 {
        self.jitter_ms
    }
}

fn relative(base: Offset, offset: Offset) -> u32 {
    u32::try_from(offset.0.saturating_sub(base.0)).unwrap_or(u32::MAX)
}

fn time_entry(base: Offset, largest: TimestampOffset) -> TimeEntry {
    TimeEntry { timestamp: largest.timestamp, relative_offset: relative(base, largest.offset) }
}
