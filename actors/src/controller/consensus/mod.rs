//! Agreement on the metadata log: what goes in, what comes out, and who leads.
//!
//! The controller sees only [`Consensus`] and the stream of [`Committed`] entries. The
//! implementation here is Raft by `openraft`, with one voter by default; its log lies in
//! `__cluster_metadata-0/` in Kafka's segment layout.

mod log_store;
mod network;
mod quorum_state;
mod raft;
mod snapshots;
mod state_machine;
mod types;

use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use ottla_core::base::{BrokerId, LeaderEpoch, Offset};
use ottla_core::controller::{EntryError, ImageDelta, MetadataImage, MetadataRecord};
use ottla_core::storage::StorageError;

pub use raft::{LogLease, RaftConsensus, RaftSettings};

/// One committed entry, or a jump to a snapshot, in the order of the log.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The state after it.
    pub image: Arc<MetadataImage>,
    /// What it changed; `None` when the state jumped and everything may have.
    pub delta: Option<ImageDelta>,
}

/// Where an entry was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Its offset in the metadata log.
    pub offset: Offset,
    /// The leader's epoch that wrote it.
    pub epoch: LeaderEpoch,
}

/// Why the consensus could not do what was asked.
#[derive(Debug)]
pub enum ConsensusError {
    /// Another node leads; its id if it is known.
    NotLeader(Option<BrokerId>),
    /// The log or a snapshot could not be read or written.
    Storage(StorageError),
    /// The log or a snapshot is damaged.
    Entry(EntryError),
    /// The consensus has stopped; everything must be started again from the log.
    Stopped,
}

impl fmt::Display for ConsensusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader(Some(id)) => write!(f, "node {id} leads the metadata quorum"),
            Self::NotLeader(None) => f.write_str("the metadata quorum has no leader"),
            Self::Storage(error) => error.fmt(f),
            Self::Entry(error) => error.fmt(f),
            Self::Stopped => f.write_str("the metadata quorum has stopped"),
        }
    }
}

impl std::error::Error for ConsensusError {}

impl From<StorageError> for ConsensusError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<EntryError> for ConsensusError {
    fn from(error: EntryError) -> Self {
        Self::Entry(error)
    }
}

/// The operating system refused something that concerns `path`.
fn io_error(action: &'static str, path: &Path, source: io::Error) -> StorageError {
    StorageError::Io { action, path: path.to_path_buf(), source }
}

/// A future that may be sent to another thread.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What agrees on the order of metadata changes.
pub trait Consensus: Send + Sync {
    /// Writes `records` as one entry; answers when it is committed. It is then, or soon after, in
    /// the stream of committed entries.
    fn propose(&self, records: Vec<MetadataRecord>) -> BoxFuture<Result<Proposed, ConsensusError>>;

    /// Who leads, if anyone is known to.
    fn leader(&self) -> Option<BrokerId>;

    /// Stops; the log is closed when the future is done.
    fn shutdown(&self) -> BoxFuture<()>;
}
