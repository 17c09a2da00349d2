//! Reads whose pages are not in memory: a thread that may block brings them in first.

use std::io;
use std::sync::Arc;

use super::Log;
use crate::base::Offset;
use crate::storage::segment::Segment;
use crate::storage::{DiskFile, StorageError};

/// How far apart the bytes are that are asked for.
const STRIDE: u64 = 256 * 1024;
/// Read at once. The device's queue then never holds more than this for each thread that reads, so
/// that nobody else who needs the device waits long.
const CHUNK: usize = 256 * 1024;
/// Beyond what was asked for, as a batch may begin before the index finds it and end behind.
const SLACK: u64 = 64 * 1024;
/// Begun to be read behind what was asked for: a reader of old records goes on.
const AHEAD: u64 = 1024 * 1024;

/// A part of a file that a read is about to touch, to be brought into memory on a thread that may
/// block.
#[derive(Debug)]
pub struct ColdRange {
    file: Arc<dyn DiskFile>,
    position: u64,
    end: u64,
    /// It is the whole offset index of the segment with this base offset.
    index_of: Option<Offset>,
}

impl ColdRange {
    /// Brings it in. What cannot be read is met again by the read itself.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn warm(&self) -> io::Result<()> {
        // the system's own reading ahead takes megabytes, which fill the device's queue
        self.file.no_read_ahead();
        let mut chunk = vec![0; CHUNK];
        let mut at = self.position;
        while at < self.end {
            let wanted = usize::try_from(self.end - at).unwrap_or(CHUNK).min(CHUNK);
            let read = self.file.read_at(chunk.get_mut(..wanted).unwrap_or_default(), at)?;
            if read == 0 {
                return Ok(());
            }
            at += read as u64;
        }
        if self.index_of.is_none() {
            self.file.will_need(self.end, AHEAD.min(self.end - self.position));
        }
        Ok(())
    }

    fn is_cold(&self) -> bool {
        let mut at = self.position;
        while at < self.end {
            if !self.file.is_resident(at) {
                return true;
            }
            at += STRIDE;
        }
        !self.file.is_resident(self.end.saturating_sub(1))
    }
}

impl Log {
    /// What must come from the disk before a read from `start` can be served without waiting for
    /// it: first the index that says where it is, then, asked again, the records. At the tail
    /// nothing, which costs no system call: those pages have just been written.
    ///
    /// # Errors
    /// When a file or an index cannot be read.
    pub fn cold_range(
        &mut self,
        start: Offset,
        max_bytes: u32,
    ) -> Result<Option<ColdRange>, StorageError> {
        if start < self.log_start || start >= self.next_offset {
            return Ok(None);
        }
        if self.active.is_recent(start) {
            return Ok(None);
        }
        let at = self.segment_for(start);
        self.ask(at, |place, segment: &mut Segment| {
            if let Some(file) = segment.cold_index(place)? {
                let index_of = Some(segment.base_offset());
                return Ok(Some(ColdRange { file, position: 0, end: u64::MAX, index_of }));
            }
            let position = u64::from(segment.position_before(place, start)?);
            let end = position + u64::from(max_bytes) + SLACK;
            let end = end.min(u64::from(segment.size()));
            let file = segment.file(place)?;
            let range = ColdRange { file, position, end, index_of: None };
            Ok((position < end && range.is_cold()).then_some(range))
        })
    }

    /// A range is in memory now. True if it was an index, after which the read is to be asked about
    /// again.
    pub fn warmed(&mut self, range: &ColdRange) -> bool {
        let Some(base) = range.index_of else { return false };
        if base == self.active.base_offset() {
            self.active.index_warmed();
        } else if let Ok(at) = self.closed.binary_search_by_key(&base, Segment::base_offset)
            && let Some(segment) = self.closed.get_mut(at)
        {
            segment.index_warmed();
        }
        true
    }
}

#[cfg(test)]
#[path = "cold_tests.rs"]
mod tests;
