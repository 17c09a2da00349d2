//! Writing batches to the end of a log.

use std::io::IoSlice;

use super::Log;
use crate::base::{Offset, Tick};
use crate::storage::StorageError;
use crate::storage::segment::BatchMeta;

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record written.
    pub first_offset: Offset,
    /// Offset of the last record written.
    pub last_offset: Offset,
    /// Base offset of the new segment, if one was started for these batches. Producer state up to
    /// this offset is what a `.snapshot` file should hold now.
    pub rolled: Option<Offset>,
}

impl Log {
    /// Writes `bytes`, which are `batches` one after the other with their offsets already stamped.
    /// Starts a new segment first if the active one is full or old.
    ///
    /// The kernel has the bytes when this returns; see [`Log::take_flush_job`] for the disk. After
    /// a failed write nothing of `bytes` is in the log and the log directory is offline.
    pub fn append(
        &mut self,
        now: Tick,
        bytes: &[u8],
        batches: &[BatchMeta],
    ) -> Result<Appended, StorageError> {
        self.append_parts(now, &[IoSlice::new(bytes)], batches)
    }

    /// [`Log::append`] of batches that lie in several pieces.
    pub fn append_parts(
        &mut self,
        now: Tick,
        parts: &[IoSlice<'_>],
        batches: &[BatchMeta],
    ) -> Result<Appended, StorageError> {
        self.env.health.check()?;
        let size = parts.iter().map(|part| part.len()).sum();
        let (first, last) = self.check(size, batches)?;
        let largest = batches.iter().map(|batch| batch.max_timestamp).max().unwrap_or(-1);
        let rolled = if self.must_roll(now, size, largest, last) {
            Some(self.roll_at(now, first)?)
        } else {
            None
        };
        let interval = self.config.index_interval_bytes;
        let (place, _, active) = self.parts();
        let written = active.append(place, parts, batches, interval);
        self.poison(written)?;
        self.next_offset = last.plus(1);
        self.appended_ms = Some(now.monotonic_ms);
        self.flush.appended(first, last);
        Ok(Appended { first_offset: first, last_offset: last, rolled })
    }

    /// The offsets of the first and last record, if the batches continue the log and are `bytes`.
    fn check(&self, size: usize, batches: &[BatchMeta]) -> Result<(Offset, Offset), StorageError> {
        let bytes = size as u64;
        let total: u64 = batches.iter().map(|batch| u64::from(batch.size)).sum();
        let (Some(first), Some(last)) = (batches.first(), batches.last()) else {
            return Err(StorageError::SizeMismatch { batches: 0, bytes });
        };
        if total != bytes {
            return Err(StorageError::SizeMismatch { batches: total, bytes });
        }
        let mut expected = self.next_offset;
        for batch in batches {
            if batch.base_offset < expected || batch.last_offset < batch.base_offset {
                return Err(StorageError::OutOfOrder { expected, got: batch.base_offset });
            }
            expected = batch.last_offset.plus(1);
        }
        Ok((first.base_offset, last.last_offset))
    }
}
