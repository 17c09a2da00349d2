//! From an offset to a range of a file.

use super::Log;
use crate::base::Offset;
use crate::storage::index::Place;
use crate::storage::segment::Segment;
use crate::storage::{LogSlice, StorageError};

/// Closed segments whose files stay open at a time; all logs together are bounded by their owner.
const OPEN_FILES: usize = 1_024;

impl Log {
    /// The batches from the one that holds `start`, as many whole ones as fit in `max_bytes` and
    /// end before `upper`; with `min_one`, the first even if it is larger. All are of one segment.
    ///
    /// Empty if there is nothing yet; an error if `start` is before the log's start or past its
    /// end.
    pub fn read(
        &mut self,
        start: Offset,
        max_bytes: u32,
        upper: Offset,
        min_one: bool,
    ) -> Result<LogSlice, StorageError> {
        if start < self.log_start || start > self.next_offset {
            return Err(StorageError::OffsetOutOfRange {
                requested: start,
                start: self.log_start,
                end: self.next_offset,
            });
        }
        if start >= upper || start == self.next_offset {
            return self.nothing();
        }
        // from the segment that may hold the offset; cleaning may have left it without
        let first = self.segment_for(start);
        for at in first..=self.closed.len() {
            let next_base = match at.checked_add(1) {
                Some(next) if next < self.closed.len() => {
                    self.closed.get(next).map_or(self.next_offset, Segment::base_offset)
                }
                Some(next) if next == self.closed.len() => self.active.base_offset(),
                _ => self.next_offset,
            };
            let range = Range { start, max_bytes, upper, min_one, next_base };
            let slice = self.ask(at, |place, segment| read_segment(place, segment, &range))?;
            if let Some(slice) = slice {
                return Ok(slice);
            }
            if next_base >= upper {
                break;
            }
        }
        self.nothing()
    }

    /// Asks the segment at this place in the log; the active one is last. If its indexes prove
    /// wrong they are built anew and it is asked again.
    pub(super) fn ask<T>(
        &mut self,
        at: usize,
        question: impl Fn(Place<'_>, &mut Segment) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let interval = self.config.index_interval_bytes;
        let (place, closed, active) = self.parts();
        let is_closed = at < closed.len();
        let segment = closed.get_mut(at).unwrap_or(active);
        let opened = segment.is_open();
        let base = segment.base_offset();
        let answer = match question(place, segment) {
            Err(StorageError::Corrupt { path, position, problem }) if is_closed => {
                tracing::warn!(
                    path = %path.display(), position, %problem, "building a segment's indexes anew"
                );
                segment.rebuild_indexes(place, interval)?;
                question(place, segment)?
            }
            other => other?,
        };
        if is_closed && !opened && segment.is_open() {
            self.note_open(base);
        }
        Ok(answer)
    }

    /// An empty slice at the log's end.
    fn nothing(&mut self) -> Result<LogSlice, StorageError> {
        let (place, _, active) = self.parts();
        Ok(LogSlice {
            position: u64::from(active.size()),
            length: 0,
            segment_base_offset: active.base_offset(),
            file: active.file(place)?,
        })
    }

    /// How many files it keeps open.
    #[must_use]
    pub fn open_handles(&self) -> usize {
        self.open_files.len() + usize::from(self.active.is_open())
    }

    /// Closes its files; each is opened again when it is needed. Slices and jobs that are out keep
    /// theirs.
    pub fn release_handles(&mut self) {
        self.release_closed_handles();
        self.active.rest();
    }

    /// Closes the files of closed segments, which a walk through the whole log has opened.
    pub(crate) fn release_closed_handles(&mut self) {
        while let Some(base) = self.open_files.pop_front() {
            self.release_closed(base);
        }
    }

    fn release_closed(&mut self, base: Offset) {
        if let Ok(at) = self.closed.binary_search_by_key(&base, Segment::base_offset)
            && let Some(segment) = self.closed.get_mut(at)
        {
            segment.release();
        }
    }

    /// Notes that a closed segment's file was opened, and closes the one that was opened longest
    /// ago if there are too many.
    pub(super) fn note_open(&mut self, base: Offset) {
        self.open_files.push_back(base);
        while self.open_files.len() > OPEN_FILES {
            let Some(oldest) = self.open_files.pop_front() else { break };
            self.release_closed(oldest);
        }
    }
}

/// What is asked of one segment.
struct Range {
    start: Offset,
    max_bytes: u32,
    upper: Offset,
    min_one: bool,
    /// Base offset of the next segment, or the log's end.
    next_base: Offset,
}

/// `None` if the segment has nothing at or after the offset.
fn read_segment(
    place: Place<'_>,
    segment: &mut Segment,
    range: &Range,
) -> Result<Option<LogSlice>, StorageError> {
    let Some(first) = segment.find(place, range.start)? else { return Ok(None) };
    let end = if range.upper >= range.next_base {
        segment.size()
    } else {
        // the batch that holds the bound is left out whole
        segment.find(place, range.upper)?.map_or(segment.size(), |bound| bound.position)
    };
    let mut length = segment.whole_batches(place, first.position, end, range.max_bytes)?;
    if length == 0 && range.min_one && end > first.position {
        length = first.size;
    }
    Ok(Some(LogSlice {
        file: segment.file(place)?,
        position: u64::from(first.position),
        length,
        segment_base_offset: segment.base_offset(),
    }))
}
