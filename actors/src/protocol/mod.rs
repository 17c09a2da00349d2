//! Bytes in, bytes out: listeners, connections, and the order of replies.
//!
//! An [`Acceptor`] hands each socket to the [`ConnectionHost`] of its own core; there a connection
//! actor cuts frames, starts their handlers, and writes the answers in request order. One that
//! stays for more than a few requests goes to the core whose turn it is.

mod acceptor;
mod buffers;
mod connection;
mod frames;
mod host;
mod hosts;
mod info;
mod listener;
mod lodging;
mod messages;
mod outbox;
mod pipe;
mod quotas;
mod server;
mod short;
mod socket;
mod writer;

pub use acceptor::{Acceptor, AcceptorParts, SocketOptions, bind};
pub use connection::CloseReason;
pub use frames::FrameError;
pub use host::{ConnectionHost, ConnectionRules};
pub use hosts::Hosts;
pub use info::{ClientSoftware, ConnectionId, ConnectionInfo};
pub use listener::{Listener, SecurityProtocol};
pub use outbox::{ReplySlot, Segment};
pub use quotas::{ConnectionPermit, ConnectionQuotas};
pub use server::Server;

/// Gives back what is kept for this thread, when nothing of a broker runs on it any more.
pub fn leave_thread() {
    pipe::close_idle();
    buffers::free_idle();
}
