//! What the pipeline wants done, done.

use std::sync::Arc;

use actix::prelude::*;
use ottla_core::controller::{
    ImageDelta, MetadataImage, MetadataRecord, PipelineOutput, assign_directories,
};

use super::consensus::{Consensus, ConsensusError, Proposed};
use super::messages::{ApplyImage, Carried, Reply};
use super::{ControllerActor, ControllerError, OwnRecords};
use crate::runtime::{ExitReason, ReplyPort};

/// Someone who waits for a change to be carried out.
pub(super) struct Waiter(Box<dyn FnOnce(Result<(), ControllerError>) + Send>);

impl Waiter {
    pub(super) fn new(f: impl FnOnce(Result<(), ControllerError>) + Send + 'static) -> Self {
        Self(Box::new(f))
    }

    /// Nobody waits.
    fn nobody() -> Self {
        Self::new(|_| {})
    }

    fn release(self) {
        (self.0)(Ok(()));
    }

    pub(super) fn fail(self, error: ControllerError) {
        (self.0)(Err(error));
    }
}

impl ControllerActor {
    /// The log is open and applied up to `image`: carries it out and begins to answer.
    pub(super) fn begin(
        &mut self,
        consensus: Arc<dyn Consensus>,
        image: Arc<MetadataImage>,
        ctx: &mut Context<Self>,
    ) {
        self.consensus = Some(consensus);
        self.pipeline = ottla_core::controller::Pipeline::new(Arc::clone(&image));
        self.applied = Arc::clone(&image);
        tracing::info!(
            offset = image.offset().0,
            topics = image.topic_count(),
            partitions = image.partition_count(),
            "metadata log applied"
        );
        self.carry_out(image, None, ctx);
    }

    pub(super) fn run(&mut self, out: Vec<PipelineOutput<Waiter>>, ctx: &mut Context<Self>) {
        for output in out {
            match output {
                PipelineOutput::Propose(records) => self.propose(records, ctx),
                PipelineOutput::Release(waiter) => waiter.release(),
                PipelineOutput::Fail(waiter) => waiter.fail(ControllerError::Lost),
            }
        }
    }

    fn propose(&mut self, records: Vec<MetadataRecord>, ctx: &mut Context<Self>) {
        let Some(consensus) = &self.consensus else { return };
        let proposed = consensus.propose(records).into_actor(self);
        ctx.spawn(proposed.map(|outcome, controller, ctx| controller.on_proposed(outcome, ctx)));
    }

    fn on_proposed(&mut self, outcome: Result<Proposed, ConsensusError>, ctx: &mut Context<Self>) {
        let mut out = Vec::new();
        match outcome {
            Ok(proposed) => self.pipeline.committed(proposed.offset, &mut out),
            Err(error) => {
                tracing::error!(%error, "a metadata change was not committed");
                self.pipeline.failed(Arc::clone(&self.applied), &mut out);
                if matches!(error, ConsensusError::Stopped | ConsensusError::Storage(_)) {
                    self.give_up(ExitReason::DiskFailed, ctx);
                }
            }
        }
        self.run(out, ctx);
    }

    /// Publishes an image and has this broker carry it out.
    pub(super) fn carry_out(
        &mut self,
        image: Arc<MetadataImage>,
        delta: Option<ImageDelta>,
        ctx: &mut Context<Self>,
    ) {
        self.applied = Arc::clone(&image);
        (self.context.publish)(Arc::clone(&image));
        let (done, answer) = ReplyPort::oneshot();
        let offset = image.offset();
        (self.context.replicas)(ApplyImage { image, delta, done });
        let answer = answer.into_actor(self).map(move |carried, controller, ctx| {
            let mut out = Vec::new();
            controller.pipeline.applied(offset, &mut out);
            controller.run(out, ctx);
            controller.note_directories(&carried, ctx);
        });
        ctx.spawn(answer);
    }

    /// Writes down where this broker put new replicas; nobody waits for it.
    fn note_directories(&mut self, carried: &Carried, ctx: &mut Context<Self>) {
        let records: OwnRecords =
            assign_directories(self.pipeline.tip(), self.context.broker, &carried.directories);
        if !records.is_empty() {
            self.submit(records, Waiter::nobody(), ctx);
        }
    }

    /// The consensus has ended by itself: everyone who waits is told, and the guardian decides.
    pub(super) fn fail_all(&mut self, ctx: &mut Context<Self>) {
        let mut out = Vec::new();
        self.pipeline.failed(Arc::clone(&self.applied), &mut out);
        self.run(out, ctx);
        self.consensus = None;
        self.give_up(ExitReason::UpstreamGone, ctx);
    }

    /// Closes the log, answers, and ends.
    pub(super) fn shut_down(&mut self, reply: Reply<()>, ctx: &mut Context<Self>) {
        let mut out = Vec::new();
        self.pipeline.failed(Arc::clone(&self.applied), &mut out);
        self.run(out, ctx);
        let consensus = self.consensus.take();
        let closed = async move {
            if let Some(consensus) = consensus {
                consensus.shutdown().await;
            }
        };
        ctx.wait(closed.into_actor(self).map(move |(), _, ctx| {
            // the asker may have gone away
            _ = reply.send(Ok(()));
            ctx.stop();
        }));
    }
}
