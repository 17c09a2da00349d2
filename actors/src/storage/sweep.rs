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
    /// A sweep is running on the other thread.
    pub(super) running: bool,
}

impl Sweep {
    pub(super) fn new() -> Self {
        Self { retention_at: 0, checkpoint_at: 0, pending: VecDeque::new(), running: false }
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
        let due: Vec<LogId> = self
            .slots
            .iter_mut()
            .filter(|(_, slot)| slot.log.log().flush_due(now))
            .map(|(id, _)| id)
            .collect();
        for id in due {
            self.flush(id);
        }
    }

    fn retain(&mut self, now: Tick) {
        if self.sweep.pending.is_empty() {
            if now.monotonic_ms < self.sweep.retention_at {
                return;
            }
            let first = self.sweep.retention_at == 0;
            let interval = self.options.retention_check_ms;
            // Kafka waits half a minute after its start (`LogManager.InitialTaskDelayMs`)
            let wait = if first { interval.min(30_000) } else { interval };
            self.sweep.retention_at = now.monotonic_ms.saturating_add(wait.max(1));
            if !first {
                self.sweep.pending = self.slots.ids().into();
            }
        }
        for _ in 0..SLICE {
            let Some(id) = self.sweep.pending.pop_front() else { return };
            if let Some(slot) = self.slots.get_mut(id) {
                retain_one(slot, now);
            }
        }
    }

    fn sweep_files(&mut self, now: Tick) {
        if self.sweep.running {
            return;
        }
        let log_dir = Arc::clone(self.dir.log_dir());
        let mut deletions: Vec<_> =
            self.slots.iter_mut().filter_map(|(_, slot)| slot.log.take_deletions(now)).collect();
        let checkpoint = now.monotonic_ms >= self.sweep.checkpoint_at;
        if checkpoint {
            self.sweep.checkpoint_at = now.monotonic_ms.saturating_add(self.options.checkpoint_ms);
            self.note_all();
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

    /// Tells the directory what its checkpoints are to say of each log.
    pub(super) fn note_all(&mut self) {
        let log_dir = Arc::clone(self.dir.log_dir());
        for (_, slot) in self.slots.iter_mut() {
            let log = slot.log.log();
            log_dir.note_log(log);
            let high = slot.high_watermark.get();
            if let Some(high) = high {
                log_dir.note(Checkpoint::HighWatermark, log.partition(), Some(high));
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
