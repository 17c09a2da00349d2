//! Consumer groups, asked of their coordinators.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    ListGroupsRequest, ListGroupsResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use ottla_core::base::{BrokerId, Offset, TopicPartition};

use super::{Admin, text};
use crate::client::{ClientError, Route};

/// What an answer that lacks what was asked for stands for.
const MISSING: ResponseError = ResponseError::UnknownServerError;

impl Admin {
    /// Every group of the cluster: each broker names those it coordinates.
    ///
    /// # Errors
    /// A broker did not answer, or answered with an error that does not pass.
    pub async fn list_groups(&self) -> Result<Vec<ListedGroup>, ClientError> {
        let mut groups = Vec::new();
        for broker in self.describe_cluster().await?.brokers {
            let route = Route::Broker(BrokerId(broker.broker_id.0));
            let code = |answer: &ListGroupsResponse| answer.error_code;
            let build = |_| ListGroupsRequest::default();
            let answer = self.ask_as(route, i16::MAX, build, code).await?;
            ClientError::check(answer.error_code)?;
            groups.extend(answer.groups);
        }
        Ok(groups)
    }

    /// A group's state and members.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered with an error that does not pass.
    pub async fn describe_group(&self, group: &str) -> Result<DescribedGroup, ClientError> {
        let request = DescribeGroupsRequest::default().with_groups(vec![text(group).into()]);
        let code = |answer: &DescribeGroupsResponse| {
            answer.groups.first().map_or(MISSING.code(), |group| group.error_code)
        };
        let route = Route::Coordinator(group.to_owned());
        let answer = self.ask_as(route, i16::MAX, move |_| request.clone(), code).await?;
        ClientError::check(code(&answer))?;
        answer.groups.into_iter().next().ok_or(ClientError::Refused(MISSING))
    }

    /// Deletes an empty group.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered with an error that does not pass.
    pub async fn delete_group(&self, group: &str) -> Result<(), ClientError> {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![text(group).into()]);
        let code = |answer: &DeleteGroupsResponse| {
            answer.results.first().map_or(MISSING.code(), |result| result.error_code)
        };
        let route = Route::Coordinator(group.to_owned());
        let answer = self.ask_as(route, i16::MAX, move |_| request.clone(), code).await?;
        ClientError::check(code(&answer))
    }

    /// Every offset that a group has committed.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered with an error that does not pass.
    pub async fn group_offsets(
        &self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
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
        let mut offsets = BTreeMap::new();
        for topic in &answer.topics {
            for data in &topic.partitions {
                let partition = TopicPartition::new(topic.name.as_str(), data.partition_index);
                offsets.insert(partition, Offset(data.committed_offset));
            }
        }
        for topic in answer.groups.iter().flat_map(|group| &group.topics) {
            for data in &topic.partitions {
                let partition = TopicPartition::new(topic.name.as_str(), data.partition_index);
                offsets.insert(partition, Offset(data.committed_offset));
            }
        }
        offsets.retain(|_, offset| *offset >= Offset::ZERO);
        Ok(offsets)
    }
}
