//! Why a record was not written.

use std::fmt;

use kafka_protocol::error::ResponseError;

/// Why a record was not written, or is not known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProduceError {
    /// The record alone is larger than `max.request.size`.
    TooLarge {
        /// Its size.
        size: usize,
        /// The setting.
        limit: usize,
    },
    /// The topic, or the partition that the record names, did not appear within `max.block.ms`.
    UnknownPartition,
    /// The buffer (`buffer.memory`) had no room within `max.block.ms`.
    BufferFull,
    /// No attempt succeeded within `delivery.timeout.ms`. With an error of the last one; without
    /// one, the leader was not reached or did not answer.
    TimedOut(Option<ResponseError>),
    /// The broker refused, and trying again does not help.
    Refused(ResponseError),
    /// The producer was closed before.
    Closed,
}

impl ProduceError {
    /// The error that a response's code stands for.
    #[must_use]
    pub fn from_code(code: i16) -> Self {
        let unknown = ResponseError::Unknown(code);
        Self::Refused(ResponseError::try_from_code(code).unwrap_or(unknown))
    }

    /// Whether the same record may be written when it is tried again.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::Closed => false,
            Self::UnknownPartition | Self::BufferFull | Self::TimedOut(_) => true,
            Self::Refused(error) => error.is_retriable(),
        }
    }
}

impl fmt::Display for ProduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => {
                write!(f, "record of {size} bytes is larger than max.request.size = {limit}")
            }
            Self::UnknownPartition => {
                f.write_str("topic or partition did not appear within max.block.ms")
            }
            Self::BufferFull => f.write_str("buffer.memory had no room within max.block.ms"),
            Self::TimedOut(None) => {
                f.write_str("no answer from the leader within delivery.timeout.ms")
            }
            Self::TimedOut(Some(error)) => {
                write!(f, "not written within delivery.timeout.ms, at last because of {error}")
            }
            Self::Refused(error) => write!(f, "broker refused the record: {error}"),
            Self::Closed => f.write_str("producer is closed"),
        }
    }
}

impl std::error::Error for ProduceError {}
