//! What every part of one broker may reach: settings, the metadata image, and the ways to its
//! actors.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use ottla_config::Settings;
use ottla_core::base::BrokerId;
use ottla_core::controller::MetadataImage;
use ottla_core::storage::Disk;
use tokio::sync::Notify;

use crate::controller::ControllerHandle;
use crate::group::GroupsHandle;
use crate::partition::{FetchSessionCache, Partitions, ProducerIds};
use crate::protocol::Listener;
use crate::runtime::{Cores, Credits, Guardian};
use crate::storage::Storage;

/// One broker, as its requests and actors see it.
pub struct Node {
    /// Its id in the cluster.
    pub broker_id: BrokerId,
    /// The cluster's id, from `meta.properties`.
    pub cluster_id: Arc<str>,
    /// The settings it was started with.
    pub settings: Arc<Settings>,
    /// The settings in force: those it was started with, and what was changed since.
    pub dynamic: ArcSwap<Settings>,
    /// The cluster's metadata: immutable, swapped whole.
    pub image: ArcSwap<MetadataImage>,
    /// The arbiters.
    pub cores: Arc<Cores>,
    /// Starts and restarts actors.
    pub guardian: Guardian,
    /// The file system.
    pub disk: Arc<dyn Disk>,
    /// The log directories and their actors.
    pub storage: Arc<Storage>,
    /// The partitions this broker hosts.
    pub partitions: Arc<Partitions>,
    /// Incremental fetch sessions.
    pub fetch_sessions: FetchSessionCache,
    /// Ids for idempotent producers.
    pub producer_ids: ProducerIds,
    /// The coordinators of groups.
    pub groups: GroupsHandle,
    /// The way to the controller.
    pub controller: ControllerHandle,
    /// The memory requests may hold.
    pub credits: Arc<Credits>,
    /// The bound listeners, once they are.
    pub listeners: OnceLock<Vec<Arc<Listener>>>,
    /// Notified when the last log directory has failed: there is nothing left to serve.
    pub lost: Notify,
}
