//! One handler for each message: translate, let the machine decide, carry out.

use actix::{ActorContext, Context, Handler};
use ottla_core::group::{AppendFailure, Call, Outputs, Waiter};

use super::GroupCoordinatorActor;
use super::messages::{Appended, Ask, Loaded, Resign, TopicsDeleted};
use crate::runtime::{ExitReason, now};

impl Handler<Ask> for GroupCoordinatorActor {
    type Result = ();

    fn handle(&mut self, ask: Ask, ctx: &mut Context<Self>) {
        self.last_waiter += 1;
        let waiter = Waiter(self.last_waiter);
        self.waiters.insert(waiter, ask.reply);
        let call = Call { caller: ask.caller, request: ask.request, waiter };
        let mut out = Outputs::new();
        self.machine.on_call(now(), call, &mut out);
        self.run(ctx, out);
    }
}

impl Handler<Loaded> for GroupCoordinatorActor {
    type Result = ();

    fn handle(&mut self, loaded: Loaded, ctx: &mut Context<Self>) {
        match loaded.result {
            Ok(part) => self.on_part(ctx, loaded.from, &part),
            Err(error) => self.on_unreadable(ctx, loaded.from, error),
        }
    }
}

impl Handler<Appended> for GroupCoordinatorActor {
    type Result = ();

    fn handle(&mut self, appended: Appended, ctx: &mut Context<Self>) {
        let result = appended.result.map(|done| (done.base, appended.records));
        let mut out = Outputs::new();
        self.machine.on_appended(now(), result.map_err(AppendFailure), &mut out);
        self.run(ctx, out);
    }
}

impl Handler<TopicsDeleted> for GroupCoordinatorActor {
    type Result = ();

    fn handle(&mut self, TopicsDeleted(topics): TopicsDeleted, ctx: &mut Context<Self>) {
        let mut out = Outputs::new();
        self.machine.on_topics_deleted(now(), &topics, &mut out);
        self.run(ctx, out);
    }
}

impl Handler<Resign> for GroupCoordinatorActor {
    type Result = ();

    fn handle(&mut self, _: Resign, ctx: &mut Context<Self>) {
        self.epitaph.because(ExitReason::LeadershipLost);
        // who waits is answered when the ports are dropped
        ctx.stop();
    }
}
