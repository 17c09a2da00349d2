//! The consumer's actor: it asks the brokers for what the shared state needs.

mod commit;
mod config;
mod error;
mod group;
mod grouped;
mod handle;
mod handlers;
mod listener;
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
use ottla_core::client::membership;

use super::cluster::Cluster;
use crate::runtime::{DeadlineDriver, monotonic_ms, now};
use group::Group;
use shared::{Hold, Shared};

pub use commit::{OffsetAndMetadata, Offsets};
pub use config::ConsumerConfig;
pub use error::ConsumerError;
pub use handle::Consumer;
pub use listener::{Rebalance, RebalanceListener};
pub use lookups::TimedOffset;

/// One consumer.
///
/// Lives on the thread that started it; owned by its [`Consumer`] handle; mailbox 16 messages, one
/// for any number of changes to the state that they share. Never blocks. It is not rebuilt: a panic
/// ends the consumer, and every call on its handle says so.
pub struct ConsumerActor {
    hold: Hold,
    cluster: Rc<Cluster>,
    group: Option<Group>,
    metadata: MetadataNeeds,
    deadlines: DeadlineDriver,
}

/// What is to be asked about, and when.
struct MetadataNeeds {
    topics: BTreeSet<TopicName>,
    /// Every topic: there is a pattern to be matched.
    all: bool,
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
    fn new(shared: Arc<Shared>, cluster: Rc<Cluster>, group: Option<Group>) -> Self {
        let metadata = MetadataNeeds {
            topics: BTreeSet::new(),
            all: false,
            under_way: false,
            not_before: 0,
            stale_at: u64::MAX,
        };
        let deadlines = DeadlineDriver::new();
        Self { hold: Hold(shared), cluster, group, metadata, deadlines }
    }

    /// Polls the machines, carries out what they say, and arms the next wake.
    fn turn(
        &mut self,
        mut outputs: Outputs,
        mut grouping: membership::Outputs,
        ctx: &mut Context<Self>,
    ) {
        self.take_subscription(&mut grouping);
        self.poll_group(&mut grouping);
        self.carry_out_group(grouping, ctx);
        self.commit_if_due(ctx);
        let tick = now();
        let next = {
            let mut state = self.hold.0.lock();
            state.told = false;
            let identity = self.group.as_ref().map(|group| group.membership.identity());
            state.identity = identity;
            state.awaited = self.group.as_ref().is_some_and(|g| g.membership.awaits_application());
            state.fetcher.poll(tick, &self.cluster.metadata(), &mut outputs);
            state.fetcher.next_deadline(tick)
        };
        self.carry_out(outputs, ctx);
        self.refresh_if_due(ctx);
        let wanted = self.metadata.all || !self.metadata.topics.is_empty();
        let asking = wanted.then_some(self.metadata.not_before);
        let asking = asking.filter(|_| !self.metadata.under_way);
        let next = [next, asking, self.group_deadline(), Some(self.metadata.stale_at)];
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
            if let Some(group) = &self.group {
                self.metadata.topics.extend(group.membership.led_topics().cloned());
                self.metadata.all = matches!(group.wanted, group::Wanted::Pattern(_));
            }
        }
        self.turn(Outputs::new(), membership::Outputs::new(), ctx);
    }
}
