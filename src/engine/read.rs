//! Records out of a partition: the messages of a fetch and of ListOffsets.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use ottla_actors::partition::messages::{DeleteRecords, ListOffset, ReadOutcome, Watch};
use ottla_actors::partition::{FetchWait, FetchWatcher};
use ottla_actors::runtime::ReplyPort;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::partition::{Isolation, ReadRequest};
use ottla_core::record::{BatchIter, RecordIter, TimestampType};
use ottla_core::storage::FoundOffset;

use super::append::refusal;
use super::{EngineError, Partition, Record};

/// A consumer's `max.partition.fetch.bytes`.
const MAX_BYTES: u32 = 1 << 20;

/// What one batch may unpack to: as much as the broker takes when it looks into one.
const UNPACKED_LIMIT: usize = 256 << 20;

/// How a read goes.
///
/// ```
/// # use ottla::{Batch, Engine, Offset, ReadOptions};
/// # use std::time::Duration;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let log = engine.topic("log").partition(0);
/// log.append(["a", "b"].into_iter().collect()).await?;
/// // waits up to five seconds for a kilobyte, of which there is not so much
/// let options = ReadOptions { min_bytes: 1_000, ..ReadOptions::wait(Duration::from_secs(5)) };
/// let waiting = actix::spawn(log.read_with(Offset(0), options));
/// log.append(Batch::value([0_u8; 1_000])).await?;
/// assert_eq!(waiting.await??.next_offset, Offset(3));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The most to read from the log, compressed batches as they lie there; the first batch comes
    /// whole even if it is larger. `fetch.max.bytes` is the broker's own bound. Less may come of
    /// what is not in memory, while others append.
    pub max_bytes: u32,
    /// How long to wait if there is too little.
    pub wait: Duration,
    /// How much there must be for the answer not to wait; records of an older segment do not wait.
    pub min_bytes: u32,
}

impl Default for ReadOptions {
    /// 1 MiB at most, and no waiting.
    fn default() -> Self {
        Self { max_bytes: MAX_BYTES, wait: Duration::ZERO, min_bytes: 1 }
    }
}

impl ReadOptions {
    /// Waits up to `wait` for a first record.
    #[must_use]
    pub fn wait(wait: Duration) -> Self {
        Self { wait, ..Self::default() }
    }
}

/// What was read of a partition.
///
/// ```
/// # use ottla::{Engine, Offset, Read};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let log = engine.topic("log").partition(0);
/// log.append(["a", "b"].into_iter().collect()).await?;
/// let read: Read = log.read(Offset(1)).await?;
/// assert_eq!(read.records[0].value.as_deref(), Some(&b"b"[..]));
/// assert_eq!((read.next_offset, read.high_watermark), (Offset(2), Offset(2)));
/// // at the end of the log there is nothing, and that is no error
/// assert!(log.read(read.next_offset).await?.records.is_empty());
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The records, in the order of their offsets.
    pub records: Vec<Record>,
    /// Where to read on.
    pub next_offset: Offset,
    /// Everything below is committed; nothing above can be read yet.
    pub high_watermark: Offset,
    /// First offset of the log.
    pub log_start: Offset,
}

/// A record found by its time.
///
/// ```
/// # use ottla::{Batch, Engine, Offset, TimedOffset};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let log = engine.topic("log").partition(0);
/// let mut batch = Batch::new();
/// batch.push_at(1_000, None, Some(b"a"), &[]).push_at(2_000, None, Some(b"b"), &[]);
/// log.append(batch).await?;
/// let found: Option<TimedOffset> = log.at_or_after(1_500).await?;
/// assert_eq!(found, Some(TimedOffset { offset: Offset(1), timestamp: 2_000 }));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOffset {
    /// The record's offset.
    pub offset: Offset,
    /// The record's timestamp.
    pub timestamp: i64,
}

/// Kafka's timestamps with a meaning (`ListOffsetsRequest`).
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

impl Partition {
    /// Reads up to 1 MiB of records from `offset` on, without waiting: at the end of the log there
    /// are none.
    ///
    /// # Errors
    /// The offset is outside the log, the partition does not exist or cannot be read now, or the
    /// engine has been stopped.
    pub fn read(
        &self,
        offset: Offset,
    ) -> impl Future<Output = Result<Read, EngineError>> + Send + use<> {
        self.read_with(offset, ReadOptions::default())
    }

    /// Reads records from `offset` on.
    ///
    /// ```
    /// # use ottla::{Batch, Engine, Offset, ReadOptions};
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # actix::System::new().block_on(async {
    /// # let engine = Engine::ephemeral().without_listener().start().await?;
    /// # let log = engine.topic("log").partition(0);
    /// # log.append(Batch::value("started")).await?;
    /// let options = ReadOptions::wait(Duration::from_secs(5));
    /// let waiting = actix::spawn(log.read_with(Offset(1), options));
    /// log.append(Batch::value("ready")).await?;
    /// let read = waiting.await??;
    /// assert_eq!(read.records[0].value.as_deref(), Some(&b"ready"[..]));
    /// assert_eq!(read.next_offset, Offset(2));
    /// # engine.stop().await;
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_with(
        &self,
        offset: Offset,
        options: ReadOptions,
    ) -> impl Future<Output = Result<Read, EngineError>> + Send + use<> {
        let partition = self.clone();
        async move {
            let outcome = partition.fetch(offset, options).await?;
            decode(offset, outcome)
        }
    }

    /// The first offset of the log.
    ///
    /// # Errors
    /// The partition does not exist or cannot be read now, or the engine has been stopped.
    pub async fn earliest(&self) -> Result<Offset, EngineError> {
        self.list(EARLIEST).await.map(|found| found.map_or(Offset::ZERO, |found| found.offset))
    }

    /// The offset that the next record to be read will have: everything below is committed.
    ///
    /// # Errors
    /// As [`Self::earliest`].
    pub async fn latest(&self) -> Result<Offset, EngineError> {
        self.list(LATEST).await.map(|found| found.map_or(Offset::ZERO, |found| found.offset))
    }

    /// The first record that is not older than `timestamp`, in milliseconds since 1970.
    ///
    /// # Errors
    /// As [`Self::earliest`].
    pub async fn at_or_after(&self, timestamp: i64) -> Result<Option<TimedOffset>, EngineError> {
        let found = self.list(timestamp.max(0)).await?;
        Ok(found.map(|found| TimedOffset { offset: found.offset, timestamp: found.timestamp }))
    }

    /// Deletes all records before an offset, [`latest`](Self::latest) for all there are; returns
    /// the partition's new start.
    ///
    /// ```
    /// # use ottla::{Batch, Engine, Offset};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # actix::System::new().block_on(async {
    /// # let engine = Engine::ephemeral().without_listener().start().await?;
    /// let log = engine.topic("log").partition(0);
    /// log.append(["started", "ready", "stopped"].into_iter().collect()).await?;
    /// assert_eq!(log.delete_records_before(Offset(2)).await?, Offset(2));
    /// assert_eq!(log.earliest().await?, Offset(2));
    /// # engine.stop().await;
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// The offset is behind the end of the log, the topic is one of Kafka's own, or as
    /// [`Self::earliest`].
    pub async fn delete_records_before(&self, offset: Offset) -> Result<Offset, EngineError> {
        let (reply, answer) = ReplyPort::oneshot();
        self.deliver(DeleteRecords { before: offset, reply })?;
        answer.await.map_err(|refused| refusal(&self.topic, refused.into()))
    }

    async fn list(&self, timestamp: i64) -> Result<Option<FoundOffset>, EngineError> {
        let (reply, answer) = ReplyPort::oneshot();
        let isolation = Isolation::ReadUncommitted;
        let current_leader_epoch = LeaderEpoch::NONE;
        let message = ListOffset { timestamp, isolation, current_leader_epoch, reply };
        self.deliver(message)?;
        answer.await.map_err(|refused| refusal(&self.topic, refused.into()))
    }

    async fn fetch(&self, from: Offset, options: ReadOptions) -> Result<ReadOutcome, EngineError> {
        let outcome = self.fetch_once(from, options).await?;
        let found = outcome.records.as_ref().map_or(0, |slice| slice.length);
        let missing = options.min_bytes.saturating_sub(found);
        if missing == 0 || outcome.more || options.wait.is_zero() {
            return Ok(outcome);
        }
        let patience = u64::try_from(options.wait.as_millis()).unwrap_or(u64::MAX);
        let clock = self.topic.shared().clock();
        let deadline_ms = clock.monotonic_ms().saturating_add(patience);
        let (wait, woken) = FetchWait::new(u64::from(missing));
        let watcher = FetchWatcher { wait, index: 0, deadline_ms };
        self.deliver(Watch { seen: outcome.limit, watcher })?;
        // woken, or the time is over: either way what there is now is read
        _ = clock.timeout(options.wait, woken).await;
        self.fetch_once(from, options).await
    }

    async fn fetch_once(
        &self,
        fetch_offset: Offset,
        options: ReadOptions,
    ) -> Result<ReadOutcome, EngineError> {
        let (reply, answer) = ReplyPort::oneshot();
        let request = ReadRequest {
            fetch_offset,
            current_leader_epoch: LeaderEpoch::NONE,
            last_fetched_epoch: LeaderEpoch::NONE,
            isolation: Isolation::ReadUncommitted,
        };
        let most = self.topic.shared().node()?.settings.fetch_max_bytes;
        let max_bytes = options.max_bytes.min(u32::try_from(most).unwrap_or(0));
        let message = ottla_actors::partition::messages::Read { request, max_bytes, reply };
        self.deliver(message)?;
        answer.await.map_err(|refused| refusal(&self.topic, refused.into()))
    }

    fn deliver<M>(&self, message: M) -> Result<(), EngineError>
    where
        M: ottla_actors::partition::Refusable + actix::Message + Send + 'static,
        M::Result: Send,
        ottla_actors::partition::PartitionActor: actix::Handler<M>,
    {
        self.topic.shared().node()?;
        self.topic.shared().deliver(&self.topic.at(self.index), message);
        Ok(())
    }
}

/// The records at and behind `from`: a batch comes whole, even if the first of it is older.
fn decode(from: Offset, outcome: ReadOutcome) -> Result<Read, EngineError> {
    let mut read = Read {
        records: Vec::new(),
        next_offset: from,
        high_watermark: outcome.high_watermark,
        log_start: outcome.log_start,
    };
    let Some(slice) = outcome.records else { return Ok(read) };
    let bytes = Bytes::from(slice.read_to_vec()?);
    for batch in BatchIter::new(&bytes) {
        let batch = batch?;
        let header = &batch.header;
        read.next_offset = header.next_offset();
        if header.is_control() {
            continue;
        }
        let appended = header.timestamp_type() == TimestampType::LogAppendTime;
        for record in RecordIter::of_batch(&bytes, &batch, UNPACKED_LIMIT)? {
            let record = record?;
            let offset = header.base_offset.plus(i64::from(record.offset_delta));
            if offset < from {
                continue;
            }
            let created = header.base_timestamp.wrapping_add(record.timestamp_delta);
            read.records.push(Record {
                offset,
                timestamp: if appended { header.max_timestamp } else { created },
                key: record.key,
                value: record.value,
                headers: record.headers,
            });
        }
    }
    Ok(read)
}
