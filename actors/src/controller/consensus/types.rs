//! How openraft's types and the metadata log's types correspond.

use std::collections::BTreeSet;
use std::future::Future;
use std::io::Cursor;
use std::time::Duration;

use openraft::{
    AsyncRuntime, CommittedLeaderId, EmptyNode, EntryPayload, LogId, OptionalSend, StoredMembership,
};
use ottla_core::base::{BrokerId, LeaderEpoch, Offset};
use ottla_core::controller::{LogEntry, Membership, MetadataRecord};

/// What one entry carries.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Proposal(pub(super) Vec<MetadataRecord>);

openraft::declare_raft_types!(
    /// The types the metadata quorum is made of.
    pub(super) TypeConfig:
        D = Proposal,
        R = (),
        NodeId = u64,
        Node = EmptyNode,
        AsyncRuntime = OnCore,
);

/// Tokio, with tasks that belong to the core their node lives on, and end with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OnCore;

type Tokio = openraft::TokioRuntime;

impl AsyncRuntime for OnCore {
    type JoinError = <Tokio as AsyncRuntime>::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = <Tokio as AsyncRuntime>::JoinHandle<T>;
    type Sleep = <Tokio as AsyncRuntime>::Sleep;
    type Instant = <Tokio as AsyncRuntime>::Instant;
    type TimeoutError = <Tokio as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = <Tokio as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = <Tokio as AsyncRuntime>::ThreadLocalRng;
    type OneshotSender<T: OptionalSend> = <Tokio as AsyncRuntime>::OneshotSender<T>;
    type OneshotReceiverError = <Tokio as AsyncRuntime>::OneshotReceiverError;
    type OneshotReceiver<T: OptionalSend> = <Tokio as AsyncRuntime>::OneshotReceiver<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        tokio::task::spawn_local(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        Tokio::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        Tokio::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        Tokio::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        Tokio::timeout_at(deadline, future)
    }

    fn is_panic(join_error: &Self::JoinError) -> bool {
        Tokio::is_panic(join_error)
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        Tokio::thread_rng()
    }

    fn oneshot<T>() -> (Self::OneshotSender<T>, Self::OneshotReceiver<T>)
    where
        T: OptionalSend,
    {
        Tokio::oneshot()
    }
}

pub(super) type NodeId = u64;
pub(super) type Entry = openraft::Entry<TypeConfig>;
pub(super) type RaftMembership = openraft::Membership<NodeId, EmptyNode>;
pub(super) type RaftStorageError = openraft::StorageError<NodeId>;

pub(super) fn node_id(id: BrokerId) -> NodeId {
    u64::from(id.0.unsigned_abs())
}

pub(super) fn broker_id(id: NodeId) -> BrokerId {
    BrokerId(i32::try_from(id).unwrap_or(i32::MAX))
}

/// An entry's index is its offset, its term the leader epoch: a term has one leader at most.
pub(super) fn log_id(offset: Offset, epoch: LeaderEpoch) -> LogId<NodeId> {
    let term = u64::try_from(epoch.0).unwrap_or(0);
    let index = u64::try_from(offset.0).unwrap_or(0);
    LogId::new(CommittedLeaderId::new(term, NodeId::default()), index)
}

pub(super) fn offset_of(id: &LogId<NodeId>) -> Offset {
    Offset(i64::try_from(id.index).unwrap_or(i64::MAX))
}

pub(super) fn epoch_of(id: &LogId<NodeId>) -> LeaderEpoch {
    LeaderEpoch(i32::try_from(id.leader_id.term).unwrap_or(i32::MAX))
}

pub(super) fn to_membership(raft: &RaftMembership) -> Membership {
    let set = |ids: &BTreeSet<NodeId>| ids.iter().copied().map(broker_id).collect();
    Membership {
        voters: raft.get_joint_config().iter().map(set).collect(),
        nodes: raft.nodes().map(|(id, _)| broker_id(*id)).collect(),
    }
}

pub(super) fn from_membership(membership: &Membership) -> RaftMembership {
    let set = |ids: &Vec<BrokerId>| ids.iter().copied().map(node_id).collect();
    let nodes: BTreeSet<NodeId> = membership.nodes.iter().copied().map(node_id).collect();
    RaftMembership::new(membership.voters.iter().map(set).collect(), nodes)
}

pub(super) fn stored_membership(
    at: Option<(Offset, LeaderEpoch)>,
    membership: &Membership,
) -> StoredMembership<NodeId, EmptyNode> {
    let at = at.map(|(offset, epoch)| log_id(offset, epoch));
    StoredMembership::new(at, from_membership(membership))
}

/// An entry as it is written down. `leader` and `voters` are what a new leader's entry says.
pub(super) fn to_log_entry(entry: &Entry, leader: BrokerId, voters: &[BrokerId]) -> LogEntry {
    match &entry.payload {
        EntryPayload::Blank => LogEntry::LeaderChange { leader, voters: voters.to_vec() },
        EntryPayload::Normal(Proposal(records)) => LogEntry::Records(records.clone()),
        EntryPayload::Membership(membership) => LogEntry::Membership(to_membership(membership)),
    }
}

pub(super) fn from_log_entry(offset: Offset, epoch: LeaderEpoch, entry: LogEntry) -> Entry {
    let payload = match entry {
        LogEntry::LeaderChange { .. } => EntryPayload::Blank,
        LogEntry::Records(records) => EntryPayload::Normal(Proposal(records)),
        LogEntry::Membership(membership) => EntryPayload::Membership(from_membership(&membership)),
    };
    Entry { log_id: log_id(offset, epoch), payload }
}
