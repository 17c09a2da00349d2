//! A broker in this very process, for measurements without a socket. The bench actors cannot start
//! one: who runs them brings it along.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

/// What comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// Where the cores of a broker in this process are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// So many threads of their own; 0: as many as the machine has cores.
    Threads(usize),
    /// The arbiter that it is started on.
    CurrentArbiter,
}

/// Starts brokers in this process.
pub trait Embedder: Sync {
    /// Starts one with its data below `dir` (none: the system's temporary folder). What was wrong
    /// comes back as text.
    fn start(&self, place: Place, dir: Option<PathBuf>)
    -> Later<Result<Box<dyn Embedded>, String>>;

    /// Starts one as tests do, with a socket or without.
    fn ephemeral(&self, listens: bool) -> Later<Result<Box<dyn Ephemeral>, String>>;
}

/// A broker that is used for a moment.
pub trait Ephemeral {
    /// Appends a record to a topic that does not exist yet, and returns Kafka's error code, 0 if
    /// there is none.
    fn first_append(&self) -> Later<i16>;

    /// Stops it and removes its data.
    fn stop(self: Box<Self>) -> Later<()>;
}

/// A running broker in this process.
pub trait Embedded {
    /// Makes a topic.
    fn create(&self, topic: &str, partitions: u16) -> Later<Result<(), String>>;

    /// What a bench actor needs to append the same again and again to a partition.
    fn appender(&self, topic: &str, partition: i32, acks: i16, load: &Load) -> Box<dyn Appender>;

    /// How many records a partition holds.
    fn stored(&self, topic: &str, partition: i32) -> Later<Result<i64, String>>;

    /// Stops it and removes its data.
    fn stop(self: Box<Self>) -> Later<()>;
}

/// What is appended at once.
#[derive(Clone, Debug)]
pub enum Load {
    /// A batch that was encoded before, by somebody else.
    Encoded(Bytes),
    /// The values of records that are put into a batch once.
    Sealed(Arc<[Bytes]>),
    /// The values of records that are put into a batch each time.
    Values(Arc<[Bytes]>),
}

/// Appends to one partition.
pub trait Appender: Send {
    /// Appends, and returns Kafka's error code, 0 if there is none.
    fn append(&self) -> Later<i16>;
}
