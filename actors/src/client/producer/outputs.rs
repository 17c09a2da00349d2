//! Carries out what the accumulator decides.

use std::collections::HashMap;
use std::rc::Rc;

use actix::{AsyncContext, Context};
use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse,
};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::{BrokerId, LeaderEpoch, Offset, TopicName, TopicPartition};
use ottla_core::client::accumulator::{Output, Outputs, PartitionAnswer, PartitionBatch};
use ottla_core::client::{Endpoint, LeaderHint};

use super::messages::{Answer, Finished};
use super::{Acks, ProducerActor, Waiter};
use crate::client::cluster::{Cluster, Route};
use crate::client::error::ClientError;
use crate::runtime::{monotonic_ms, now, tell};

/// The last version of Produce that names topics instead of giving their ids.
const PRODUCE: i16 = 12;

impl ProducerActor {
    pub(super) fn carry_out(&mut self, outputs: Outputs<Waiter>, ctx: &mut Context<Self>) {
        for output in outputs {
            match output {
                Output::Send { id, node, batches } => self.send(id, node, batches, ctx),
                Output::Done { waiter, result } => waiter.done(result),
                Output::NeedMetadata(topic) => self.metadata.topics.extend([topic]),
                Output::NeedProducerId => self.identify(ctx),
                Output::Flushed(token) => {
                    // whoever asked may have gone away
                    if let Some(answer) = self.flushes.remove(&token) {
                        _ = answer.send(());
                    }
                }
            }
        }
    }

    fn send(
        &mut self,
        id: u64,
        node: BrokerId,
        batches: Vec<PartitionBatch>,
        ctx: &mut Context<Self>,
    ) {
        let (cluster, actor) = (Rc::clone(&self.cluster), ctx.address());
        let acks = self.acks;
        self.tasks.spawn_local(async move {
            let request = request(acks, &cluster, batches);
            let response = produce(&cluster, node, acks, request).await;
            tell(&actor, Finished(Answer::Produced { request: id, response }));
        });
    }

    fn identify(&mut self, ctx: &mut Context<Self>) {
        let (cluster, actor) = (Rc::clone(&self.cluster), ctx.address());
        self.tasks.spawn_local(async move {
            let answer = identify(&cluster).await;
            let refused = answer.as_ref().map_or(true, |answer| answer.error_code != 0);
            if refused {
                tokio::time::sleep(cluster.config().retry_backoff).await;
            }
            tell(&actor, Finished(Answer::Identified(answer)));
        });
    }

    pub(super) fn refresh_if_due(&mut self, ctx: &mut Context<Self>) {
        let needs = &mut self.metadata;
        if needs.under_way || needs.topics.is_empty() || needs.not_before > monotonic_ms() {
            return;
        }
        needs.under_way = true;
        let age = self.cluster.config().metadata_max_age.as_millis();
        needs.stale_at = monotonic_ms().saturating_add(u64::try_from(age).unwrap_or(u64::MAX));
        let topics: Vec<TopicName> = std::mem::take(&mut needs.topics).into_iter().collect();
        needs.used.extend(topics.iter().cloned());
        let (cluster, actor) = (Rc::clone(&self.cluster), ctx.address());
        self.tasks.spawn_local(async move {
            let create = cluster.config().auto_create_topics;
            let failed = cluster.refresh(Some(&topics), create).await;
            tell(&actor, Finished(Answer::Described(failed)));
        });
    }

    pub(super) fn produced(
        &mut self,
        request: u64,
        response: Result<Option<ProduceResponse>, ClientError>,
        outputs: &mut Outputs<Waiter>,
    ) {
        match response {
            Ok(None) => self.machine.on_sent(request, outputs),
            Ok(Some(response)) => {
                let answers = answers(&self.cluster, &response);
                self.machine.on_answers(now(), request, &answers, outputs);
            }
            Err(error) => {
                tracing::debug!(%error, "a produce request was not answered");
                self.machine.on_lost(now(), request, outputs);
            }
        }
    }
}

fn request(acks: Acks, cluster: &Cluster, batches: Vec<PartitionBatch>) -> ProduceRequest {
    let mut topics: HashMap<TopicName, Vec<PartitionProduceData>> = HashMap::new();
    for PartitionBatch { partition, records } in batches {
        let data = data(partition.partition, records);
        topics.entry(partition.topic).or_default().push(data);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        TopicProduceData::default()
            .with_name(StrBytes::from_string(topic.to_string()).into())
            .with_partition_data(partitions)
    });
    let timeout = cluster.config().request_timeout.as_millis();
    ProduceRequest::default()
        .with_acks(acks.code())
        .with_timeout_ms(i32::try_from(timeout).unwrap_or(i32::MAX))
        .with_topic_data(topics.collect())
}

fn data(index: i32, records: Bytes) -> PartitionProduceData {
    PartitionProduceData::default().with_index(index).with_records(Some(records))
}

async fn produce(
    cluster: &Cluster,
    node: BrokerId,
    acks: Acks,
    request: ProduceRequest,
) -> Result<Option<ProduceResponse>, ClientError> {
    let connection = cluster.connection(&Route::Broker(node)).await?;
    let version = connection.version::<ProduceRequest>(PRODUCE)?;
    if acks == Acks::None {
        return connection.send(version, &request).await.map(|()| None);
    }
    let timeout = cluster.config().request_timeout;
    connection.call(version, &request, timeout).await.map(Some)
}

async fn identify(cluster: &Cluster) -> Result<InitProducerIdResponse, ClientError> {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(i32::MAX)
        .with_producer_id((-1).into())
        .with_producer_epoch(-1);
    let build = |version: i16| match version {
        // earlier versions have no room for an id
        0..3 => InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(i32::MAX),
        _ => request.clone(),
    };
    // version 6 is about two-phase commits
    cluster.call(&Route::Any, 5, cluster.config().request_timeout, build).await
}

fn answers(cluster: &Cluster, response: &ProduceResponse) -> Vec<PartitionAnswer> {
    let mut answers = Vec::new();
    for topic in &response.responses {
        let name = TopicName::from(topic.name.as_str());
        for data in &topic.partition_responses {
            let partition = TopicPartition::new(TopicName::clone(&name), data.index);
            let leader = data.current_leader.leader_id;
            let listens = response.node_endpoints.iter().find(|node| node.node_id == leader);
            let endpoint = listens.and_then(|node| {
                let port = u16::try_from(node.port).ok()?;
                Some(Endpoint { host: node.host.as_str().to_owned(), port })
            });
            let hint = LeaderHint {
                partition: partition.clone(),
                leader: BrokerId(leader.0),
                epoch: LeaderEpoch(data.current_leader.leader_epoch),
                endpoint,
            };
            answers.push(PartitionAnswer {
                partition,
                code: data.error_code,
                base_offset: Offset(data.base_offset),
                log_append_time: data.log_append_time_ms,
                new_leader: data.error_code != 0 && cluster.hint(&hint),
            });
        }
    }
    answers
}
