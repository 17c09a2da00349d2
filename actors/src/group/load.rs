//! A coordinator reads its log to the end before it serves.

use std::time::Duration;

use actix::{AsyncContext, Context};
use kafka_protocol::error::ResponseError;
use ottla_core::base::Offset;
use ottla_core::group::Outputs;

use super::messages::Loaded;
use super::{GroupCoordinatorActor, LogBatch};
use crate::runtime::{ExitReason, ReplyPort, now, tell};

/// How soon a failed read is tried again: its partition is starting or being rebuilt.
const RETRY: Duration = Duration::from_millis(100);

impl GroupCoordinatorActor {
    /// Reads the log from its start.
    pub(super) fn load(&mut self, ctx: &mut Context<Self>) {
        self.read_on(ctx, Offset::NONE);
    }

    fn read_on(&mut self, ctx: &Context<Self>, from: Offset) {
        let own = self.own(ctx);
        let reply = ReplyPort::new(move |result| tell(&own, Loaded { from, result }));
        self.log.read(from, reply);
    }

    /// A part was read: take it in, and read on or start to serve.
    pub(super) fn on_part(&mut self, ctx: &mut Context<Self>, from: Offset, part: &LogBatch) {
        let start = *self.log_start.get_or_insert(part.start);
        let from = from.max(start);
        if part.bytes.is_empty() {
            let mut out = Outputs::new();
            self.machine.on_loaded(now(), start.0..from.max(part.end).0, &mut out);
            let (partition, offset) = (self.partition, part.end);
            match offset > start {
                true => tracing::info!(partition, %offset, "groups are loaded"),
                false => tracing::debug!(partition, "there are no groups"),
            }
            return self.run(ctx, out);
        }
        match self.machine.load(from, &part.bytes) {
            Ok(next) => self.read_on(ctx, next),
            Err(error) => {
                // groups that were decided on half a log would be handed out twice
                tracing::error!(partition = self.partition, %error, "groups cannot be loaded");
                self.epitaph.because(ExitReason::DiskFailed);
                actix::ActorContext::stop(ctx);
            }
        }
    }

    /// A read failed: again in a while, as long as this broker leads the partition.
    pub(super) fn on_unreadable(
        &mut self,
        ctx: &mut Context<Self>,
        from: Offset,
        error: ResponseError,
    ) {
        tracing::debug!(partition = self.partition, %error, "offsets log cannot be read yet");
        ctx.run_later(RETRY, move |actor, ctx| actor.read_on(ctx, from));
    }
}
