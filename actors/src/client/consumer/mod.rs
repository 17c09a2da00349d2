//! The consumer's actor: it asks the brokers for what the shared state needs.

mod config;
mod error;
mod handle;
mod handlers;
mod lookups;
pub mod messages;
mod outputs;
mod shared;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context};
use ottla_core::base::TopicName;
use ottla_core::client::fetcher::Outputs;

use super::cluster::Cluster;
use crate::runtime::{DeadlineDriver, monotonic_ms, now};
use shared::{Hold, Shared};

pub use config::ConsumerConfig;
pub use error::ConsumerError;
pub use handle::Consumer;
pub use lookups::TimedOffset;

/// One consumer.
///
/// Lives on the thread that started it; owned by its [`Consumer`] handle; mailbox 16 messages, one
/// for any number of changes to the state that they share. Never blocks. It is not rebuilt: a panic
/// ends the consumer, and every call on its handle says so.
pub struct ConsumerActor {
    hold: Hold,
    cluster: Rc<Cluster>,
    metadata: MetadataNeeds,
    deadlines: DeadlineDriver,
}

/// What is to be asked about, and when.
struct MetadataNeeds {
    topics: BTreeSet<TopicName>,
    under_way: bool,
    /// Not before this time, in monotonic milliseconds.
    not_before: u64,
    /// At this time at the latest.
    stale_at: u64,
}

impl Actor for ConsumerActor {
    type Context = Context<Self>;
}

impl ConsumerActor {
    fn new(shared: Arc<Shared>, cluster: Rc<Cluster>) -> Self {
        let metadata = MetadataNeeds {
            topics: BTreeSet::new(),
            under_way: false,
            not_before: 0,
            stale_at: u64::MAX,
        };
        Self { hold: Hold(shared), cluster, metadata, deadlines: DeadlineDriver::new() }
    }

    /// Polls the machine, carries out what it says, and arms the next wake.
    fn turn(&mut self, mut outputs: Outputs, ctx: &mut Context<Self>) {
        let tick = now();
        let next = {
            let mut state = self.hold.0.lock();
            state.told = false;
            state.fetcher.poll(tick, &self.cluster.metadata(), &mut outputs);
            state.fetcher.next_deadline(tick)
        };
        self.carry_out(outputs, ctx);
        self.refresh_if_due(ctx);
        let asking = (!self.metadata.topics.is_empty()).then_some(self.metadata.not_before);
        let asking = asking.filter(|_| !self.metadata.under_way);
        let next = [next, asking, Some(self.metadata.stale_at)];
        let next = next.into_iter().flatten().min().filter(|next| *next < u64::MAX);
        self.deadlines.arm(ctx, next, Self::on_deadline);
    }

    fn on_deadline(&mut self, ctx: &mut Context<Self>) {
        self.deadlines.fired();
        if self.metadata.stale_at <= monotonic_ms() {
            self.metadata.stale_at = u64::MAX;
            let state = self.hold.0.lock();
            let used = state.fetcher.assignment().map(|p| TopicName::clone(&p.topic));
            self.metadata.topics.extend(used);
        }
        self.turn(Outputs::new(), ctx);
    }
}
