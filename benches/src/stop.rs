//! Ctrl-C: the first ends a measurement early, with what there is; the second ends the process.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The exit code of a run that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

/// Knows whether the run is to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for SIGINT and SIGTERM from now on.
    pub(crate) fn listen() -> Self {
        let (asked, stop) = watch::channel(false);
        actix::spawn(async move {
            let kinds = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
            // without handlers the signals end the process as they always do
            let (Ok(mut interrupt), Ok(mut terminate)) = kinds else { return };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            // nobody listens once the run is over
            asked.send_replace(true);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(INTERRUPTED.into());
        });
        Self(stop)
    }

    /// A part of the run, which ends with it or when the sender says so.
    pub(crate) fn part(&self) -> (Arc<watch::Sender<bool>>, Self) {
        let (asked, part) = watch::channel(false);
        let asked = Arc::new(asked);
        let (whole, ends) = (self.clone(), Arc::clone(&asked));
        actix::spawn(async move {
            tokio::select! {
                () = whole.wait() => { ends.send_replace(true); }
                () = ends.closed() => {}
            }
        });
        (asked, Self(part))
    }

    /// Whether the run is to end.
    pub(crate) fn asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the run is to end.
    pub(crate) async fn wait(&self) {
        let mut stop = self.0.clone();
        if stop.wait_for(|asked| *asked).await.is_err() {
            // no signal can come any more
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_alone_or_with_the_whole() {
        actix_rt::Runtime::new().unwrap().block_on(async {
            let (asked, whole) = watch::channel(false);
            let whole = Stop(whole);
            let (end, first) = whole.part();
            let (_kept, second) = whole.part();
            end.send_replace(true);
            first.wait().await;
            assert!(first.asked() && !whole.asked() && !second.asked());
            asked.send_replace(true);
            second.wait().await;
            assert!(second.asked());
        });
    }
}
