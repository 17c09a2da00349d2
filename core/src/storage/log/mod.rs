//! One partition's log: segments in order, of which the last is written to.
//!
//! A `Log` is owned by one actor and is not shared; it decides and writes, reads nothing but small
//! headers, and hands out what takes long as jobs. Each concern has its file: [`append`](self),
//! read, roll, flush, retention, truncate, recovery.

mod append;
mod close;
mod cold;
mod flush;
mod leftovers;
mod progress;
mod read;
mod recovery;
pub(crate) mod reserve;
mod retention;
mod roll;
mod snapshots;
mod times;
mod truncate;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::index::Place;
use super::segment::Segment;
use super::{DirHealth, Disk, LogConfig, StorageError};
use crate::base::{Offset, Tick, TopicPartition};

pub use append::Appended;
pub use cold::{Appending, ColdRange, ColdRead};
pub use flush::FlushJob;
pub use progress::RecoveryProgress;
pub use recovery::{OpenLog, Recovery};
pub use reserve::ReserveJob;
pub use retention::{DeleteJob, Retired};
pub use times::TimestampHit;

/// What all logs of a log directory share.
#[derive(Clone, Debug)]
pub struct LogEnv {
    /// The file system.
    pub disk: Arc<dyn Disk>,
    /// Whether the log directory may be written to.
    pub health: Arc<DirHealth>,
}

/// What a log's owner knows of it before it is opened: the log directory's checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogState {
    /// Up to here (exclusive) the log was known to be on disk.
    pub recovery_point: Offset,
    /// Records before this one were deleted.
    pub log_start: Offset,
    /// Whether the directory was closed in an orderly way, so that nothing has to be scanned.
    pub clean: bool,
}

impl Default for LogState {
    fn default() -> Self {
        Self { recovery_point: Offset::ZERO, log_start: Offset::ZERO, clean: false }
    }
}

/// One partition's log.
#[derive(Debug)]
pub struct Log {
    env: LogEnv,
    dir: Arc<Path>,
    partition: TopicPartition,
    config: Arc<LogConfig>,
    closed: VecDeque<Segment>,
    active: Segment,
    /// Base offsets of closed segments whose files are open, least recently used first.
    open_files: VecDeque<Offset>,
    log_start: Offset,
    next_offset: Offset,
    /// When something was last appended since it was opened.
    appended_ms: Option<u64>,
    flush: flush::FlushState,
    deletions: retention::Deletions,
    /// Another one each time its end is cut off: what was read before is of no use then.
    history: Arc<()>,
    direct_reads: Option<Box<cold::DirectReads>>,
}

impl Log {
    /// Makes the log of a new partition in `dir`, which is created and must not hold a log.
    pub fn create(
        env: LogEnv,
        dir: &Path,
        partition: TopicPartition,
        config: Arc<LogConfig>,
        now: Tick,
    ) -> Result<Self, StorageError> {
        env.health.check()?;
        let made = env.disk.create_dir_all(dir);
        made.map_err(|e| env.health.fail(StorageError::io("create directory", dir, e)))?;
        let jitter = roll::jitter(&config, &partition, Offset::ZERO);
        let active = Segment::new(Offset::ZERO, now.wall_ms, jitter);
        Ok(Self::assemble(env, dir, partition, config, VecDeque::new(), active, now))
    }

    fn assemble(
        env: LogEnv,
        dir: &Path,
        partition: TopicPartition,
        config: Arc<LogConfig>,
        closed: VecDeque<Segment>,
        active: Segment,
        now: Tick,
    ) -> Self {
        let first = closed.front().unwrap_or(&active).base_offset();
        let next_offset = active.base_offset();
        Self {
            env,
            dir: Arc::from(dir),
            partition,
            config,
            closed,
            active,
            open_files: VecDeque::new(),
            log_start: first,
            next_offset,
            appended_ms: None,
            flush: flush::FlushState::new(next_offset, now),
            deletions: retention::Deletions::default(),
            history: Arc::default(),
            direct_reads: None,
        }
    }

    /// Sets the offsets of a log that was found on disk.
    fn opened_at(&mut self, end: Offset, recovery_point: Offset, state: LogState) {
        self.next_offset = end;
        self.log_start = self.log_start.max(state.log_start);
        self.flush.opened_at(recovery_point, state.clean && end > Offset::ZERO);
    }

    /// Where the segment is that may hold an offset: behind the closed ones is the active one.
    fn segment_for(&self, offset: Offset) -> usize {
        if offset >= self.active.base_offset() {
            return self.closed.len();
        }
        let behind = self.closed.partition_point(|segment| segment.base_offset() <= offset);
        behind.saturating_sub(1)
    }

    /// The partition this is the log of.
    #[must_use]
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// The partition's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Puts other settings in force.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        self.config = config;
    }

    /// Offset of the first record that may be read.
    #[must_use]
    pub fn log_start_offset(&self) -> Offset {
        self.log_start
    }

    /// Offset the next record will get.
    #[must_use]
    pub fn log_end_offset(&self) -> Offset {
        self.next_offset
    }

    /// Base offset of the segment that an offset lies in, or will.
    #[must_use]
    pub(crate) fn segment_base(&self, offset: Offset) -> Offset {
        let closed = self.closed.get(self.segment_for(offset));
        closed.map_or(self.active.base_offset(), Segment::base_offset)
    }

    /// Base offset of the segment that is written to.
    #[must_use]
    pub fn active_base_offset(&self) -> Offset {
        self.active.base_offset()
    }

    /// Base offset of the first segment.
    #[must_use]
    pub fn first_base_offset(&self) -> Offset {
        self.closed.front().unwrap_or(&self.active).base_offset()
    }

    /// Base offsets of all segments, rising.
    pub fn base_offsets(&self) -> impl Iterator<Item = Offset> {
        self.closed.iter().chain(std::iter::once(&self.active)).map(Segment::base_offset)
    }

    /// How many segments there are.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.closed.len() + 1
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        let closed: u64 = self.closed.iter().map(|segment| u64::from(segment.size())).sum();
        closed + u64::from(self.active.size())
    }

    /// The log directory's health, shared by its logs.
    #[must_use]
    pub fn health(&self) -> &Arc<DirHealth> {
        &self.env.health
    }

    /// Splits off what segments need to find their files, so that a segment can be borrowed mutably
    /// at the same time.
    fn parts(&mut self) -> (Place<'_>, &mut VecDeque<Segment>, &mut Segment) {
        (Place { disk: &*self.env.disk, dir: &self.dir }, &mut self.closed, &mut self.active)
    }

    /// Takes the log directory offline if `result` says that a write failed.
    fn poison<T>(&self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        result.map_err(|error| match error {
            StorageError::Io { .. } => self.env.health.fail(error),
            other => other,
        })
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;

#[cfg(test)]
mod power_tests;

#[cfg(test)]
mod recovery_tests;

#[cfg(test)]
mod retention_tests;
