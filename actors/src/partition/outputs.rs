//! What the machine decided, carried out.

use actix::Context;
use ottla_core::partition::{Output, WakeReason};

use super::{ParkedAck, PartitionActor, deadline};

impl PartitionActor {
    pub(super) fn run(&mut self, ctx: &mut Context<Self>) {
        let mut out = std::mem::take(&mut self.out);
        while !out.is_empty() {
            for output in out.drain(..) {
                self.carry_out(output);
            }
            // a watcher that wants more has been parked again, or was refused
            std::mem::swap(&mut out, &mut self.out);
        }
        self.out = out;
        self.high_watermark.set(self.machine.bounds().high_watermark);
        self.driver.arm(ctx, self.machine.next_deadline(), deadline);
    }

    fn carry_out(&mut self, output: Output<ParkedAck, super::FetchWatcher>) {
        match output {
            Output::Acked { port, result } => {
                port.reply.send(result.map(|()| port.info).map_err(Into::into));
            }
            Output::Wake { watcher, reason } => match reason {
                WakeReason::Data { bytes, from } => {
                    if watcher.more(bytes) {
                        let deadline = watcher.deadline_ms;
                        self.machine.on_watch(from, deadline, watcher, &mut self.out);
                    }
                }
                WakeReason::Moved => watcher.moved(),
                WakeReason::Expired => {}
            },
        }
    }
}
