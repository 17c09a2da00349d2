//! One run of a fleet: all connect, the window opens, they begin, they are watched until they end.

use std::sync::Arc;

use actix::Addr;
use tokio::sync::Notify;

use crate::clock::Window;
use crate::error::BenchError;
use crate::fleet::{Bearer, Counts, Fleet, begin_all, connect_all};
use crate::histogram::Latencies;
use crate::live::{self, Unit};
use crate::report::Report;
use crate::stop::Stop;
use crate::usage::{Meter, Used};

/// What became of a run.
pub(crate) struct Run {
    pub(crate) observed: Observed,
    /// Latencies, and how late requests of an open loop left.
    pub(crate) latencies: (Latencies, Latencies),
}

/// What was seen of any load.
pub(crate) struct Observed {
    /// What was used inside the window; none if it ended before.
    pub(crate) used: Option<Used>,
    /// What was counted inside the window.
    pub(crate) inside: Counts,
    /// What was counted in all.
    pub(crate) all: Counts,
    /// What ended it.
    pub(crate) failed: Option<BenchError>,
}

impl Observed {
    /// Writes down errors and whether it was ended early.
    pub(crate) fn write(&self, report: &mut Report, stop: &Stop) {
        report.set("errors", self.all.errors);
        if self.all.errors > 0 {
            report.set("first_error", self.all.first_error);
        }
        if let Some(failed) = &self.failed {
            report.set("failed", failed.to_string());
        }
        if stop.asked() {
            report.set("interrupted", true);
        }
    }
}

/// Lets actors that bear load connect, then begin, and measures until they are done.
pub(crate) async fn run_fleet<A: Bearer>(
    fleet: Fleet,
    actors: Vec<Addr<A>>,
    window: &Arc<Window>,
    pid: Option<u32>,
    stop: &Stop,
    unit: Unit,
) -> Result<Run, BenchError> {
    let outcome = match connect_all(&actors).await {
        Ok(()) => {
            window.open();
            let work = begin_all(actors, Arc::clone(window));
            Ok(observe(&fleet, window, pid, stop, unit, work).await)
        }
        Err(error) => Err(error),
    };
    let run = outcome.map(|observed| Run { observed, latencies: fleet.latencies() });
    fleet.stop();
    run
}

/// Measures from the window's beginning to its end while `work` goes on, and waits for the end of
/// `work`.
pub(crate) async fn observe(
    fleet: &Fleet,
    window: &Window,
    pid: Option<u32>,
    stop: &Stop,
    unit: Unit,
    work: impl Future<Output = Result<(), BenchError>>,
) -> Observed {
    let ended = Notify::new();
    let until = async |at| {
        tokio::select! {
            // on a stalled machine all may have come: then the time is what counts
            biased;
            () = crate::clock::sleep_until(at) => true,
            () = stop.wait() => false,
            () = ended.notified() => false,
        }
    };
    let metered = async {
        let warm = until(window.from()).await;
        let begun = warm.then(|| (Meter::start(pid), fleet.counts()));
        if warm {
            until(window.to()).await;
        }
        window.end_now();
        begun.map(|(meter, counts)| (meter.stop(), fleet.counts().since(&counts)))
    };
    let work = async {
        let outcome = work.await;
        ended.notify_one();
        outcome.err()
    };
    tokio::select! {
        (used, failed) = async { tokio::join!(metered, work) } => {
            live::clear();
            let (used, inside) = used.unzip();
            Observed { used, inside: inside.unwrap_or_default(), all: fleet.counts(), failed }
        }
        never = live::watch(fleet, window, unit) => match never {},
    }
}
