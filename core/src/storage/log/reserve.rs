//! Room on the disk ahead of what is written.
//!
//! Without it the file system chooses blocks when it writes pages back, while it holds the file's
//! map of blocks: an append to the same file waits for that, at times for tens of milliseconds.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Log;
use crate::storage::DiskFile;

/// A segment gets room ahead once it is so large: small ones do not wait.
pub(crate) const FIRST: u32 = 1 << 20;
/// The most room taken at once.
const MOST: u32 = 64 << 20;

/// Room to take, on a thread that may block.
#[derive(Debug)]
pub struct ReserveJob {
    file: Arc<dyn DiskFile>,
    from: u32,
    len: u32,
    /// The segment is written to its end: what is taken now would stay.
    sealed: Arc<AtomicBool>,
}

impl ReserveJob {
    /// Takes the room. A failure costs no more than that appends may wait.
    pub fn run(self) {
        if self.sealed.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.file.reserve(self.from.into(), self.len.into()) {
            tracing::debug!(%error, "no room could be taken ahead");
        }
    }
}

/// A file that may have room behind its end, which is given back.
#[derive(Debug)]
pub(crate) struct Excess {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) size: u32,
}

impl Excess {
    pub(crate) fn give_back(&self) -> io::Result<()> {
        self.file.set_len(self.size.into())
    }
}

/// How far the file of one segment has been given room.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    upto: u32,
    sealed: Option<Arc<AtomicBool>>,
}

impl Reserved {
    /// What to take for a segment of so many bytes: as much again as it has, in time.
    fn next(&mut self, size: u32, limit: u32) -> Option<(u32, u32)> {
        if size < FIRST || self.upto >= limit {
            return None;
        }
        let step = size.min(MOST);
        let from = self.upto.max(size);
        if from - size > step / 2 {
            return None;
        }
        let len = step.min(limit.saturating_sub(from));
        self.upto = from.saturating_add(len);
        (len > 0).then_some((from, len))
    }

    fn flag(&mut self) -> Arc<AtomicBool> {
        Arc::clone(self.sealed.get_or_insert_default())
    }

    /// The segment is written to its end.
    pub(crate) fn seal(&self) {
        if let Some(sealed) = &self.sealed {
            sealed.store(true, Ordering::Release);
        }
    }

    /// Whether there may be room to give back, once the segment is sealed.
    pub(crate) fn take_excess(&mut self) -> bool {
        let sealed = self.sealed.take_if(|sealed| sealed.load(Ordering::Acquire)).is_some();
        if sealed {
            self.upto = 0;
        }
        sealed
    }
}

impl Log {
    /// Room to take for the active segment, if it will soon need some.
    pub fn take_reserve_job(&mut self) -> Option<ReserveJob> {
        let limit = self.config.segment_bytes;
        let size = self.active.size();
        let (from, len) = self.active.reserved().next(size, limit)?;
        let sealed = self.active.reserved().flag();
        let (place, _, active) = self.parts();
        let file = active.file(place).ok()?;
        Some(ReserveJob { file, from, len, sealed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_ahead_in_growing_steps_up_to_the_segment_size() {
        let mut reserved = Reserved::default();
        let limit = 300 << 20;
        let mut taken: Vec<(u32, u32)> = Vec::new();
        for size in (0..limit).step_by(16 << 10) {
            if let Some((from, len)) = reserved.next(size, limit) {
                assert!(from >= size && len <= MOST);
                taken.push((from, len));
            }
        }
        assert_eq!(taken.first(), Some(&(FIRST, FIRST)));
        let ends = taken.iter().map(|(from, len)| from + len);
        assert!(ends.zip(taken.iter().skip(1)).all(|(end, (from, _))| end == *from));
        assert_eq!(taken.last().map(|(from, len)| from + len), Some(limit));
        assert!(taken.len() < 20, "{}", taken.len());
    }
}
