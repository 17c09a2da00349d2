//! The controller actor: one metadata log, one image.

mod handle;
mod messages;

pub use handle::{ControllerError, ControllerHandle};
pub use messages::{AutoCreated, Command, ProducerIdBlock, Reply};
