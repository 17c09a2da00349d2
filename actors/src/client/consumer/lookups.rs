//! Questions to the brokers that have nothing to do with what is being read.

use std::collections::BTreeMap;
use std::rc::Rc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ListOffsetsResponse;
use ottla_core::base::{BrokerId, LeaderEpoch, Offset, TopicName, TopicPartition};
use ottla_core::client::fetcher::{IsolationLevel, OffsetAsk};

use super::outputs::list_offsets;
use crate::client::ClientError;
use crate::client::cluster::{Cluster, Route};

/// An offset, with the timestamp of its record if it was asked for by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOffset {
    /// The offset.
    pub offset: Offset,
    /// The timestamp of the record there; -1 where the question was not about time.
    pub timestamp: i64,
    /// The epoch of the leader that wrote it, or of the present leader.
    pub leader_epoch: LeaderEpoch,
}

type Found = BTreeMap<TopicPartition, TimedOffset>;

/// The offset that each timestamp stands for; partitions without one are left out.
pub(super) async fn offsets(
    cluster: Rc<Cluster>,
    mut wanted: BTreeMap<TopicPartition, i64>,
    isolation: IsolationLevel,
) -> Result<Found, ClientError> {
    let mut found = Found::new();
    loop {
        for (node, asks) in by_leader(&cluster, &wanted).await? {
            let request = list_offsets(&asks, isolation);
            let timeout = cluster.config().request_timeout;
            let build = |_| request.clone();
            match cluster.call(&Route::Broker(node), i16::MAX, timeout, build).await {
                Ok(answer) => note(&cluster, &answer, &mut wanted, &mut found)?,
                Err(error) if error.is_retriable() => {
                    for ask in asks {
                        cluster.forget(&Route::Leader(ask.partition));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if wanted.is_empty() {
            return Ok(found);
        }
        tokio::time::sleep(cluster.config().retry_backoff).await;
    }
}

fn note(
    cluster: &Cluster,
    answer: &ListOffsetsResponse,
    wanted: &mut BTreeMap<TopicPartition, i64>,
    found: &mut Found,
) -> Result<(), ClientError> {
    for topic in &answer.topics {
        let name = TopicName::from(topic.name.as_str());
        for answered in &topic.partitions {
            let partition = TopicPartition::new(TopicName::clone(&name), answered.partition_index);
            match ResponseError::try_from_code(answered.error_code) {
                Some(error) if error.is_retriable() => cluster.forget(&Route::Leader(partition)),
                Some(error) => return Err(ClientError::Refused(error)),
                None => {
                    wanted.remove(&partition);
                    if answered.offset >= 0 {
                        let offset = TimedOffset {
                            offset: Offset(answered.offset),
                            timestamp: answered.timestamp,
                            leader_epoch: LeaderEpoch(answered.leader_epoch),
                        };
                        found.insert(partition, offset);
                    }
                }
            }
        }
    }
    Ok(())
}

/// The questions for each leader that is known; the others have to wait.
async fn by_leader(
    cluster: &Cluster,
    wanted: &BTreeMap<TopicPartition, i64>,
) -> Result<BTreeMap<BrokerId, Vec<OffsetAsk>>, ClientError> {
    let missing = |cluster: &Cluster| {
        let metadata = cluster.metadata();
        let unknown = wanted.keys().filter(|partition| metadata.leader(partition).is_none());
        let mut topics: Vec<_> = unknown.map(|p| TopicName::clone(&p.topic)).collect();
        topics.dedup();
        topics
    };
    let topics = missing(cluster);
    if !topics.is_empty() {
        match cluster.refresh(Some(&topics), cluster.config().auto_create_topics).await {
            Ok(failed) => {
                let errors =
                    failed.iter().filter_map(|(_, code)| ResponseError::try_from_code(*code));
                if let Some(error) = { errors }.find(|error| !error.is_retriable()) {
                    return Err(ClientError::Refused(error));
                }
            }
            Err(error) if error.is_retriable() => {}
            Err(error) => return Err(error),
        }
    }
    let metadata = cluster.metadata();
    let mut asks: BTreeMap<BrokerId, Vec<OffsetAsk>> = BTreeMap::new();
    for (partition, timestamp) in wanted {
        let Some(known) = metadata.partition(partition) else { continue };
        let Some(leader) = known.leader else { continue };
        asks.entry(leader).or_default().push(OffsetAsk {
            partition: partition.clone(),
            timestamp: *timestamp,
            leader_epoch: known.epoch,
        });
    }
    Ok(asks)
}

/// The partitions of a topic, by index.
pub(super) async fn partitions(
    cluster: Rc<Cluster>,
    topic: TopicName,
) -> Result<Vec<i32>, ClientError> {
    loop {
        let create = cluster.config().auto_create_topics;
        let refreshed = cluster.refresh(Some(&[TopicName::clone(&topic)]), create).await;
        let error = match refreshed {
            Ok(failed) => failed.first().and_then(|(_, code)| ClientError::check(*code).err()),
            Err(error) => Some(error),
        };
        match error {
            None => {
                let metadata = cluster.metadata();
                let count = metadata.topic(&topic).map_or(0, |known| known.partitions.len());
                return Ok((0..i32::try_from(count).unwrap_or(i32::MAX)).collect());
            }
            // without being created, it will not come
            Some(ClientError::Refused(ResponseError::UnknownTopicOrPartition)) if !create => {
                return Ok(Vec::new());
            }
            Some(error) if !error.is_retriable() => return Err(error),
            Some(_) => tokio::time::sleep(cluster.config().retry_backoff).await,
        }
    }
}

/// Every topic, with how many partitions it has.
pub(super) async fn topics(
    cluster: Rc<Cluster>,
) -> Result<BTreeMap<TopicName, usize>, ClientError> {
    loop {
        match cluster.refresh(None, false).await {
            Ok(_) => {
                let metadata = cluster.metadata();
                let topics = metadata.topics();
                return Ok(topics.map(|(name, t)| (name.clone(), t.partitions.len())).collect());
            }
            Err(error) if error.is_retriable() => {
                tokio::time::sleep(cluster.config().retry_backoff).await;
            }
            Err(error) => return Err(error),
        }
    }
}
