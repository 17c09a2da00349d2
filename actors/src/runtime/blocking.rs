//! Work that blocks, on threads that may.

use std::error::Error;
use std::fmt;
use std::future::Future;

use tokio::sync::oneshot;

use super::guest::{self, Lease};
use super::helpers::Helpers;
use super::{Clock, Cores};

thread_local! {
    /// The helpers of a thread that is no guest's.
    static HELPERS: OfThread = OfThread::default();
}

/// The end of a core waits for its helpers. That of another thread does not: the process may be
/// about to exit.
#[derive(Default)]
struct OfThread(Helpers);

impl Drop for OfThread {
    fn drop(&mut self) {
        if Cores::here().is_none() {
            self.0.let_go();
        }
    }
}

/// Work did not come to its end: it panicked, or no thread could be had for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDone;

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("work on another thread panicked or could not begin")
    }
}

impl Error for NotDone {}

/// Runs `f` on a thread that may block, by the clock of this one. It is done even if nobody waits
/// for it, and the end of its core waits for it.
///
/// # Errors
/// `f` panicked, or the system gave no thread to run it.
pub fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, NotDone>> + Send {
    let (clock, hold) = (Clock::here(), guest::hold());
    let lease = hold.as_ref().map(|hold| hold.lease());
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let _turn = clock.turn();
        drop(sender.send(Done { value: f(), _lease: lease }));
    };
    match hold {
        Some(hold) => hold.helpers().run(work),
        // a thread on its way out has none any more: the work is dropped
        None => _ = HELPERS.try_with(|helpers| helpers.0.run(work)),
    }
    async move { receiver.await.map(|done| done.value).map_err(|_| NotDone) }
}

/// What came of it. The lease is given back behind the value, which may hold files and which
/// nobody may be there to take.
struct Done<T> {
    value: T,
    _lease: Option<Lease>,
}
