//! Typed settings under Kafka's property names.
//!
//! [`definitions`] is the table of every key; [`Settings`] what is in force on a broker;
//! [`topic_config`] what is in force for a topic. Layers, later wins: defaults, property file,
//! environment, `--override`, and dynamic settings over all.

mod definition;
mod error;
mod listener;
mod load;
mod settings;
mod table;
mod topic;
mod value;
mod values;

pub use definition::{
    Definition, Importance, Kind, MayBeEmpty, Rule, Scope, Standing, Synonym, Update,
};
pub use error::SettingError;
pub use listener::{Listener, ProtocolMap, SecurityProtocol};
pub use load::{Beside, LoadError, Loaded, Notice, Sources};
pub use settings::{Settings, definition_of};
pub use table::{broker, definitions, lookup, resource_definitions, topic, topic_definitions};
pub use topic::{
    CleanupPolicy, CompressionType, TimestampType, TopicConfig, topic_config, validate_topic,
};
pub use value::Value;
pub use values::{Given, Layer, Values};
