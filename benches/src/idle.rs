//! A broker that is left alone: its memory and its processor time.

use std::time::Duration;

use crate::error::BenchError;
use crate::options::Common;
use crate::report::Report;
use crate::stop::Stop;
use crate::usage::{Memory, Meter};

/// Measures a broker that nobody uses: memory and processor time. Needs --pid.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct IdleOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// Seconds to wait first
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub after: f64,
    /// Seconds that are measured
    #[arg(long, value_name = "S", default_value_t = 4.0)]
    pub seconds: f64,
}

/// Watches the broker.
pub(crate) async fn run(options: &IdleOptions, stop: &Stop) -> Result<Report, BenchError> {
    let Some(pid) = options.common.pid else {
        return Err(BenchError::options("idle needs the --pid of the broker"));
    };
    let span = |seconds| {
        Duration::try_from_secs_f64(seconds)
            .map_err(|_| BenchError::options("--after and --seconds must not be negative"))
    };
    let (after, measured) = (span(options.after)?, span(options.seconds)?);
    let pause = async |time| {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = stop.wait() => {}
        }
    };
    pause(after).await;
    let meter = Meter::start(Some(pid));
    pause(measured).await;
    let used = meter.stop();
    let (Some(memory), Some(percent)) = (Memory::of(pid), used.broker_percent()) else {
        return Err(BenchError::options(format!("there is no process {pid}")));
    };
    let mut report = Report::new("rss");
    report.set("broker", memory.to_json());
    report.number("idle_cpu_pct", percent);
    if stop.asked() {
        report.set("interrupted", true);
    }
    Ok(report)
}
