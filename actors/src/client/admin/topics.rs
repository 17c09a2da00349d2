//! Topics and their partitions.

use std::collections::BTreeMap;

use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    DescribeClusterResponse, MetadataRequest,
};

use super::{Admin, Refusal, owned, text};
use crate::client::{ClientError, Route};

/// How long the brokers may take to carry an order out.
const ORDER_MS: i32 = 30_000;

/// A topic to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; -1 leaves it to the broker (`num.partitions`).
    pub partitions: i32,
    /// How many replicas of each; -1 leaves it to the broker (`default.replication.factor`).
    pub replication_factor: i16,
    /// The brokers of each partition, the preferred leader first; then the two counts above are
    /// not asked for. None of them leaves it to the controller.
    pub assignments: Vec<Vec<i32>>,
    /// Its own settings.
    pub configs: BTreeMap<String, String>,
}

impl NewTopic {
    /// A topic with the broker's replication factor and settings.
    #[must_use]
    pub fn new(name: &str, partitions: i32) -> Self {
        let name = name.to_owned();
        let (assignments, configs) = (Vec::new(), BTreeMap::new());
        Self { name, partitions, replication_factor: -1, assignments, configs }
    }

    fn creatable(&self) -> CreatableTopic {
        let configs = self.configs.iter().map(|(key, value)| {
            CreatableTopicConfig::default().with_name(text(key)).with_value(Some(text(value)))
        });
        let assignments = (0..).zip(&self.assignments).map(|(partition, brokers)| {
            CreatableReplicaAssignment::default()
                .with_partition_index(partition)
                .with_broker_ids(brokers.iter().map(|id| (*id).into()).collect())
        });
        let counted = self.assignments.is_empty();
        CreatableTopic::default()
            .with_name(text(&self.name).into())
            .with_num_partitions(if counted { self.partitions } else { -1 })
            .with_replication_factor(if counted { self.replication_factor } else { -1 })
            .with_assignments(assignments.collect())
            .with_configs(configs.collect())
    }
}

/// Each name with what became of it.
type Results = Vec<(String, Result<(), Refusal>)>;

/// A topic's name, the count of partitions that it is to have, and the brokers of each new one
/// unless that is left to the controller.
pub type NewPartitions<'a> = (&'a str, i32, Option<&'a [Vec<i32>]>);

impl Admin {
    /// Makes topics, or with `validate_only` says whether they could be made.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
        validate_only: bool,
    ) -> Result<Results, ClientError> {
        let request = CreateTopicsRequest::default()
            .with_topics(topics.iter().map(NewTopic::creatable).collect())
            .with_validate_only(validate_only)
            .with_timeout_ms(ORDER_MS);
        let answer = self.ask(Route::Controller, request).await?;
        let results = answer.topics.iter().map(|topic| {
            let result = Refusal::check(topic.error_code, topic.error_message.as_ref());
            (owned(&topic.name), result)
        });
        Ok(results.collect())
    }

    /// Deletes topics.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Results, ClientError> {
        let names: Vec<_> = names.iter().map(|name| text(name)).collect();
        let build = move |version: i16| {
            let request = DeleteTopicsRequest::default().with_timeout_ms(ORDER_MS);
            let names = names.iter().cloned();
            // from version 6 on, a topic may be named by its id
            if version < 6 {
                return request.with_topic_names(names.map(Into::into).collect());
            }
            let topics = names.map(|n| DeleteTopicState::default().with_name(Some(n.into())));
            request.with_topics(topics.collect())
        };
        let answer = self.ask_as(Route::Controller, i16::MAX, build, |_| 0).await?;
        let results = answer.responses.iter().map(|topic| {
            let name = topic.name.as_ref().map(|name| owned(name)).unwrap_or_default();
            (name, Refusal::check(topic.error_code, topic.error_message.as_ref()))
        });
        Ok(results.collect())
    }

    /// Gives topics more partitions: each name with the count it is to have.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn create_partitions(&self, counts: &[(&str, i32)]) -> Result<Results, ClientError> {
        let counts: Vec<_> = counts.iter().map(|(name, count)| (*name, *count, None)).collect();
        self.place_partitions(&counts).await
    }

    /// Gives topics more partitions, on brokers that may be named.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn place_partitions(
        &self,
        counts: &[NewPartitions<'_>],
    ) -> Result<Results, ClientError> {
        let assignment = |brokers: &Vec<i32>| {
            let brokers = brokers.iter().map(|id| (*id).into()).collect();
            CreatePartitionsAssignment::default().with_broker_ids(brokers)
        };
        let topics = counts.iter().map(|(name, count, brokers)| {
            let assignments = brokers.map(|brokers| brokers.iter().map(assignment).collect());
            CreatePartitionsTopic::default()
                .with_name(text(name).into())
                .with_count(*count)
                .with_assignments(assignments)
        });
        let request = CreatePartitionsRequest::default()
            .with_topics(topics.collect())
            .with_timeout_ms(ORDER_MS);
        let answer = self.ask(Route::Controller, request).await?;
        let results = answer.results.iter().map(|topic| {
            let result = Refusal::check(topic.error_code, topic.error_message.as_ref());
            (owned(&topic.name), result)
        });
        Ok(results.collect())
    }

    /// Every topic, as the brokers describe it.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn list_topics(&self) -> Result<Vec<MetadataResponseTopic>, ClientError> {
        // before version 1, no topics at all means every one
        let build =
            |version: i16| MetadataRequest::default().with_topics((version == 0).then(Vec::new));
        Ok(self.ask_as(Route::Any, i16::MAX, build, |_| 0).await?.topics)
    }

    /// The cluster's id, brokers and controller.
    ///
    /// # Errors
    /// Nobody answered, or the answer is an error.
    pub async fn describe_cluster(&self) -> Result<DescribeClusterResponse, ClientError> {
        let answer = self.ask(Route::Any, DescribeClusterRequest::default()).await?;
        ClientError::check(answer.error_code)?;
        Ok(answer)
    }
}
