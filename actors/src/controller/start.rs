//! Starts the controller and the replica manager of a broker, and makes the broker known.

use std::sync::Arc;

use actix::Addr;
use arc_swap::ArcSwapOption;
use ottla_config::SecurityProtocol;
use ottla_core::controller::{BrokerEndpoint, CLUSTER_METADATA, RegisterBrokerRecord};
use ottla_core::storage::{DirHealth, LogEnv};
use uuid::Uuid;

use super::consensus::{LogLease, RaftSettings};
use super::{ControllerActor, ControllerContext, ControllerError, Dynamic, SettingsRules};
use crate::node::Node;
use crate::replica::ReplicaManager;
use crate::runtime::{Child, Cores, Guardian, tell};

/// The core of the actors that serve no data.
const CONTROL_CORE: usize = 0;

/// Entries of the metadata log between two snapshots.
const ENTRIES_PER_SNAPSHOT: u64 = 2_000;

impl Dynamic for Node {
    fn in_force(&self) -> Arc<ottla_config::Settings> {
        self.dynamic.load_full()
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("broker_id", &self.broker_id).finish_non_exhaustive()
    }
}

/// Starts the controller of `node`, waits until its metadata is carried out (partitions are open,
/// settings in force), and registers the broker. Listeners must be bound.
///
/// # Errors
/// The metadata log cannot be used; a log line says why.
pub async fn start(node: &Arc<Node>) -> Result<(), ControllerError> {
    let guardian: &Guardian = &node.guardian;
    let managed = Arc::clone(node);
    let manager: Arc<ArcSwapOption<Addr<ReplicaManager>>> = Arc::default();
    let current = Arc::clone(&manager);
    guardian.start(
        Child::new("replica manager", CONTROL_CORE, move |_, epitaph| {
            ReplicaManager::new(Arc::clone(&managed), epitaph)
        })
        .publish(move |route| current.store(Some(route.addr))),
    );
    let context = ControllerContext {
        broker: node.broker_id,
        raft: raft_settings(node),
        rules: Arc::new(SettingsRules {
            settings: Arc::clone(&node.settings),
            dynamic: Arc::clone(node) as Arc<dyn Dynamic>,
        }),
        publish: {
            let node = Arc::clone(node);
            Arc::new(move |image| node.image.store(image))
        },
        replicas: Arc::new(move |image| {
            if let Some(manager) = &*manager.load() {
                tell(manager, image);
            }
        }),
    };
    let handle = node.controller.clone();
    let offline = node.controller.clone();
    guardian.start(
        Child::new("controller", CONTROL_CORE, move |_, epitaph| {
            ControllerActor::new(context.clone(), epitaph)
        })
        .publish(move |route| handle.direct_to(Some(route.addr.as_ref().clone().recipient())))
        .offline(move |_| offline.direct_to(None)),
    );
    let clean = node.storage.dirs().iter().all(|dir| dir.log_dir().was_clean());
    node.controller.register_broker(registration(node), !clean).await?;
    watch_directories(node);
    Ok(())
}

fn raft_settings(node: &Node) -> RaftSettings {
    let path = &node.settings.metadata_log_dir;
    // inside a log directory its lock and its health count for the metadata log too
    let home = node.storage.dirs().iter().find(|dir| dir.log_dir().path() == path.as_path());
    let env = match home {
        Some(dir) => dir.log_dir().env().clone(),
        None => LogEnv { disk: Arc::clone(&node.disk), health: DirHealth::new(path) },
    };
    RaftSettings {
        node: node.broker_id,
        env,
        dir: path.join(format!("{CLUSTER_METADATA}-0")),
        entries_per_snapshot: ENTRIES_PER_SNAPSHOT,
        lease: LogLease::default(),
    }
}

fn registration(node: &Node) -> RegisterBrokerRecord {
    let listeners = node.listeners.get().map(Vec::as_slice).unwrap_or_default();
    let endpoints = listeners
        .iter()
        .map(|listener| BrokerEndpoint {
            name: listener.name.clone(),
            host: listener.advertised_host.clone(),
            port: listener.advertised_port,
            security_protocol: protocol_id(listener.protocol),
        })
        .collect();
    RegisterBrokerRecord {
        broker_id: node.broker_id,
        incarnation_id: Uuid::new_v4(),
        endpoints,
        rack: node.settings.broker_rack.clone(),
        log_dirs: usable(node),
        ..RegisterBrokerRecord::default()
    }
}

/// Kafka's numbers (`SecurityProtocol.id`).
fn protocol_id(protocol: SecurityProtocol) -> i16 {
    match protocol {
        SecurityProtocol::Plaintext => 0,
        SecurityProtocol::Ssl => 1,
        SecurityProtocol::SaslPlaintext => 2,
        SecurityProtocol::SaslSsl => 3,
    }
}

fn usable(node: &Node) -> Vec<Uuid> {
    node.storage.dirs().iter().filter(|dir| dir.is_online()).map(|dir| dir.id()).collect()
}

/// From now on a log directory that fails is made known to the cluster.
fn watch_directories(node: &Arc<Node>) {
    let weak = Arc::downgrade(node);
    let cores: Arc<Cores> = Arc::clone(&node.cores);
    let watch: crate::storage::OfflineWatch = Arc::new(move |directory: Uuid| {
        let weak = weak.clone();
        cores.run_on(CONTROL_CORE, move || {
            actix::spawn(async move {
                if let Some(node) = weak.upgrade() {
                    directory_failed(&node, directory).await;
                }
            });
        });
    });
    node.storage.watch(&watch);
}

async fn directory_failed(node: &Node, directory: Uuid) {
    let left = usable(node);
    if left.is_empty() {
        tracing::error!("all log directories have failed: nothing is left to serve");
        return node.lost.notify_one();
    }
    if let Err(error) = node.controller.log_dirs_failed(node.broker_id, left).await {
        tracing::error!(%directory, %error, "the loss of a log directory is not known");
    }
}
