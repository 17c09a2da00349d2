//! What groups have committed, asked of their coordinators.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::{Offset, TopicPartition};

use super::calls::grouped;
use super::{Admin, Refusal, text};
use crate::client::{ClientError, Route};

/// What a group has committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The record that is to be read next.
    pub offset: Offset,
    /// The epoch of the leader that wrote the last one read, if the group said so.
    pub leader_epoch: Option<i32>,
    /// What the group wrote beside it.
    pub metadata: String,
}

/// Each partition with what became of it, in the order in which they were named.
type Results = Vec<(TopicPartition, Result<(), Refusal>)>;

impl Admin {
    /// Every offset that a group has committed.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered with an error that does not pass.
    pub async fn group_offsets(
        &self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
        let committed = self.committed_offsets(group).await?;
        Ok(committed.into_iter().map(|(partition, found)| (partition, found.offset)).collect())
    }

    /// Every offset that a group has committed, with what was committed beside it.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered with an error that does not pass.
    pub async fn committed_offsets(
        &self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, CommittedOffset>, ClientError> {
        let id = text(group);
        let build = move |version: i16| match version {
            0..8 => {
                OffsetFetchRequest::default().with_group_id(id.clone().into()).with_topics(None)
            }
            _ => {
                let group = OffsetFetchRequestGroup::default()
                    .with_group_id(id.clone().into())
                    .with_topics(None);
                OffsetFetchRequest::default().with_groups(vec![group])
            }
        };
        let code = |answer: &OffsetFetchResponse| {
            answer.groups.first().map_or(answer.error_code, |group| group.error_code)
        };
        // version 10 gives ids instead of names
        let answer = self.ask_as(Route::Coordinator(group.to_owned()), 9, build, code).await?;
        ClientError::check(code(&answer))?;
        Ok(committed(&answer))
    }

    /// Commits offsets for a group that has no active members, as the group itself would.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered nothing that can be read.
    pub async fn alter_group_offsets(
        &self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, Offset>,
    ) -> Result<Results, ClientError> {
        let partitions: Vec<TopicPartition> = offsets.keys().cloned().collect();
        let topics = grouped(&partitions).into_iter().map(|(name, partitions)| {
            let partitions = partitions.into_iter().filter_map(|partition| {
                let offset = offsets.get(partition)?;
                let partition = OffsetCommitRequestPartition::default()
                    .with_partition_index(partition.partition)
                    .with_committed_offset(offset.0)
                    .with_committed_metadata(Some(StrBytes::default()));
                Some(partition)
            });
            OffsetCommitRequestTopic::default()
                .with_name(text(name).into())
                .with_partitions(partitions.collect())
        });
        let request = OffsetCommitRequest::default()
            .with_group_id(text(group).into())
            .with_generation_id_or_member_epoch(-1)
            .with_topics(topics.collect());
        // one partition's passing error is the coordinator's: all of them have it
        let code = |answer: &OffsetCommitResponse| {
            let mut all = answer.topics.iter().flat_map(|topic| &topic.partitions);
            all.next().map_or(0, |partition| partition.error_code)
        };
        let route = Route::Coordinator(group.to_owned());
        // version 10 takes ids instead of names
        let answer = self.ask_as(route, 9, move |_| request.clone(), code).await?;
        let results = answer.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|found| {
                let partition = TopicPartition::new(topic.name.as_str(), found.partition_index);
                (partition, Refusal::check(found.error_code, None))
            })
        });
        Ok(results.collect())
    }

    /// Deletes what a group has committed for partitions of topics that it does not read.
    ///
    /// # Errors
    /// The coordinator did not answer, or refused the whole request.
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Results, ClientError> {
        let topics = grouped(partitions).into_iter().map(|(name, partitions)| {
            let partitions = partitions.into_iter().map(|partition| {
                OffsetDeleteRequestPartition::default().with_partition_index(partition.partition)
            });
            OffsetDeleteRequestTopic::default()
                .with_name(text(name).into())
                .with_partitions(partitions.collect())
        });
        let request = OffsetDeleteRequest::default()
            .with_group_id(text(group).into())
            .with_topics(topics.collect());
        let code = |answer: &OffsetDeleteResponse| answer.error_code;
        let route = Route::Coordinator(group.to_owned());
        let answer = self.ask_as(route, i16::MAX, move |_| request.clone(), code).await?;
        ClientError::check(answer.error_code)?;
        let results = answer.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|found| {
                let partition = TopicPartition::new(topic.name.as_str(), found.partition_index);
                (partition, Refusal::check(found.error_code, None))
            })
        });
        Ok(results.collect())
    }
}

/// What an answer says is committed, in the form of either half of the request's versions.
fn committed(answer: &OffsetFetchResponse) -> BTreeMap<TopicPartition, CommittedOffset> {
    let mut offsets = BTreeMap::new();
    let mut add = |topic: &str, index: i32, code: i16, found: (i64, i32, Option<&StrBytes>)| {
        let (offset, epoch, metadata) = found;
        if offset < 0 || ResponseError::try_from_code(code).is_some() {
            return;
        }
        let committed = CommittedOffset {
            offset: Offset(offset),
            leader_epoch: (epoch >= 0).then_some(epoch),
            metadata: metadata.map(|text| text.as_str().to_owned()).unwrap_or_default(),
        };
        offsets.insert(TopicPartition::new(topic, index), committed);
    };
    for topic in &answer.topics {
        for p in &topic.partitions {
            let found = (p.committed_offset, p.committed_leader_epoch, p.metadata.as_ref());
            add(topic.name.as_str(), p.partition_index, p.error_code, found);
        }
    }
    for topic in answer.groups.iter().flat_map(|group| &group.topics) {
        for p in &topic.partitions {
            let found = (p.committed_offset, p.committed_leader_epoch, p.metadata.as_ref());
            add(topic.name.as_str(), p.partition_index, p.error_code, found);
        }
    }
    offsets
}
