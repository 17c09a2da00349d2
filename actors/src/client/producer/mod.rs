//! The producer's actor: it feeds the accumulator and carries out what that decides.

mod handle;
mod handlers;
pub mod messages;
mod outputs;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext, Context};
use ottla_core::base::TopicName;
use ottla_core::client::Accumulator;
use ottla_core::client::accumulator::{Outputs, ProduceError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::cluster::Cluster;
use crate::runtime::{DeadlineDriver, monotonic_ms};
use handle::{Inbox, Waiter};

pub use handle::{Acks, Delivery, Producer, ProducerConfig};

/// One producer.
///
/// Lives on the thread that started it, until it is closed or its last [`Producer`] handle is gone
/// and every record has its result; mailbox 16 messages, one
/// for any number of records in the inbox. Never blocks. It is not rebuilt: a panic gives up what
/// had no result, and each record's future says so.
pub struct ProducerActor {
    machine: Accumulator<Waiter>,
    cluster: Rc<Cluster>,
    inbox: Arc<Inbox>,
    acks: Acks,
    /// Who waits for which flush.
    flushes: HashMap<u64, oneshot::Sender<()>>,
    next_flush: u64,
    metadata: MetadataNeeds,
    deadlines: DeadlineDriver,
    /// Requests under way; they end with the actor, and its connections with them.
    tasks: JoinSet<()>,
    /// Nobody hands records over any more.
    gone: bool,
}

/// What is to be asked about, and when.
struct MetadataNeeds {
    topics: BTreeSet<TopicName>,
    /// Topics that have been written to.
    used: BTreeSet<TopicName>,
    under_way: bool,
    /// Not before this time, in monotonic milliseconds.
    not_before: u64,
    /// At this time at the latest.
    stale_at: u64,
}

impl Actor for ProducerActor {
    type Context = Context<Self>;
}

impl Drop for ProducerActor {
    fn drop(&mut self) {
        let left = self.inbox.close();
        // while unwinding nobody else's code is called: futures see that their sender is gone
        if !std::thread::panicking() {
            left.into_iter().for_each(|(_, waiter)| waiter.done(Err(ProduceError::Closed)));
        }
    }
}

impl ProducerActor {
    fn new(
        machine: Accumulator<Waiter>,
        cluster: Rc<Cluster>,
        inbox: Arc<Inbox>,
        acks: Acks,
    ) -> Self {
        let metadata = MetadataNeeds {
            topics: BTreeSet::new(),
            used: BTreeSet::new(),
            under_way: false,
            not_before: 0,
            stale_at: u64::MAX,
        };
        Self {
            machine,
            cluster,
            inbox,
            acks,
            flushes: HashMap::new(),
            next_flush: 0,
            metadata,
            deadlines: DeadlineDriver::new(),
            tasks: JoinSet::new(),
            gone: false,
        }
    }

    /// Polls the machine, carries out what it says, and arms the next wake.
    fn turn(&mut self, mut outputs: Outputs<Waiter>, ctx: &mut Context<Self>) {
        while self.tasks.try_join_next().is_some() {}
        let now = crate::runtime::now();
        self.machine.poll(now, &self.cluster.metadata(), &mut outputs);
        self.carry_out(outputs, ctx);
        if self.gone && self.machine.is_idle() {
            // the deadline that is armed would keep it alive
            ctx.stop();
            return;
        }
        self.refresh_if_due(ctx);
        let asking = (!self.metadata.topics.is_empty()).then_some(self.metadata.not_before);
        let asking = asking.filter(|_| !self.metadata.under_way);
        let next = [self.machine.next_deadline(), asking, Some(self.metadata.stale_at)];
        let next = next.into_iter().flatten().min().filter(|next| *next < u64::MAX);
        self.deadlines.arm(ctx, next, Self::on_deadline);
    }

    fn on_deadline(&mut self, ctx: &mut Context<Self>) {
        self.deadlines.fired();
        if self.metadata.stale_at <= monotonic_ms() {
            self.metadata.stale_at = u64::MAX;
            self.metadata.topics.extend(self.metadata.used.iter().cloned());
        }
        self.turn(Outputs::new(), ctx);
    }
}
