//! A partition's log with what it knows of producers and leader epochs: Kafka's `UnifiedLog`.
//!
//! ```text
//! append: validate -> sequence check -> offsets -> stamp -> Log -> (rolled? snapshot) -> apply
//! open:   Log::open, showing each scanned batch -> newest snapshot -> missing batches replayed
//! ```
//!
//! One synchronous owner; whatever takes long comes back as a job of [`Log`].

mod append;
mod gather;
mod open;
mod queries;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{BatchMeta, EpochStart, FlushJob, Log, LogConfig, Recovery, Retired, StorageError};
use crate::base::{LeaderEpoch, Offset, Tick};
use crate::partition::{LeaderEpochCache, LogBounds, ProducerStates, encode_snapshot};
use crate::record::ValidationRules;

pub use append::{AppendContext, AppendError, AppendInfo, AppendOrigin};
pub use gather::AppendOutcome;
pub use queries::{FoundOffset, LogRead, OffsetQuery};

/// The settings a partition's log obeys.
#[derive(Clone, Debug)]
pub struct PartitionLogRules {
    /// What an appended batch must be like.
    pub validation: Arc<ValidationRules>,
    /// `producer.id.expiration.ms`.
    pub producer_expiration_ms: i64,
}

/// One partition's log.
#[derive(Debug)]
pub struct PartitionLog {
    log: Log,
    rules: PartitionLogRules,
    producers: ProducerStates,
    epochs: LeaderEpochCache,
    /// Offsets of the producer snapshots on disk.
    snapshots: BTreeSet<Offset>,
    /// Whether an orderly stop has anything to write: not if all is as the last one left it.
    changed: bool,
}

impl PartitionLog {
    /// The segments.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The producers it knows.
    #[must_use]
    pub fn producers(&self) -> &ProducerStates {
        &self.producers
    }

    /// The leader epochs it has records of.
    #[must_use]
    pub fn epochs(&self) -> &LeaderEpochCache {
        &self.epochs
    }

    /// Where it begins and ends; the high watermark is the owner's to know.
    #[must_use]
    pub fn bounds(&self, high_watermark: Option<Offset>) -> LogBounds {
        let log_start = self.log.log_start_offset();
        LogBounds {
            log_start,
            log_end: self.log.log_end_offset(),
            high_watermark: high_watermark.unwrap_or(log_start),
        }
    }

    /// Puts other settings in force.
    pub fn set_config(&mut self, config: Arc<LogConfig>, rules: PartitionLogRules) {
        self.log.set_config(config);
        self.producers.set_expiration_ms(rules.producer_expiration_ms);
        self.rules = rules;
    }

    /// Moves the log's start; segments go with the next retention.
    ///
    /// # Errors
    /// When `offset` is behind the log's end, or the directory is offline.
    pub fn advance_log_start(&mut self, offset: Offset) -> Result<Offset, StorageError> {
        if offset > self.log.log_start_offset() {
            self.changed = true;
            self.log.advance_log_start(offset)?;
            self.log_start_moved()?;
        }
        Ok(self.log.log_start_offset())
    }

    /// Removes segments that the settings no longer cover.
    ///
    /// # Errors
    /// When the directory fails.
    pub fn apply_retention(&mut self, now: Tick, high: Offset) -> Result<Retired, StorageError> {
        let before = self.log.active_base_offset();
        let retired = self.log.apply_retention(now, high)?;
        if self.log.active_base_offset() != before {
            self.take_snapshot()?;
        }
        if retired.segments > 0 {
            self.changed = true;
            self.log_start_moved()?;
        }
        Ok(retired)
    }

    /// Forgets producers silent for too long.
    pub fn expire_producers(&mut self, now: Tick) -> usize {
        self.producers.remove_expired(now.wall_ms)
    }

    /// Files to sync so that everything up to the log's end is on disk, if anything is not.
    ///
    /// # Errors
    /// When the directory fails.
    pub fn take_flush_job(&mut self, now: Tick) -> Result<Option<FlushJob>, StorageError> {
        self.log.take_flush_job(now, self.log.log_end_offset())
    }

    /// Files to sync so that all closed segments are on disk.
    ///
    /// # Errors
    /// When the directory fails.
    pub fn take_closed_flush_job(&mut self, now: Tick) -> Result<Option<FlushJob>, StorageError> {
        self.log.take_flush_job(now, self.log.active_base_offset())
    }

    /// A flush job is done.
    pub fn flushed(&mut self, upto: Offset) {
        self.log.flushed(upto);
    }

    /// Room on the disk to take ahead of the next appends, if it is time.
    pub fn take_reserve_job(&mut self) -> Option<super::ReserveJob> {
        self.log.take_reserve_job()
    }

    /// Whether an orderly stop has anything to write.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// Closes its files; each is opened again when it is needed.
    pub fn release_handles(&mut self) {
        self.log.release_handles();
    }

    /// Whether removed files wait to be deleted.
    #[must_use]
    pub fn has_deletions(&self) -> bool {
        self.log.next_deletion_ms().is_some()
    }

    /// Files removed long enough ago to be deleted.
    pub fn take_deletions(&mut self, now: Tick) -> Option<super::DeleteJob> {
        self.log.take_deletions(now)
    }

    /// Cuts off everything from `offset` on.
    ///
    /// # Errors
    /// When the directory fails.
    pub fn truncate_to(&mut self, now: Tick, offset: Offset) -> Result<bool, StorageError> {
        if !self.log.truncate_to(now, offset)? {
            return Ok(false);
        }
        self.changed = true;
        let end = self.log.log_end_offset();
        while let Some(last) = self.snapshots.last().copied().filter(|last| *last > end) {
            self.log.delete_snapshot(last)?;
            self.snapshots.remove(&last);
        }
        if self.epochs.truncate_from_end(end) {
            self.write_epochs()?;
        }
        self.rebuild_producers(now)?;
        Ok(true)
    }

    /// Closes in order: producer snapshot, indexes; returns the sync that must come before the
    /// directory is marked clean.
    ///
    /// # Errors
    /// When the directory fails.
    pub fn close(&mut self, now: Tick) -> Result<Option<FlushJob>, StorageError> {
        if !self.changed {
            return Ok(None);
        }
        self.take_snapshot()?;
        self.log.close(now)
    }

    /// Gives the segments up, for deletion.
    #[must_use]
    pub fn into_log(self) -> Log {
        self.log
    }

    /// Writes the producers' state at the log's end, once.
    fn take_snapshot(&mut self) -> Result<(), StorageError> {
        self.snapshot_at(self.log.log_end_offset())
    }

    /// Kafka writes a snapshot for every segment but the first, even if it knows no producer.
    fn snapshot_at(&mut self, offset: Offset) -> Result<(), StorageError> {
        let newest = self.snapshots.last().copied().unwrap_or(Offset::ZERO);
        if offset > newest {
            self.log.write_snapshot(offset, &encode_snapshot(&self.producers))?;
            self.snapshots.insert(offset);
        }
        Ok(())
    }

    /// Snapshots and epochs before the new start go.
    fn log_start_moved(&mut self) -> Result<(), StorageError> {
        let first = self.log.first_base_offset();
        while let Some(oldest) = self.snapshots.first().copied().filter(|old| *old < first) {
            self.log.delete_snapshot(oldest)?;
            self.snapshots.remove(&oldest);
        }
        if self.epochs.truncate_from_start(self.log.log_start_offset()) {
            self.write_epochs()?;
        }
        Ok(())
    }

    fn assign_epoch(&mut self, epoch: LeaderEpoch, start: Offset) -> Result<(), StorageError> {
        if self.epochs.assign(epoch, start) { self.write_epochs() } else { Ok(()) }
    }

    fn write_epochs(&mut self) -> Result<(), StorageError> {
        let entries: Vec<EpochStart> = self
            .epochs
            .entries()
            .iter()
            .map(|entry| EpochStart { epoch: entry.epoch, start_offset: entry.start_offset })
            .collect();
        self.log.write_leader_epochs(&entries)
    }
}

#[cfg(test)]
mod tests;
