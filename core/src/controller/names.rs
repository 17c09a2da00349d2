//! Which topic names are allowed, and which topics belong to the broker.

use std::fmt;

use kafka_protocol::error::ResponseError;

use super::Refusal;

/// The longest name a topic may have: `-` and a partition number must still fit in a file name.
pub const MAX_TOPIC_NAME: usize = 249;

/// The topic that holds committed offsets.
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// The topic that holds the state of transactions.
pub const TRANSACTION_STATE: &str = "__transaction_state";
/// The topic that holds the state of share groups.
pub const SHARE_GROUP_STATE: &str = "__share_group_state";
/// The name of the metadata log; never a topic.
pub const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Whether `name` is one of the broker's own topics.
#[must_use]
pub fn is_internal_topic(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | TRANSACTION_STATE | SHARE_GROUP_STATE)
}

/// What is wrong with a topic's name; displayed as Kafka's `Topic.validate` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidTopicName {
    /// It is empty.
    Empty,
    /// It is `.` or `..`.
    Dots(String),
    /// It is longer than [`MAX_TOPIC_NAME`].
    TooLong(String),
    /// It has a character that is neither an ASCII letter or digit nor `.`, `_` or `-`.
    IllegalCharacter(String),
}

impl fmt::Display for InvalidTopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Topic name is invalid: ")?;
        match self {
            Self::Empty => f.write_str("the empty string is not allowed"),
            Self::Dots(name) => write!(f, "'{name}' is not allowed"),
            Self::TooLong(name) => write!(
                f,
                "the length of '{name}' is longer than the max allowed length {MAX_TOPIC_NAME}"
            ),
            Self::IllegalCharacter(name) => write!(
                f,
                "'{name}' contains one or more characters other than ASCII alphanumerics, '.', \
                 '_' and '-'"
            ),
        }
    }
}

impl std::error::Error for InvalidTopicName {}

impl From<InvalidTopicName> for Refusal {
    fn from(error: InvalidTopicName) -> Self {
        Self::new(ResponseError::InvalidTopicException, error.to_string())
    }
}

/// Whether a topic may have this name.
pub fn validate_topic_name(name: &str) -> Result<(), InvalidTopicName> {
    let legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    if name.is_empty() {
        Err(InvalidTopicName::Empty)
    } else if name == "." || name == ".." {
        Err(InvalidTopicName::Dots(name.to_owned()))
    } else if name.chars().count() > MAX_TOPIC_NAME {
        Err(InvalidTopicName::TooLong(name.to_owned()))
    } else if !name.bytes().all(legal) {
        Err(InvalidTopicName::IllegalCharacter(name.to_owned()))
    } else {
        Ok(())
    }
}
