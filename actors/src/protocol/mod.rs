//! Bytes in, bytes out: listeners, connections, and the order of replies.

mod info;
mod listener;
mod outbox;

pub use info::{ClientSoftware, ConnectionId, ConnectionInfo};
pub use listener::{Listener, SecurityProtocol};
pub use outbox::{ReplySlot, Segment};
