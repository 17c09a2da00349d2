//! What the controller does with each message.

use actix::prelude::*;

use super::ControllerActor;
use super::messages::{Command, Next};

impl Handler<Command> for ControllerActor {
    type Result = ();

    fn handle(&mut self, command: Command, ctx: &mut Context<Self>) {
        self.decide(command, ctx);
    }
}

impl StreamHandler<Next> for ControllerActor {
    fn handle(&mut self, Next(committed): Next, ctx: &mut Context<Self>) {
        self.carry_out(committed.image, committed.delta, ctx);
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        // the consensus is gone: everything is started again from the log
        self.fail_all(ctx);
    }
}
