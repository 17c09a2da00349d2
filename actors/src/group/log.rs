//! The log a coordinator writes and reads, behind a seam: a partition, or memory in tests.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use ottla_core::base::Offset;

use crate::runtime::{Reply, ReplyPort};

/// Where records went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogAppended {
    /// The first record's offset.
    pub base: Offset,
}

/// A part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogBatch {
    /// Batches, the last one maybe cut short; empty at the end of the log.
    pub bytes: Bytes,
    /// The log's first offset.
    pub start: Offset,
    /// The log's end.
    pub end: Offset,
}

/// What a coordinator asks of its partition.
pub trait OffsetsLog: Send + Sync + 'static {
    /// Appends one batch; answered when all in-sync replicas have it.
    fn append(
        &self,
        batch: Bytes,
        timeout_ms: u32,
        reply: ReplyPort<Result<LogAppended, ResponseError>>,
    );

    /// Reads on from an offset; from the start of the log if that is higher or `from` is negative.
    fn read(&self, from: Offset, reply: ReplyPort<Result<LogBatch, ResponseError>>);

    /// Moves the log's start up.
    fn trim(&self, before: Offset);
}

impl Reply for Result<LogAppended, ResponseError> {
    fn lost() -> Self {
        Err(ResponseError::NotLeaderOrFollower)
    }
}

impl Reply for Result<LogBatch, ResponseError> {
    fn lost() -> Self {
        Err(ResponseError::NotLeaderOrFollower)
    }
}
