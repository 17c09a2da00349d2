//! What was given for each key, by whom, and what is in force.

use std::collections::BTreeMap;

use crate::definition::Definition;
use crate::error::SettingError;
use crate::table;
use crate::value::Value;

/// Where a value comes from. Later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Nobody gave one.
    Default,
    /// The property file.
    File,
    /// The environment: `KAFKA_*`, then `OTTLA_*`.
    Environment,
    /// `--override` on the command line.
    Override,
    /// Set for all brokers while they run, kept in the metadata log.
    DynamicDefaultBroker,
    /// Set for this broker while it runs, kept in the metadata log.
    DynamicBroker,
}

impl Layer {
    /// The word `ottla config` prints for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Override => "override",
            Self::DynamicDefaultBroker => "dynamic-default-broker",
            Self::DynamicBroker => "dynamic-broker",
        }
    }
}

/// One value as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The text, as written.
    pub text: String,
    /// By whom.
    pub layer: Layer,
}

/// Everything that was given, before and while the broker runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    fixed: BTreeMap<String, Given>,
    cluster: BTreeMap<String, String>,
    broker: BTreeMap<String, String>,
}

impl Values {
    pub(crate) fn set(&mut self, key: &str, text: &str, layer: Layer) {
        self.fixed.insert(key.to_owned(), Given { text: text.to_owned(), layer });
    }

    /// Replaces what was set while the broker runs.
    pub(crate) fn with_dynamic(
        &self,
        cluster: &BTreeMap<String, String>,
        broker: &BTreeMap<String, String>,
    ) -> Self {
        Self { fixed: self.fixed.clone(), cluster: cluster.clone(), broker: broker.clone() }
    }

    /// What was given for `key` and where, if anything was.
    #[must_use]
    pub fn given(&self, key: &str) -> Option<(&str, Layer)> {
        if let Some(text) = self.broker.get(key) {
            return Some((text, Layer::DynamicBroker));
        }
        if let Some(text) = self.cluster.get(key) {
            return Some((text, Layer::DynamicDefaultBroker));
        }
        self.fixed.get(key).map(|given| (given.text.as_str(), given.layer))
    }

    /// Everything given for `key`, the value in force first.
    #[must_use]
    pub fn chain(&self, key: &str) -> Vec<(&str, Layer)> {
        let dynamic = [
            self.broker.get(key).map(|text| (text.as_str(), Layer::DynamicBroker)),
            self.cluster.get(key).map(|text| (text.as_str(), Layer::DynamicDefaultBroker)),
        ];
        let fixed = self.fixed.get(key).map(|given| (given.text.as_str(), given.layer));
        dynamic.into_iter().chain([fixed]).flatten().collect()
    }

    /// The text in force for `key`: what was given, or the default.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        let default = || table::broker(key).and_then(|definition| definition.default);
        self.given(key).map(|(text, _)| text).or_else(default)
    }

    /// The keys that were given before the start, in the order of their names.
    pub fn fixed(&self) -> impl Iterator<Item = (&str, &Given)> {
        self.fixed.iter().map(|(key, given)| (key.as_str(), given))
    }

    /// Every key with its text in force, of those that anybody gave.
    pub(crate) fn every(&self) -> impl Iterator<Item = (&str, &str)> {
        let fixed = self.fixed.iter().map(|(key, given)| (key.as_str(), given.text.as_str()));
        let dynamic = self.cluster.iter().chain(&self.broker);
        fixed.chain(dynamic.map(|(key, text)| (key.as_str(), text.as_str())))
    }

    /// What was given for `name`, read by the definition of `key`.
    pub(crate) fn read_as<T: FromValue>(
        &self,
        name: &str,
        key: &str,
    ) -> Result<Option<T>, SettingError> {
        let Some((text, _)) = self.given(name) else { return Ok(None) };
        T::from_text(name, table::broker(key), Some(text)).map(Some)
    }

    /// The value in force for `key`, typed.
    pub(crate) fn read<T: FromValue>(&self, key: &str) -> Result<T, SettingError> {
        let definition = table::broker(key);
        T::from_text(key, definition, self.text(key))
    }
}

/// A Rust type that the value of a key can be read into.
pub(crate) trait FromValue: Sized {
    /// Takes a value that passed the key's rule.
    fn from_value(value: Value) -> Option<Self>;

    /// What stands for Kafka's null.
    fn null() -> Option<Self> {
        None
    }

    /// Reads `text` by the key's definition.
    fn from_text(
        key: &str,
        definition: Option<&Definition>,
        text: Option<&str>,
    ) -> Result<Self, SettingError> {
        let missing = || SettingError::conflict(key, "null", "a value is needed");
        let Some(text) = text else {
            return Self::null().ok_or_else(missing);
        };
        let definition = definition
            .ok_or_else(|| SettingError::Unknown { scope: "broker", key: key.to_owned() })?;
        let value = definition.parse_as(key, text)?;
        let allowed = definition.allowed();
        Self::from_value(value).ok_or_else(|| SettingError::invalid(key, text, allowed))
    }
}

macro_rules! from_value {
    ($($type:ty: $pattern:pat => $result:expr,)*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    bool: Value::Boolean(v) => v,
    i16: Value::Short(v) => v,
    i32: Value::Int(v) => v,
    i64: Value::Long(v) => v,
    f64: Value::Double(v) => v,
    String: Value::Text(v) => v,
    Vec<String>: Value::List(v) => v,
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        T::from_value(value).map(Some)
    }

    fn null() -> Option<Self> {
        Some(None)
    }
}
