//! Each message: translate, ask the machine, send on.

use std::sync::Arc;

use actix::{Context, Handler};
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::partition::{AppendEffect, Refusal};
use ottla_core::storage::{AppendContext, FoundOffset, OffsetQuery};

use super::messages::{
    Append, Attached, DeleteRecords, DescribeProducers, EpochEnd, ListOffset, LogAppended, LogLost,
    LogStartMoved, Read, ReadOutcome, SpecChanged, Stop, TrimLog, Watch, WhenOpen,
};
use super::{ParkedAck, PartitionActor};
use crate::runtime::{monotonic_ms, tell};
use crate::storage::{
    AckPort, AppendLog, FindEpochEnd, FindOffset, ListProducers, MoveLogStart, ReadLog, Reconfigure,
};

impl Handler<Append> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: Append, _: &mut Context<Self>) {
        let admitted = self.machine.admit(msg.acks).and_then(|epoch| Ok((epoch, self.log()?)));
        let (leader_epoch, (log, storage)) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return msg.reply.send(Err(refusal.into())),
        };
        let deadline_ms = monotonic_ms().saturating_add(u64::from(msg.timeout_ms));
        let ack = AckPort { acks: msg.acks, deadline_ms, reply: msg.reply };
        let context = AppendContext { leader_epoch, origin: msg.origin };
        tell(storage, AppendLog { log, records: msg.records, context, ack });
    }
}

impl Handler<LogAppended> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: LogAppended, ctx: &mut Context<Self>) {
        let LogAppended { result, ack } = msg;
        let info = match result {
            Ok(info) => info,
            Err(refused) => return ack.reply.send(Err(refused)),
        };
        let effect =
            AppendEffect { log_end: info.log_end, log_start: info.log_start, bytes: info.bytes };
        let parked = if ack.acks == -1 {
            let required = info.last_offset.plus(1);
            Some((required, ack.deadline_ms, ParkedAck { reply: ack.reply, info }))
        } else {
            ack.reply.send(Ok(info));
            None
        };
        self.machine.on_appended(effect, parked, &mut self.out);
        self.run(ctx);
    }
}

impl Handler<Read> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: Read, _: &mut Context<Self>) {
        let plan = match self.machine.plan_read(&msg.request) {
            Ok(plan) => plan,
            Err(refusal) => return msg.reply.send(Err(refusal)),
        };
        let Read { request, max_bytes, reply } = msg;
        let (start, last_fetched_epoch) = (request.fetch_offset, request.last_fetched_epoch);
        match self.log() {
            Ok((log, storage)) if plan.lookup => {
                let short = false;
                let read =
                    ReadLog { log, start, last_fetched_epoch, max_bytes, short, plan, reply };
                tell(storage, read);
            }
            Ok(_) => reply.send(Ok(ReadOutcome::of(&plan))),
            Err(refusal) => reply.send(Err(refusal)),
        }
    }
}

impl Handler<Watch> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: Watch, ctx: &mut Context<Self>) {
        let Watch { seen, watcher } = msg;
        self.machine.on_watch(seen, watcher.deadline_ms, watcher, &mut self.out);
        self.run(ctx);
    }
}

/// Kafka's timestamps with a meaning (`ListOffsetsRequest`).
mod special {
    pub(super) const LATEST: i64 = -1;
    pub(super) const EARLIEST: i64 = -2;
    pub(super) const MAX_TIMESTAMP: i64 = -3;
    pub(super) const EARLIEST_LOCAL: i64 = -4;
    pub(super) const LATEST_TIERED: i64 = -5;
    pub(super) const EARLIEST_PENDING_UPLOAD: i64 = -6;
}

impl Handler<ListOffset> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: ListOffset, _: &mut Context<Self>) {
        let checked = self.machine.check_leader(msg.current_leader_epoch);
        let (log, storage) = match checked.and_then(|()| self.log()) {
            Ok(open) => open,
            Err(refusal) => return msg.reply.send(Err(refusal)),
        };
        let limit = self.machine.limit(msg.isolation);
        let found =
            |offset, leader_epoch| Some(FoundOffset { timestamp: -1, offset, leader_epoch });
        let query = match msg.timestamp {
            special::LATEST => {
                return msg.reply.send(Ok(found(limit, self.machine.leader_epoch())));
            }
            // nothing is tiered here
            special::LATEST_TIERED | special::EARLIEST_PENDING_UPLOAD => {
                return msg.reply.send(Ok(found(Offset::NONE, LeaderEpoch::NONE)));
            }
            special::EARLIEST | special::EARLIEST_LOCAL => OffsetQuery::Earliest,
            special::MAX_TIMESTAMP => OffsetQuery::MaxTimestamp,
            timestamp => OffsetQuery::Timestamp(timestamp),
        };
        tell(storage, FindOffset { log, query, limit, reply: msg.reply });
    }
}

impl Handler<DeleteRecords> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: DeleteRecords, _: &mut Context<Self>) {
        let planned = self.machine.plan_delete(msg.before).and_then(|to| Ok((to, self.log()?)));
        match planned {
            Ok((to, (log, storage))) => {
                tell(storage, MoveLogStart { log, to, synced: false, reply: msg.reply });
            }
            Err(refusal) => msg.reply.send(Err(refusal)),
        }
    }
}

impl Handler<TrimLog> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: TrimLog, _: &mut Context<Self>) {
        let planned = self.machine.plan_trim(msg.before).and_then(|to| Ok((to, self.log()?)));
        match planned {
            Ok((to, (log, storage))) => {
                tell(storage, MoveLogStart { log, to, synced: true, reply: msg.reply });
            }
            Err(refusal) => msg.reply.send(Err(refusal)),
        }
    }
}

impl Handler<EpochEnd> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: EpochEnd, _: &mut Context<Self>) {
        let checked = self.machine.check_leader(msg.current_leader_epoch);
        match checked.and_then(|()| self.log()) {
            Ok((log, storage)) => {
                tell(storage, FindEpochEnd { log, epoch: msg.epoch, reply: msg.reply });
            }
            Err(refusal) => msg.reply.send(Err(refusal)),
        }
    }
}

impl Handler<DescribeProducers> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: DescribeProducers, _: &mut Context<Self>) {
        let checked = self.machine.check_leader(LeaderEpoch::NONE);
        match checked.and_then(|()| self.log()) {
            Ok((log, storage)) => tell(storage, ListProducers { log, reply: msg.reply }),
            Err(refusal) => msg.reply.send(Err(refusal)),
        }
    }
}

impl Handler<SpecChanged> for PartitionActor {
    type Result = ();

    fn handle(&mut self, _: SpecChanged, ctx: &mut Context<Self>) {
        let spec = self.cell.spec.load_full();
        self.machine.on_rules(spec.rules);
        if let Ok((log, storage)) = self.log() {
            let config = Arc::clone(&spec.log);
            tell(storage, Reconfigure { log, config, rules: spec.records.clone() });
        }
        self.machine.on_leadership(spec.leadership.clone(), &mut self.out);
        self.run(ctx);
    }
}

impl Handler<WhenOpen> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: WhenOpen, _: &mut Context<Self>) {
        if self.failed {
            msg.0.send(Err(Refusal::StorageError));
        } else if self.log.is_some() {
            msg.0.send(Ok(self.machine.bounds()));
        } else {
            self.starters.push(msg.0);
        }
    }
}

impl Handler<Stop> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: Stop, ctx: &mut Context<Self>) {
        self.stopping = Some(msg);
        self.stop_if_asked(ctx);
    }
}

impl Handler<Attached> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: Attached, ctx: &mut Context<Self>) {
        if !self.storage.as_ref().is_some_and(|storage| Arc::ptr_eq(storage, &msg.storage)) {
            // from a storage actor that has been replaced since
            return;
        }
        let opened = match msg.log {
            Some((log, bounds)) => {
                self.log = Some(log);
                self.machine.on_attached(bounds, &mut self.out);
                Ok(self.machine.bounds())
            }
            None => {
                self.failed = true;
                self.machine.on_log_failed(&mut self.out);
                Err(Refusal::StorageError)
            }
        };
        self.starters.drain(..).for_each(|starter| starter.send(opened));
        self.run(ctx);
        self.stop_if_asked(ctx);
    }
}

impl Handler<LogStartMoved> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: LogStartMoved, ctx: &mut Context<Self>) {
        self.machine.on_log_start(msg.0, &mut self.out);
        self.run(ctx);
    }
}

impl Handler<LogLost> for PartitionActor {
    type Result = ();

    fn handle(&mut self, msg: LogLost, ctx: &mut Context<Self>) {
        match msg {
            LogLost::Rebuilt => {
                self.machine.on_detached(&mut self.out);
                self.attach(ctx);
            }
            LogLost::Failed => {
                self.log = None;
                self.failed = true;
                self.machine.on_log_failed(&mut self.out);
                let failed = Err(Refusal::StorageError);
                self.starters.drain(..).for_each(|starter| starter.send(failed));
            }
        }
        self.run(ctx);
        self.stop_if_asked(ctx);
    }
}
