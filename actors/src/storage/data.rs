//! Reads and look-ups.

use actix::{Context, Handler};
use ottla_core::base::{Offset, TopicPartition};
use ottla_core::partition::Refusal;
use ottla_core::storage::{ColdRange, LogRead, PartitionLog, StorageError};

use super::messages::{
    FindEpochEnd, FindOffset, Job, ListLogs, ListProducers, LogSize, MoveLogStart, ReadLog,
};
use super::slot::Slot;
use super::{StorageActor, messages};
use crate::partition::messages::{LogStartMoved, ProducerInfo, ReadOutcome};
use crate::runtime::{now, tell};

/// What is answered for a log that is not open here.
pub(super) const NOT_OPEN: Refusal = messages::FAILED;

impl Handler<ReadLog> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: ReadLog, _: &mut Context<Self>) {
        self.read_when_warm(msg);
    }
}

impl StorageActor {
    /// Reads, once what it needs is in memory: a helper thread waits for the disk.
    fn read_when_warm(&mut self, mut msg: ReadLog) {
        let Some(slot) = self.slots.get_mut(msg.log) else { return msg.reply.send(Err(NOT_OPEN)) };
        // an error is met again by the read
        let cold = slot.log.cold_read(now(), msg.start, msg.max_bytes, self.appending);
        let Ok(cold) = cold else { return self.read(msg, None) };
        msg.short |= cold.max_bytes < msg.max_bytes;
        msg.max_bytes = cold.max_bytes;
        let Some(range) = cold.range else { return self.read(msg, None) };
        self.handles.used(msg.log, &mut self.slots);
        self.push_job(Job::Warm(range, Box::new(msg)));
    }

    /// Goes on with a read for which a range was brought in. After an index it asks again, after
    /// records it does not: what has gone from memory since is read by the read itself.
    pub(super) fn read_warmed(&mut self, range: &ColdRange, msg: ReadLog) {
        let slot = self.slots.get_mut(msg.log);
        if slot.is_some_and(|slot| slot.log.warmed(range)) {
            self.read_when_warm(msg);
        } else {
            self.read(msg, Some(range));
        }
    }

    /// Carries out a read whose pages are in memory, as far as can be told, or that a helper has
    /// brought there.
    fn read(&mut self, msg: ReadLog, range: Option<&ColdRange>) {
        let Some(slot) = self.slots.get_mut(msg.log) else { return msg.reply.send(Err(NOT_OPEN)) };
        let find = |log: &mut PartitionLog| {
            log.read_after(msg.start, msg.last_fetched_epoch, msg.max_bytes, msg.plan.limit)
        };
        let read = match range {
            Some(range) => slot.log.read_held(range, find),
            None => find(&mut slot.log),
        };
        let limit = msg.plan.limit;
        let older = matches!(&read, Ok(LogRead::Records(found)) if slot.log.is_older(found, limit));
        self.handles.used(msg.log, &mut self.slots);
        if let (Some(range), Ok(LogRead::Records(slice))) = (range, &read)
            && let Some(missed) = range.missed(slice)
        {
            return self.push_job(Job::Warm(missed, Box::new(msg)));
        }
        let ReadLog { log, plan, reply, short, .. } = msg;
        match read {
            Ok(LogRead::Records(slice)) => {
                let records = (!slice.is_empty()).then_some(slice);
                let more = records.is_some() && (short || older);
                reply.send(Ok(ReadOutcome { records, more, ..ReadOutcome::of(&plan) }));
            }
            Ok(LogRead::Diverging { epoch, end_offset }) => {
                let diverging = Some((epoch, end_offset));
                reply.send(Ok(ReadOutcome { diverging, ..ReadOutcome::of(&plan) }));
            }
            Err(error) => reply.send(Err(self.read_failed(log, error))),
        }
    }

    /// What a reader is told of an error. A file that cannot be read ends the directory, as in
    /// Kafka; a damaged one does not.
    fn read_failed(&mut self, log: messages::LogId, error: StorageError) -> Refusal {
        if let StorageError::OffsetOutOfRange { requested, start, .. } = error {
            return Refusal::OffsetOutOfRange { requested, log_start: start };
        }
        let name = |slot: &mut Slot| slot.log.log().partition().to_string();
        let partition = self.slots.get_mut(log).map(name).unwrap_or_default();
        tracing::error!(partition, %error, "read failed");
        if error.is_fatal_to_dir() {
            self.dir.log_dir().health().fail(error);
            self.check_health();
        }
        Refusal::StorageError
    }
}

impl Handler<FindOffset> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: FindOffset, _: &mut Context<Self>) {
        let Some(slot) = self.slots.get_mut(msg.log) else { return msg.reply.send(Err(NOT_OPEN)) };
        let found = slot.log.find_offset(msg.query);
        self.handles.used(msg.log, &mut self.slots);
        match found {
            Ok(found) => {
                let earliest = found.filter(|found| found.timestamp < 0);
                let visible = found.filter(|found| found.offset < msg.limit);
                msg.reply.send(Ok(visible.or(earliest)));
            }
            Err(error) => {
                let refusal = self.read_failed(msg.log, error);
                msg.reply.send(Err(refusal));
            }
        }
    }
}

impl Handler<MoveLogStart> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: MoveLogStart, _: &mut Context<Self>) {
        if !msg.synced {
            return self.move_log_start(msg);
        }
        let Some(slot) = self.slots.get_mut(msg.log) else { return msg.reply.send(Err(NOT_OPEN)) };
        // one at a time: a later move is the further one, and the earlier is answered as lost
        let id = msg.log;
        slot.moving = Some((slot.log.log().log_end_offset(), msg));
        self.flush(id);
    }
}

impl StorageActor {
    /// Moves a log's start and says so.
    pub(super) fn move_log_start(&mut self, msg: MoveLogStart) {
        let Some(slot) = self.slots.get_mut(msg.log) else { return msg.reply.send(Err(NOT_OPEN)) };
        match slot.log.advance_log_start(msg.to) {
            Ok(start) => {
                tell(&slot.partition, LogStartMoved(start));
                self.dir.log_dir().note_log(slot.log.log());
                msg.reply.send(Ok(start));
            }
            Err(error) => {
                let refusal = self.read_failed(msg.log, error);
                msg.reply.send(Err(refusal));
            }
        }
    }
}

impl Handler<FindEpochEnd> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: FindEpochEnd, _: &mut Context<Self>) {
        let Some(slot) = self.slots.get_mut(msg.log) else { return msg.reply.send(Err(NOT_OPEN)) };
        let end = slot.log.log().log_end_offset();
        msg.reply.send(Ok(slot.log.epochs().end_offset_for(msg.epoch, end)));
    }
}

impl Handler<ListProducers> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: ListProducers, _: &mut Context<Self>) {
        let Some(slot) = self.slots.get_mut(msg.log) else { return msg.reply.send(Err(NOT_OPEN)) };
        let mut producers: Vec<_> = slot
            .log
            .producers()
            .iter()
            .map(|(producer_id, state)| ProducerInfo {
                producer_id,
                producer_epoch: state.epoch(),
                last_sequence: state.last_sequence(),
                last_timestamp: state.last_timestamp,
                coordinator_epoch: state.coordinator_epoch,
                current_txn_start: state.current_txn_first_offset.unwrap_or(Offset::NONE),
            })
            .collect();
        producers.sort_unstable_by_key(|producer| producer.producer_id);
        msg.reply.send(Ok(producers));
    }
}

impl Handler<ListLogs> for StorageActor {
    type Result = Vec<LogSize>;

    fn handle(&mut self, _: ListLogs, _: &mut Context<Self>) -> Self::Result {
        let size = |partition: &TopicPartition, slot: &Slot| LogSize {
            partition: partition.clone(),
            bytes: slot.log.log().size_in_bytes(),
            lag: slot
                .high_watermark
                .get()
                .map_or(0, |high| (slot.log.log().log_end_offset().0 - high.0).max(0)),
        };
        self.slots.iter_mut().map(|(_, slot)| size(slot.log.log().partition(), slot)).collect()
    }
}
