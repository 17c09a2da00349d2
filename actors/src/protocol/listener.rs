//! What is known of one listener: where it is bound and what it tells clients.

use std::fmt;
use std::net::SocketAddr;

/// How bytes are protected on a listener (`listener.security.protocol.map`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityProtocol {
    /// Plain TCP.
    Plaintext,
}

impl SecurityProtocol {
    /// Kafka's id of the protocol.
    #[must_use]
    pub fn id(self) -> i16 {
        match self {
            Self::Plaintext => 0,
        }
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plaintext => f.write_str("PLAINTEXT"),
        }
    }
}

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
}
