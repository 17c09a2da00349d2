//! Topics and settings, by the controller's own messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, TopicName as WireName,
};
use kafka_protocol::protocol::StrBytes;
use ottla_actors::controller::topic_settings;
use ottla_core::controller::{
    ConfigAlteration, ConfigOperation, ConfigResource, ResourceAlteration, ResourceType,
};
use ottla_core::partition::Refusal;

use super::EngineError;
use super::shared::Shared;

/// Topics and settings of an engine. Every change is answered when it is in force: a topic that
/// was created can be appended to.
///
/// ```
/// # use ottla::{Engine, ErrorCode, NewTopic};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let admin = engine.admin();
/// admin.create_topic(NewTopic::new("orders").partitions(3).config("retention.ms", 60_000)).await?;
/// admin.add_partitions("orders", 6).await?;
/// admin.alter_topic("orders", [("retention.ms", Some("120000"))]).await?;
/// assert_eq!(admin.topic_config("orders")?["retention.ms"], "120000");
/// assert_eq!(admin.topics()?, ["orders"]);
///
/// let again = admin.create_topic(NewTopic::new("orders")).await;
/// assert_eq!(again.unwrap_err().code(), ErrorCode::TopicAlreadyExists);
/// admin.delete_topic("orders").await?;
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone)]
pub struct Admin(Arc<Shared>);

/// A topic to be created.
///
/// ```
/// # use ottla::{Engine, NewTopic};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let orders = NewTopic::new("orders").partitions(3).config("cleanup.policy", "compact");
/// engine.admin().create_topic(orders).await?;
/// assert_eq!(engine.topic("orders").partition_count()?, 3);
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NewTopic {
    name: String,
    partitions: i32,
    configs: Vec<(String, String)>,
}

impl NewTopic {
    /// A topic with as many partitions as `num.partitions` says.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), partitions: -1, configs: Vec::new() }
    }

    /// … with this many partitions.
    #[must_use]
    pub fn partitions(mut self, count: i32) -> Self {
        self.partitions = count;
        self
    }

    /// … with a setting of its own.
    #[must_use]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.configs.push((key.into(), value.to_string()));
        self
    }
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn wire_name(name: &str) -> WireName {
    text(name).into()
}

impl Admin {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// It exists, its name or a setting is not allowed, or the controller cannot be asked.
    pub async fn create_topic(&self, topic: NewTopic) -> Result<(), EngineError> {
        let config = |(key, value): &(String, String)| {
            CreatableTopicConfig::default().with_name(text(key)).with_value(Some(text(value)))
        };
        let asked = CreatableTopic::default()
            .with_name(wire_name(&topic.name))
            .with_num_partitions(topic.partitions)
            .with_replication_factor(-1)
            .with_configs(topic.configs.iter().map(config).collect());
        let request = CreateTopicsRequest::default().with_topics(vec![asked]);
        let answer = self.0.node()?.controller.create_topics(request).await?;
        let result = answer.topics.first().ok_or_else(EngineError::unexpected)?;
        EngineError::check(result.error_code, result.error_message.as_deref())
    }

    /// Deletes a topic with all it holds.
    ///
    /// # Errors
    /// It does not exist, `delete.topic.enable` is false, or the controller cannot be asked.
    pub async fn delete_topic(&self, name: &str) -> Result<(), EngineError> {
        let node = self.0.node()?;
        if !node.dynamic.load().delete_topic_enable {
            let code = kafka_protocol::error::ResponseError::TopicDeletionDisabled;
            return Err(EngineError::Refused { code, message: None });
        }
        let asked = DeleteTopicState::default().with_name(Some(wire_name(name)));
        let request = DeleteTopicsRequest::default().with_topics(vec![asked]);
        let answer = node.controller.delete_topics(request).await?;
        let result = answer.responses.first().ok_or_else(EngineError::unexpected)?;
        EngineError::check(result.error_code, result.error_message.as_deref())
    }

    /// Adds partitions to a topic, up to `total`.
    ///
    /// # Errors
    /// It does not exist or has as many already, or the controller cannot be asked.
    pub async fn add_partitions(&self, name: &str, total: i32) -> Result<(), EngineError> {
        let asked = CreatePartitionsTopic::default()
            .with_name(wire_name(name))
            .with_count(total)
            .with_assignments(None);
        let request = CreatePartitionsRequest::default().with_topics(vec![asked]);
        let answer = self.0.node()?.controller.create_partitions(request).await?;
        let result = answer.results.first().ok_or_else(EngineError::unexpected)?;
        EngineError::check(result.error_code, result.error_message.as_deref())
    }

    /// Changes settings of a topic; one without a value returns to the broker's default.
    ///
    /// # Errors
    /// The topic does not exist, a setting is not allowed, or the controller cannot be asked.
    pub async fn alter_topic(
        &self,
        name: &str,
        settings: impl IntoIterator<Item = (&str, Option<&str>)>,
    ) -> Result<(), EngineError> {
        self.alter(ResourceType::Topic, name.to_owned(), settings).await
    }

    /// Changes settings of the broker while it runs; one without a value returns to what it was
    /// started with.
    ///
    /// # Errors
    /// A setting is not allowed or cannot change at run time, or the controller cannot be asked.
    pub async fn alter_broker(
        &self,
        settings: impl IntoIterator<Item = (&str, Option<&str>)>,
    ) -> Result<(), EngineError> {
        let id = self.0.node()?.broker_id.to_string();
        self.alter(ResourceType::Broker, id, settings).await
    }

    async fn alter(
        &self,
        kind: ResourceType,
        name: String,
        settings: impl IntoIterator<Item = (&str, Option<&str>)>,
    ) -> Result<(), EngineError> {
        let operations = settings.into_iter().map(|(key, value)| {
            let set = |value: &str| ConfigOperation::Set(value.to_owned());
            (key.to_owned(), value.map_or(ConfigOperation::Delete, set))
        });
        let alteration = Ok(ConfigAlteration::Incremental(operations.collect()));
        let resource = ResourceAlteration { kind: kind.code(), name, alteration };
        let answer = self.0.node()?.controller.alter_configs(vec![resource], false).await?;
        Ok(answer.into_iter().try_for_each(|result| result)?)
    }

    /// The settings in force for a topic, by Kafka's names.
    ///
    /// # Errors
    /// The topic does not exist, or the engine has been stopped.
    pub fn topic_config(&self, name: &str) -> Result<BTreeMap<String, String>, EngineError> {
        let node = self.0.node()?;
        let image = node.image.load();
        if image.topic(name).is_none() {
            return Err(Refusal::UnknownPartition.into());
        }
        let own = image.config(&ConfigResource::topic(name)).cloned().unwrap_or_default();
        Ok(topic_settings(&node.dynamic.load(), &own))
    }

    /// The setting in force for the broker; none if there is no such setting or it has no value.
    ///
    /// # Errors
    /// The engine has been stopped.
    pub fn broker_config(&self, key: &str) -> Result<Option<String>, EngineError> {
        Ok(self.0.node()?.dynamic.load().get(key).map(str::to_owned))
    }

    /// The names of all topics, Kafka's own (`__consumer_offsets`) left out.
    ///
    /// # Errors
    /// The engine has been stopped.
    pub fn topics(&self) -> Result<Vec<String>, EngineError> {
        let image = self.0.node()?.image.load();
        let own = |name: &&str| !ottla_core::controller::is_internal_topic(name);
        let names = image.topics().map(|topic| &*topic.name);
        Ok(names.filter(own).map(str::to_owned).collect())
    }
}
