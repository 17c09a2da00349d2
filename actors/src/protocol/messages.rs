//! What listeners, hosts and connections say to each other.

use std::sync::Arc;

use actix::Message;
use bytes::Bytes;

use super::connection::CloseReason;
use super::quotas::ConnectionPermit;
use super::{ConnectionId, ConnectionInfo};
use crate::runtime::{MemoryPermit, ReplyPort};

/// acceptor, connection that moves → host of a core, tell: serve this socket.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Adopt {
    pub(super) socket: std::net::TcpStream,
    pub(super) info: Arc<ConnectionInfo>,
    pub(super) permit: ConnectionPermit,
    /// How often the connection has moved to where its answers come from.
    pub(super) moves: u32,
    /// This is its core for good; otherwise it visits the core that accepted it.
    pub(super) settled: bool,
    /// What has been read of it.
    pub(super) begun: Option<Begun>,
}

/// Bytes of requests that a connection brings along, paid for.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) bytes: Bytes,
    pub(super) memory: MemoryPermit,
}

/// connection → host of its core, tell: forget me.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Closed(pub(super) ConnectionId);

/// host → connection, tell: close at once.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Close(pub(super) CloseReason);

/// broker → host, host → connection, tell: read no more, finish what is in flight, close.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Drain;

/// broker → host, tell, answered when no connection is left: drain, and after `deadline_ms` close.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct DrainAll {
    pub(super) deadline_ms: u64,
    pub(super) done: ReplyPort<()>,
}

/// broker → acceptor, tell: accept no more.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct StopAccepting;
