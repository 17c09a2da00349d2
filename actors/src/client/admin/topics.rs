//! Topics and their partitions.

use std::collections::BTreeMap;

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
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
    /// Its own settings.
    pub configs: BTreeMap<String, String>,
}

impl NewTopic {
    /// A topic with the broker's replication factor and settings.
    #[must_use]
    pub fn new(name: &str, partitions: i32) -> Self {
        let name = name.to_owned();
        Self { name, partitions, replication_factor: -1, configs: BTreeMap::new() }
    }

    fn creatable(&self) -> CreatableTopic {
        let configs = self.configs.iter().map(|(key, value)| {
            CreatableTopicConfig::default().with_name(text(key)).with_value(Some(text(value)))
        });
        CreatableTopic::default()
            .with_name(text(&self.name).into())
            .with_num_partitions(self.partitions)
            .with_replication_factor(self.replication_factor)
            .with_configs(configs.collect())
    }
}

/// Each name with what became of it.
type Results = Vec<(String, Result<(), Refusal>)>;

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
        let topics = counts.iter().map(|(name, count)| {
            let name = text(name).into();
            CreatePartitionsTopic::default()
                .with_name(name)
                .with_count(*count)
                .with_assignments(None)
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
