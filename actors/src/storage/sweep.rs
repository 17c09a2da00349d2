//! Once a second: time-driven syncs, retention, checkpoints, deletions; a slice of the logs at a
//! time, so that thousands of them never hold the arbiter up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix::Context;
use ottla_core::base::Tick;
use ottla_core::storage::Checkpoint;

use super::messages::{Job, LogId};
use super::{Slot, StorageActor};
use crate::partition::messages::LogStartMoved;
use crate::runtime::{now, tell};

/// How often a storage actor looks at its clock.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// How many logs retention looks at in one go.
const SLICE: usize = 256;

/// What is due when.
pub(super) struct Sweep {
    retention_at: u64,
    checkpoint_at: u64,
    /// Logs retention still has to look at in this round.
    pending: VecDeque<LogId>,
    /// Logs that the checkpoints may say something old of.
    touched: Vec<LogId>,
    /// Logs with records that `flush.ms` is to sync.
    unsynced: Vec<LogId>,
    /// Logs with removed files.
    deleting: Vec<LogId>,
    /// A sweep is running on the other thread.
    pub(super) running: bool,
}

impl Sweep {
    pub(super) fn new() -> Self {
        Self {
            retention_at: 0,
            checkpoint_at: 0,
            pending: VecDeque::new(),
            touched: Vec::new(),
            unsynced: Vec::new(),
            deleting: Vec::new(),
            running: false,
        }
    }

    /// Retention begins half a minute after the start, as in Kafka
    /// (`LogManager.InitialTaskDelayMs`), or earlier if it is to come more often.
    pub(super) fn begin(&mut self, now: Tick, interval_ms: u64) {
        self.retention_at = now.monotonic_ms.saturating_add(interval_ms.clamp(1, 30_000));
    }

    /// A log has changed: only those are looked at, as most of thousands are idle.
    pub(super) fn touched(&mut self, id: LogId, slot: &mut Slot) {
        if !std::mem::replace(&mut slot.touched, true) {
            self.touched.push(id);
        }
        if !slot.unsynced && slot.log.log().awaits_timed_flush() {
            slot.unsynced = true;
            self.unsynced.push(id);
        }
    }
}

impl StorageActor {
    pub(super) fn tick(&mut self, _: &mut Context<Self>) {
        if self.closed {
            return;
        }
        let now = now();
        self.flush_overdue(now);
        self.retain(now);
        self.sweep_files(now);
        self.check_health();
    }

    fn flush_overdue(&mut self, now: Tick) {
        let slots = &mut self.slots;
        let mut due = Vec::new();
        self.sweep.unsynced.retain(|id| {
            let Some(slot) = slots.get_mut(*id) else { return false };
            slot.unsynced = slot.log.log().awaits_timed_flush();
            if slot.log.log().flush_due(now) && due.len() < SLICE {
                due.push(*id);
            }
            slot.unsynced
        });
        for id in due {
            self.flush(id);
        }
    }

    fn retain(&mut self, now: Tick) {
        if self.sweep.pending.is_empty() {
            if now.monotonic_ms < self.sweep.retention_at {
                return;
            }
            let interval = self.options.retention_check_ms.max(1);
            self.sweep.retention_at = now.monotonic_ms.saturating_add(interval);
            self.sweep.pending = self.slots.ids().into();
        }
        for _ in 0..SLICE {
            let Some(id) = self.sweep.pending.pop_front() else { return };
            let Some(slot) = self.slots.get_mut(id) else { continue };
            retain_one(slot, now);
            if slot.log.has_deletions() {
                self.sweep.deleting.push(id);
            }
            self.sweep.touched(id, slot);
            self.handles.used(id, &mut self.slots);
        }
    }

    fn sweep_files(&mut self, now: Tick) {
        if self.sweep.running {
            return;
        }
        let log_dir = Arc::clone(self.dir.log_dir());
        let slots = &mut self.slots;
        let mut deletions = Vec::new();
        self.sweep.deleting.retain(|id| {
            let Some(slot) = slots.get_mut(*id) else { return false };
            deletions.extend(slot.log.take_deletions(now));
            slot.log.has_deletions()
        });
        let checkpoint = now.monotonic_ms >= self.sweep.checkpoint_at;
        if checkpoint {
            self.sweep.checkpoint_at = now.monotonic_ms.saturating_add(self.options.checkpoint_ms);
            self.note_touched();
        }
        // the files of the directory itself are the first core's
        let writes = self.core == 0;
        if writes {
            deletions.extend(log_dir.take_deletions(now));
        }
        if !deletions.is_empty() || checkpoint && writes {
            self.sweep.running = true;
            self.push_job(Job::Sweep(deletions, checkpoint && writes));
        }
    }

    /// Tells the directory what its checkpoints are to say of each log that has changed.
    fn note_touched(&mut self) {
        let log_dir = self.dir.log_dir();
        for id in std::mem::take(&mut self.sweep.touched) {
            let Some(slot) = self.slots.get_mut(id) else { continue };
            let log = slot.log.log();
            log_dir.note_log(log);
            let high = slot.high_watermark.get();
            if high.is_some() {
                log_dir.note(Checkpoint::HighWatermark, log.partition(), high);
            }
            // what is not committed yet will be: look again
            slot.touched = high.is_none_or(|high| high < log.log_end_offset());
            if slot.touched {
                self.sweep.touched.push(id);
            }
        }
    }
}

fn retain_one(slot: &mut Slot, now: Tick) {
    slot.log.expire_producers(now);
    let Some(high) = slot.high_watermark.get() else { return };
    let before = slot.log.log().log_start_offset();
    if let Err(error) = slot.log.apply_retention(now, high) {
        tracing::error!(partition = %slot.log.log().partition(), %error, "retention failed");
    }
    let after = slot.log.log().log_start_offset();
    if after != before {
        tell(&slot.partition, LogStartMoved(after));
    }
}
