//! The hosts of all cores, and whose turn it is to take a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ConnectionHost;
use crate::runtime::{Registry, Route};

/// The hosts of all cores.
#[derive(Default)]
pub struct Hosts {
    by_core: Registry<usize, ConnectionHost>,
    turn: AtomicUsize,
}

impl Hosts {
    /// Publishes the host of a core.
    pub fn publish(&self, core: usize, route: Route<ConnectionHost>) {
        self.by_core.publish(core, route);
    }

    /// The host of a core; none before it is started.
    #[must_use]
    pub fn get(&self, core: usize) -> Option<Arc<Route<ConnectionHost>>> {
        self.by_core.get(&core)
    }

    /// Every host.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Route<ConnectionHost>>> {
        self.by_core.all().into_iter().map(|(_, host)| host).collect()
    }

    /// The core whose turn it is to have one more connection for good.
    #[must_use]
    pub fn next_core(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.by_core.len().max(1)
    }

    /// How many connections have been given a core for good.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.turn.load(Ordering::Relaxed)
    }
}
