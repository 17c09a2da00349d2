//! One broker, put together: what is started in which order, and stopped in the reverse one.

mod dirs;
mod error;
mod limits;
mod listen;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use ottla_config::Settings;
use ottla_core::base::BrokerId;
use ottla_core::storage::Disk;
use tokio::sync::Notify;

use crate::controller;
use crate::node::Node;
use crate::partition::{FetchSessionCache, Partitions, ProducerIds};
use crate::protocol::{Listener, Server, leave_thread};
use crate::runtime::{Clock, Cores, Credits, Guardian, RestartPolicy, log_panics};
use crate::storage::{Storage, StorageOptions};

pub use error::StartError;

/// How long requests in flight may take to finish when the broker stops.
const DRAIN_MS: u64 = 1_500;

/// How a broker takes part in the process it is started in.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// It opens no socket: only this process uses it, by messages to its actors.
    pub inside: bool,
    /// It starts no threads for its cores: it has one, which takes turns with what else the
    /// arbiter of its caller runs.
    pub on_current_arbiter: bool,
    /// The time it goes by.
    pub clock: Clock,
}

/// A running broker.
pub struct Broker {
    node: Arc<Node>,
    /// None for a broker that is used from inside its process alone.
    server: Option<Arc<Server>>,
    ready_after: Duration,
}

impl Broker {
    /// Starts a broker; to be called inside a running actix system. Returns when clients are
    /// served.
    ///
    /// # Errors
    /// What stopped the start, with what to do about it.
    pub async fn start(settings: Arc<Settings>, disk: Arc<dyn Disk>) -> Result<Self, StartError> {
        Self::start_as(settings, disk, Manner::default()).await
    }

    /// Starts a broker in another manner than a process of its own does; to be called inside a
    /// running actix system.
    ///
    /// # Errors
    /// What stopped the start, with what to do about it.
    pub async fn start_as(
        settings: Arc<Settings>,
        disk: Arc<dyn Disk>,
        manner: Manner,
    ) -> Result<Self, StartError> {
        let begun = Instant::now();
        let Manner { inside, on_current_arbiter, clock } = manner;
        let places = Places::of(&settings, on_current_arbiter)?;
        // a port that is taken is said before anything else is touched
        let bound = if inside { None } else { Some(listen::bind_all(&settings).await?) };
        log_panics();
        let files = limits::raise_file_limit();
        let opened = dirs::open_all(Arc::clone(&settings), Arc::clone(&disk), clock.clone());
        let node = make_node(settings, disk, opened.await?, files, places.start(clock)?);
        let listeners = bound.as_ref().map_or_else(Vec::new, |(_, listeners)| listeners.clone());
        // set once, right here
        drop(node.listeners.set(listeners));
        if let Err(error) = controller::start(&node).await {
            stop_cores(&node).await;
            return Err(StartError::Controller(error));
        }
        let server = bound.map(|(sockets, listeners)| {
            let sockets = sockets.into_iter().zip(listeners).collect();
            Arc::new(Server::start(&node, sockets, listen::rules(&node.settings)))
        });
        Ok(Self { node, server, ready_after: begun.elapsed() })
    }

    /// The broker's node.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Its listeners and connections, if it has any.
    #[must_use]
    pub fn server(&self) -> Option<&Arc<Server>> {
        self.server.as_ref()
    }

    /// The listeners, with the ports they were bound to.
    #[must_use]
    pub fn listeners(&self) -> &[Arc<Listener>] {
        self.node.listeners.get().map_or(&[], Vec::as_slice)
    }

    /// How long the start took.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Returns when every log directory has failed, which Kafka ends its process for
    /// (`LogManager.handleLogDirFailure`): whoever started the broker should stop it then.
    pub async fn lost(&self) {
        self.node.lost.notified().await;
    }

    /// Stops the broker: accepts no more, lets requests in flight finish, closes the logs and marks
    /// them clean.
    pub async fn stop(self) {
        self.stop_serving().await;
        if !self.node.storage.close(-1).await {
            tracing::error!("not every log directory was closed in order");
        }
        stop_cores(&self.node).await;
    }

    /// [`Self::stop`] of a broker whose directories are about to be removed: what only the next
    /// start would read is not written.
    pub async fn discard(self) {
        self.stop_serving().await;
        stop_cores(&self.node).await;
    }

    async fn stop_serving(&self) {
        if let Some(server) = &self.server {
            server.stop(DRAIN_MS).await;
        }
        self.node.guardian.close();
        // an error means that it has ended already
        _ = self.node.controller.shutdown().await;
    }
}

/// Stops the cores; whatever actors are left end with them.
async fn stop_cores(node: &Node) {
    node.guardian.close();
    node.cores.stop().await;
}

/// Where the cores are to be.
#[derive(Clone, Copy)]
enum Places {
    Threads(usize),
    CurrentArbiter,
}

impl Places {
    fn of(settings: &Settings, on_current_arbiter: bool) -> Result<Self, StartError> {
        match (on_current_arbiter, settings.ottla_cores) {
            (true, 0 | 1) => Ok(Self::CurrentArbiter),
            (true, asked) => Err(StartError::OneCore { asked }),
            (false, 0) => Ok(Self::Threads(Cores::available())),
            (false, count) => Ok(Self::Threads(usize::try_from(count).unwrap_or(0))),
        }
    }

    fn start(self, clock: Clock) -> Result<Arc<Cores>, StartError> {
        let started = match self {
            Self::Threads(count) => Cores::start_by(clock, count, false),
            Self::CurrentArbiter => Cores::on_current_arbiter(clock, leave_thread),
        };
        Ok(Arc::new(started.map_err(StartError::Cores)?))
    }
}

fn make_node(
    settings: Arc<Settings>,
    disk: Arc<dyn Disk>,
    opened: dirs::Opened,
    files: usize,
    cores: Arc<Cores>,
) -> Arc<Node> {
    let memory = u64::try_from(settings.request_memory_bytes()).unwrap_or(u64::MAX);
    let guardian = Guardian::new(Arc::clone(&cores), RestartPolicy::default());
    let mut options = StorageOptions::from_settings(&settings);
    // the other half is for connections, indexes and syncs
    options.open_files = files / 2;
    let broker_id = BrokerId(settings.node_id);
    let slots = settings.max_incremental_fetch_session_cache_slots;
    Arc::new(Node {
        broker_id,
        cluster_id: opened.cluster_id,
        dynamic: ArcSwap::new(Arc::clone(&settings)),
        settings,
        image: ArcSwap::default(),
        storage: Storage::start(&guardian, opened.dirs, options),
        partitions: Partitions::new(broker_id, guardian.clone()),
        fetch_sessions: FetchSessionCache::new(usize::try_from(slots).unwrap_or(0)),
        producer_ids: ProducerIds::default(),
        guardian,
        cores,
        disk,
        groups: Default::default(),
        controller: Default::default(),
        credits: Credits::new(memory),
        listeners: OnceLock::new(),
        lost: Notify::default(),
    })
}
