//! What a storage actor is told: by the partitions of its arbiter, by its own jobs, by its owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix::{Addr, Message};
use ottla_core::base::{LeaderEpoch, Offset, TopicId, TopicPartition};
use ottla_core::partition::{ReadPlan, Refusal};
use ottla_core::record::Records;
use ottla_core::storage::{
    AppendContext, ColdRange, DeleteJob, FlushJob, LogConfig, OffsetQuery, PartitionLog,
    PartitionLogRules, ReserveJob, StorageError,
};

use crate::partition::PartitionActor;
use crate::partition::messages::{
    AppendReply, DeleteRecordsReply, DescribeProducersReply, EpochEndReply, ListOffsetReply,
    ReadReply,
};
use crate::runtime::ReplyPort;

/// Names an open log of one storage actor; a number from before a restart names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogId {
    pub(super) index: u32,
    pub(super) serial: u64,
}

/// A partition's high watermark, told by its actor and read by its storage actor.
#[derive(Debug)]
pub struct HighWatermark(AtomicI64);

impl HighWatermark {
    /// Not known yet.
    #[must_use]
    pub fn unknown() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(-1)))
    }

    /// Tells it.
    pub fn set(&self, offset: Offset) {
        self.0.store(offset.0, Ordering::Release);
    }

    /// Reads it; none if it is not known.
    #[must_use]
    pub fn get(&self) -> Option<Offset> {
        let offset = self.0.load(Ordering::Acquire);
        (offset >= 0).then_some(Offset(offset))
    }
}

/// What a log is to be like.
#[derive(Clone, Debug)]
pub struct LogSpec {
    /// Whose it is.
    pub partition: TopicPartition,
    /// The topic's id.
    pub topic_id: TopicId,
    /// The settings of its segments.
    pub config: Arc<LogConfig>,
    /// The settings of its records.
    pub rules: PartitionLogRules,
}

/// Partition → storage, tell: open the log, or hand over the open one; answered by `Attached`.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Attach {
    /// Which log.
    pub spec: LogSpec,
    /// Who asks, and is told of the log from now on.
    pub partition: Arc<Addr<PartitionActor>>,
    /// Where the partition tells its high watermark.
    pub high_watermark: Arc<HighWatermark>,
}

/// Who waits for an append; travels with it and back.
#[derive(Debug)]
pub struct AckPort {
    /// 0, 1 or -1.
    pub acks: i16,
    /// When acks=all gives up, in monotonic milliseconds.
    pub deadline_ms: u64,
    /// Where the answer goes.
    pub reply: ReplyPort<AppendReply>,
}

/// Partition → storage, tell: append; answered by `LogAppended`.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AppendLog {
    /// Which log.
    pub log: LogId,
    /// What to append.
    pub records: Records,
    /// In which epoch, by whom.
    pub context: AppendContext,
    /// Who waits.
    pub ack: AckPort,
}

/// Storage → storage, tell: write what has come for a log since its first append.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct WriteOut(pub(super) LogId);

/// Partition → storage, tell: carry out a read; answered through the port.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ReadLog {
    /// Which log.
    pub log: LogId,
    /// From where.
    pub start: Offset,
    /// The epoch of the reader's last record; -1 if it does not say.
    pub last_fetched_epoch: LeaderEpoch,
    /// The most to read.
    pub max_bytes: u32,
    /// Less than was asked for, so that others do not wait behind it.
    pub short: bool,
    /// Up to where, and what to answer beside the records.
    pub plan: ReadPlan,
    /// Where the answer goes.
    pub reply: ReplyPort<ReadReply>,
}

/// Partition → storage, tell: find an offset below `limit`; answered through the port.
#[derive(Message)]
#[rtype(result = "()")]
pub struct FindOffset {
    /// Which log.
    pub log: LogId,
    /// What to find.
    pub query: OffsetQuery,
    /// Records from here on are not to be found.
    pub limit: Offset,
    /// Where the answer goes.
    pub reply: ReplyPort<ListOffsetReply>,
}

/// Partition → storage, tell: move the log's start; answered through the port, and by
/// `LogStartMoved`.
#[derive(Message)]
#[rtype(result = "()")]
pub struct MoveLogStart {
    /// Which log.
    pub log: LogId,
    /// To where.
    pub to: Offset,
    /// Only after everything in the log is on disk.
    pub synced: bool,
    /// Where the answer goes.
    pub reply: ReplyPort<DeleteRecordsReply>,
}

/// Partition → storage, tell: where does an epoch end; answered through the port.
#[derive(Message)]
#[rtype(result = "()")]
pub struct FindEpochEnd {
    /// Which log.
    pub log: LogId,
    /// Which epoch.
    pub epoch: LeaderEpoch,
    /// Where the answer goes.
    pub reply: ReplyPort<EpochEndReply>,
}

/// Partition → storage, tell: list the producers; answered through the port.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ListProducers {
    /// Which log.
    pub log: LogId,
    /// Where the answer goes.
    pub reply: ReplyPort<DescribeProducersReply>,
}

/// Partition → storage, tell: other settings are in force.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Reconfigure {
    /// Which log.
    pub log: LogId,
    /// The settings of its segments.
    pub config: Arc<LogConfig>,
    /// The settings of its records.
    pub rules: PartitionLogRules,
}

/// Partition → storage, tell: close the log, or delete it; answered through the port.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release {
    /// Which log.
    pub log: LogId,
    /// Delete it.
    pub delete: bool,
    /// Where the answer goes.
    pub reply: ReplyPort<()>,
}

/// Request handler, engine → storage, ask: the sizes of all logs (DescribeLogDirs).
#[derive(Message)]
#[rtype(result = "Vec<LogSize>")]
pub struct ListLogs;

/// One log's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSize {
    /// Whose log.
    pub partition: TopicPartition,
    /// Bytes of its segments.
    pub bytes: u64,
    /// How far the log's end is ahead of the high watermark.
    pub lag: i64,
}

/// Storage set → storage, tell: close every log in order and take no more; answered when all are
/// synced, with false if anything failed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CloseAll(pub ReplyPort<Option<bool>>);

/// Another arbiter's storage actor → storage, tell: the directory went offline.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DirectoryFailed;

/// Test harness → storage, tell: panic now.
#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct PanicNow;

/// What a job hands back to its storage actor.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum JobDone {
    /// A log was opened, or could not be.
    Opened(Box<Opened>),
    /// A log was synced up to an offset.
    Flushed(LogId, Result<Offset, StorageError>),
    /// Files were deleted, or checkpoints written.
    Swept(Result<(), StorageError>),
    /// All logs were synced for the orderly stop.
    Closed(bool, ReplyPort<Option<bool>>),
    /// A released log was synced.
    Released(ReplyPort<()>),
    /// Room was taken on the disk, if there was any.
    Reserved,
    /// What a read needs is in memory, or a part of it.
    Warmed(ColdRange, Box<ReadLog>),
    /// A job panicked.
    Panicked(LaneName),
}

pub(super) struct Opened {
    pub(super) attach: Attach,
    pub(super) log: Result<PartitionLog, StorageError>,
}

/// A log that is closed for the orderly stop.
pub(super) struct Closing {
    pub(super) log: PartitionLog,
    /// Its high watermark, if known.
    pub(super) high: Option<Offset>,
}

/// Jobs of one kind wait for each other, and for no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneName {
    /// Opening logs.
    Open,
    /// Taking room on the disk.
    Reserve,
    /// Bringing old records into memory.
    Warm,
    /// Everything else.
    Other,
}

/// What runs on a thread that may block.
pub(super) enum Job {
    /// Open a log.
    Open(Box<Attach>),
    /// Take room on the disk for a log.
    Reserve(ReserveJob),
    /// Bring into memory what a read needs.
    Warm(ColdRange, Box<ReadLog>),
    /// Sync a log.
    Flush(LogId, FlushJob),
    /// Delete files and, if asked, write the directory's checkpoints.
    Sweep(Vec<DeleteJob>, bool),
    /// Close and sync everything for the orderly stop.
    Close(Vec<Closing>, bool, ReplyPort<Option<bool>>),
    /// Sync a log that was released.
    Release(Option<FlushJob>, ReplyPort<()>),
}

/// The refusal that stands for a failed directory.
pub(super) const FAILED: Refusal = Refusal::StorageError;
