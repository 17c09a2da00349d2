//! A node for tests: real cores, an empty image, no controller.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use ottla_config::Settings;
use ottla_core::base::BrokerId;
use ottla_core::storage::RealDisk;

use crate::node::Node;
use crate::runtime::{Cores, Credits, Guardian, RestartPolicy};

/// A node with `cores` cores; to be called inside an actix system.
pub(crate) fn node_with(cores: usize, settings: Settings) -> Arc<Node> {
    let cores = Arc::new(Cores::start(cores, false).unwrap());
    let settings = Arc::new(settings);
    Arc::new(Node {
        broker_id: BrokerId(settings.node_id),
        cluster_id: "test-cluster".into(),
        dynamic: ArcSwap::new(Arc::clone(&settings)),
        settings,
        image: ArcSwap::default(),
        guardian: Guardian::new(Arc::clone(&cores), RestartPolicy::default()),
        cores,
        disk: Arc::new(RealDisk),
        controller: Default::default(),
        credits: Credits::new(64 * 1024 * 1024),
        listeners: OnceLock::new(),
    })
}
