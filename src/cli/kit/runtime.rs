//! Where the asynchronous part of a command runs.

use std::future::Future;

/// Runs `work` on this thread, in an actix system that ends with it.
///
/// Ctrl-C ends the process at once unless the command waits for [`interrupted`].
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix::System::new().block_on(work)
}

/// Returns when Ctrl-C is pressed (SIGINT) or the process is asked to end (SIGTERM). From the
/// first call on, neither ends the process by itself.
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
