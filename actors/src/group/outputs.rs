//! Carries out what the machine decided: the only code here that sends.

use actix::Context;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::group::{EncodedRecord, Output, Outputs};
use ottla_core::record::BatchBuilder;

use super::GroupCoordinatorActor;
use super::messages::Appended;
use crate::runtime::{ReplyPort, now, tell};

impl GroupCoordinatorActor {
    pub(super) fn run(&mut self, ctx: &mut Context<Self>, out: Outputs) {
        for output in out {
            match output {
                Output::Reply(waiter, response) => {
                    if let Some(port) = self.waiters.remove(&waiter) {
                        port.send(Some(response));
                    }
                }
                Output::Append(records) => self.append(ctx, &records),
                Output::TrimLog(before) => self.log.trim(before),
            }
        }
        self.deadlines.arm(ctx, self.machine.next_deadline(), Self::on_deadline);
    }

    fn append(&mut self, ctx: &Context<Self>, records: &[EncodedRecord]) {
        let wall = now().wall_ms;
        let mut builder = BatchBuilder::new();
        for record in records {
            builder.push(wall, Some(&record.key), record.value.as_deref(), &[]);
        }
        let batch = builder.build(Offset::ZERO, LeaderEpoch::NONE, self.compression);
        let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
        let own = self.own(ctx);
        let reply = ReplyPort::new(move |result| {
            tell(&own, Appended { records: count, result });
        });
        self.log.append(batch, self.commit_timeout_ms, reply);
    }

    fn on_deadline(&mut self, ctx: &mut Context<Self>) {
        self.deadlines.fired();
        let mut out = Outputs::new();
        self.machine.on_time(now(), &mut out);
        self.run(ctx, out);
    }
}
