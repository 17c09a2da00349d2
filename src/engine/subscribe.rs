//! Batches pushed to an actor: one task for each partition, which reads only when the actor has
//! dealt with what it was sent before.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::{MailboxError, Message, Recipient};
use ottla_core::base::{Offset, TopicName};
use parking_lot::Mutex;
use tokio::task::{JoinHandle, JoinSet};

use super::{EngineError, Partition, Read, ReadOptions, Record, Topic};

/// How long one long poll lasts.
pub(super) const LONG_POLL: Duration = Duration::from_secs(10);

/// The pause before a refused read is tried again, a client's `retry.backoff.ms`.
const PAUSE: Duration = Duration::from_millis(100);

/// How often new partitions are looked for.
const LOOK: Duration = Duration::from_millis(500);

/// Subscription → subscriber, awaited: records of one partition. The next of that partition come
/// when the handler's result is there: for a `ResponseFuture`, when the future has resolved.
///
/// ```
/// # use ottla::{Batch, Delivery, Engine, StartAt};
/// # use actix::prelude::*;
/// struct Bill(tokio::sync::mpsc::UnboundedSender<Delivery>);
/// # impl Actor for Bill { type Context = Context<Self>; }
///
/// impl Handler<Delivery> for Bill {
///     type Result = ();
///     fn handle(&mut self, orders: Delivery, _: &mut Context<Self>) {
///         self.0.send(orders).expect("somebody listens");
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// # let (sender, mut delivered) = tokio::sync::mpsc::unbounded_channel();
/// # let bill = Bill(sender).start();
/// let orders = engine.topic("orders");
/// orders.append(Batch::value("one espresso")).await?;
/// let subscription = orders.subscribe(bill.recipient(), StartAt::Earliest).await?;
/// let delivery = delivered.recv().await.expect("a delivery");
/// assert_eq!((&*delivery.topic, delivery.partition), ("orders", 0));
/// assert_eq!(delivery.records[0].value.as_deref(), Some(&b"one espresso"[..]));
/// // nothing is left to read
/// assert_eq!(delivery.next_offset, delivery.high_watermark);
/// # drop(subscription);
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct Delivery {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The records, in the order of their offsets; never none.
    pub records: Vec<Record>,
    /// Where a subscription resumes behind them.
    pub next_offset: Offset,
    /// Everything below is committed: what is left to read is the difference to `next_offset`.
    pub high_watermark: Offset,
}

/// From where a subscription begins.
///
/// ```
/// # use ottla::{Delivery, Engine, Offset, StartAt};
/// # use std::collections::BTreeMap;
/// # use actix::prelude::*;
/// # struct Bill(tokio::sync::mpsc::UnboundedSender<Delivery>);
/// # impl Actor for Bill { type Context = Context<Self>; }
/// #
/// # impl Handler<Delivery> for Bill {
/// #     type Result = ();
/// #     fn handle(&mut self, orders: Delivery, _: &mut Context<Self>) {
/// #         self.0.send(orders).expect("somebody listens");
/// #     }
/// # }
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// # let (sender, mut delivered) = tokio::sync::mpsc::unbounded_channel();
/// # let bill = Bill(sender).start();
/// let words = engine.topic("words");
/// words.append(["to", "be", "or"].into_iter().collect()).await?;
/// let from = StartAt::Offsets(BTreeMap::from([(0, Offset(2))]));
/// let subscription = words.subscribe(bill.recipient(), from).await?;
/// let delivery = delivered.recv().await.expect("a delivery");
/// assert_eq!(delivery.records[0].value.as_deref(), Some(&b"or"[..]));
/// # drop(subscription);
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The first record there is.
    Earliest,
    /// What is appended from now on.
    Latest,
    /// These offsets, by partition; partitions that are not named begin at their first record. An
    /// offset that retention has overtaken moves to the first record.
    Offsets(BTreeMap<i32, Offset>),
}

/// Why a subscription ended by itself.
///
/// ```
/// # use ottla::{Delivery, Engine, StartAt, SubscriptionEnd};
/// # use actix::prelude::*;
/// # struct Bill(tokio::sync::mpsc::UnboundedSender<Delivery>);
/// # impl Actor for Bill { type Context = Context<Self>; }
/// #
/// # impl Handler<Delivery> for Bill {
/// #     type Result = ();
/// #     fn handle(&mut self, orders: Delivery, _: &mut Context<Self>) {
/// #         self.0.send(orders).expect("somebody listens");
/// #     }
/// # }
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// # let (sender, mut delivered) = tokio::sync::mpsc::unbounded_channel();
/// # let bill = Bill(sender).start();
/// let orders = engine.topic("orders");
/// let mut subscription = orders.subscribe(bill.recipient(), StartAt::Latest).await?;
/// engine.admin().delete_topic("orders").await?;
/// let end = subscription.ended().await;
/// assert!(matches!(end, SubscriptionEnd::Failed(_)), "{end}");
/// # drop(delivered);
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// The subscriber is gone.
    SubscriberGone,
    /// The log cannot be read, or the engine has been stopped.
    Failed(EngineError),
}

impl fmt::Display for SubscriptionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubscriberGone => f.write_str("the subscriber is gone"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SubscriptionEnd {}

/// Where the next delivery of each partition begins.
type Positions = Arc<Mutex<BTreeMap<i32, Offset>>>;

/// A running subscription; it ends when this is dropped.
///
/// Records are delivered at least once: those of a delivery whose handler has not answered when the
/// subscription ends come again if it resumes at [`Subscription::positions`].
///
/// ```
/// # use ottla::{Batch, Delivery, Engine, Offset, StartAt};
/// # use actix::prelude::*;
/// # struct Bill(tokio::sync::mpsc::UnboundedSender<Delivery>);
/// # impl Actor for Bill { type Context = Context<Self>; }
/// #
/// # impl Handler<Delivery> for Bill {
/// #     type Result = ();
/// #     fn handle(&mut self, orders: Delivery, _: &mut Context<Self>) {
/// #         self.0.send(orders).expect("somebody listens");
/// #     }
/// # }
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// # let (sender, mut delivered) = tokio::sync::mpsc::unbounded_channel();
/// let orders = engine.topic("orders");
/// orders.append(Batch::value("one espresso")).await?;
/// let first = Bill(sender.clone()).start().recipient();
/// let subscription = orders.subscribe(first, StartAt::Earliest).await?;
/// delivered.recv().await.expect("a delivery");
/// // it ends here, and another goes on from there
/// let positions = subscription.unsubscribe();
/// let second = Bill(sender).start().recipient();
/// let subscription = orders.subscribe(second, StartAt::Offsets(positions)).await?;
/// assert!(subscription.positions()[&0] <= Offset(1));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a subscription ends when it is dropped"]
pub struct Subscription {
    positions: Positions,
    task: JoinHandle<SubscriptionEnd>,
    /// Once it is known.
    end: Option<SubscriptionEnd>,
}

impl Topic {
    /// Sends the records of every partition to an actor, also of partitions that are added later.
    /// Each partition has at most one delivery under way, of at most 1 MiB as it lies in the log;
    /// partitions do not wait for each other.
    ///
    /// To be called on an actix arbiter, which then does the reading.
    ///
    /// # Errors
    /// The topic does not exist and cannot be created, or the engine has been stopped.
    pub async fn subscribe(
        &self,
        subscriber: Recipient<Delivery>,
        from: StartAt,
    ) -> Result<Subscription, EngineError> {
        self.ensure_exists().await?;
        let mut begin = BTreeMap::new();
        for index in 0..self.partition_count()? {
            let partition = self.partition(index);
            let offset = match &from {
                StartAt::Earliest => partition.earliest().await?,
                StartAt::Latest => partition.latest().await?,
                StartAt::Offsets(offsets) => match offsets.get(&index) {
                    Some(offset) => *offset,
                    None => partition.earliest().await?,
                },
            };
            begin.insert(index, offset);
        }
        let positions = Arc::new(Mutex::new(begin));
        let pump = Pump {
            topic: self.clone(),
            subscriber: Arc::new(subscriber),
            positions: Arc::clone(&positions),
        };
        Ok(Subscription { positions, task: tokio::task::spawn_local(pump.run()), end: None })
    }
}

impl Subscription {
    /// Where the next delivery of each partition begins: what to keep in order to resume.
    #[must_use]
    pub fn positions(&self) -> BTreeMap<i32, Offset> {
        self.positions.lock().clone()
    }

    /// Ends the subscription and says where to resume. A delivery that has not been handled by then
    /// is not counted.
    #[must_use = "dropping the subscription ends it too"]
    pub fn unsubscribe(self) -> BTreeMap<i32, Offset> {
        self.task.abort();
        self.positions()
    }

    /// Waits until the subscription ends by itself. Then [`positions`](Self::positions) says where
    /// another subscriber resumes, for instance the same actor when it has been started again.
    pub async fn ended(&mut self) -> SubscriptionEnd {
        if let Some(end) = &self.end {
            return end.clone();
        }
        let stopped = SubscriptionEnd::Failed(EngineError::Stopped);
        let end = (&mut self.task).await.unwrap_or(stopped);
        self.end.insert(end).clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the tasks of one subscription share.
struct Pump {
    topic: Topic,
    /// Shared: each clone of a recipient widens the subscriber's mailbox.
    subscriber: Arc<Recipient<Delivery>>,
    positions: Positions,
}

impl Pump {
    /// Runs a task for each partition until one of them ends; the others end with it.
    async fn run(self) -> SubscriptionEnd {
        let mut tasks = JoinSet::new();
        let mut started = 0;
        loop {
            match self.topic.partition_count() {
                Ok(count) => {
                    for index in started..count {
                        tasks.spawn_local(self.task(index));
                    }
                    started = started.max(count);
                }
                Err(stopped) => return SubscriptionEnd::Failed(stopped),
            }
            match tokio::time::timeout(LOOK, tasks.join_next()).await {
                Ok(Some(Ok(end))) => return end,
                // a task that panicked, or a topic that has no partitions any more
                Ok(Some(Err(_)) | None) => {
                    return SubscriptionEnd::Failed(EngineError::unexpected());
                }
                Err(_) => {}
            }
        }
    }

    fn task(&self, index: i32) -> impl Future<Output = SubscriptionEnd> + use<> {
        let partition = self.topic.partition(index);
        let subscriber = Arc::clone(&self.subscriber);
        let positions = Arc::clone(&self.positions);
        async move {
            loop {
                let from = positions.lock().get(&index).copied().unwrap_or(Offset::ZERO);
                match next(&partition, &subscriber, from).await {
                    Ok(to) => {
                        positions.lock().insert(index, to);
                    }
                    Err(end) => return end,
                }
            }
        }
    }
}

/// Reads on from `from` and delivers what is found; returns where to go on.
async fn next(
    partition: &Partition,
    subscriber: &Recipient<Delivery>,
    from: Offset,
) -> Result<Offset, SubscriptionEnd> {
    let read = match partition.read_with(from, ReadOptions::wait(LONG_POLL)).await {
        Ok(read) => read,
        Err(error) => return recover(partition, error, from).await,
    };
    deliver(partition, subscriber, read).await
}

/// Sends what was read, and waits until the subscriber is done with it; returns where to go on.
pub(super) async fn deliver(
    partition: &Partition,
    subscriber: &Recipient<Delivery>,
    read: Read,
) -> Result<Offset, SubscriptionEnd> {
    if read.records.is_empty() {
        return Ok(read.next_offset);
    }
    let next_offset = read.next_offset;
    let delivery = Delivery {
        topic: Arc::clone(partition.topic().topic_name()),
        partition: partition.index(),
        records: read.records,
        next_offset,
        high_watermark: read.high_watermark,
    };
    match subscriber.send(delivery).await {
        Ok(()) => Ok(next_offset),
        Err(MailboxError::Closed | MailboxError::Timeout) => Err(SubscriptionEnd::SubscriberGone),
    }
}

/// What to do about a refused read: from where to try again, after a pause.
pub(super) async fn recover(
    partition: &Partition,
    error: EngineError,
    from: Offset,
) -> Result<Offset, SubscriptionEnd> {
    if error.code() == kafka_protocol::error::ResponseError::OffsetOutOfRange {
        let first = partition.earliest().await.map_err(SubscriptionEnd::Failed)?;
        // ahead of the log, it waits for the log to get there
        tokio::time::sleep(if first > from { Duration::ZERO } else { PAUSE }).await;
        return Ok(from.max(first));
    }
    let exists = partition.topic().partition_count().is_ok_and(|count| partition.index() < count);
    if !exists || !error.is_retriable() {
        return Err(SubscriptionEnd::Failed(error));
    }
    tokio::time::sleep(PAUSE).await;
    Ok(from)
}
