//! Reads whose pages are not in memory: a thread that may block brings them in first.

use std::io;
use std::sync::Arc;

use super::Log;
use crate::base::Offset;
use crate::storage::segment::Segment;
use crate::storage::{DiskFile, StorageError};

/// How far apart the bytes are that are asked for. The system reads more than this at once.
const STRIDE: u64 = 512 * 1024;
/// Read through at once.
const CHUNK: usize = 128 * 1024;
/// Beyond what was asked for, as a batch may begin before the index finds it and end behind.
const SLACK: u64 = 64 * 1024;

/// A part of a segment file that a read is about to touch, to be brought into memory on a thread
/// that may block.
#[derive(Debug)]
pub struct ColdRange {
    file: Arc<dyn DiskFile>,
    position: u64,
    end: u64,
}

impl ColdRange {
    /// Brings it in. What cannot be read is met again by the read itself.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn warm(&self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut at = self.position;
        while at < self.end {
            let wanted = usize::try_from(self.end - at).unwrap_or(CHUNK).min(CHUNK);
            let read = self.file.read_at(chunk.get_mut(..wanted).unwrap_or_default(), at)?;
            if read == 0 {
                break;
            }
            at += read as u64;
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
    /// it. At the tail nothing, which costs no system call: those pages have just been written.
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
        let at = if start >= self.active.base_offset() {
            self.closed.len()
        } else {
            let behind = self.closed.partition_point(|segment| segment.base_offset() <= start);
            behind.saturating_sub(1)
        };
        self.ask(at, |place, segment: &mut Segment| {
            let position = u64::from(segment.position_before(place, start)?);
            let end = position + u64::from(max_bytes) + SLACK;
            let end = end.min(u64::from(segment.size()));
            let range = ColdRange { file: segment.file(place)?, position, end };
            Ok((position < end && range.is_cold()).then_some(range))
        })
    }
}

#[cfg(test)]
#[path = "cold_tests.rs"]
mod tests;
