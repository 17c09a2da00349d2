//! What the controller must know about settings; their definitions live outside this crate.

use std::collections::BTreeMap;

use super::Refusal;
use super::image::{ConfigResource, ResourceType};

/// Settings' definitions, as the controller asks for them.
pub trait ConfigRules {
    /// Whether `settings`, all dynamic settings of `resource` after a change, are allowed.
    /// `existing` is what they were before.
    fn validate(
        &self,
        resource: &ConfigResource,
        settings: &BTreeMap<String, String>,
        existing: &BTreeMap<String, String>,
    ) -> Result<(), Refusal>;

    /// Whether values can be appended to and subtracted from `key`.
    fn is_list(&self, kind: ResourceType, key: &str) -> bool;

    /// The value of `key` where nobody set it.
    fn default_value(&self, kind: ResourceType, key: &str) -> Option<String>;

    /// What is in force for a topic with these overrides, for the answer to CreateTopics.
    fn effective_topic_config(&self, overrides: &BTreeMap<String, String>) -> Vec<EffectiveConfig>;
}

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveConfig {
    /// Its key.
    pub name: String,
    /// Its value; `None` when it is sensitive.
    pub value: Option<String>,
    /// Whether it cannot be changed.
    pub read_only: bool,
    /// Kafka's number of the layer it came from (`ConfigEntry.ConfigSource`).
    pub source: i8,
    /// Whether its value is kept secret.
    pub sensitive: bool,
}

/// What topics and partitions get when a request does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicDefaults {
    /// `num.partitions`.
    pub partitions: i32,
    /// `default.replication.factor`.
    pub replication_factor: i16,
}
