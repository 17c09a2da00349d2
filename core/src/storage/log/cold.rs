//! Reads whose pages are not in memory: a thread that may block brings them in first.

use std::io;
use std::sync::Arc;

use super::Log;
use crate::base::{Offset, Tick};
use crate::storage::direct::HeldFile;
use crate::storage::segment::Segment;
use crate::storage::{DiskFile, LogSlice, StorageError};

/// How far apart the bytes are that are asked for, at most and, of a short range, at least.
const STRIDE: u64 = 256 * 1024;
const SHORT_STRIDE: u64 = 64 * 1024;
/// Read at once. The device's queue then never holds more than this for each thread that reads, so
/// that nobody else who needs the device waits long.
const CHUNK: usize = 256 * 1024;
/// Beyond what was asked for: the header of the batch behind it is looked at.
const SLACK: u64 = 16 * 1024;
/// Begun to be read into the page cache behind what was asked for: a reader of old records goes on.
const AHEAD: u64 = 1024 * 1024;
/// Shorter reads go through the page cache, where reading ahead serves the ones that follow.
const DIRECT_FROM: u64 = 256 * 1024;
/// The most that a read takes of what comes from the disk while others append, but for a first
/// batch that is larger. Who reads old records then comes in small steps, and no append waits
/// behind a long one.
const STEP: u32 = 256 * 1024;
/// For so long what was read directly counts as just read.
const RECENT_MS: u64 = 10_000;
/// A log that nothing was appended to for so long is taken for one that is not written to.
const STILL_MS: u64 = 1_000;

/// A part of a file that a read is about to touch, to be brought into memory on a thread that may
/// block.
#[derive(Debug)]
pub struct ColdRange {
    file: Arc<dyn DiskFile>,
    position: u64,
    end: u64,
    /// The segment it is of.
    base: Offset,
    /// It is the whole offset index of the segment.
    is_index: bool,
    /// It may go past the page cache.
    direct: bool,
    /// The log's history when this was asked.
    history: Arc<()>,
    held: Option<Arc<HeldFile>>,
}

/// Whether somebody appends to the logs that one thread looks after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Appending {
    at_ms: Option<u64>,
}

impl Appending {
    /// Something is appended.
    pub fn note(&mut self, now: Tick) {
        self.at_ms = Some(now.monotonic_ms);
    }

    /// Whether something was appended within the last second.
    #[must_use]
    pub fn goes_on(&self, now: Tick) -> bool {
        self.at_ms.is_some_and(|then| now.monotonic_ms.saturating_sub(then) < STILL_MS)
    }
}

/// How to read what may have to come from the disk.
#[derive(Debug)]
pub struct ColdRead {
    /// The most to read: less than was asked for where the reader is to come in small steps.
    pub max_bytes: u32,
    /// What is to be brought into memory first, if anything.
    pub range: Option<ColdRange>,
}

/// Which cold reads go past the page cache: those of the reader that has come furthest through a
/// log. Who follows behind may not be the last one, and goes through the cache.
#[derive(Debug, Default)]
pub(super) struct DirectReads {
    /// From where the furthest of them read, and when.
    furthest: Offset,
    at_ms: Option<u64>,
}

impl DirectReads {
    /// Whether a read from `start` goes past the cache.
    fn goes_direct(&mut self, now_ms: u64, start: Offset) -> bool {
        let recent = self.at_ms.is_some_and(|then| now_ms.saturating_sub(then) < RECENT_MS);
        if recent && start <= self.furthest {
            return false;
        }
        (self.furthest, self.at_ms) = (start, Some(now_ms));
        true
    }
}

impl ColdRange {
    /// Brings it in. What cannot be read is met again by the read itself.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn warm(&mut self) -> io::Result<()> {
        if self.direct
            && let Some(held) = HeldFile::read(&self.file, self.position, self.end)
        {
            self.held = Some(Arc::new(held));
            return Ok(());
        }
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
        if !self.is_index {
            self.file.will_need(self.end, AHEAD.min(self.end - self.position));
        }
        Ok(())
    }

    /// What is to be brought in after all, through the page cache: records that were found are not
    /// all in what is held.
    #[must_use]
    pub fn missed(&self, found: &LogSlice) -> Option<Self> {
        if self.held.is_none() || found.is_empty() || found.held().is_some() {
            return None;
        }
        // the read that follows looks for them once more, from where the index says
        let same = found.segment_base_offset == self.base;
        let file = if same { &self.file } else { &found.file };
        Some(Self {
            file: Arc::clone(file),
            position: if same { self.position.min(found.position) } else { found.position },
            end: found.position + u64::from(found.length) + SLACK,
            base: found.segment_base_offset,
            history: Arc::clone(&self.history),
            is_index: false,
            direct: false,
            held: None,
        })
    }

    fn is_cold(&self) -> bool {
        if self.position >= self.end {
            return false;
        }
        let stride = ((self.end - self.position) / 4).clamp(SHORT_STRIDE, STRIDE);
        let mut at = self.position;
        while at < self.end {
            if !self.file.is_resident(at) {
                return true;
            }
            at += stride;
        }
        !self.file.is_resident(self.end.saturating_sub(1))
    }
}

impl Log {
    /// What must come from the disk before a read from `start` can be served without waiting for
    /// it: first the index that says where it is, then, asked again, the records. At the tail
    /// nothing, which costs no system call: those pages have just been written. While others
    /// append (`appending`) the read is kept short if some of it is not in memory.
    ///
    /// # Errors
    /// When a file or an index cannot be read.
    pub fn cold_read(
        &mut self,
        now: Tick,
        start: Offset,
        max_bytes: u32,
        appending: Appending,
    ) -> Result<ColdRead, StorageError> {
        let warm = ColdRead { max_bytes, range: None };
        if start < self.log_start || start >= self.next_offset || self.active.is_recent(start) {
            return Ok(warm);
        }
        let range = self.range_of(start, max_bytes)?;
        if range.is_index {
            return Ok(ColdRead { max_bytes, range: Some(range) });
        }
        if !range.is_cold() {
            return Ok(warm);
        }
        if max_bytes <= STEP || !appending.goes_on(now) {
            return Ok(ColdRead { max_bytes, range: Some(self.directed(now, start, range)) });
        }
        let range = self.range_of(start, STEP)?;
        let range = range.is_cold().then(|| self.directed(now, start, range));
        Ok(ColdRead { max_bytes: STEP, range })
    }

    /// What a read touches: the whole index of its segment, if that is not in memory.
    fn range_of(&mut self, start: Offset, max_bytes: u32) -> Result<ColdRange, StorageError> {
        let at = self.segment_for(start);
        let history = Arc::clone(&self.history);
        self.ask(at, |place, segment: &mut Segment| {
            let base = segment.base_offset();
            let range = |file, position, end| ColdRange {
                file,
                position,
                end,
                base,
                is_index: false,
                direct: false,
                history: Arc::clone(&history),
                held: None,
            };
            if let Some(file) = segment.cold_index(place)? {
                return Ok(ColdRange { is_index: true, ..range(file, 0, u64::MAX) });
            }
            let position = u64::from(segment.position_before(place, start)?);
            let end = segment.reach(place, start, max_bytes)? + SLACK;
            let end = end.min(u64::from(segment.size()));
            Ok(range(segment.file(place)?, position, end))
        })
    }

    /// Decides whether a range goes past the page cache.
    fn directed(&mut self, now: Tick, start: Offset, range: ColdRange) -> ColdRange {
        if range.is_index || range.end - range.position < DIRECT_FROM {
            return range;
        }
        // a direct read locks out who appends to the same file
        let is_active = range.base == self.active.base_offset();
        let written = self.appended_ms.filter(|_| is_active);
        if written.is_some_and(|then| now.monotonic_ms.saturating_sub(then) < STILL_MS) {
            return range;
        }
        let reads = self.direct_reads.get_or_insert_default();
        ColdRange { direct: reads.goes_direct(now.monotonic_ms, start), ..range }
    }

    /// Lets reads of a segment find in memory what was brought there, until [`Self::put_back`].
    /// Returns the segment's own file, which may not be open; `None` if there is nothing to lend,
    /// or the log was cut since.
    pub(crate) fn put_in_place(&mut self, range: &ColdRange) -> Option<Option<Arc<dyn DiskFile>>> {
        let held = range.held.clone().filter(|_| Arc::ptr_eq(&range.history, &self.history))?;
        Some(self.segment_of(range)?.replace_file(Some(held)))
    }

    /// Puts back what [`Self::put_in_place`] returned.
    pub(crate) fn put_back(&mut self, range: &ColdRange, own: Option<Arc<dyn DiskFile>>) {
        if let Some(segment) = self.segment_of(range) {
            segment.replace_file(own);
        }
    }

    fn segment_of(&mut self, range: &ColdRange) -> Option<&mut Segment> {
        if range.base == self.active.base_offset() {
            return Some(&mut self.active);
        }
        let at = self.closed.binary_search_by_key(&range.base, Segment::base_offset);
        at.ok().and_then(|at| self.closed.get_mut(at))
    }

    /// A range is in memory now. True if it was an index, after which the read is to be asked about
    /// again.
    pub fn warmed(&mut self, range: &ColdRange) -> bool {
        if range.is_index
            && let Some(segment) = self.segment_of(range)
        {
            segment.index_warmed();
        }
        range.is_index
    }
}

#[cfg(test)]
#[path = "cold_tests.rs"]
mod tests;
