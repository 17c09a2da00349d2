//! `ottla producer-perf-test`: how fast a cluster takes records.
//!
//! A thread makes the records and hands them to the producer, which lives on the main thread; what
//! is counted comes back as results do.

mod options;
mod payload;
mod random;
mod stats;

use std::sync::Arc;

use ottla_actors::client::{NewRecord, ProduceError, Producer};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::kit::{Given, Out, Spec, Stop, Tool, block_on, interrupted};
use super::producing::{Failed, Throttle, now_ms, start};
use options::Run;
use stats::Stats;

/// `ottla producer-perf-test`, `kafka-producer-perf-test`.
pub(super) const TOOL: Tool =
    Tool { name: "producer-perf-test", about: "Measures how fast records are written", spec, run };

/// The exit code after Ctrl-C, as a shell reports SIGINT.
const INTERRUPTED: u8 = 130;

fn spec() -> Spec {
    options::spec()
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let run = Run::new(given, out)?;
    if run.warm_up > 0 {
        out.line(format!(
            "Warmup first {} records. Steady state results will print after the complete test \
             summary.",
            run.warm_up
        ))?;
    }
    std::io::Write::flush(out)?;
    block_on(async {
        let producer = start(&run.producer)?;
        let (metrics, client) = (run.metrics, run.producer.client.client_id.clone());
        let counted = Arc::new(Counted::new(&run));
        let (sent, all_sent) = tokio::sync::oneshot::channel();
        let (sender, counts) = (producer.clone(), Arc::clone(&counted));
        std::thread::spawn(move || {
            send_all(run, &sender, &counts);
            // whoever waits has gone only with the process
            _ = sent.send(());
        });
        let whole = async {
            // a thread that died has sent what it has sent
            _ = all_sent.await;
            producer.flush().await;
        };
        tokio::select! {
            () = whole => {}
            stop = counted.print(out) => return stop,
            () = interrupted() => return Err(Stop::Exit(INTERRUPTED)),
        }
        counted.finish(out, metrics.then_some(client.as_str()))
    })
}

/// Makes the records one after the other, no faster than asked for.
fn send_all(mut run: Run, producer: &Producer, counted: &Arc<Counted>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return eprintln!("ERROR no timer: {error}"),
    };
    let config = Arc::new(run.producer.clone());
    let topic: Arc<str> = run.topic.as_str().into();
    let mut throttle = Throttle::new(run.throughput, now_ms());
    runtime.block_on(async {
        for number in 0..run.records {
            let value = run.payload.value(number);
            let (size, begun) = (value.len(), now_ms());
            let steady = run.warm_up > 0 && number >= run.warm_up;
            if steady && number == run.warm_up {
                counted.begin_steady(run.records - run.warm_up, run.interval_ms, begun);
            }
            let record =
                NewRecord { topic: run.topic.clone(), value: Some(value), ..NewRecord::default() };
            let (counts, topic, config) =
                (Arc::clone(counted), Arc::clone(&topic), Arc::clone(&config));
            let done = move |error: Option<ProduceError>| match error {
                None => counts.count(begun, size, steady),
                Some(error) => counts.fail(&Failed::new(&error, &topic, &config)),
            };
            let on_done = done.clone();
            if let Err(error) =
                producer.send_with(record, move |result| on_done(result.err())).await
            {
                done(Some(error));
            }
            if let Some(rest) = throttle.rest(number, begun) {
                tokio::time::sleep(rest).await;
            }
        }
    });
}

/// What is counted, and the lines not yet printed.
struct Counted {
    counts: Mutex<Counts>,
    lines: Notify,
}

struct Counts {
    all: Stats,
    steady: Option<Stats>,
    failed: u64,
    lines: Vec<String>,
}

impl Counted {
    fn new(run: &Run) -> Self {
        let all = Stats::new(run.records, run.interval_ms, false, now_ms());
        let counts = Counts { all, steady: None, failed: 0, lines: Vec::new() };
        Self { counts: Mutex::new(counts), lines: Notify::new() }
    }

    fn begin_steady(&self, records: u64, interval_ms: i64, now_ms: i64) {
        let mut counts = self.counts.lock();
        counts.all.silence();
        counts.steady = Some(Stats::new(records, interval_ms, true, now_ms));
    }

    fn count(&self, begun: i64, bytes: usize, steady: bool) {
        let now = now_ms();
        let latency = i32::try_from(now - begun).unwrap_or(i32::MAX);
        let mut counts = self.counts.lock();
        let mut lines = counts.all.record(latency, bytes, now);
        if let Some(steady) = counts.steady.as_mut().filter(|_| steady) {
            lines.extend(steady.record(latency, bytes, now));
        }
        if !lines.is_empty() {
            counts.lines.extend(lines);
            self.lines.notify_one();
        }
    }

    fn fail(&self, failed: &Failed) {
        eprintln!("{}: {}", failed.class, failed.message);
        self.counts.lock().failed += 1;
    }

    /// Prints lines as they come; ends only when they cannot be printed.
    async fn print(&self, out: &mut Out) -> Result<(), Stop> {
        loop {
            self.lines.notified().await;
            self.print_lines(out)?;
        }
    }

    fn print_lines(&self, out: &mut Out) -> Result<(), Stop> {
        let lines = std::mem::take(&mut self.counts.lock().lines);
        for line in lines {
            out.line(line)?;
        }
        std::io::Write::flush(out)?;
        Ok(())
    }

    /// Prints what there is to say at the end; `metrics_of` names the client.
    fn finish(&self, out: &mut Out, metrics_of: Option<&str>) -> Result<(), Stop> {
        self.print_lines(out)?;
        let now = now_ms();
        let mut counts = self.counts.lock();
        out.line(counts.all.total(now))?;
        if let Some(steady) = &mut counts.steady {
            out.line(steady.total(now))?;
        }
        if let Some(client) = metrics_of {
            for line in counts.metrics(client) {
                out.line(line)?;
            }
        }
        // each failure has been reported
        if counts.failed == 0 { Ok(()) } else { Err(Stop::Exit(1)) }
    }
}

impl Counts {
    /// The metrics of Kafka's producer that are counted here, as Kafka's tool lays them out.
    #[expect(clippy::cast_precision_loss, reason = "printed with three digits")]
    fn metrics(&self, client: &str) -> Vec<String> {
        let sent = self.all.records() + self.failed;
        let metrics = [("record-error-total", self.failed), ("record-send-total", sent)];
        let name = |metric: &str| format!("producer-metrics:{metric}:{{client-id={client}}}");
        let width = metrics.iter().map(|(metric, _)| name(metric).len()).max().unwrap_or(0);
        let mut lines = vec![String::new(), format!("{:<width$}   Value", "Metric Name")];
        lines.extend(
            metrics
                .map(|(metric, value)| format!("{:<width$} : {:.3}", name(metric), value as f64)),
        );
        lines
    }
}
