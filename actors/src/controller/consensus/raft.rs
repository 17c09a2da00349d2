//! The metadata quorum by `openraft`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{ClientWriteError, InitializeError, RaftError};
use openraft::{Config, Raft, SnapshotPolicy};
use ottla_core::base::{BrokerId, Tick};
use ottla_core::controller::{MetadataImage, MetadataRecord};
use ottla_core::storage::LogEnv;
use tokio::sync::{OwnedMutexGuard, mpsc};

use super::log_store::LogStore;
use super::network::Alone;
use super::snapshots::Snapshots;
use super::state_machine::StateMachine;
use super::types::{Proposal, TypeConfig, broker_id, epoch_of, node_id, offset_of};
use super::{BoxFuture, Committed, Consensus, ConsensusError, Proposed, io_error};

/// Where and how a node takes part in the quorum.
#[derive(Clone, Debug)]
pub struct RaftSettings {
    /// This node.
    pub node: BrokerId,
    /// The file system and the health of the metadata log's directory.
    pub env: LogEnv,
    /// `__cluster_metadata-0`, in `metadata.log.dir`.
    pub dir: PathBuf,
    /// A snapshot is written after so many entries.
    pub entries_per_snapshot: u64,
    /// Held by whoever has the log open in this process.
    pub lease: LogLease,
}

/// Leave to have the metadata log open. A node that died without closing it gives it back when the
/// last of its tasks has ended, so that the next one never writes beside it.
#[derive(Clone, Debug, Default)]
pub struct LogLease(Arc<tokio::sync::Mutex<()>>);

impl LogLease {
    /// Waits until nobody has the log open.
    async fn take(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0).lock_owned().await
    }
}

/// A node of the quorum.
pub struct RaftConsensus {
    raft: Raft<TypeConfig>,
    log: LogStore,
}

/// A node that has just started, with the state that its log held.
pub struct Started {
    /// The node.
    pub consensus: RaftConsensus,
    /// The state at the end of its log.
    pub image: Arc<MetadataImage>,
}

/// Entries a follower may still need after a snapshot.
const KEEP_ENTRIES: u64 = 64;

/// How often a leader tells its followers that it is there; a single voter tells nobody.
const HEARTBEAT_MS: u64 = 500;

/// How long a single voter may take to elect itself and to apply its log.
const START_LIMIT: Duration = Duration::from_secs(60);

fn config(settings: &RaftSettings) -> Config {
    Config {
        cluster_name: "metadata".to_owned(),
        heartbeat_interval: HEARTBEAT_MS,
        election_timeout_min: 1_000,
        election_timeout_max: 2_000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(settings.entries_per_snapshot),
        max_in_snapshot_log_to_keep: KEEP_ENTRIES,
        ..Config::default()
    }
}

impl RaftConsensus {
    /// Opens the log, elects this node if it is the only voter, and applies what the log holds.
    /// From then on committed entries go to `committed`.
    pub async fn start(
        settings: RaftSettings,
        committed: mpsc::Sender<Committed>,
        now: Tick,
    ) -> Result<Started, ConsensusError> {
        let lease = settings.lease.take().await;
        let disk = Arc::clone(&settings.env.disk);
        // the name of a new directory must survive as surely as what will lie in it
        let made = disk.create_dir_all(&settings.dir).and_then(|()| match settings.dir.parent() {
            Some(parent) => disk.sync_dir(parent),
            None => Ok(()),
        });
        made.map_err(|e| io_error("create", &settings.dir, e))?;
        let snapshots = Snapshots { disk, dir: settings.dir.clone() };
        let newest = snapshots.newest()?;
        let log = LogStore::open(settings.env.clone(), &settings.dir, newest.as_ref(), lease, now)?;
        let machine = StateMachine::open(snapshots, committed)?;
        let pristine = log.is_pristine();
        let last = log.last_index();
        let config = Arc::new(config(&settings));
        let node = node_id(settings.node);
        let raft = Raft::new(node, config, Alone, log.clone(), machine.clone()).await;
        let raft = raft.map_err(|_| ConsensusError::Stopped)?;
        if pristine {
            let voters = std::collections::BTreeSet::from([node]);
            match raft.initialize(voters).await {
                Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => {}
                Err(error) => {
                    tracing::error!(%error, "the metadata quorum could not be formed");
                    return Err(ConsensusError::Stopped);
                }
            }
        }
        if raft.current_leader().await.is_none() {
            raft.trigger().elect().await.map_err(|_| ConsensusError::Stopped)?;
        }
        let waiting = raft.wait(Some(START_LIMIT));
        let caught_up = waiting.metrics(
            |m| {
                m.current_leader == Some(node)
                    && m.last_applied.map(|id| id.index) >= last
                    && m.last_applied.map(|id| id.index) >= m.last_log_index
            },
            "the metadata log is applied",
        );
        caught_up.await.map_err(|error| {
            tracing::error!(%error, "the metadata log was not applied in time");
            ConsensusError::Stopped
        })?;
        Ok(Started { image: machine.go_live(), consensus: Self { raft, log } })
    }
}

impl Consensus for RaftConsensus {
    fn propose(&self, records: Vec<MetadataRecord>) -> BoxFuture<Result<Proposed, ConsensusError>> {
        let raft = self.raft.clone();
        Box::pin(async move {
            match raft.client_write(Proposal(records)).await {
                Ok(done) => {
                    Ok(Proposed { offset: offset_of(&done.log_id), epoch: epoch_of(&done.log_id) })
                }
                Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => {
                    Err(ConsensusError::NotLeader(to.leader_id.map(broker_id)))
                }
                Err(error) => {
                    tracing::error!(%error, "a metadata change could not be written");
                    Err(ConsensusError::Stopped)
                }
            }
        })
    }

    fn leader(&self) -> Option<BrokerId> {
        self.raft.metrics().borrow().current_leader.map(broker_id)
    }

    fn shutdown(&self) -> BoxFuture<()> {
        let raft = self.raft.clone();
        let log = self.log.clone();
        Box::pin(async move {
            if let Err(error) = raft.shutdown().await {
                tracing::error!(%error, "the metadata quorum did not stop in order");
            }
            if let Err(error) = log.close() {
                tracing::error!(%error, "the metadata log could not be closed");
            }
        })
    }
}
