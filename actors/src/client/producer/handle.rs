//! The handle of a producer: records go in, futures come out.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix::Addr;
use ottla_core::client::accumulator::{
    Accumulator, AccumulatorConfig, NewRecord, ProduceError, RecordMetadata,
};
use ottla_core::record::Header;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::ProducerActor;
use super::messages::{Abort, Flush, Gone, Hurry, Wake};
use crate::client::cluster::Cluster;
use crate::client::{ClientConfig, ClientError};
use crate::runtime::{start_here, tell};

type Outcome = Result<RecordMetadata, ProduceError>;

/// Who must have a record before it counts as written (`acks`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// Nobody: the record is done when it is sent.
    None,
    /// The leader.
    Leader,
    /// Every replica that is in sync.
    #[default]
    All,
}

impl Acks {
    pub(super) fn code(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

/// The settings of a producer.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// What every client can be told.
    pub client: ClientConfig,
    /// How records are batched, sent and sent again.
    pub batching: AccumulatorConfig,
    /// Who must have a record. With anything but [`Acks::All`] the producer is not idempotent.
    pub acks: Acks,
    /// Bytes that records without a result hold in memory, with what is kept about each
    /// (`buffer.memory`).
    pub buffer_memory: usize,
}

impl ProducerConfig {
    /// Kafka's defaults, beginning at these addresses: `host:port`, separated by commas.
    #[must_use]
    pub fn new(bootstrap: &str) -> Self {
        Self {
            client: ClientConfig::new(bootstrap),
            batching: AccumulatorConfig::default(),
            acks: Acks::All,
            buffer_memory: 32 << 20,
        }
    }
}

/// Where a record's result goes, and its place in the buffer.
pub(super) struct Waiter {
    port: Port,
    _room: OwnedSemaphorePermit,
}

enum Port {
    Future(oneshot::Sender<Outcome>),
    Call(Box<dyn FnOnce(Outcome) + Send>),
}

impl Waiter {
    pub(super) fn done(self, result: Outcome) {
        match self.port {
            // whoever sent the record may not care
            Port::Future(slot) => drop(slot.send(result)),
            Port::Call(call) => call(result),
        }
    }
}

/// The most that a record holds while it has no result. It is held whole until its partition is
/// known; in its batch there is only its encoded form.
fn held(record: &NewRecord) -> usize {
    /// What a oneshot channel keeps beside the result: two counts, a state and two wakers.
    const CHANNEL: usize = 7 * size_of::<usize>();
    /// A field of its own allocation: its counts, and what the allocator adds.
    const FIELD: usize = 4 * size_of::<usize>();
    const RECORD: usize = size_of::<(NewRecord, Waiter)>() + size_of::<Outcome>() + CHANNEL;
    let fields = usize::from(record.key.is_some()) + usize::from(record.value.is_some());
    let headers = record.headers.len() * (size_of::<Header>() + 2 * FIELD);
    RECORD + FIELD + record.topic.len() + fields * FIELD + headers + record.weight()
}

/// Records on their way to the actor; bounded by the permits that they hold. Closed when the actor
/// has ended.
pub(super) struct Inbox(Mutex<Option<Vec<(NewRecord, Waiter)>>>);

impl Inbox {
    fn open() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// Whether the actor has to be woken. Gives the waiter back if there is none.
    fn put(&self, record: NewRecord, waiter: Waiter) -> Result<bool, Waiter> {
        let mut records = self.0.lock();
        let Some(records) = records.as_mut() else { return Err(waiter) };
        records.push((record, waiter));
        Ok(records.len() == 1)
    }

    pub(super) fn take(&self) -> Vec<(NewRecord, Waiter)> {
        self.0.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes no more; what was not taken out yet.
    pub(super) fn close(&self) -> Vec<(NewRecord, Waiter)> {
        self.0.lock().take().unwrap_or_default()
    }
}

/// The result of one record, when it is known. Dropping it does not take the record back.
#[must_use = "a record may fail"]
#[derive(Debug)]
pub struct Delivery(oneshot::Receiver<Outcome>);

impl Future for Delivery {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.unwrap_or(Err(ProduceError::Closed)))
    }
}

/// The way to the actor, shared by all handles.
struct Link(Addr<ProducerActor>);

impl Drop for Link {
    fn drop(&mut self) {
        // its deadlines would keep the actor alive; after a close, nobody hears this
        tell(&self.0, Gone);
    }
}

/// Sends records. Clones share one producer; when the last is dropped, what was handed over still
/// goes out, and nobody waits for it.
#[derive(Clone)]
pub struct Producer {
    link: Arc<Link>,
    inbox: Arc<Inbox>,
    room: Arc<Semaphore>,
    buffer_memory: usize,
    /// How long a handle waits for room.
    pub(in crate::client) max_block: Duration,
}

impl Producer {
    /// Starts a producer on this thread, which must run an actix system or a tokio `LocalSet`.
    /// Connections are made when there is something to send.
    ///
    /// # Errors
    /// No address to begin with can be read.
    pub fn start(config: ProducerConfig) -> Result<Self, ClientError> {
        if config.client.endpoints().next().is_none() {
            return Err(ClientError::NoAddress);
        }
        let mut batching = config.batching;
        // an idempotent producer must know what was written
        batching.idempotent &= config.acks == Acks::All;
        let max_block = Duration::from_millis(batching.max_block_ms);
        let (_, seed) = uuid::Uuid::new_v4().as_u64_pair();
        let machine = Accumulator::new(batching, seed);
        let inbox = Arc::new(Inbox::open());
        let cluster = Cluster::new(config.client);
        let actor = ProducerActor::new(machine, cluster, Arc::clone(&inbox), config.acks);
        let buffer_memory = config.buffer_memory.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            link: Arc::new(Link(start_here("producer", actor))),
            inbox,
            room: Arc::new(Semaphore::new(buffer_memory)),
            buffer_memory,
            max_block,
        })
    }

    /// Hands a record over, once the buffer has room for it. The inner future says what became
    /// of it. A record whose outer future is dropped before it is ready is not sent.
    ///
    /// # Errors
    /// The buffer had no room within `max.block.ms`, or never can have.
    pub async fn send(&self, record: NewRecord) -> Result<Delivery, ProduceError> {
        let room = self.room_for(&record).await?;
        let (sender, receiver) = oneshot::channel();
        self.put(record, Port::Future(sender), room);
        Ok(Delivery(receiver))
    }

    /// Hands a record over if the buffer has room for it now.
    ///
    /// # Errors
    /// The buffer has no room.
    pub fn try_send(&self, record: NewRecord) -> Result<Delivery, ProduceError> {
        let room = self.room_now(&record)?.ok_or(ProduceError::BufferFull)?;
        let (sender, receiver) = oneshot::channel();
        self.put(record, Port::Future(sender), room);
        Ok(Delivery(receiver))
    }

    /// As [`send`](Self::send), with a call instead of a future; it runs on the producer's thread
    /// and must not block.
    ///
    /// # Errors
    /// As [`send`](Self::send); the call is then not made.
    pub async fn send_with(
        &self,
        record: NewRecord,
        call: impl FnOnce(Result<RecordMetadata, ProduceError>) + Send + 'static,
    ) -> Result<(), ProduceError> {
        let room = self.room_for(&record).await?;
        self.put(record, Port::Call(Box::new(call)), room);
        Ok(())
    }

    /// Sends everything handed over so far and waits until all of it has its result.
    pub async fn flush(&self) {
        let (sender, flushed) = oneshot::channel();
        tell(&self.link.0, Flush(sender));
        // an actor that died has given everything up
        _ = flushed.await;
    }

    /// Takes no more records, and waits until those handed over have their results, for `limit` at
    /// most; the rest is then given up. Clones can send nothing any more.
    pub async fn close(self, limit: Duration) {
        self.room.close();
        if tokio::time::timeout(limit, self.flush()).await.is_err() {
            tell(&self.link.0, Abort(ProduceError::Closed));
            self.flush().await;
        }
        tell(&self.link.0, Gone);
    }

    fn put(&self, record: NewRecord, port: Port, room: OwnedSemaphorePermit) {
        match self.inbox.put(record, Waiter { port, _room: room }) {
            Ok(true) => tell(&self.link.0, Wake),
            Ok(false) => {}
            // it was closed after there was room
            Err(waiter) => waiter.done(Err(ProduceError::Closed)),
        }
    }

    /// One whose fields fit into the buffer may be alone in it, whatever is kept about it.
    fn permits(&self, record: &NewRecord) -> u32 {
        u32::try_from(held(record).min(self.buffer_memory)).unwrap_or(u32::MAX)
    }

    fn room_now(&self, record: &NewRecord) -> Result<Option<OwnedSemaphorePermit>, ProduceError> {
        let (size, limit) = (record.weight(), self.buffer_memory);
        if size > limit {
            return Err(ProduceError::TooLarge { size, limit });
        }
        let size = self.permits(record);
        match Arc::clone(&self.room).try_acquire_many_owned(size) {
            Ok(room) => Ok(Some(room)),
            Err(tokio::sync::TryAcquireError::Closed) => Err(ProduceError::Closed),
            Err(tokio::sync::TryAcquireError::NoPermits) => Ok(None),
        }
    }

    async fn room_for(&self, record: &NewRecord) -> Result<OwnedSemaphorePermit, ProduceError> {
        if let Some(room) = self.room_now(record)? {
            return Ok(room);
        }
        // what lingers makes room sooner when it goes now
        tell(&self.link.0, Hurry);
        let room = Arc::clone(&self.room).acquire_many_owned(self.permits(record));
        match tokio::time::timeout(self.max_block, room).await {
            Ok(room) => room.map_err(|_| ProduceError::Closed),
            Err(_) => Err(ProduceError::BufferFull),
        }
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("room", &self.room.available_permits()).finish()
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
