//! Where the asynchronous part of a command runs.

use std::future::Future;

use tokio::net::TcpStream;

/// Runs `work` on this thread, in an actix system that ends with it.
///
/// Ctrl-C ends the process at once unless the command waits for [`interrupted`].
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix::System::new().block_on(work)
}

/// Returns when Ctrl-C is pressed (SIGINT) or the process is asked to end (SIGTERM). From the
/// first call on, neither ends the process by itself.
pub(crate) async fn interrupted() {
    signalled().await;
}

/// [`interrupted`], with the exit code that a shell reports of a program that this signal ended.
pub(crate) async fn signalled() -> u8 {
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
        _ = tokio::signal::ctrl_c() => 130,
        () = terminated => 143,
    }
}

/// Says on standard error which of the addresses to begin with nobody listens at, up to the first
/// that somebody does, as Kafka's clients log it while they go on trying.
pub(crate) fn warn_of_dead(addresses: Vec<String>) {
    actix_rt::spawn(async move {
        for (number, address) in addresses.iter().enumerate() {
            if TcpStream::connect(address).await.is_ok() {
                return;
            }
            eprintln!(
                "WARN Connection to node -{} ({address}) could not be established. Node may not \
                 be available.",
                number + 1
            );
        }
    });
}
