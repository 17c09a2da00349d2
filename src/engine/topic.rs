//! Handles on a topic and its partitions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ottla_core::base::{TopicName, TopicPartition};
use ottla_core::client::partition_for_key;
use ottla_core::controller::validate_topic_name;
use ottla_core::partition::Refusal;
use tokio::sync::{Mutex, Semaphore};

use super::shared::Shared;
use super::{Acks, EngineError};

/// Appends one handle may have in flight, as many as a connection may have requests.
const MAX_IN_FLIGHT: usize = 128;

/// How long acks=all waits if nothing else is said: the producers' `request.timeout.ms`.
const TIMEOUT_MS: u32 = 30_000;

/// A handle on a topic. Clones share its limit of 128 appends in flight, beyond which an append
/// waits its turn, as the requests of one connection do.
///
/// ```
/// # use ottla::{Acks, Batch, Engine, NewTopic};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// engine.admin().create_topic(NewTopic::new("orders").partitions(3)).await?;
/// let orders = engine.topic("orders").acks(Acks::Leader);
/// let appended = orders.append(Batch::keyed("table 4", "one espresso")).await?;
/// // a key has its partition, the same as with Kafka's Java producer
/// assert_eq!(orders.partition_for("table 4")?.index(), appended.partition);
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone)]
pub struct Topic {
    inner: Arc<Inner>,
    acks: Acks,
    timeout_ms: u32,
}

struct Inner {
    shared: Arc<Shared>,
    name: TopicName,
    in_flight: Arc<Semaphore>,
    /// Held from taking permits to sending.
    gate: Mutex<()>,
    turn: AtomicUsize,
}

/// A handle on one partition of a topic.
///
/// ```
/// # use ottla::{Batch, Engine, Offset};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let first = engine.topic("orders").partition(0);
/// first.append(Batch::value("one espresso")).await?;
/// assert_eq!((first.earliest().await?, first.latest().await?), (Offset(0), Offset(1)));
/// assert_eq!((first.topic().name(), first.index()), ("orders", 0));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Partition {
    pub(super) topic: Topic,
    pub(super) index: i32,
}

impl Topic {
    pub(super) fn new(shared: Arc<Shared>, name: &str) -> Self {
        let in_flight = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        let turn = AtomicUsize::new(0);
        let gate = Mutex::new(());
        let inner = Arc::new(Inner { shared, name: name.into(), in_flight, gate, turn });
        Self { inner, acks: Acks::default(), timeout_ms: TIMEOUT_MS }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The same topic, with appends answered when `acks` says so; [`Acks::All`] if nothing is said.
    #[must_use]
    pub fn acks(mut self, acks: Acks) -> Self {
        self.acks = acks;
        self
    }

    /// The same topic, with appends of [`Acks::All`] waiting for replicas up to `timeout`, rounded
    /// to milliseconds; 30 seconds if nothing is said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        self
    }

    /// A handle on one partition, whether or not it exists.
    #[must_use]
    pub fn partition(&self, index: i32) -> Partition {
        Partition { topic: self.clone(), index }
    }

    /// The partition of a key, the same that Kafka's Java producer picks; it changes when
    /// partitions are added.
    ///
    /// # Errors
    /// There is no such topic, or the engine has been stopped.
    pub fn partition_for(&self, key: impl AsRef<[u8]>) -> Result<Partition, EngineError> {
        match self.partition_count()? {
            0 => Err(Refusal::UnknownPartition.into()),
            count => Ok(self.partition(partition_for_key(key.as_ref(), count))),
        }
    }

    /// How many partitions it has; 0 if it does not exist.
    ///
    /// # Errors
    /// The engine has been stopped.
    pub fn partition_count(&self) -> Result<i32, EngineError> {
        let image = self.shared().node()?.image.load();
        let count = image.topic(self.name()).map_or(0, |topic| topic.partitions.len());
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    pub(super) fn topic_name(&self) -> &TopicName {
        &self.inner.name
    }

    pub(super) fn in_flight(&self) -> &Arc<Semaphore> {
        &self.inner.in_flight
    }

    pub(super) fn gate(&self) -> &Mutex<()> {
        &self.inner.gate
    }

    pub(super) fn acks_and_timeout(&self) -> (Acks, u32) {
        (self.acks, self.timeout_ms)
    }

    pub(super) fn at(&self, partition: i32) -> TopicPartition {
        TopicPartition { topic: Arc::clone(&self.inner.name), partition }
    }

    /// The partition whose turn it is.
    ///
    /// # Errors
    /// There is no such topic.
    pub(super) fn next_partition(&self) -> Result<i32, EngineError> {
        let count = usize::try_from(self.partition_count()?).unwrap_or(0);
        let turn = self.inner.turn.fetch_add(1, Ordering::Relaxed);
        let index = turn.checked_rem(count).ok_or(Refusal::UnknownPartition)?;
        Ok(i32::try_from(index).unwrap_or(0))
    }

    /// Creates the topic if it does not exist and `auto.create.topics.enable` lets it, as a
    /// producer's Metadata request does.
    pub(super) async fn ensure_exists(&self) -> Result<(), EngineError> {
        let node = self.shared().node()?;
        if node.image.load().topic(self.name()).is_some() {
            return Ok(());
        }
        validate_topic_name(self.name()).map_err(ottla_core::controller::Refusal::from)?;
        if !node.dynamic.load().auto_create_topics_enable {
            return Err(Refusal::UnknownPartition.into());
        }
        let created = node.controller.auto_create(vec![Arc::clone(&self.inner.name)]).await?;
        created.into_iter().try_for_each(|(_, outcome)| outcome)?;
        Ok(())
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("name", &self.inner.name)
            .field("acks", &self.acks)
            .field("timeout_ms", &self.timeout_ms)
            .finish_non_exhaustive()
    }
}

impl Partition {
    /// Its topic.
    #[must_use]
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Its number.
    #[must_use]
    pub fn index(&self) -> i32 {
        self.index
    }
}
