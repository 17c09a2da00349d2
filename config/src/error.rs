//! Why a setting is refused.

use std::fmt;
use std::path::PathBuf;

/// A setting that cannot be used, with what is allowed instead.
///
/// The texts are those of Kafka's `ConfigException`: clients show what AlterConfigs answers.
#[derive(Debug)]
pub enum SettingError {
    /// The value is of the wrong type or out of range.
    Invalid {
        /// The property name.
        key: String,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A list that must have members has none.
    EmptyList {
        /// The property name.
        key: String,
        /// What is allowed.
        allowed: String,
    },
    /// A member of a list is empty.
    EmptyMember {
        /// The property name.
        key: String,
    },
    /// Two or more settings do not go together.
    Conflict {
        /// The property name to change first.
        key: String,
        /// Its value.
        value: String,
        /// What does not fit, and what would.
        reason: String,
    },
    /// No topic, group or client key has this name.
    Unknown {
        /// What the key would have belonged to: `topic`, `group`…
        scope: &'static str,
        /// The name.
        key: String,
    },
    /// The key cannot change while the broker runs.
    NotDynamic {
        /// The property name.
        key: String,
        /// How it can be set.
        reason: String,
    },
    /// An `--override` is not of the form `key=value`.
    Override {
        /// What was given.
        given: String,
    },
    /// The property file cannot be read.
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The property file is not in Java's property format.
    Syntax {
        /// Its path.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
}

impl SettingError {
    pub(crate) fn invalid(key: &str, value: &str, allowed: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), value: value.into(), allowed: allowed.into() }
    }

    pub(crate) fn conflict(key: &str, value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Conflict { key: key.into(), value: value.into(), reason: reason.into() }
    }

    /// The property name at fault, where there is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Invalid { key, .. }
            | Self::EmptyList { key, .. }
            | Self::EmptyMember { key }
            | Self::Conflict { key, .. }
            | Self::Unknown { key, .. }
            | Self::NotDynamic { key, .. } => Some(key),
            Self::Override { .. } | Self::File { .. } | Self::Syntax { .. } => None,
        }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { key, value, allowed } => {
                write!(f, "Invalid value {value} for configuration {key}: {allowed}")
            }
            Self::EmptyList { key, allowed } => write!(
                f,
                "Configuration '{key}' must not be empty. Valid values include: {allowed}"
            ),
            Self::EmptyMember { key } => {
                write!(f, "Configuration '{key}' values must not be empty.")
            }
            Self::Conflict { key, value, reason } => {
                write!(f, "Invalid value {value} for configuration {key}: {reason}")
            }
            Self::Unknown { scope, key } => write!(f, "Unknown {scope} config name: {key}"),
            Self::NotDynamic { key, reason } => write!(f, "{key}: {reason}"),
            Self::Override { given } => {
                write!(f, "Invalid override '{given}': must be of the form key=value")
            }
            Self::File { path, source } => {
                write!(f, "cannot read the property file {}: {source}", path.display())
            }
            Self::Syntax { path, reason } => {
                write!(f, "{} is not a property file: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for SettingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
