//! What is known of one listener: where it is bound and what it tells clients.

use std::net::SocketAddr;

pub use ottla_config::SecurityProtocol;

/// One bound listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, upper case, as in `listeners`.
    pub name: String,
    /// How its bytes are protected.
    pub protocol: SecurityProtocol,
    /// The address it is bound to, with the port the system chose for port 0.
    pub bound: SocketAddr,
    /// The host clients are told to connect to (`advertised.listeners`).
    pub advertised_host: String,
    /// The port clients are told to connect to.
    pub advertised_port: u16,
    /// The most connections it has at once (`listener.name.<name>.max.connections`).
    pub max_connections: usize,
}
