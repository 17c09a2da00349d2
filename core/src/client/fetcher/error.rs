//! Why a consumer cannot read on.

use std::fmt;

use kafka_protocol::error::ResponseError;

use crate::base::{Offset, TopicPartition};
use crate::record::RecordError;

/// Why there are no records from a partition. Each is told once, broken records until the
/// application seeks past them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// No offset is committed, and `auto.offset.reset` is `none`.
    NoOffset(TopicPartition),
    /// The position is not in the log, and `auto.offset.reset` is `none`.
    OffsetOutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// The position.
        offset: Offset,
    },
    /// Records before the position are gone (KIP-320), and `auto.offset.reset` is `none`.
    Truncated {
        /// The partition.
        partition: TopicPartition,
        /// The position.
        offset: Offset,
        /// Where the logs part, if that is known.
        diverges_at: Option<Offset>,
    },
    /// The bytes at the position cannot be read.
    Broken {
        /// The partition.
        partition: TopicPartition,
        /// The position.
        offset: Offset,
        /// What is wrong with them.
        error: RecordError,
    },
    /// The broker refuses, and will refuse again.
    Refused {
        /// The partition.
        partition: TopicPartition,
        /// What the broker said.
        error: ResponseError,
    },
}

impl FetchError {
    /// The partition that it is about.
    #[must_use]
    pub fn partition(&self) -> &TopicPartition {
        match self {
            Self::NoOffset(partition)
            | Self::OffsetOutOfRange { partition, .. }
            | Self::Truncated { partition, .. }
            | Self::Broken { partition, .. }
            | Self::Refused { partition, .. } => partition,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOffset(partition) => {
                write!(f, "{partition} has no committed offset and no reset policy")
            }
            Self::OffsetOutOfRange { partition, offset } => {
                write!(f, "offset {offset} of {partition} is out of range, and no reset policy")
            }
            Self::Truncated { partition, offset, diverges_at: Some(end) } => {
                write!(f, "log of {partition} was cut at {end}, before the position {offset}")
            }
            Self::Truncated { partition, offset, diverges_at: None } => {
                write!(f, "log of {partition} was cut before the position {offset}")
            }
            Self::Broken { partition, offset, error } => {
                write!(f, "records of {partition} cannot be read at offset {offset}: {error}")
            }
            Self::Refused { partition, error } => write!(f, "broker refuses {partition}: {error}"),
        }
    }
}

impl std::error::Error for FetchError {}
