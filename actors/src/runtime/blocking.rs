//! Work that blocks, on threads that may.

use std::error::Error;
use std::fmt;
use std::future::Future;

use tokio::sync::oneshot;

use super::Clock;
use super::guest::{self, Lease};
use super::helpers::Helpers;

thread_local! {
    /// The helpers of this core. The thread's end waits for them.
    static HELPERS: Helpers = Helpers::default();
}

/// Work did not come to its end: it panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("work on another thread panicked")
    }
}

impl Error for Panicked {}

/// Runs `f` on a thread that may block, by the clock of this one. It is done even if nobody waits
/// for it, and the end of its core waits for it.
///
/// # Errors
/// `f` panicked.
pub fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Panicked>> + Send {
    let (clock, lease) = (Clock::here(), guest::lease());
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let _turn = clock.turn();
        drop(sender.send(Done { value: f(), _lease: lease }));
    };
    // a thread on its way out has none any more: the work is dropped
    _ = HELPERS.try_with(|helpers| helpers.run(work));
    async move { receiver.await.map(|done| done.value).map_err(|_| Panicked) }
}

/// What came of it. The lease is given back behind the value, which may hold files and which
/// nobody may be there to take.
struct Done<T> {
    value: T,
    _lease: Option<Lease>,
}
