//! Carries out what the consumer's machines decide.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use actix::{AsyncContext, Context};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{FetchRequest, ListOffsetsRequest, OffsetForLeaderEpochRequest};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::{BrokerId, TopicName, TopicPartition};
use ottla_core::client::fetcher::{EpochAsk, IsolationLevel, OffsetAsk, Output, Outputs};

use super::ConsumerActor;
use super::commit::{self, Offsets};
use super::messages::{Answer, Answered};
use crate::client::cluster::{Cluster, Lane, Route};
use crate::runtime::{monotonic_ms, tell};

/// The last version of Fetch that names topics instead of giving their ids.
const FETCH: i16 = 12;

impl ConsumerActor {
    pub(super) fn carry_out(&mut self, outputs: Outputs, ctx: &mut Context<Self>) {
        for output in outputs {
            match output {
                Output::Fetch { id, node, request } => self.fetch(id, node, request, ctx),
                Output::ListOffsets { id, node, asks } => self.list_offsets(id, node, &asks, ctx),
                Output::EpochEnds { id, node, asks } => self.epoch_ends(id, node, &asks, ctx),
                Output::Committed { id, partitions } => self.committed(id, partitions, ctx),
                Output::NeedMetadata(topic) => self.metadata.topics.extend([topic]),
            }
        }
    }

    /// Asks what the group has committed; without a group, it has committed nothing.
    fn committed(&mut self, id: u64, partitions: Vec<TopicPartition>, ctx: &mut Context<Self>) {
        let group = self.rebalance().map(|rebalance| rebalance.group);
        self.ask(ctx, async move |cluster| {
            let answer = match group {
                Some(group) => commit::committed(&cluster, &group, &partitions).await,
                None => Ok(Offsets::new()),
            };
            Answer::Committed { id, answer }
        });
    }

    /// Runs a request and hands what it came to back to the actor.
    pub(super) fn ask(
        &self,
        ctx: &mut Context<Self>,
        request: impl AsyncFnOnce(Rc<Cluster>) -> Answer + 'static,
    ) {
        // what is under way does not keep the consumer of a dropped handle alive
        let (cluster, actor) = (Rc::clone(&self.cluster), ctx.address().downgrade());
        actix_rt::spawn(async move {
            let answer = request(cluster).await;
            if let Some(actor) = actor.upgrade() {
                tell(&actor, Answered(answer));
            }
        });
    }

    fn fetch(&mut self, id: u64, node: BrokerId, request: FetchRequest, ctx: &mut Context<Self>) {
        self.ask(ctx, async move |cluster| {
            let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
            let timeout = cluster.config().request_timeout.saturating_add(wait);
            let route = Route::Broker(node);
            let build = |_| request.clone();
            let answer = cluster.call_on(Lane::Fetch, &route, FETCH, timeout, build).await;
            Answer::Fetched { id, answer }
        });
    }

    fn list_offsets(
        &mut self,
        id: u64,
        node: BrokerId,
        asks: &[OffsetAsk],
        ctx: &mut Context<Self>,
    ) {
        let isolation = self.hold.0.lock().fetcher.config().isolation;
        let request = list_offsets(asks, isolation);
        self.ask(ctx, async move |cluster| {
            let timeout = cluster.config().request_timeout;
            let build = |_| request.clone();
            let answer = cluster.call(&Route::Broker(node), i16::MAX, timeout, build).await;
            Answer::Offsets { id, answer }
        });
    }

    fn epoch_ends(&mut self, id: u64, node: BrokerId, asks: &[EpochAsk], ctx: &mut Context<Self>) {
        let mut topics: BTreeMap<&TopicName, Vec<OffsetForLeaderPartition>> = BTreeMap::new();
        for ask in asks {
            let asked = OffsetForLeaderPartition::default()
                .with_partition(ask.partition.partition)
                .with_current_leader_epoch(ask.leader_epoch.0)
                .with_leader_epoch(ask.epoch.0);
            topics.entry(&ask.partition.topic).or_default().push(asked);
        }
        let topics = topics.into_iter().map(|(topic, partitions)| {
            OffsetForLeaderTopic::default()
                .with_topic(text(topic).into())
                .with_partitions(partitions)
        });
        let request = OffsetForLeaderEpochRequest::default()
            .with_replica_id((-1).into())
            .with_topics(topics.collect());
        self.ask(ctx, async move |cluster| {
            let timeout = cluster.config().request_timeout;
            let build = |_| request.clone();
            let answer = cluster.call(&Route::Broker(node), i16::MAX, timeout, build).await;
            Answer::EpochEnds { id, answer }
        });
    }

    pub(super) fn refresh_if_due(&mut self, ctx: &mut Context<Self>) {
        let needs = &mut self.metadata;
        if needs.under_way
            || !needs.all && needs.topics.is_empty()
            || needs.not_before > monotonic_ms()
        {
            return;
        }
        needs.under_way = true;
        let age = self.cluster.config().metadata_max_age.as_millis();
        needs.stale_at = monotonic_ms().saturating_add(u64::try_from(age).unwrap_or(u64::MAX));
        let topics: Vec<TopicName> = std::mem::take(&mut needs.topics).into_iter().collect();
        let all = std::mem::take(&mut needs.all);
        self.ask(ctx, async move |cluster| {
            let create = cluster.config().auto_create_topics;
            let asked = (!all).then_some(&topics[..]);
            Answer::Described { all, answer: cluster.refresh(asked, create).await }
        });
    }
}

/// One question about several partitions of one broker.
pub(super) fn list_offsets(asks: &[OffsetAsk], isolation: IsolationLevel) -> ListOffsetsRequest {
    let mut topics: BTreeMap<&TopicName, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for ask in asks {
        let asked = ListOffsetsPartition::default()
            .with_partition_index(ask.partition.partition)
            .with_current_leader_epoch(ask.leader_epoch.0)
            .with_timestamp(ask.timestamp);
        topics.entry(&ask.partition.topic).or_default().push(asked);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        ListOffsetsTopic::default().with_name(text(topic).into()).with_partitions(partitions)
    });
    ListOffsetsRequest::default()
        .with_replica_id((-1).into())
        .with_isolation_level(isolation.code())
        .with_topics(topics.collect())
}

pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
