//! What comes while the log is still being read.
//!
//! Kafka refuses it with `COORDINATOR_LOAD_IN_PROGRESS`, and a client that has just created the
//! offsets topic with its first request meets that answer when the machine is slow. Some clients
//! give up on it (KafkaJS restarts its whole consumer), and a log is mostly read in milliseconds:
//! here calls wait for a while before they are refused.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;

use super::coordinator::{Timer, refuse};
use super::{Call, GroupCoordinator, Outputs};
use crate::base::{Tick, TimerId, TopicName};

/// How long the first call waits, and what comes after it at most; then all are refused until the
/// log has been read. Below the session timeout of any member, so that a heartbeat may wait too.
const PATIENCE_MS: u64 = 3_000;

/// The most calls that wait.
const MAX_WAITING: usize = 10_000;

/// The calls and events that wait for the log.
#[derive(Debug, Default)]
pub(super) struct Early {
    calls: Vec<Call>,
    /// Bounded by the topics there were.
    deleted: Vec<Arc<[TopicName]>>,
    timer: Option<TimerId>,
    out_of_patience: bool,
}

impl GroupCoordinator {
    /// Parks a call that comes before the log has been read, or refuses it.
    pub(super) fn await_log(&mut self, now: Tick, call: Call, out: &mut Outputs) {
        if self.early.out_of_patience || self.early.calls.len() >= MAX_WAITING {
            return refuse(out, &call, ResponseError::CoordinatorLoadInProgress);
        }
        self.early.calls.push(call);
        if self.early.timer.is_none() {
            let until = now.monotonic_ms.saturating_add(PATIENCE_MS);
            self.early.timer = Some(self.timers.insert(until, Timer::Loading));
        }
    }

    /// Topics were deleted before all offsets committed for them are known.
    pub(super) fn await_log_to_forget(&mut self, topics: &Arc<[TopicName]>) {
        self.early.deleted.push(Arc::clone(topics));
    }

    /// Reading takes long: who waits is told.
    pub(super) fn loading_takes_long(&mut self, out: &mut Outputs) {
        self.early.timer = None;
        self.early.out_of_patience = true;
        for call in std::mem::take(&mut self.early.calls) {
            refuse(out, &call, ResponseError::CoordinatorLoadInProgress);
        }
    }

    /// The log has been read: what waited happens, in its order.
    pub(super) fn resume_early(&mut self, now: Tick, out: &mut Outputs) {
        let Early { calls, deleted, timer, .. } = std::mem::take(&mut self.early);
        if let Some(timer) = timer {
            self.timers.cancel(timer);
        }
        for topics in deleted {
            self.forget_in_all_groups(now, &topics, out);
        }
        for call in calls {
            self.admit(now, call, out);
        }
    }
}
