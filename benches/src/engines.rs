//! Brokers for tests, started and stopped inside this process one after the other: how long each
//! takes, what it costs, and whether all is given back.

use std::time::Duration;

use crate::clock::{now, seconds};
use crate::embed::Embedder;
use crate::error::BenchError;
use crate::histogram::{Latencies, as_f64};
use crate::report::{Report, digits, time};
use crate::stop::Stop;
use crate::usage::{Cpu, Memory};

/// Measures ephemeral engines in this process: start, first append, stop, and what is left of them.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct EnginesOptions {
    /// How many, one after the other
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub count: u32,
    /// Without a socket
    #[arg(long)]
    pub without_listener: bool,
    /// Nothing is appended: start and stop alone
    #[arg(long)]
    pub unused: bool,
    /// Prints the result as one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// How long what an engine had may take to be gone after the last stop.
const SETTLE_S: f64 = 15.0;

/// Starts, uses and stops engines; to be called inside a running actix system.
///
/// # Errors
/// An engine did not start, or did not take a record.
pub async fn engines(
    options: &EnginesOptions,
    embedder: &dyn Embedder,
) -> Result<Report, BenchError> {
    let stop = Stop::listen();
    let mut spans = Spans::default();
    // what the first one needs stays for the others: threads for blocking work, memory
    one(options, embedder, &mut Spans::default()).await?;
    let own = std::process::id();
    let (begun, cpu, held) = (now(), Cpu::of(own).unwrap_or_default(), Held::now());
    for _ in 0..options.count {
        if stop.asked() {
            return Err(BenchError::Interrupted);
        }
        one(options, embedder, &mut spans).await?;
    }
    let took = seconds(now() - begun);
    let used = Cpu::of(own).unwrap_or_default().since(cpu);
    let mut left = Held::now();
    let settling = now();
    while left.exceeds(&held) && seconds(now() - settling) < SETTLE_S {
        tokio::time::sleep(Duration::from_millis(100)).await;
        left = Held::now();
    }
    let each = 1e6 / f64::from(options.count.max(1));
    let mut report = Report::new("engines");
    report.set("engines", options.count);
    report.number("secs", took);
    report.latencies("start_us", &spans.start);
    if !options.unused {
        report.latencies("first_append_us", &spans.append);
    }
    report.latencies("stop_us", &spans.stop);
    report.number("user_us_each", used.user * each);
    report.number("system_us_each", used.system * each);
    report.number("more_threads", left.threads - held.threads);
    report.number("more_files", left.files - held.files);
    report.number("more_mb", (left.resident - held.resident) / 1e6);
    if left.exceeds(&held) {
        report.set("failed", "threads or files were not given back");
    }
    Ok(report)
}

/// How long each part took.
#[derive(Default)]
struct Spans {
    start: Latencies,
    append: Latencies,
    stop: Latencies,
}

async fn one(
    options: &EnginesOptions,
    embedder: &dyn Embedder,
    spans: &mut Spans,
) -> Result<(), BenchError> {
    let wrong = |what: String| BenchError::options(format!("an engine in this process: {what}"));
    let begun = now();
    let engine = embedder.ephemeral(!options.without_listener).await.map_err(wrong)?;
    let started = now();
    spans.start.record(begun, started);
    if !options.unused {
        let code = engine.first_append().await;
        if code != 0 {
            return Err(BenchError::Refused { what: "an append".into(), code });
        }
        spans.append.record(started, now());
    }
    let stopping = now();
    engine.stop().await;
    spans.stop.record(stopping, now());
    Ok(())
}

/// What this process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    threads: f64,
    files: f64,
    resident: f64,
}

impl Held {
    fn now() -> Self {
        let count = |dir: &str| {
            let entries = std::fs::read_dir(dir).map_or(0, Iterator::count);
            as_f64(u64::try_from(entries).unwrap_or(0))
        };
        let memory = Memory::of(std::process::id()).unwrap_or_default();
        Self {
            threads: count("/proc/self/task"),
            files: count("/proc/self/fd"),
            resident: as_f64(memory.resident),
        }
    }

    fn exceeds(&self, before: &Self) -> bool {
        self.threads > before.threads || self.files > before.files
    }
}

/// The result for a reader.
#[must_use]
pub fn text(report: &Report) -> String {
    let json = report.json();
    let number = |name: &str| json.pointer(name).and_then(serde_json::Value::as_f64);
    let mut out = format!(
        "{} engines in {} s, {} of CPU each ({} user, {} system)\n",
        json["engines"],
        digits(number("/secs").unwrap_or(0.0)),
        time(number("/user_us_each").unwrap_or(0.0) + number("/system_us_each").unwrap_or(0.0)),
        time(number("/user_us_each").unwrap_or(0.0)),
        time(number("/system_us_each").unwrap_or(0.0)),
    );
    for (name, what) in [
        ("start_us", "ready after"),
        ("first_append_us", "first append"),
        ("stop_us", "stopped after"),
    ] {
        let of = |quantile: &str| number(&format!("/{name}/{quantile}"));
        if let (Some(p50), Some(p99), Some(max)) = (of("p50"), of("p99"), of("max")) {
            let (p50, p99, max) = (time(p50), time(p99), time(max));
            out.push_str(&format!("{what:<14} p50 {p50} p99 {p99} max {max}\n"));
        }
    }
    out.push_str(&format!(
        "left           {} threads, {} files, {} MB more than before",
        json["more_threads"], json["more_files"], json["more_mb"]
    ));
    out
}
