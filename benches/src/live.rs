//! The line that changes while load is on, on a terminal only.

use std::convert::Infallible;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use crate::clock::{Window, now, seconds};
use crate::fleet::Fleet;
use crate::histogram::as_f64;
use crate::report::{count, time};

/// How often the line changes.
const EVERY: Duration = Duration::from_secs(1);

/// What a request stands for in the line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Each answered request brings so many messages of so many bytes.
    Requests { messages: f64, bytes: f64 },
    /// The actors count messages and bytes themselves.
    Counted,
}

/// Writes the line every second until the window is over; does nothing where standard error is no
/// terminal.
pub(crate) async fn watch(fleet: &Fleet, window: &Window, unit: Unit) -> Infallible {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let totals = || {
        let counts = fleet.counts();
        match unit {
            Unit::Requests { messages, bytes } => {
                let requests = as_f64(counts.answered);
                (requests * messages, requests * messages * bytes)
            }
            Unit::Counted => (as_f64(counts.messages), as_f64(counts.bytes)),
        }
    };
    let mut before = totals();
    let mut at = now();
    loop {
        tokio::time::sleep(EVERY).await;
        let (after, time_now) = (totals(), now());
        let elapsed = seconds(time_now - at).max(1e-9);
        let recent = fleet.recent();
        let warm = if time_now < window.from() { " (warm-up)" } else { "" };
        let line = format!(
            "{:4.0} s{warm}  {} messages/s  {} MB/s  p50 {}  p99 {}  p99.9 {}",
            seconds(time_now.saturating_sub(window.begin())),
            count((after.0 - before.0) / elapsed),
            count((after.1 - before.1) / 1e6 / elapsed),
            time(as_f64(recent.quantile(0.5))),
            time(as_f64(recent.quantile(0.99))),
            time(as_f64(recent.quantile(0.999))),
        );
        show(&line);
        (before, at) = (after, time_now);
    }
}

fn show(line: &str) {
    // a view that cannot be written is no reason to end a measurement
    _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
    _ = std::io::stderr().flush();
}

/// Takes the line away.
pub(crate) fn clear() {
    if std::io::stderr().is_terminal() {
        show("");
    }
}
