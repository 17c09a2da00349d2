//! What is on disk, and what a sync would have to cover.

use std::path::Path;
use std::sync::Arc;

use super::Log;
use crate::base::{Offset, Tick};
use crate::storage::{DirHealth, Disk, DiskFile, StorageError};

/// What a log knows about syncs.
#[derive(Debug)]
pub(super) struct FlushState {
    /// Up to here (exclusive) everything is on disk.
    recovery_point: Offset,
    /// Records appended since a sync was last asked for.
    pending: u64,
    /// When a sync was last asked for.
    last_ms: u64,
    /// Whether a segment was started since: its directory entry needs a sync too.
    new_files: bool,
}

impl FlushState {
    pub(super) fn new(recovery_point: Offset, now: Tick) -> Self {
        Self { recovery_point, pending: 0, last_ms: now.monotonic_ms, new_files: true }
    }

    pub(super) fn appended(&mut self, first: Offset, last: Offset) {
        let count = last.0.saturating_sub(first.0).saturating_add(1);
        self.pending = self.pending.saturating_add(u64::try_from(count).unwrap_or(0));
    }

    pub(super) fn rolled(&mut self) {
        self.new_files = true;
    }
}

/// Files to sync, to be run on a thread that may block. Tell the log with [`Log::flushed`].
#[derive(Debug)]
pub struct FlushJob {
    files: Vec<Arc<dyn DiskFile>>,
    dir: Option<Arc<Path>>,
    path: Arc<Path>,
    disk: Arc<dyn Disk>,
    health: Arc<DirHealth>,
    /// Everything before this offset is on disk when the job is done.
    pub upto: Offset,
}

impl FlushJob {
    /// Syncs. A failure takes the log directory offline: what the kernel then still has of the file
    /// is not known, so trying again would prove nothing.
    pub fn run(self) -> Result<Offset, StorageError> {
        self.health.check()?;
        let files = self.files.iter().try_for_each(|file| file.sync_data());
        let synced = files.and_then(|()| match &self.dir {
            Some(dir) => self.disk.sync_dir(dir),
            None => Ok(()),
        });
        match synced {
            Ok(()) => Ok(self.upto),
            Err(error) => Err(self.health.fail(StorageError::io("sync", &self.path, error))),
        }
    }
}

impl Log {
    /// Up to here (exclusive) everything is on disk: what the recovery point checkpoint should say.
    #[must_use]
    pub fn recovery_point(&self) -> Offset {
        self.flush.recovery_point
    }

    /// Records appended since a sync was last asked for.
    #[must_use]
    pub fn unflushed_records(&self) -> u64 {
        self.flush.pending
    }

    /// Whether `flush.messages` or `flush.ms` ask for a sync now.
    #[must_use]
    pub fn flush_due(&self, now: Tick) -> bool {
        self.flush.pending > 0
            && (self.flush.pending >= self.config.flush_messages
                || now.monotonic_ms.saturating_sub(self.flush.last_ms) >= self.config.flush_ms)
    }

    /// What has to be synced so that everything before `upto` is on disk; `None` if that is so.
    /// For a log that has just rolled, `upto` is [`Log::active_base_offset`].
    pub fn take_flush_job(
        &mut self,
        now: Tick,
        upto: Offset,
    ) -> Result<Option<FlushJob>, StorageError> {
        let upto = upto.min(self.next_offset);
        if upto <= self.flush.recovery_point {
            return Ok(None);
        }
        self.env.health.check()?;
        let (place, closed, active) = self.parts();
        let mut files = Vec::new();
        let segments = closed.iter_mut().chain(std::iter::once(active));
        let taken = segments
            .filter(|segment| segment.base_offset() < upto)
            .try_for_each(|segment| segment.take_unsynced(place, &mut files));
        self.poison(taken)?;
        let dir = self.flush.new_files.then(|| Arc::clone(&self.dir));
        if upto == self.next_offset {
            self.flush.new_files = false;
            self.flush.pending = 0;
            self.flush.last_ms = now.monotonic_ms;
        }
        Ok(Some(FlushJob {
            files,
            dir,
            path: Arc::clone(&self.dir),
            disk: Arc::clone(&self.env.disk),
            health: Arc::clone(&self.env.health),
            upto,
        }))
    }

    /// A job is done: everything before `upto` is on disk.
    pub fn flushed(&mut self, upto: Offset) {
        let upto = upto.min(self.next_offset);
        self.flush.recovery_point = self.flush.recovery_point.max(upto);
    }
}
