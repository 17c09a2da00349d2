//! Why a consumer could not do what it was asked.

use std::fmt;

use kafka_protocol::error::ResponseError;
use ottla_core::base::{TopicName, TopicPartition};
use ottla_core::client::fetcher::FetchError;

use crate::client::ClientError;

/// Why a consumer could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerError {
    /// A partition cannot be read on.
    Fetch(FetchError),
    /// The brokers will not describe a topic.
    Topic {
        /// The topic.
        topic: TopicName,
        /// What they say.
        error: ResponseError,
    },
    /// The partition is not assigned to this consumer.
    NotAssigned(TopicPartition),
    /// The consumer cannot be, or stay, a member of its group.
    Group(ResponseError),
    /// The consumer has no `group.id`.
    NoGroup,
    /// A request failed.
    Client(ClientError),
}

impl fmt::Display for ConsumerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Topic { topic, error } => write!(f, "topic {topic} cannot be used: {error}"),
            Self::NotAssigned(partition) => write!(f, "partition {partition} is not assigned"),
            Self::Group(error) => write!(f, "consumer cannot be in its group: {error}"),
            Self::NoGroup => f.write_str("consumer has no group.id"),
            Self::Client(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConsumerError {}

impl From<FetchError> for ConsumerError {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

impl From<ClientError> for ConsumerError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}
