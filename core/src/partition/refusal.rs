//! Why a partition will not do what it was asked, and Kafka's code for it.

use std::fmt;

use kafka_protocol::error::ResponseError;

use crate::base::{BrokerId, LeaderEpoch, Offset};

/// Why a partition refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This broker does not host the partition.
    UnknownPartition,
    /// This broker does not host any partition of a topic with that id.
    UnknownTopicId,
    /// Another broker leads the partition, or none does, or this one is still opening its log.
    NotLeader {
        /// Who leads, as far as known; -1 if nobody.
        leader: BrokerId,
        /// In which epoch.
        epoch: LeaderEpoch,
    },
    /// The client's leader epoch is older than the one in force (KIP-320).
    FencedLeaderEpoch {
        /// The epoch in force.
        current: LeaderEpoch,
    },
    /// The client knows a newer leader epoch than this broker (KIP-320).
    UnknownLeaderEpoch {
        /// The epoch in force here.
        current: LeaderEpoch,
    },
    /// The offset lies outside the log.
    OffsetOutOfRange {
        /// What was asked for.
        requested: Offset,
        /// First offset of the log.
        log_start: Offset,
    },
    /// The log directory of the partition is offline.
    StorageError,
    /// `acks` is none of -1, 0 and 1.
    InvalidRequiredAcks,
    /// Too few replicas are in sync to take an append with acks=all.
    NotEnoughReplicas,
    /// The records were written, but too few replicas are in sync by now.
    NotEnoughReplicasAfterAppend,
    /// The replicas did not follow in time.
    TimedOut,
    /// `cleanup.policy` does not let records be deleted.
    PolicyViolation,
    /// Not allowed on an internal topic.
    InternalTopic,
    /// The partition is being handed more than it can hold.
    Busy,
}

impl Refusal {
    /// Kafka's code.
    #[must_use]
    pub fn code(self) -> ResponseError {
        match self {
            Self::UnknownPartition => ResponseError::UnknownTopicOrPartition,
            Self::UnknownTopicId => ResponseError::UnknownTopicId,
            Self::NotLeader { .. } => ResponseError::NotLeaderOrFollower,
            Self::FencedLeaderEpoch { .. } => ResponseError::FencedLeaderEpoch,
            Self::UnknownLeaderEpoch { .. } => ResponseError::UnknownLeaderEpoch,
            Self::OffsetOutOfRange { .. } => ResponseError::OffsetOutOfRange,
            Self::StorageError => ResponseError::KafkaStorageError,
            Self::InvalidRequiredAcks => ResponseError::InvalidRequiredAcks,
            Self::NotEnoughReplicas => ResponseError::NotEnoughReplicas,
            Self::NotEnoughReplicasAfterAppend => ResponseError::NotEnoughReplicasAfterAppend,
            // Kafka has no code for a full queue; a time-out is what clients retry
            Self::TimedOut | Self::Busy => ResponseError::RequestTimedOut,
            Self::PolicyViolation => ResponseError::PolicyViolation,
            Self::InternalTopic => ResponseError::InvalidTopicException,
        }
    }

    /// The leader and epoch to tell a client that came to the wrong broker (KIP-951).
    #[must_use]
    pub fn current_leader(self) -> Option<(BrokerId, LeaderEpoch)> {
        match self {
            Self::NotLeader { leader, epoch } => Some((leader, epoch)),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPartition => f.write_str("this broker does not host the partition"),
            Self::UnknownTopicId => f.write_str("this broker does not host the topic id"),
            Self::NotLeader { leader, epoch } => {
                write!(f, "not the leader: broker {leader} leads in epoch {epoch}")
            }
            Self::FencedLeaderEpoch { current } => {
                write!(f, "leader epoch is older than the current one, {current}")
            }
            Self::UnknownLeaderEpoch { current } => {
                write!(f, "leader epoch is newer than the one known here, {current}")
            }
            Self::OffsetOutOfRange { requested, log_start } => {
                write!(f, "offset {requested} is outside the log, which starts at {log_start}")
            }
            Self::StorageError => f.write_str("the log directory is offline"),
            Self::InvalidRequiredAcks => f.write_str("acks must be -1, 0 or 1"),
            Self::NotEnoughReplicas => f.write_str("too few replicas are in sync"),
            Self::NotEnoughReplicasAfterAppend => {
                f.write_str("records written, but too few replicas are in sync")
            }
            Self::TimedOut => f.write_str("the replicas did not follow in time"),
            Self::PolicyViolation => f.write_str("the cleanup policy keeps records"),
            Self::InternalTopic => f.write_str("not allowed on an internal topic"),
            Self::Busy => f.write_str("too many requests wait on the partition"),
        }
    }
}

impl std::error::Error for Refusal {}
