//! Committed offsets: commit, fetch, delete.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
};

use super::append::Then;
use super::calls::reply;
use super::coordinator::wire_text;
use super::state::Group;
use super::{
    Caller, CommittedOffset, GroupCoordinator, GroupId, GroupRecord, GroupState, OffsetKey,
    Outputs, Response, Waiter,
};
use crate::base::{Tick, TopicId, TopicName};

/// From this version on a client is told when its group does not exist.
const KNOWS_GROUP_ID_NOT_FOUND: i16 = 9;

/// The offsets of one group, by topic and partition.
pub(super) type GroupOffsets = BTreeMap<TopicName, BTreeMap<i32, CommittedOffset>>;

/// The offsets of all groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Offsets {
    by_group: BTreeMap<GroupId, GroupOffsets>,
    count: usize,
}

impl Offsets {
    pub(super) fn of_group(&self, group: &str) -> Option<&GroupOffsets> {
        self.by_group.get(group)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn put(&mut self, key: OffsetKey, offset: CommittedOffset) {
        let partitions = self.by_group.entry(key.group).or_default().entry(key.topic).or_default();
        self.count += usize::from(partitions.insert(key.partition, offset).is_none());
    }

    pub(super) fn remove(&mut self, key: &OffsetKey) {
        let Some(topics) = self.by_group.get_mut(&key.group) else { return };
        let Some(partitions) = topics.get_mut(&key.topic) else { return };
        self.count -= usize::from(partitions.remove(&key.partition).is_some());
        if partitions.is_empty() {
            topics.remove(&key.topic);
        }
        if topics.is_empty() {
            self.by_group.remove(&key.group);
        }
    }

    pub(super) fn groups_with(&self, topics: &[TopicName]) -> Vec<GroupId> {
        let concerned = self
            .by_group
            .iter()
            .filter(|(_, of_group)| topics.iter().any(|topic| of_group.contains_key(topic)));
        concerned.map(|(group, _)| Arc::clone(group)).collect()
    }

    /// Every offset behind `after` in the order of the keys.
    pub(super) fn after(
        &self,
        after: Option<&OffsetKey>,
    ) -> impl Iterator<Item = (OffsetKey, &CommittedOffset)> {
        let from = after.map_or(Bound::Unbounded, |key| Bound::Included(&key.group));
        let groups = self.by_group.range::<GroupId, _>((from, Bound::Unbounded));
        let all = groups.flat_map(|(group, topics)| {
            topics.iter().flat_map(move |(topic, partitions)| {
                partitions.iter().map(move |(partition, offset)| {
                    let (group, topic) = (Arc::clone(group), Arc::clone(topic));
                    (OffsetKey { group, topic, partition: *partition }, offset)
                })
            })
        });
        let after = after.cloned();
        all.skip_while(move |(key, _)| after.as_ref().is_some_and(|after| key <= after))
    }
}

impl GroupCoordinator {
    /// OffsetCommit.
    pub(super) fn commit(
        &mut self,
        now: Tick,
        caller: &Caller,
        request: &OffsetCommitRequest,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        if let Err(error) = self.check_commit(caller, request) {
            return reply(out, waiter, Response::Commit(commit_refusal(request, error)));
        }
        let id: GroupId = Arc::from(request.group_id.as_str());
        // a commit proves that the member lives
        self.restart_session(now, &id, &request.member_id);
        let mut records = Vec::new();
        let mut answer = OffsetCommitResponse::default();
        let retention = request.retention_time_ms;
        let expires = (retention != -1).then(|| now.wall_ms.saturating_add(retention));
        for topic in &request.topics {
            let name: TopicName = Arc::from(topic.name.0.as_str());
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in &topic.partitions {
                let index = partition.partition_index;
                let part = OffsetCommitResponsePartition::default().with_partition_index(index);
                let metadata = partition.committed_metadata.as_deref().unwrap_or_default();
                // Kafka counts the UTF-16 units of a Java string
                if metadata.encode_utf16().count() > self.settings.offset_metadata_max_bytes {
                    let code = ResponseError::OffsetMetadataTooLarge.code();
                    partitions.push(part.with_error_code(code));
                    continue;
                }
                partitions.push(part);
                let group = Arc::clone(&id);
                let key = OffsetKey { group, topic: Arc::clone(&name), partition: index };
                let offset = CommittedOffset {
                    topic_id: topic.topic_id,
                    ..committed(now, partition, metadata, expires)
                };
                records.push(GroupRecord::Offset(key, Some(offset)));
            }
            answer.topics.push(
                OffsetCommitResponseTopic::default()
                    .with_name(topic.name.clone())
                    .with_partitions(partitions),
            );
        }
        let answer = Response::Commit(answer);
        match records.is_empty() {
            true => reply(out, waiter, answer),
            false => self.append(now, &id, records, Then::Reply(waiter, answer), out),
        }
    }

    fn check_commit(
        &self,
        caller: &Caller,
        request: &OffsetCommitRequest,
    ) -> Result<(), ResponseError> {
        let generation = request.generation_id_or_member_epoch;
        if request.group_id.len() > 32_000 {
            return Err(ResponseError::InvalidGroupId);
        }
        let Some(group) = self.groups.get(request.group_id.as_str()) else {
            return match (generation < 0, caller.version >= KNOWS_GROUP_ID_NOT_FOUND) {
                // an admin client or a consumer that assigns itself: a simple group appears
                (true, _) => Ok(()),
                (false, true) => Err(ResponseError::GroupIdNotFound),
                (false, false) => Err(ResponseError::IllegalGeneration),
            };
        };
        if generation < 0 && group.is(GroupState::Empty) {
            return Ok(());
        }
        let instance = request.group_instance_id.as_deref();
        if generation < 0 && request.member_id.is_empty() && instance.is_none() {
            return Err(ResponseError::UnknownMemberId);
        }
        group.check_member(&request.member_id, instance)?;
        if generation != group.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        match group.state {
            GroupState::CompletingRebalance => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// OffsetFetch of one group.
    pub(super) fn fetch(
        &self,
        request: &OffsetFetchRequestGroup,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        let offsets = self.offsets.of_group(&request.group_id);
        let topics = match &request.topics {
            None => offsets
                .into_iter()
                .flatten()
                .map(|(name, of_topic)| {
                    let partitions =
                        of_topic.iter().map(|(index, offset)| fetched(*index, Some(offset)));
                    OffsetFetchResponseTopics::default()
                        .with_name(wire_text(name).into())
                        .with_partitions(partitions.collect())
                })
                .collect(),
            Some(topics) => topics
                .iter()
                .map(|topic| {
                    let of_topic = offsets.and_then(|offsets| offsets.get(topic.name.as_str()));
                    let partitions = topic.partition_indexes.iter().map(|index| {
                        let offset = of_topic.and_then(|of_topic| of_topic.get(index));
                        fetched(*index, offset.filter(|offset| offset.is_of(topic.topic_id)))
                    });
                    OffsetFetchResponseTopics::default()
                        .with_name(topic.name.clone())
                        .with_partitions(partitions.collect())
                })
                .collect(),
        };
        let answer = OffsetFetchResponseGroup::default()
            .with_group_id(request.group_id.clone())
            .with_topics(topics);
        reply(out, waiter, Response::Fetch(answer));
    }

    /// OffsetDelete.
    pub(super) fn delete_offsets(
        &mut self,
        now: Tick,
        request: &OffsetDeleteRequest,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        let group = match self.check_delete_offsets(request) {
            Ok(group) => group,
            Err(error) => {
                let answer = OffsetDeleteResponse::default().with_error_code(error.code());
                return reply(out, waiter, Response::DeleteOffsets(answer));
            }
        };
        let id = Arc::clone(&group.id);
        let offsets = self.offsets.of_group(&id);
        let mut records = Vec::new();
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let subscribed = group.is_subscribed_to(&topic.name);
            let code = if subscribed { ResponseError::GroupSubscribedToTopic.code() } else { 0 };
            let stored = offsets.and_then(|offsets| offsets.get_key_value(topic.name.as_str()));
            let stored = stored.filter(|_| !subscribed);
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in &topic.partitions {
                let index = partition.partition_index;
                partitions.push(
                    OffsetDeleteResponsePartition::default()
                        .with_partition_index(index)
                        .with_error_code(code),
                );
                if let Some((name, _)) = stored.filter(|(_, all)| all.contains_key(&index)) {
                    records.push(tombstone(&id, name, index));
                }
            }
            topics.push(
                OffsetDeleteResponseTopic::default()
                    .with_name(topic.name.clone())
                    .with_partitions(partitions),
            );
        }
        let answer = Response::DeleteOffsets(OffsetDeleteResponse::default().with_topics(topics));
        match records.is_empty() {
            true => reply(out, waiter, answer),
            false => self.append(now, &id, records, Then::Reply(waiter, answer), out),
        }
    }

    fn check_delete_offsets(&self, request: &OffsetDeleteRequest) -> Result<&Group, ResponseError> {
        if request.group_id.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        let group = self.groups.get(request.group_id.as_str());
        let group = group.ok_or(ResponseError::GroupIdNotFound)?;
        match group.is(GroupState::Empty) || group.is_consumer_group() {
            true => Ok(group),
            false => Err(ResponseError::NonEmptyGroup),
        }
    }
}

impl CommittedOffset {
    /// Whether it was committed for the topic with this id, and not for an older one of its name.
    fn is_of(&self, topic_id: TopicId) -> bool {
        self.topic_id.is_nil() || topic_id.is_nil() || self.topic_id == topic_id
    }
}

fn committed(
    now: Tick,
    partition: &OffsetCommitRequestPartition,
    metadata: &str,
    expire_timestamp: Option<i64>,
) -> CommittedOffset {
    CommittedOffset {
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: Arc::from(metadata),
        commit_timestamp: now.wall_ms,
        expire_timestamp,
        topic_id: TopicId::nil(),
    }
}

fn fetched(index: i32, offset: Option<&CommittedOffset>) -> OffsetFetchResponsePartitions {
    let answer = OffsetFetchResponsePartitions::default().with_partition_index(index);
    match offset {
        Some(offset) => answer
            .with_committed_offset(offset.offset)
            .with_committed_leader_epoch(offset.leader_epoch)
            .with_metadata(Some(wire_text(&offset.metadata))),
        None => answer
            .with_committed_offset(-1)
            .with_committed_leader_epoch(-1)
            .with_metadata(Some(wire_text(""))),
    }
}

/// The record that removes one offset.
pub(super) fn tombstone(group: &GroupId, topic: &TopicName, partition: i32) -> GroupRecord {
    let (group, topic) = (Arc::clone(group), Arc::clone(topic));
    GroupRecord::Offset(OffsetKey { group, topic, partition }, None)
}

/// The answer that refuses every partition of a commit.
pub(super) fn commit_refusal(
    request: &OffsetCommitRequest,
    error: ResponseError,
) -> OffsetCommitResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(error.code())
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}
