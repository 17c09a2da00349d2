//! Work that blocks, on threads that may.

use std::future::Future;

use tokio::task::{JoinError, spawn_blocking};

use super::Clock;
use super::guest::{self, Lease};

/// Runs `f` on a thread that may block, by the clock of this one. It is done even if nobody waits
/// for it, and the end of its core waits for it.
///
/// # Errors
/// `f` panicked.
pub fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, JoinError>> + Send {
    let (clock, lease) = (Clock::here(), guest::lease());
    let job = spawn_blocking(move || {
        let _turn = clock.turn();
        Done { value: f(), _lease: lease }
    });
    async move { job.await.map(|done| done.value) }
}

/// What came of it. The lease is given back behind the value, which may hold files and which
/// nobody may be there to take.
struct Done<T> {
    value: T,
    _lease: Option<Lease>,
}
