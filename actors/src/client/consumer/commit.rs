//! Committed offsets: written to the coordinator, and asked of it.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use ottla_core::base::{LeaderEpoch, Offset, TopicName, TopicPartition};
use ottla_core::client::fetcher::Position;
use ottla_core::client::membership::Identity;

use super::ConsumerError;
use super::outputs::text;
use crate::client::ClientError;
use crate::client::cluster::{Cluster, Route};

/// The last version of OffsetCommit and OffsetFetch that names topics instead of giving their ids.
const BY_NAME: i16 = 9;

/// How far an application has come in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetAndMetadata {
    /// The offset of the next record that it wants.
    pub offset: Offset,
    /// The epoch of the record before it, if that is known.
    pub leader_epoch: LeaderEpoch,
    /// Whatever it wants to remember beside it.
    pub metadata: String,
}

impl OffsetAndMetadata {
    /// An offset with nothing beside it.
    #[must_use]
    pub fn at(offset: Offset) -> Self {
        Self { offset, leader_epoch: LeaderEpoch::NONE, metadata: String::new() }
    }
}

impl From<Position> for OffsetAndMetadata {
    fn from(position: Position) -> Self {
        Self { leader_epoch: position.epoch, ..Self::at(position.offset) }
    }
}

impl From<OffsetAndMetadata> for Position {
    fn from(at: OffsetAndMetadata) -> Self {
        Self { offset: at.offset, epoch: at.leader_epoch }
    }
}

/// Offsets, by partition.
pub type Offsets = BTreeMap<TopicPartition, OffsetAndMetadata>;

/// Commits, once.
pub(super) async fn once(
    cluster: &Cluster,
    group: &str,
    identity: &Identity,
    offsets: &Offsets,
) -> Result<(), ClientError> {
    if offsets.is_empty() {
        return Ok(());
    }
    let route = Route::Coordinator(group.to_owned());
    let timeout = cluster.config().request_timeout;
    let build = |version| commit_request(version, group, identity, offsets);
    let answer = cluster.call(&route, BY_NAME, timeout, build).await;
    let answer = answer.and_then(|answer| refused(&answer).map_or(Ok(()), Err));
    if let Err(error) = &answer
        && is_lost(error)
    {
        cluster.forget(&route);
    }
    answer
}

/// Commits, again and again until somebody has answered; whoever calls limits the time.
pub(super) async fn until_answered(
    cluster: &Cluster,
    group: &str,
    identity: &Identity,
    offsets: &Offsets,
) -> Result<(), ConsumerError> {
    loop {
        match once(cluster, group, identity, offsets).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_retriable() && !is_of_member(&error) => {
                tokio::time::sleep(cluster.config().retry_backoff).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the coordinator has something against the member, not against the commit.
pub(super) fn is_of_member(error: &ClientError) -> bool {
    use ResponseError as E;
    matches!(
        error,
        ClientError::Refused(
            E::UnknownMemberId
                | E::IllegalGeneration
                | E::RebalanceInProgress
                | E::FencedInstanceId
        )
    )
}

/// Whether somebody else may be the coordinator.
pub(super) fn is_lost(error: &ClientError) -> bool {
    match error {
        ClientError::Refused(error) => {
            matches!(error, ResponseError::NotCoordinator | ResponseError::CoordinatorNotAvailable)
        }
        error => error.is_retriable(),
    }
}

/// The first error of an answer.
fn refused(answer: &OffsetCommitResponse) -> Option<ClientError> {
    let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
    { partitions }.find_map(|partition| ClientError::check(partition.error_code).err())
}

fn commit_request(
    version: i16,
    group: &str,
    identity: &Identity,
    offsets: &Offsets,
) -> OffsetCommitRequest {
    let mut topics: BTreeMap<&TopicName, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (partition, at) in offsets {
        let epoch = if version >= 6 { at.leader_epoch.0 } else { -1 };
        let committed = OffsetCommitRequestPartition::default()
            .with_partition_index(partition.partition)
            .with_committed_offset(at.offset.0)
            .with_committed_leader_epoch(epoch)
            .with_committed_metadata(Some(text(&at.metadata)));
        topics.entry(&partition.topic).or_default().push(committed);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        OffsetCommitRequestTopic::default()
            .with_name(text(topic).into())
            .with_partitions(partitions)
    });
    OffsetCommitRequest::default()
        .with_group_id(text(group).into())
        .with_generation_id_or_member_epoch(identity.generation)
        .with_member_id(text(&identity.member_id))
        .with_group_instance_id(identity.instance_id.as_deref().map(text))
        .with_topics(topics.collect())
}

/// What a group has committed of these partitions; those of which it has nothing are left out.
/// Asked again and again until somebody has answered; whoever calls limits the time.
pub(super) async fn committed(
    cluster: &Cluster,
    group: &str,
    partitions: &[TopicPartition],
) -> Result<Offsets, ClientError> {
    if partitions.is_empty() {
        return Ok(Offsets::new());
    }
    let route = Route::Coordinator(group.to_owned());
    loop {
        let timeout = cluster.config().request_timeout;
        let build = |version| fetch_request(version, group, partitions);
        let answer = cluster.call(&route, BY_NAME, timeout, build).await;
        match answer.and_then(|answer| found(&answer)) {
            Ok(found) => return Ok(found),
            Err(error) if error.is_retriable() => {
                if is_lost(&error) {
                    cluster.forget(&route);
                }
                tokio::time::sleep(cluster.config().retry_backoff).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn fetch_request(version: i16, group: &str, partitions: &[TopicPartition]) -> OffsetFetchRequest {
    let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition);
    }
    let topics = topics.into_iter().map(|(topic, indexes)| (text(topic).into(), indexes));
    // an offset that a transaction is about to commit is waited for (KIP-447)
    let request = OffsetFetchRequest::default().with_require_stable(version >= 7);
    if version < 8 {
        let topics = topics.map(|(topic, indexes)| {
            OffsetFetchRequestTopic::default().with_name(topic).with_partition_indexes(indexes)
        });
        return request.with_group_id(text(group).into()).with_topics(Some(topics.collect()));
    }
    let topics = topics.map(|(topic, indexes)| {
        OffsetFetchRequestTopics::default().with_name(topic).with_partition_indexes(indexes)
    });
    let asked = OffsetFetchRequestGroup::default()
        .with_group_id(text(group).into())
        .with_topics(Some(topics.collect()));
    request.with_groups(vec![asked])
}

/// One partition of an answer, whatever its version.
struct Found<'a> {
    topic: &'a str,
    index: i32,
    code: i16,
    offset: i64,
    epoch: i32,
    metadata: Option<&'a str>,
}

fn found(answer: &OffsetFetchResponse) -> Result<Offsets, ClientError> {
    ClientError::check(answer.error_code)?;
    let mut offsets = Offsets::new();
    let old = answer.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|p| Found {
            topic: topic.name.as_str(),
            index: p.partition_index,
            code: p.error_code,
            offset: p.committed_offset,
            epoch: p.committed_leader_epoch,
            metadata: p.metadata.as_ref().map(|text| text.as_str()),
        })
    });
    let mut all: Vec<Found<'_>> = old.collect();
    for group in &answer.groups {
        ClientError::check(group.error_code)?;
        all.extend(group.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|p| Found {
                topic: topic.name.as_str(),
                index: p.partition_index,
                code: p.error_code,
                offset: p.committed_offset,
                epoch: p.committed_leader_epoch,
                metadata: p.metadata.as_ref().map(|text| text.as_str()),
            })
        }));
    }
    for found in all {
        match ResponseError::try_from_code(found.code) {
            // a topic that is not there has nothing committed
            Some(ResponseError::UnknownTopicOrPartition) => continue,
            Some(error) => return Err(ClientError::Refused(error)),
            None if found.offset < 0 => continue,
            None => {}
        }
        let at = OffsetAndMetadata {
            offset: Offset(found.offset),
            leader_epoch: LeaderEpoch(found.epoch),
            metadata: found.metadata.unwrap_or_default().to_owned(),
        };
        offsets.insert(TopicPartition::new(found.topic, found.index), at);
    }
    Ok(offsets)
}
