//! A node for tests: real cores, an empty image, no controller.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use ottla_config::Settings;
use ottla_core::base::BrokerId;
use ottla_core::storage::RealDisk;

use crate::node::Node;
use crate::partition::{FetchSessionCache, Partitions, ProducerIds};
use crate::runtime::{Cores, Credits, Guardian, RestartPolicy};
use crate::storage::{Storage, StorageOptions};

/// A node with `cores` cores; to be called inside an actix system.
pub(crate) fn node_with(cores: usize, settings: Settings) -> Arc<Node> {
    let cores = Arc::new(Cores::start(cores, false).unwrap());
    let settings = Arc::new(settings);
    let guardian = Guardian::new(Arc::clone(&cores), RestartPolicy::default());
    let broker_id = BrokerId(settings.node_id);
    Arc::new(Node {
        broker_id,
        cluster_id: "test-cluster".into(),
        dynamic: ArcSwap::new(Arc::clone(&settings)),
        settings,
        image: ArcSwap::default(),
        storage: Storage::start(&guardian, Vec::new(), StorageOptions::default()),
        partitions: Partitions::new(broker_id, guardian.clone()),
        fetch_sessions: FetchSessionCache::new(1_000),
        producer_ids: ProducerIds::default(),
        guardian,
        cores,
        disk: Arc::new(RealDisk),
        groups: Default::default(),
        controller: Default::default(),
        credits: Credits::new(64 * 1024 * 1024),
        listeners: OnceLock::new(),
        lost: Default::default(),
    })
}
