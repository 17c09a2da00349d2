//! Appends. Those that wait in the mailbox for one log are written together: the first of them
//! tells this very actor to write, and what comes before that message is its company.

use actix::{Context, Handler};
use kafka_protocol::error::ResponseError;
use ottla_core::base::{Offset, Tick};
use ottla_core::partition::SequenceError;
use ottla_core::storage::{AppendError, AppendInfo, AppendOrigin, AppendOutcome};

use super::StorageActor;
use super::data::NOT_OPEN;
use super::messages::{AckPort, AppendLog, Job, LogId, WriteOut};
use super::slot::{Slot, Synced};
use crate::partition::messages::{AppendRefused, LogAppended};
use crate::runtime::{now, tell};

/// The most appends that are written together.
const TOGETHER: usize = 64;

impl Handler<AppendLog> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: AppendLog, _: &mut Context<Self>) {
        let id = msg.log;
        let Some(slot) = self.slots.get_mut(id) else {
            return msg.ack.reply.send(Err(NOT_OPEN.into()));
        };
        slot.inbox.push(msg);
        match (slot.inbox.len(), &self.me) {
            (1, Some(me)) => tell(me, WriteOut(id)),
            (TOGETHER.., _) | (_, None) => self.write_out(id),
            _ => {}
        }
    }
}

impl Handler<WriteOut> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: WriteOut, _: &mut Context<Self>) {
        self.write_out(msg.0);
    }
}

impl StorageActor {
    /// Writes what has come for a log, and says so.
    pub(super) fn write_out(&mut self, id: LogId) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let now = now();
        // not so what a consumer commits
        if slot.inbox.iter().any(|append| append.context.origin == AppendOrigin::Client) {
            self.appending.note(now);
        }
        let Written { failed, flush } = match slot.inbox.len() {
            0 => return,
            1 => slot.write_one(now),
            _ => slot.write_together(now, &mut self.outcomes),
        };
        let reserve = slot.log.take_reserve_job();
        self.sweep.touched(id, slot);
        self.handles.used(id, &mut self.slots);
        if let Some(job) = reserve {
            self.push_job(Job::Reserve(job));
        }
        if flush {
            self.flush(id);
        }
        if failed {
            self.check_health();
        }
    }

    /// Writes what has come for every log.
    pub(super) fn write_all_out(&mut self) {
        for id in self.slots.ids() {
            self.write_out(id);
        }
    }
}

/// What is to be done after a write.
#[derive(Default)]
struct Written {
    /// The directory may be at fault.
    failed: bool,
    /// What was written is to be synced.
    flush: bool,
}

impl Slot {
    /// Writes an append that nobody joined.
    fn write_one(&mut self, now: Tick) -> Written {
        let mut written = Written::default();
        if let Some(AppendLog { records, context, ack, .. }) = self.inbox.pop() {
            let outcome = self.log.append_as_leader(now, records, context);
            self.answer(outcome, ack, &mut written);
        }
        written
    }

    /// Writes all that wait; `outcomes` is empty room.
    fn write_together(&mut self, now: Tick, outcomes: &mut Vec<AppendOutcome>) -> Written {
        let mut written = Written::default();
        let mut acks = Vec::with_capacity(self.inbox.len());
        let appends = self.inbox.drain(..).map(|append| {
            acks.push(append.ack);
            (append.records, append.context)
        });
        self.log.append_gathered(now, appends, outcomes);
        for (outcome, ack) in outcomes.drain(..).zip(acks) {
            self.answer(outcome, ack, &mut written);
        }
        written
    }

    fn answer(&mut self, outcome: AppendOutcome, ack: AckPort, written: &mut Written) {
        written.failed |= matches!(outcome, Err(AppendError::Storage(_)));
        let result = outcome.map_err(|error| refused(error, self));
        written.flush |= self.answer_in_order(LogAppended { result, ack });
    }

    /// Answers the appends that will not be written any more.
    pub(super) fn refuse_inbox(&mut self) {
        for append in self.inbox.drain(..) {
            append.ack.reply.send(Err(NOT_OPEN.into()));
        }
    }

    /// Answers an append, behind those before it that wait for a sync; true if a sync is needed.
    fn answer_in_order(&mut self, appended: LogAppended) -> bool {
        let log = self.log.log();
        let due =
            log.unflushed_records() > 0 && log.unflushed_records() >= log.config().flush_messages;
        let (upto, rolled) = match &appended.result {
            Ok(AppendInfo { last_offset, rolled, .. }) if due => (last_offset.plus(1), *rolled),
            Ok(info) => (Offset::ZERO, info.rolled),
            Err(_) => (Offset::ZERO, false),
        };
        if due || !self.waiting.is_empty() {
            self.waiting.push_back(Synced { upto, appended });
        } else {
            tell(&self.partition, appended);
        }
        due || rolled
    }
}

/// The refusal a client sees, and a log line where the broker is at fault.
fn refused(error: AppendError, slot: &Slot) -> AppendRefused {
    let code = match &error {
        AppendError::Invalid(invalid) => invalid.response_error(),
        AppendError::Sequence(SequenceError::OutOfOrder { .. }) => {
            ResponseError::OutOfOrderSequenceNumber
        }
        AppendError::Sequence(SequenceError::InvalidProducerEpoch { .. }) => {
            ResponseError::InvalidProducerEpoch
        }
        AppendError::NoTransaction => ResponseError::InvalidTxnState,
        AppendError::LargerThanSegment { .. } => ResponseError::RecordListTooLarge,
        AppendError::Storage(_) => ResponseError::KafkaStorageError,
    };
    let partition = slot.log.log().partition();
    if code == ResponseError::KafkaStorageError {
        tracing::error!(%partition, %error, "append failed");
    } else {
        tracing::debug!(%partition, %error, "append refused");
    }
    let (message, record_errors) = match &error {
        AppendError::Invalid(invalid) => {
            let records = invalid.record_errors().iter();
            let at_fault = records.map(|r| (r.batch_index(), Some(r.message(partition))));
            (invalid.message(partition), at_fault.collect())
        }
        _ => (None, Vec::new()),
    };
    let log_start = slot.log.log().log_start_offset();
    AppendRefused { code, message, record_errors, leader: None, log_start }
}
