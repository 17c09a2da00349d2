//! The only room that touches arbiters and supervision: cores (threads of their own, or a guest on
//! the caller's arbiter), the guardian, permits, the send forms, the clock and the timers.

mod blocking;
mod clock;
mod cores;
mod credits;
mod deadline;
mod epitaph;
pub mod fault;
mod guardian;
mod guest;
mod helpers;
mod join;
mod named;
mod panics;
mod registry;
mod reply;
mod restarts;
mod send;
mod threads;
mod timers;

pub use blocking::{NotDone, blocking};
pub use clock::{Clock, monotonic_ms, now};
pub use cores::Cores;
pub use credits::{Credits, MemoryPermit, RequestTicket};
pub use deadline::DeadlineDriver;
pub use epitaph::{Epitaph, ExitReason};
pub use guardian::{Child, Guardian};
pub use join::Join;
pub use named::{ActorName, current_actor, start_here};
pub use panics::log_panics;
pub use registry::{Generation, Registry, Route};
pub use reply::{Answer, Reply, ReplyPort};
pub use restarts::{RestartPolicy, Restarts, Verdict};
pub use send::{Refused, ask, offer, offer_to, tell, tell_to};
pub use timers::{run_interval, run_later, sleep, timeout};
