//! The controller's rules as the settings' definitions have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use ottla_config::{Kind, Scope, SettingError, Settings, Update, definition_of, lookup};
use ottla_core::base::{BrokerId, TopicName};
use ottla_core::controller::{
    CONSUMER_OFFSETS, ConfigResource, ConfigRules, EffectiveConfig, MetadataImage, Refusal,
    ResourceType, TopicDefaults,
};

use super::config_entries::topic_entries;
use super::{AutoTopic, ControllerRules};

/// The rules of a broker that was started with these settings.
#[derive(Clone, Debug)]
pub struct SettingsRules {
    /// The settings it was started with.
    pub settings: Arc<Settings>,
    /// The settings in force, which follow the image.
    pub dynamic: Arc<dyn Dynamic>,
}

/// Where the settings in force are.
pub trait Dynamic: std::fmt::Debug + Send + Sync {
    /// The settings in force now.
    fn in_force(&self) -> Arc<Settings>;
}

/// The settings of `broker` in force under `image`. A dynamic setting that does not fit those the
/// broker was started with is logged, and none of them is in force.
#[must_use]
pub fn settings_under(settings: &Settings, image: &MetadataImage, broker: BrokerId) -> Settings {
    let of = |resource| image.config(&resource).cloned().unwrap_or_default();
    let cluster = of(ConfigResource::all_brokers());
    let own = of(ConfigResource::broker(broker));
    settings.with_dynamic(&cluster, &own).unwrap_or_else(|error| {
        tracing::error!(%error, "dynamic settings do not fit and are not in force");
        settings.clone()
    })
}

fn refusal(code: ResponseError, error: &SettingError) -> Refusal {
    match error {
        // two keys that do not go together: Kafka says only how
        SettingError::Conflict { reason, .. } => Refusal::new(code, reason.clone()),
        other => Refusal::new(code, other.to_string()),
    }
}

fn invalid_config(error: &SettingError) -> Refusal {
    refusal(ResponseError::InvalidConfig, error)
}

fn invalid_request(text: String) -> Refusal {
    Refusal::new(ResponseError::InvalidRequest, text)
}

fn scope_of(kind: ResourceType) -> Scope {
    match kind {
        ResourceType::Topic => Scope::Topic,
        ResourceType::Broker | ResourceType::BrokerLogger => Scope::Broker,
        ResourceType::ClientMetrics => Scope::ClientMetrics,
        ResourceType::Group => Scope::Group,
    }
}

impl ConfigRules for SettingsRules {
    fn validate(
        &self,
        resource: &ConfigResource,
        settings: &BTreeMap<String, String>,
        existing: &BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        let in_force = self.dynamic.in_force();
        match resource.kind {
            ResourceType::Topic => ottla_config::validate_topic(&in_force, settings)
                .map_err(|error| invalid_config(&error)),
            ResourceType::Group => validate_group(&in_force, settings),
            ResourceType::ClientMetrics => validate_client_metrics(settings),
            ResourceType::Broker | ResourceType::BrokerLogger => {
                validate_broker(&self.settings, &resource.name, settings, existing)
            }
        }
    }

    fn is_list(&self, kind: ResourceType, key: &str) -> bool {
        let definition = match kind {
            ResourceType::Broker => definition_of(key).map(|(_, definition)| definition),
            other => lookup(scope_of(other), key),
        };
        definition.is_some_and(|it| it.kind == Kind::List)
    }

    fn default_value(&self, kind: ResourceType, key: &str) -> Option<String> {
        lookup(scope_of(kind), key)?.default.map(str::to_owned)
    }

    fn effective_topic_config(&self, overrides: &BTreeMap<String, String>) -> Vec<EffectiveConfig> {
        let entries = topic_entries(&self.dynamic.in_force(), overrides).into_iter();
        let effective = entries.map(|entry| EffectiveConfig {
            name: entry.name,
            value: entry.value,
            read_only: entry.read_only,
            source: entry.source,
            sensitive: entry.sensitive,
        });
        effective.collect()
    }
}

impl ControllerRules for SettingsRules {
    fn topic_defaults(&self, _image: &MetadataImage) -> TopicDefaults {
        let settings = self.dynamic.in_force();
        TopicDefaults {
            partitions: settings.num_partitions,
            replication_factor: i16::try_from(settings.default_replication_factor)
                .unwrap_or(i16::MAX),
        }
    }

    fn auto_topic(&self, image: &MetadataImage, name: &TopicName) -> AutoTopic {
        let settings = self.dynamic.in_force();
        if **name != *CONSUMER_OFFSETS {
            return AutoTopic { partitions: -1, replication_factor: -1, configs: Vec::new() };
        }
        let brokers = image.brokers().filter(|broker| broker.is_active()).count();
        let wanted = settings.offsets_topic_replication_factor;
        let setting = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        AutoTopic {
            partitions: settings.offsets_topic_num_partitions,
            replication_factor: Settings::internal_replication_factor(wanted, brokers),
            configs: vec![
                setting("compression.type", "producer"),
                setting("cleanup.policy", "compact"),
                setting("segment.bytes", &settings.offsets_topic_segment_bytes.to_string()),
            ],
        }
    }

    fn min_insync_replicas(&self) -> i32 {
        self.settings.min_insync_replicas
    }
}

/// What `DynamicBrokerConfig.validate` checks, in its order. A key it does not know is kept: it may
/// be meant for a plug-in.
fn validate_broker(
    start: &Settings,
    broker: &str,
    settings: &BTreeMap<String, String>,
    existing: &BTreeMap<String, String>,
) -> Result<(), Refusal> {
    let changed = settings.iter().filter(|(key, value)| existing.get(*key) != Some(value));
    let known: Vec<_> = changed
        .filter_map(|(key, value)| Some((key.as_str(), value, definition_of(key)?.1)))
        .collect();
    let named = |update| -> Vec<&str> {
        known.iter().filter(|(_, _, it)| it.update == update).map(|(key, _, _)| *key).collect()
    };
    let fixed = named(Update::ReadOnly);
    if !fixed.is_empty() {
        let keys = fixed.join(", ");
        return Err(invalid_request(format!("Cannot update these configs dynamically: [{keys}]")));
    }
    for (key, value, definition) in &known {
        let parsed = definition.parse_as(key, value);
        parsed.map_err(|error| refusal(ResponseError::InvalidRequest, &error))?;
    }
    let per_broker = named(Update::PerBroker);
    if broker.is_empty() && !per_broker.is_empty() {
        return Err(invalid_request(format!(
            "Cannot update these configs at default cluster level, broker id must be specified: \
             [{}]",
            per_broker.join(", ")
        )));
    }
    let nothing = BTreeMap::new();
    let (cluster, own) =
        if broker.is_empty() { (settings, &nothing) } else { (&nothing, settings) };
    let together = start.with_dynamic(cluster, own);
    together.map(|_| ()).map_err(|error| refusal(ResponseError::InvalidRequest, &error))
}

fn validate_group(settings: &Settings, wanted: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for (key, value) in wanted {
        let Some(definition) = lookup(Scope::Group, key) else {
            let text = format!("Unknown group config name: {key}");
            return Err(Refusal::new(ResponseError::InvalidConfig, text));
        };
        definition.parse(value).map_err(|error| invalid_config(&error))?;
    }
    for (key, value) in wanted {
        let (Some((kind, rest)), Ok(value)) = (key.split_once('.'), value.trim().parse::<i64>())
        else {
            continue;
        };
        let limit = |word: &str| {
            let name = format!("group.{kind}.{word}.{rest}");
            let number = settings.get(&name)?.trim().parse::<i64>().ok()?;
            Some((name, number))
        };
        let refused = |how: &str, name: String| {
            let text = format!("{key} must be {how} than or equal to {name}");
            Err(Refusal::new(ResponseError::InvalidConfig, text))
        };
        match (limit("min"), limit("max")) {
            (Some((name, least)), _) if value < least => return refused("greater", name),
            (_, Some((name, most))) if value > most => return refused("less", name),
            _ => {}
        }
    }
    Ok(())
}

/// What a client metrics subscription can match on (`ClientMetricsConfigs`).
const CLIENT_MATCHES: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

fn validate_client_metrics(wanted: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for (key, value) in wanted {
        let Some(definition) = lookup(Scope::ClientMetrics, key) else {
            return Err(invalid_request(format!("Unknown client metrics configuration: {key}")));
        };
        definition.parse(value).map_err(|error| invalid_config(&error))?;
        let number = value.trim().parse::<i64>();
        match (key.as_str(), number) {
            ("interval.ms", Ok(ms)) if !(100..=3_600_000).contains(&ms) => {
                return Err(invalid_request(format!(
                    "Invalid value {ms} for interval.ms, interval must be between 100 and 3600000 \
                     (1 hour)"
                )));
            }
            ("match", _) => validate_match(value)?,
            _ => {}
        }
    }
    Ok(())
}

fn validate_match(value: &str) -> Result<(), Refusal> {
    for pattern in value.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()) {
        let fits = match pattern.split_once('=') {
            Some((name, expression)) => {
                CLIENT_MATCHES.contains(&name.trim()) && !expression.contains('=')
            }
            None => false,
        };
        if !fits {
            let text = format!("Illegal client matching pattern: {pattern}");
            return Err(Refusal::new(ResponseError::InvalidConfig, text));
        }
    }
    Ok(())
}
