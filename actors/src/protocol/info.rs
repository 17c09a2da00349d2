//! What is known of one connection, shared by the requests that come over it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::Listener;

static NEXT_CONNECTION: AtomicU64 = AtomicU64::new(1);

/// A connection's number; never used twice in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The client library behind a connection (KIP-511).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSoftware {
    /// Its name, for example `apache-kafka-java`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What is known of one connection.
#[derive(Debug)]
pub struct ConnectionInfo {
    /// Its number.
    pub id: ConnectionId,
    /// The other end.
    pub peer: SocketAddr,
    /// The listener it came in by.
    pub listener: Arc<Listener>,
    /// The client library, once it has said so in ApiVersions.
    pub software: OnceLock<ClientSoftware>,
}

impl ConnectionInfo {
    /// What is known of a connection that was just accepted.
    #[must_use]
    pub fn new(peer: SocketAddr, listener: Arc<Listener>) -> Self {
        let id = ConnectionId(NEXT_CONNECTION.fetch_add(1, Ordering::Relaxed));
        Self { id, peer, listener, software: OnceLock::new() }
    }
}
