//! Settings of topics, brokers, groups and other resources.

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::{
    DescribeConfigsRequest, IncrementalAlterConfigsRequest, ListConfigResourcesRequest,
};
use ottla_core::base::BrokerId;

use super::{Admin, Refusal, owned, text};
use crate::client::{ClientError, Route};

/// What has settings of its own (`ConfigResource.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// A topic, by name.
    Topic,
    /// A broker, by id; the empty name is the default of all brokers.
    Broker,
    /// The log levels of a broker, by id.
    BrokerLogger,
    /// A subscription to client metrics (KIP-714), by name.
    ClientMetrics,
    /// A group, by id.
    Group,
}

impl ResourceKind {
    fn code(self) -> i8 {
        match self {
            Self::Topic => 2,
            Self::Broker => 4,
            Self::BrokerLogger => 8,
            Self::ClientMetrics => 16,
            Self::Group => 32,
        }
    }
}

/// Where the value of a setting comes from (`ConfigEntry.ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigSource(i8);

impl ConfigSource {
    /// Set for the topic.
    pub const TOPIC: Self = Self(1);
    /// Set for the broker while it runs.
    pub const BROKER: Self = Self(2);
    /// Set for all brokers while they run.
    pub const DEFAULT_BROKER: Self = Self(3);
    /// Kafka's default.
    pub const DEFAULT: Self = Self(5);
    /// Set for the subscription to client metrics.
    pub const CLIENT_METRICS: Self = Self(7);
    /// Set for the group.
    pub const GROUP: Self = Self(8);

    /// The name that Kafka's tools print.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "DYNAMIC_TOPIC_CONFIG",
            2 => "DYNAMIC_BROKER_CONFIG",
            3 => "DYNAMIC_DEFAULT_BROKER_CONFIG",
            4 => "STATIC_BROKER_CONFIG",
            5 => "DEFAULT_CONFIG",
            6 => "DYNAMIC_BROKER_LOGGER_CONFIG",
            7 => "DYNAMIC_CLIENT_METRICS_CONFIG",
            8 => "DYNAMIC_GROUP_CONFIG",
            _ => "UNKNOWN",
        }
    }
}

/// A value that a setting has from one of its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// The setting's name there.
    pub name: String,
    /// Its value; none if it is secret.
    pub value: Option<String>,
    /// Where it is set.
    pub source: ConfigSource,
}

/// One setting of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; none if it is secret or has none.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether it is secret.
    pub sensitive: bool,
    /// Whether it cannot be changed while the broker runs.
    pub read_only: bool,
    /// The values that it has, the one in force first; only if they were asked for.
    pub synonyms: Vec<ConfigSynonym>,
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigChange {
    /// It gets this value.
    Set(String, String),
    /// It goes back to its default.
    Delete(String),
}

impl ConfigChange {
    fn alterable(&self) -> AlterableConfig {
        let (name, operation, value) = match self {
            Self::Set(name, value) => (name, 0, value.as_str()),
            Self::Delete(name) => (name, 1, ""),
        };
        AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(operation)
            .with_value(Some(text(value)))
    }
}

/// The settings of a resource, or why they are not told.
type Settings = Result<Vec<ConfigEntry>, Refusal>;

impl Admin {
    /// The settings of each of these, in the order in which they are named.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn describe_configs(
        &self,
        kind: ResourceKind,
        names: &[String],
        synonyms: bool,
    ) -> Result<Vec<Settings>, ClientError> {
        let mut all = Vec::with_capacity(names.len());
        // each broker knows its own settings; what belongs to the cluster, any of them tells
        let step = if route(kind, names.first()) == Route::Any { names.len().max(1) } else { 1 };
        for some in names.chunks(step) {
            let resources = some.iter().map(|name| {
                DescribeConfigsResource::default()
                    .with_resource_type(kind.code())
                    .with_resource_name(text(name))
                    .with_configuration_keys(None)
            });
            let resources: Vec<_> = resources.collect();
            let build = move |version: i16| {
                let request = DescribeConfigsRequest::default().with_resources(resources.clone());
                if version >= 1 { request.with_include_synonyms(synonyms) } else { request }
            };
            let answer = self.ask_as(route(kind, some.first()), i16::MAX, build, |_| 0).await?;
            for name in some {
                let result =
                    answer.results.iter().find(|found| found.resource_name.as_str() == name);
                all.push(match result {
                    Some(found) => Refusal::check(found.error_code, found.error_message.as_ref())
                        .map(|()| found.configs.iter().map(entry).collect()),
                    None => Ok(Vec::new()),
                });
            }
        }
        Ok(all)
    }

    /// Changes settings of one resource (KIP-339).
    ///
    /// # Errors
    /// Nobody answered; within, what the broker refused.
    pub async fn alter_configs(
        &self,
        kind: ResourceKind,
        name: &str,
        changes: &[ConfigChange],
    ) -> Result<Result<(), Refusal>, ClientError> {
        let resource = AlterConfigsResource::default()
            .with_resource_type(kind.code())
            .with_resource_name(text(name))
            .with_configs(changes.iter().map(ConfigChange::alterable).collect());
        let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
        let to = match route(kind, Some(&name.to_owned())) {
            Route::Any => Route::Controller,
            broker => broker,
        };
        let answer = self.ask(to, request).await?;
        Ok(answer
            .responses
            .iter()
            .try_for_each(|one| Refusal::check(one.error_code, one.error_message.as_ref())))
    }

    /// The names of everything of this kind that has settings of its own (KIP-1142).
    ///
    /// # Errors
    /// Nobody answered, or the answer is an error.
    pub async fn list_config_resources(
        &self,
        kind: ResourceKind,
    ) -> Result<Vec<String>, ClientError> {
        // version 0 knows only client metrics, and has no say in it
        let build = move |version: i16| {
            let request = ListConfigResourcesRequest::default();
            if version == 0 { request } else { request.with_resource_types(vec![kind.code()]) }
        };
        let answer = self.ask_as(Route::Any, i16::MAX, build, |answer| answer.error_code).await?;
        ClientError::check(answer.error_code)?;
        let named = answer.config_resources.iter().filter(|one| one.resource_type == kind.code());
        Ok(named.map(|one| owned(&one.resource_name)).collect())
    }
}

/// A broker is asked itself about what is its own.
fn route(kind: ResourceKind, name: Option<&String>) -> Route {
    let id = name.and_then(|name| name.parse().ok());
    match (kind, id) {
        (ResourceKind::Broker | ResourceKind::BrokerLogger, Some(id)) => {
            Route::Broker(BrokerId(id))
        }
        _ => Route::Any,
    }
}

fn entry(found: &DescribeConfigsResourceResult) -> ConfigEntry {
    ConfigEntry {
        name: owned(&found.name),
        value: found.value.as_ref().map(owned),
        source: ConfigSource(found.config_source),
        sensitive: found.is_sensitive,
        read_only: found.read_only,
        synonyms: found
            .synonyms
            .iter()
            .map(|synonym| ConfigSynonym {
                name: owned(&synonym.name),
                value: synonym.value.as_ref().map(owned),
                source: ConfigSource(synonym.source),
            })
            .collect(),
    }
}
