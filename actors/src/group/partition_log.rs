//! A partition of `__consumer_offsets` as a coordinator's log.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use ottla_core::base::{LeaderEpoch, Offset, TopicPartition};
use ottla_core::partition::{Isolation, ReadRequest, Refusal};
use ottla_core::storage::AppendOrigin;

use super::log::{LogAppended, LogBatch, OffsetsLog};
use crate::partition::Partitions;
use crate::partition::messages::{Append, Read, ReadOutcome, TrimLog};
use crate::runtime::ReplyPort;

/// The most that one read of a load brings, whatever the settings say: the core's other actors wait
/// meanwhile. A larger batch comes whole.
const MAX_READ_BYTES: u32 = 4 << 20;

/// The log of one partition, through its actor.
pub(super) struct PartitionLog {
    partitions: Arc<Partitions>,
    partition: TopicPartition,
    read_bytes: u32,
}

impl PartitionLog {
    /// Reads up to `load_buffer` bytes at once (`offsets.load.buffer.size`).
    pub(super) fn new(
        partitions: Arc<Partitions>,
        partition: TopicPartition,
        load_buffer: i32,
    ) -> Self {
        let read_bytes = u32::try_from(load_buffer).unwrap_or(0).clamp(1, MAX_READ_BYTES);
        Self { partitions, partition, read_bytes }
    }
}

impl OffsetsLog for PartitionLog {
    fn append(
        &self,
        batch: Bytes,
        timeout_ms: u32,
        reply: ReplyPort<Result<LogAppended, ResponseError>>,
    ) {
        let reply = ReplyPort::new(move |done: crate::partition::messages::AppendReply| {
            let done = done.map(|info| LogAppended { base: info.first_offset });
            reply.send(done.map_err(|refused| refused.code));
        });
        let origin = AppendOrigin::Coordinator;
        let append = Append { records: batch.into(), acks: -1, timeout_ms, origin, reply };
        self.partitions.send(&self.partition, append);
    }

    fn read(&self, from: Offset, reply: ReplyPort<Result<LogBatch, ResponseError>>) {
        let at = ReadAt { from, max_bytes: self.read_bytes, again: true };
        read_from(Arc::clone(&self.partitions), self.partition.clone(), at, reply);
    }

    fn trim(&self, before: Offset) {
        let partition = self.partition.clone();
        let reply = ReplyPort::new(move |done: Result<Offset, Refusal>| match done {
            Ok(start) => tracing::info!(%partition, %start, "offsets log is trimmed"),
            // the log stays as long as it is until the next rewrite
            Err(refusal) => tracing::warn!(%partition, %refusal, "offsets log is not trimmed"),
        });
        self.partitions.send(&self.partition, TrimLog { before, reply });
    }
}

/// One read.
#[derive(Clone, Copy)]
struct ReadAt {
    from: Offset,
    max_bytes: u32,
    /// If `from` is below the log, read again from where it starts.
    again: bool,
}

/// Reads a part of the log.
fn read_from(
    partitions: Arc<Partitions>,
    partition: TopicPartition,
    at: ReadAt,
    reply: ReplyPort<Result<LogBatch, ResponseError>>,
) {
    let request = ReadRequest {
        fetch_offset: at.from.max(Offset::ZERO),
        current_leader_epoch: LeaderEpoch::NONE,
        last_fetched_epoch: LeaderEpoch::NONE,
        isolation: Isolation::LogEnd,
    };
    let (back, name) = (Arc::clone(&partitions), partition.clone());
    let port = ReplyPort::new(move |done: Result<ReadOutcome, Refusal>| match done {
        Ok(outcome) => reply.send(part(&outcome)),
        Err(Refusal::OffsetOutOfRange { log_start, .. }) if at.again && log_start > at.from => {
            let at = ReadAt { from: log_start, again: false, ..at };
            read_from(back, name, at, reply);
        }
        Err(refusal) => reply.send(Err(refusal.code())),
    });
    partitions.send(&partition, Read { request, max_bytes: at.max_bytes, reply: port });
}

fn part(outcome: &ReadOutcome) -> Result<LogBatch, ResponseError> {
    let bytes = match &outcome.records {
        Some(slice) => slice.read_to_vec().map_err(|error| {
            tracing::error!(%error, "offsets log cannot be read");
            ResponseError::KafkaStorageError
        })?,
        None => Vec::new(),
    };
    Ok(LogBatch { bytes: Bytes::from(bytes), start: outcome.log_start, end: outcome.limit })
}
