//! Forgetting old segments: by age, by size, and before the log's start.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Log;
use crate::base::{Offset, Tick};
use crate::storage::segment::Segment;
use crate::storage::{DirHealth, Disk, StorageError};

/// Renamed files that wait for `file.delete.delay.ms`, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Deletions {
    waiting: VecDeque<(u64, Vec<PathBuf>)>,
}

/// Why segments were removed; for the log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    LogStart,
    Size,
    Age,
}

/// What retention removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Segments.
    pub segments: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Files to remove, to be run on a thread that may block.
#[derive(Debug)]
pub struct DeleteJob {
    files: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
    disk: Arc<dyn Disk>,
    health: Arc<DirHealth>,
}

impl DeleteJob {
    /// A job that removes whole directories.
    pub(crate) fn of_dirs(dirs: Vec<PathBuf>, disk: Arc<dyn Disk>, health: Arc<DirHealth>) -> Self {
        Self { files: Vec::new(), dirs, disk, health }
    }

    /// Removes the files; those that are gone already are fine.
    pub fn run(self) -> Result<(), StorageError> {
        let gone = |result: io::Result<()>| match result {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        let fail =
            |path: &PathBuf, error| self.health.fail(StorageError::io("delete", path, error));
        for file in &self.files {
            gone(self.disk.remove_file(file)).map_err(|error| fail(file, error))?;
        }
        for dir in &self.dirs {
            gone(self.disk.remove_dir_all(dir)).map_err(|error| fail(dir, error))?;
        }
        Ok(())
    }
}

impl Log {
    /// Moves the log's start to `offset`, which readers obey at once (DeleteRecords). Segments that
    /// lie before it are removed by [`Log::apply_retention`].
    pub fn advance_log_start(&mut self, offset: Offset) -> Result<(), StorageError> {
        if offset > self.next_offset {
            return Err(StorageError::OffsetOutOfRange {
                requested: offset,
                start: self.log_start,
                end: self.next_offset,
            });
        }
        self.log_start = self.log_start.max(offset);
        Ok(())
    }

    /// What the log start checkpoint should say; `None` for a log that nothing was deleted from.
    ///
    /// Kafka leaves out a log whose first segment's name says it. The removal of the segments
    /// before may not survive a loss of power, and deleted records would reappear.
    #[must_use]
    pub fn log_start_to_checkpoint(&self) -> Option<Offset> {
        (self.log_start > Offset::ZERO).then_some(self.log_start)
    }

    /// Removes the segments that `retention.ms`, `retention.bytes` and the log's start no longer
    /// cover, oldest first, none at or beyond the high watermark. If all go, the active one is
    /// rolled first.
    pub fn apply_retention(
        &mut self,
        now: Tick,
        high_watermark: Offset,
    ) -> Result<Retired, StorageError> {
        self.env.health.check()?;
        let mut retired = Retired::default();
        let before_start = self.count_before_start(high_watermark);
        self.retire_first(now, before_start, Reason::LogStart, &mut retired)?;
        if self.config.delete {
            let too_much = self.count_too_much(high_watermark);
            self.retire_first(now, too_much, Reason::Size, &mut retired)?;
            let too_old = self.count_too_old(now, high_watermark)?;
            self.retire_first(now, too_old, Reason::Age, &mut retired)?;
        }
        Ok(retired)
    }

    /// Every segment with the offset at which the next begins, and whether it is the active one.
    fn spans(&self) -> impl Iterator<Item = (&Segment, Offset, bool)> {
        let all = || self.closed.iter().chain(std::iter::once(&self.active));
        let ends = all().skip(1).map(Segment::base_offset);
        let ends = ends.chain(std::iter::once(self.next_offset));
        let last = self.closed.len();
        all().zip(ends).enumerate().map(move |(at, (segment, end))| (segment, end, at == last))
    }

    fn count_before_start(&self, high_watermark: Offset) -> usize {
        self.spans()
            .take_while(|(_, end, active)| {
                !active && *end <= high_watermark && *end <= self.log_start
            })
            .count()
    }

    fn count_too_much(&self, high_watermark: Offset) -> usize {
        let Ok(limit) = u64::try_from(self.config.retention_bytes) else { return 0 };
        let Some(mut excess) = self.size_in_bytes().checked_sub(limit) else { return 0 };
        self.spans()
            .take_while(|(segment, end, active)| {
                let size = u64::from(segment.size());
                let goes = *end <= high_watermark && excess >= size && !(*active && size == 0);
                excess = excess.saturating_sub(if goes { size } else { 0 });
                goes
            })
            .count()
    }

    fn count_too_old(&mut self, now: Tick, high_watermark: Offset) -> Result<usize, StorageError> {
        if self.config.retention_ms < 0 {
            return Ok(0);
        }
        let ends: Vec<Offset> = self.spans().map(|(_, end, _)| end).collect();
        let retention = self.config.retention_ms;
        for (at, end) in ends.iter().enumerate() {
            let empty = at == self.closed.len() && self.active.size() == 0;
            if empty || *end > high_watermark {
                return Ok(at);
            }
            let timestamp = self.ask(at, |place, segment| segment.retention_timestamp(place))?;
            if now.wall_ms.saturating_sub(timestamp) <= retention {
                return Ok(at);
            }
        }
        Ok(ends.len())
    }

    fn retire_first(
        &mut self,
        now: Tick,
        count: usize,
        reason: Reason,
        retired: &mut Retired,
    ) -> Result<(), StorageError> {
        if count > self.closed.len() {
            // a log always has a segment to write to
            self.roll_at(now, self.next_offset)?;
        }
        for _ in 0..count {
            let Some(next) = self.closed.get(1).or(Some(&self.active)) else { break };
            let next_base = next.base_offset();
            let Some(mut segment) = self.closed.pop_front() else { break };
            // readers must not be sent to a file that is going
            self.log_start = self.log_start.max(next_base);
            retired.segments += 1;
            retired.bytes += u64::from(segment.size());
            self.retire(now, &mut segment)?;
        }
        if count > 0 {
            tracing::info!(
                partition = %self.partition,
                segments = count,
                log_start_offset = %self.log_start,
                ?reason,
                "removed old segments"
            );
        }
        Ok(())
    }

    /// Renames a segment's files and lets them wait for deletion.
    pub(super) fn retire(&mut self, now: Tick, segment: &mut Segment) -> Result<(), StorageError> {
        self.open_files.retain(|base| *base != segment.base_offset());
        let (place, _, _) = self.parts();
        let renamed = segment.retire(place);
        let files = self.poison(renamed)?;
        let due = now.monotonic_ms.saturating_add(self.config.file_delete_delay_ms);
        self.deletions.waiting.push_back((due, files));
        Ok(())
    }

    /// When the next removed files may be deleted, by the monotonic clock.
    #[must_use]
    pub fn next_deletion_ms(&self) -> Option<u64> {
        self.deletions.waiting.front().map(|(due, _)| *due)
    }

    /// The files whose `file.delete.delay.ms` is over.
    pub fn take_deletions(&mut self, now: Tick) -> Option<DeleteJob> {
        let mut files = Vec::new();
        while self.next_deletion_ms().is_some_and(|due| due <= now.monotonic_ms) {
            files.extend(
                self.deletions.waiting.pop_front().map(|(_, paths)| paths).unwrap_or_default(),
            );
        }
        (!files.is_empty()).then(|| DeleteJob {
            files,
            dirs: Vec::new(),
            disk: Arc::clone(&self.env.disk),
            health: Arc::clone(&self.env.health),
        })
    }
}
