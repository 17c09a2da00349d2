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

/// How much one read of a load brings; a larger batch comes whole.
const READ_BYTES: u32 = 1 << 20;

/// The log of one partition, through its actor.
pub(super) struct PartitionLog {
    partitions: Arc<Partitions>,
    partition: TopicPartition,
}

impl PartitionLog {
    pub(super) fn new(partitions: Arc<Partitions>, partition: TopicPartition) -> Self {
        Self { partitions, partition }
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
        let append = Append { records: batch, acks: -1, timeout_ms, origin, reply };
        self.partitions.send(&self.partition, append);
    }

    fn read(&self, from: Offset, reply: ReplyPort<Result<LogBatch, ResponseError>>) {
        read_from(Arc::clone(&self.partitions), self.partition.clone(), from, true, reply);
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

/// Reads from `from`; if that is outside the log, `again` from where the log starts.
fn read_from(
    partitions: Arc<Partitions>,
    partition: TopicPartition,
    from: Offset,
    again: bool,
    reply: ReplyPort<Result<LogBatch, ResponseError>>,
) {
    let request = ReadRequest {
        fetch_offset: from.max(Offset::ZERO),
        current_leader_epoch: LeaderEpoch::NONE,
        last_fetched_epoch: LeaderEpoch::NONE,
        isolation: Isolation::LogEnd,
    };
    let (back, name) = (Arc::clone(&partitions), partition.clone());
    let port = ReplyPort::new(move |done: Result<ReadOutcome, Refusal>| match done {
        Ok(outcome) => reply.send(part(&outcome)),
        Err(Refusal::OffsetOutOfRange { log_start, .. }) if again && log_start > from => {
            read_from(back, name, log_start, false, reply);
        }
        Err(refusal) => reply.send(Err(refusal.code())),
    });
    partitions.send(&partition, Read { request, max_bytes: READ_BYTES, reply: port });
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
