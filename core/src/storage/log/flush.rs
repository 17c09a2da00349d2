//! What is on disk, and what a sync would have to cover.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Log;
use super::reserve::Excess;
use crate::base::{Offset, Tick};
use crate::storage::{DirHealth, Disk, DiskFile, OpenMode, StorageError};

/// What a log knows about syncs.
#[derive(Debug)]
pub(super) struct FlushState {
    /// Up to here (exclusive) everything is on disk.
    recovery_point: Offset,
    /// Records appended since a sync was last asked for.
    pending: u64,
    /// When a sync was last asked for.
    last_ms: u64,
    /// Whether a segment was started since: its name in the partition's directory needs a sync too.
    new_files: bool,
    /// Whether the partition's directory was made since: its name needs one as well.
    new_dir: bool,
    /// Whether a segment got its last index entries since.
    sealed: bool,
    /// Small files beside the segments that were replaced since.
    beside: Vec<&'static str>,
    /// Whether the partition's directory is no longer there under its name; jobs share it.
    moved: Arc<AtomicBool>,
}

impl FlushState {
    pub(super) fn new(recovery_point: Offset, now: Tick) -> Self {
        Self {
            recovery_point,
            pending: 0,
            last_ms: now.monotonic_ms,
            new_files: true,
            new_dir: true,
            sealed: false,
            beside: Vec::new(),
            moved: Arc::default(),
        }
    }

    pub(super) fn appended(&mut self, first: Offset, last: Offset) {
        let count = last.0.saturating_sub(first.0).saturating_add(1);
        self.pending = self.pending.saturating_add(u64::try_from(count).unwrap_or(0));
    }

    /// The log was found on disk; after an orderly stop all its names are durable.
    pub(super) fn opened_at(&mut self, recovery_point: Offset, clean: bool) {
        self.recovery_point = recovery_point;
        self.new_files = !clean;
        self.new_dir = !clean;
    }

    /// The log was cut: what comes after `end` will be other bytes.
    pub(super) fn truncated(&mut self, end: Offset) {
        self.recovery_point = self.recovery_point.min(end);
    }

    /// A small file in the partition's directory was replaced and not synced.
    pub(super) fn replaced(&mut self, name: &'static str) {
        if !self.beside.contains(&name) {
            self.beside.push(name);
        }
        self.new_files = true;
    }

    /// A segment got its last index entries: they need a sync even if its records have had one.
    pub(super) fn sealed(&mut self) {
        self.sealed = true;
    }

    pub(super) fn rolled(&mut self) {
        self.sealed = true;
        self.new_files = true;
    }
}

/// Files to sync, to be run on a thread that may block. Tell the log with [`Log::flushed`].
#[derive(Debug)]
pub struct FlushJob {
    files: Vec<Arc<dyn DiskFile>>,
    excess: Vec<Excess>,
    sync_dir: bool,
    sync_parent: bool,
    dir: Arc<Path>,
    moved: Arc<AtomicBool>,
    disk: Arc<dyn Disk>,
    health: Arc<DirHealth>,
    /// Everything before this offset is on disk when the job is done.
    pub upto: Offset,
}

impl FlushJob {
    /// Syncs. A failure takes the log directory offline: what the kernel then still has of the file
    /// is not known, so trying again would prove nothing. That the directory is not found is no
    /// failure if the log was deleted meanwhile.
    pub fn run(self) -> Result<Offset, StorageError> {
        self.health.check()?;
        match self.sync() {
            Ok(()) => Ok(self.upto),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && self.moved.load(Ordering::Acquire) =>
            {
                Ok(self.upto)
            }
            Err(error) => Err(self.health.fail(StorageError::io("sync", &self.dir, error))),
        }
    }

    /// Gives back the room that sealed segments did not use: [`FlushJob::run`] without the syncs,
    /// for whoever syncs in another way.
    ///
    /// # Errors
    /// As [`FlushJob::run`].
    pub fn give_back(&self) -> Result<(), StorageError> {
        let given = self.excess.iter().try_for_each(Excess::give_back);
        given.map_err(|e| self.health.fail(StorageError::io("truncate", &self.dir, e)))
    }

    fn sync(&self) -> io::Result<()> {
        self.excess.iter().try_for_each(Excess::give_back)?;
        self.files.iter().try_for_each(|file| file.sync_data())?;
        if self.sync_dir {
            self.disk.sync_dir(&self.dir)?;
        }
        match self.dir.parent().filter(|_| self.sync_parent) {
            Some(parent) => self.disk.sync_dir(parent),
            None => Ok(()),
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

    /// Whether there are records that `flush.ms` will ask to sync one day.
    #[must_use]
    pub fn awaits_timed_flush(&self) -> bool {
        const NEVER: u64 = i64::MAX as u64;
        self.flush.pending > 0 && self.config.flush_ms < NEVER
    }

    /// What has to be synced so that everything before `upto` is on disk; `None` if that is so.
    /// For a log that has just rolled, `upto` is [`Log::active_base_offset`].
    pub fn take_flush_job(
        &mut self,
        now: Tick,
        upto: Offset,
    ) -> Result<Option<FlushJob>, StorageError> {
        let upto = upto.min(self.next_offset);
        if upto <= self.flush.recovery_point && !self.flush.sealed {
            return Ok(None);
        }
        self.env.health.check()?;
        let (place, closed, active) = self.parts();
        let (mut files, mut excess) = (Vec::new(), Vec::new());
        let segments = closed.iter_mut().chain(std::iter::once(active));
        let taken =
            segments.filter(|segment| segment.base_offset() < upto).try_for_each(|segment| {
                excess.extend(segment.take_excess(place)?);
                segment.take_unsynced(place, &mut files)
            });
        self.poison(taken)?;
        for name in std::mem::take(&mut self.flush.beside) {
            let path = self.dir.join(name);
            let file = self.env.disk.open(&path, OpenMode::Write);
            files.push(self.poison(file.map_err(|e| StorageError::io("open", &path, e)))?);
        }
        let job = FlushJob {
            files,
            excess,
            sync_dir: self.flush.new_files,
            sync_parent: self.flush.new_dir,
            dir: Arc::clone(&self.dir),
            moved: Arc::clone(&self.flush.moved),
            disk: Arc::clone(&self.env.disk),
            health: Arc::clone(&self.env.health),
            upto,
        };
        self.flush.new_dir = false;
        self.flush.sealed = false;
        if upto == self.next_offset {
            // a job that stops at the active segment may run before that segment's file is made
            self.flush.new_files = false;
            self.flush.pending = 0;
            self.flush.last_ms = now.monotonic_ms;
        }
        Ok(Some(job))
    }

    /// The partition's directory is about to get another name: a sync that is under way on another
    /// thread must not take its absence for a failing disk.
    pub(crate) fn dir_moves(&self) {
        self.flush.moved.store(true, Ordering::Release);
    }

    /// A job is done: everything before `upto` is on disk.
    pub fn flushed(&mut self, upto: Offset) {
        let upto = upto.min(self.next_offset);
        self.flush.recovery_point = self.flush.recovery_point.max(upto);
    }
}
