//! One partition: what may be appended, what may be read, who waits for what.
//!
//! * [`PartitionMachine`]: leadership, high watermark, parked replies and long polls.
//! * [`ProducerStates`]: idempotent producers, with Kafka's snapshot file.
//! * [`LeaderEpochCache`]: at which offset each leader epoch began.
//! * [`FetchSessions`]: what incremental fetches leave unsaid (KIP-227).

#![deny(clippy::indexing_slicing)]

mod epochs;
mod fetch_session;
mod machine;
mod producer_snapshot;
mod producers;
mod purgatory;
mod refusal;
mod session_cache;

pub use epochs::{EpochEntry, LeaderEpochCache};
pub use fetch_session::{
    FetchRequestPartition, FetchSession, FetchedState, SessionPartition, TopicRef,
};
pub use machine::{
    AppendEffect, Isolation, Leadership, LogBounds, Output, PartitionMachine, PartitionRules,
    ReadPlan, ReadRequest, WakeReason,
};
pub use producer_snapshot::{SnapshotError, decode_snapshot, encode_snapshot};
pub use producers::{
    BATCHES_TO_RETAIN, BatchMetadata, DEFAULT_MAX_PRODUCERS, ProducerBatch, ProducerState,
    ProducerStates, SequenceError, SequenceVerdict,
};
pub use purgatory::{DEFAULT_MAX_WAITERS, Purgatory};
pub use refusal::Refusal;
pub use session_cache::{
    FetchConclusion, FetchContext, FetchSessions, SessionError, SessionKind, SessionRequest,
};
