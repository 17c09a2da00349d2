//! What topics are made of: partitions, leaders, replicas.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::describe_topic_partitions_response::{
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::list_partition_reassignments_request as reassignments;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{
    BrokerId, DescribeTopicPartitionsRequest, ListPartitionReassignmentsRequest, MetadataRequest,
};
use ottla_core::base::TopicPartition;
use uuid::Uuid;

use super::{Admin, Refusal, owned, text};
use crate::client::{ClientError, Route};

/// How long the controller may take to answer.
const ORDER_MS: i32 = 60_000;

/// A partition as the brokers describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDescription {
    /// Its number.
    pub partition: i32,
    /// The broker that leads it, if one does.
    pub leader: Option<i32>,
    /// The brokers that have it, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those that are in sync.
    pub isr: Vec<i32>,
    /// Those that may lead it though they left the in-sync replicas (KIP-966); none if the brokers
    /// do not say.
    pub eligible_leaders: Option<Vec<i32>>,
    /// The last ones that were so, if the brokers say.
    pub last_eligible_leaders: Option<Vec<i32>>,
}

/// A topic as the brokers describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Its id; zeroes if the brokers have none.
    pub id: Uuid,
    /// Whether the brokers keep it for themselves.
    pub internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionDescription>,
}

/// Replicas of a partition that come and go (KIP-455).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// Of which partition.
    pub partition: TopicPartition,
    /// All replicas, old and new.
    pub replicas: Vec<i32>,
    /// Those that come.
    pub adding: Vec<i32>,
    /// Those that go.
    pub removing: Vec<i32>,
}

/// Each topic, or why it is not described.
type Descriptions = Vec<Result<TopicDescription, Refusal>>;

impl Admin {
    /// Describes topics, `limit` partitions in one answer at most.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn describe_topics(
        &self,
        names: &[String],
        limit: i32,
    ) -> Result<Descriptions, ClientError> {
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        let asked: Vec<TopicRequest> = sorted
            .iter()
            .map(|name| TopicRequest::default().with_name(text(name).into()))
            .collect();
        let mut found: Vec<DescribeTopicPartitionsResponseTopic> = Vec::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            // what stands before the cursor has been answered
            let from = cursor.as_ref().map(|cursor| cursor.topic_name.clone());
            let left = asked.iter().filter(|t| from.as_ref().is_none_or(|from| t.name >= *from));
            let request = DescribeTopicPartitionsRequest::default()
                .with_topics(left.cloned().collect())
                .with_response_partition_limit(limit)
                .with_cursor(cursor.take());
            let answer = match self.ask(Route::Any, request).await {
                Err(ClientError::Unsupported { .. }) => return self.by_metadata(names).await,
                answer => answer?,
            };
            for topic in answer.topics {
                match found.last_mut().filter(|last| last.name == topic.name) {
                    Some(last) => last.partitions.extend(topic.partitions),
                    None => found.push(topic),
                }
            }
            let Some(next) = answer.next_cursor else { break };
            let next = Cursor::default()
                .with_topic_name(next.topic_name)
                .with_partition_index(next.partition_index);
            cursor = Some(next);
        }
        Ok(found.into_iter().map(described).collect())
    }

    /// Describes topics by their ids.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn describe_topic_ids(&self, ids: &[Uuid]) -> Result<Descriptions, ClientError> {
        let topics = ids.iter().map(|id| MetadataRequestTopic::default().with_topic_id(*id));
        self.metadata(topics.collect()).await
    }

    /// As brokers before Kafka 3.8 describe topics.
    async fn by_metadata(&self, names: &[String]) -> Result<Descriptions, ClientError> {
        let topics = names
            .iter()
            .map(|name| MetadataRequestTopic::default().with_name(Some(text(name).into())));
        self.metadata(topics.collect()).await
    }

    async fn metadata(
        &self,
        topics: Vec<MetadataRequestTopic>,
    ) -> Result<Descriptions, ClientError> {
        let build = move |version: i16| {
            let request = MetadataRequest::default().with_topics(Some(topics.clone()));
            // earlier versions have no say in it
            if version >= 4 { request.with_allow_auto_topic_creation(false) } else { request }
        };
        let answer = self.ask_as(Route::Any, i16::MAX, build, |_| 0).await?;
        Ok(answer.topics.into_iter().map(of_metadata).collect())
    }

    /// The partitions among these whose replicas are being moved.
    ///
    /// # Errors
    /// Nobody answered, or the answer is an error.
    pub async fn reassignments(
        &self,
        topics: &[TopicDescription],
    ) -> Result<Vec<Reassignment>, ClientError> {
        let topics = topics.iter().map(|topic| {
            reassignments::ListPartitionReassignmentsTopics::default()
                .with_name(text(&topic.name).into())
                .with_partition_indexes(topic.partitions.iter().map(|p| p.partition).collect())
        });
        let request = ListPartitionReassignmentsRequest::default()
            .with_timeout_ms(ORDER_MS)
            .with_topics(Some(topics.collect()));
        let answer = self.ask(Route::Controller, request).await?;
        ClientError::check(answer.error_code)?;
        let mut moving = Vec::new();
        for topic in &answer.topics {
            for one in &topic.partitions {
                moving.push(Reassignment {
                    partition: TopicPartition::new(topic.name.as_str(), one.partition_index),
                    replicas: numbers(&one.replicas),
                    adding: numbers(&one.adding_replicas),
                    removing: numbers(&one.removing_replicas),
                });
            }
        }
        Ok(moving)
    }
}

fn numbers(ids: &[BrokerId]) -> Vec<i32> {
    ids.iter().map(|id| id.0).collect()
}

fn described(topic: DescribeTopicPartitionsResponseTopic) -> Result<TopicDescription, Refusal> {
    Refusal::check(topic.error_code, None)?;
    let partition = |p: &DescribeTopicPartitionsResponsePartition| {
        let listed = |ids: &Option<Vec<BrokerId>>| ids.as_deref().map(numbers).unwrap_or_default();
        PartitionDescription {
            partition: p.partition_index,
            leader: Some(p.leader_id.0).filter(|leader| *leader >= 0),
            replicas: numbers(&p.replica_nodes),
            isr: numbers(&p.isr_nodes),
            eligible_leaders: Some(listed(&p.eligible_leader_replicas)),
            last_eligible_leaders: Some(listed(&p.last_known_elr)),
        }
    };
    let mut partitions: Vec<_> = topic.partitions.iter().map(partition).collect();
    partitions.sort_by_key(|partition| partition.partition);
    Ok(TopicDescription {
        name: topic.name.as_ref().map(|name| owned(name)).unwrap_or_default(),
        id: topic.topic_id,
        internal: topic.is_internal,
        partitions,
    })
}

fn of_metadata(topic: MetadataResponseTopic) -> Result<TopicDescription, Refusal> {
    Refusal::check(topic.error_code, None)?;
    let Some(name) = topic.name.as_ref().map(|name| owned(name)) else {
        return Err(Refusal { error: ResponseError::UnknownTopicId, message: None });
    };
    let mut partitions: Vec<_> = topic
        .partitions
        .iter()
        .map(|p| PartitionDescription {
            partition: p.partition_index,
            leader: Some(p.leader_id.0).filter(|leader| *leader >= 0),
            replicas: numbers(&p.replica_nodes),
            isr: numbers(&p.isr_nodes),
            eligible_leaders: None,
            last_eligible_leaders: None,
        })
        .collect();
    partitions.sort_by_key(|partition| partition.partition);
    Ok(TopicDescription { name, id: topic.topic_id, internal: topic.is_internal, partitions })
}
