//! What a partition actor is told and asked. Every message that wants an answer carries its port.

use std::sync::Arc;

use actix::{Addr, Message};
use kafka_protocol::error::ResponseError;
use ottla_core::base::{BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use ottla_core::partition::{Isolation, LogBounds, ReadPlan, ReadRequest, Refusal};
use ottla_core::record::Records;
use ottla_core::storage::{AppendInfo, AppendOrigin, FoundOffset, LogSlice};

use super::wait::FetchWatcher;
use crate::runtime::{Reply, ReplyPort};
use crate::storage::{AckPort, LogId, StorageActor};

/// Request handler, coordinator → partition, offer; answered when as many replicas as `acks` asks
/// for have the records. The append happens whether or not the asker still lives.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Append {
    /// A record batch as it came off the wire, or as this process has made it.
    pub records: Records,
    /// 0, 1 or -1 for all in-sync replicas.
    pub acks: i16,
    /// How long acks=all may wait.
    pub timeout_ms: u32,
    /// Who appends.
    pub origin: AppendOrigin,
    /// Where the answer goes.
    pub reply: ReplyPort<AppendReply>,
}

/// The answer to [`Append`].
pub type AppendReply = Result<AppendInfo, AppendRefused>;

/// Why an append is refused, ready for the wire.
#[derive(Clone, Debug)]
pub struct AppendRefused {
    /// Kafka's code.
    pub code: ResponseError,
    /// What is wrong, for the kinds of refusal that Kafka explains.
    pub message: Option<String>,
    /// Records at fault: index within the batch, and why.
    pub record_errors: Vec<(i32, Option<String>)>,
    /// The leader to go to instead (KIP-951).
    pub leader: Option<(BrokerId, LeaderEpoch)>,
    /// First offset of the log; -1 if not known.
    pub log_start: Offset,
}

impl From<Refusal> for AppendRefused {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code(),
            message: None,
            record_errors: Vec::new(),
            leader: refusal.current_leader(),
            log_start: Offset::NONE,
        }
    }
}

/// What an asker sees when the partition's actor died: a retriable code without a leader.
const LOST: Refusal = Refusal::NotLeader { leader: BrokerId(-1), epoch: LeaderEpoch::NONE };

impl Reply for AppendReply {
    fn lost() -> Self {
        Err(LOST.into())
    }
}

/// Request handler → partition, offer; answered at once, with or without records.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Read {
    /// From where, and what the client believes.
    pub request: ReadRequest,
    /// The most to read; the first batch comes whole even if it is larger.
    pub max_bytes: u32,
    /// Where the answer goes.
    pub reply: ReplyPort<ReadReply>,
}

/// The answer to [`Read`].
pub type ReadReply = Result<ReadOutcome, Refusal>;

/// What was read.
#[derive(Clone, Debug)]
pub struct ReadOutcome {
    /// What is committed.
    pub high_watermark: Offset,
    /// Up to here no transaction is undecided.
    pub last_stable_offset: Offset,
    /// First offset of the log.
    pub log_start: Offset,
    /// The limit of what could be read: long polls watch from here.
    pub limit: Offset,
    /// The records, if any.
    pub records: Option<LogSlice>,
    /// There may be more behind them at once: a fetch does not wait for new ones.
    pub more: bool,
    /// Where the reader's history parted from this log's, if it did: epoch and end offset.
    pub diverging: Option<(LeaderEpoch, Offset)>,
}

impl ReadOutcome {
    /// Nothing to read.
    pub(crate) fn of(plan: &ReadPlan) -> Self {
        Self {
            high_watermark: plan.high_watermark,
            last_stable_offset: plan.last_stable_offset,
            log_start: plan.log_start,
            limit: plan.limit,
            records: None,
            more: false,
            diverging: None,
        }
    }
}

impl Reply for ReadReply {
    fn lost() -> Self {
        Err(LOST)
    }
}

/// Request handler → partition, offer; no answer: the watcher is woken when there is more to read
/// than up to `seen`, and dropped when its deadline has passed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Watch {
    /// What has been seen of the partition.
    pub seen: Offset,
    /// Whom to wake.
    pub watcher: FetchWatcher,
}

/// Request handler → partition, offer; answered at once (ListOffsets).
#[derive(Message)]
#[rtype(result = "()")]
pub struct ListOffset {
    /// A timestamp, or one of Kafka's negative codes.
    pub timestamp: i64,
    /// Which end of the log counts as the latest.
    pub isolation: Isolation,
    /// The leader epoch the client believes in.
    pub current_leader_epoch: LeaderEpoch,
    /// Where the answer goes.
    pub reply: ReplyPort<ListOffsetReply>,
}

/// The answer to [`ListOffset`]; none if no record is like that.
pub type ListOffsetReply = Result<Option<FoundOffset>, Refusal>;

impl Reply for ListOffsetReply {
    fn lost() -> Self {
        Err(LOST)
    }
}

/// Request handler → partition, offer; answered when the log's start has moved.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DeleteRecords {
    /// Records before this go; -1 for all that are committed.
    pub before: Offset,
    /// Where the answer goes: the log's new start.
    pub reply: ReplyPort<DeleteRecordsReply>,
}

/// Coordinator → partition, offer; answered when everything in the log is on disk and its start has
/// moved. For Kafka's own topics, which refuse [`DeleteRecords`].
#[derive(Message)]
#[rtype(result = "()")]
pub struct TrimLog {
    /// Records before this go.
    pub before: Offset,
    /// Where the answer goes: the log's new start.
    pub reply: ReplyPort<DeleteRecordsReply>,
}

/// The answer to [`DeleteRecords`]: the low watermark.
pub type DeleteRecordsReply = Result<Offset, Refusal>;

impl Reply for DeleteRecordsReply {
    fn lost() -> Self {
        Err(LOST)
    }
}

/// Request handler → partition, offer; answered at once (OffsetForLeaderEpoch).
#[derive(Message)]
#[rtype(result = "()")]
pub struct EpochEnd {
    /// The epoch asked about.
    pub epoch: LeaderEpoch,
    /// The leader epoch the client believes in.
    pub current_leader_epoch: LeaderEpoch,
    /// Where the answer goes.
    pub reply: ReplyPort<EpochEndReply>,
}

/// The answer to [`EpochEnd`]: the largest epoch not above the one asked for and where it ends;
/// none if that is not known.
pub type EpochEndReply = Result<Option<(LeaderEpoch, Offset)>, Refusal>;

impl Reply for EpochEndReply {
    fn lost() -> Self {
        Err(LOST)
    }
}

/// Request handler → partition, offer; answered at once (DescribeProducers).
#[derive(Message)]
#[rtype(result = "()")]
pub struct DescribeProducers {
    /// Where the answer goes.
    pub reply: ReplyPort<DescribeProducersReply>,
}

/// One producer a partition knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerInfo {
    /// Its id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// The sequence of its last record; -1 if none.
    pub last_sequence: i32,
    /// When it last wrote.
    pub last_timestamp: i64,
    /// The coordinator's epoch in its last marker; -1 if none.
    pub coordinator_epoch: i32,
    /// Where its open transaction began; -1 if none is open.
    pub current_txn_start: Offset,
}

/// The answer to [`DescribeProducers`].
pub type DescribeProducersReply = Result<Vec<ProducerInfo>, Refusal>;

impl Reply for DescribeProducersReply {
    fn lost() -> Self {
        Err(LOST)
    }
}

/// Partitions → partition, tell: its specification has changed (leader, settings).
#[derive(Message)]
#[rtype(result = "()")]
pub struct SpecChanged;

/// Partitions → partition, tell; answered when the log is open, or cannot be opened.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WhenOpen(pub ReplyPort<OpenReply>);

/// The answer to [`WhenOpen`].
pub type OpenReply = Result<LogBounds, Refusal>;

impl Reply for OpenReply {
    fn lost() -> Self {
        Err(LOST)
    }
}

/// Partitions → partition, tell: give the log back and stop; answered when the log is closed or,
/// with `delete`, out of the way.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stop {
    /// Delete the log too.
    pub delete: bool,
    /// Where the answer goes.
    pub reply: ReplyPort<()>,
}

/// Storage → partition, tell: the answer to `Attach`.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Attached {
    /// The log's number and bounds, or nothing if it cannot be opened.
    pub log: Option<(LogId, LogBounds)>,
    /// Who owns it.
    pub storage: Arc<Addr<StorageActor>>,
}

/// Storage → partition, tell: the answer to `AppendLog`, in the order of the appends.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LogAppended {
    /// What was done.
    pub result: AppendReply,
    /// Who waits for it.
    pub ack: AckPort,
}

/// Storage → partition, tell: the log's start has moved.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LogStartMoved(pub Offset);

/// Storage → partition, tell: the log is not to be had any more.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub enum LogLost {
    /// Its storage actor is being rebuilt: attach again.
    Rebuilt,
    /// Its directory is offline.
    Failed,
}
