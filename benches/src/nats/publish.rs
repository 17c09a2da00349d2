//! Publishers: each message is a publish of its own, answered with its place in the stream.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::client::Client;
use super::publisher::{Publisher, Task};
use super::streams::{RunStreams, StreamOptions};
use crate::batch;
use crate::clock::Window;
use crate::error::BenchError;
use crate::fleet::Fleet;
use crate::histogram::as_f64;
use crate::live::Unit;
use crate::options::{Common, TimeOptions};
use crate::produce::Plan;
use crate::report::Report;
use crate::run::{Observed, Run, run_fleet};
use crate::stop::Stop;
use crate::usage::Work;

/// Measures publishing to JetStream: throughput, latency and what a message costs the server.
///
/// Each message is one publish, acknowledged when it is in the stream's file (not yet synced, as
/// with Kafka's acks=1). Latency is that of a publish, from the moment a slot was free, or with
/// --rate from the time it was due. At the end the streams' counts are compared with what was
/// acknowledged.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct PublishOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub streams: StreamOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub time: TimeOptions,
    /// Bytes of a message
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub record_size: usize,
    /// Connections, each a bench actor
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub connections: usize,
    /// Messages of a connection that may be without an acknowledgement
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub in_flight: usize,
    /// Messages a second, sent at fixed times (open loop); 0: as many as go (closed loop)
    #[arg(long, visible_alias = "throughput", value_name = "N", default_value_t = 0.0)]
    pub rate: f64,
    /// A header of each message; may be given again
    #[arg(long = "header", value_name = "KEY=VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    if key.is_empty() || key.contains([':', '\r', '\n']) || value.contains(['\r', '\n']) {
        return Err("a header is one line, and its key has no colon");
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// The largest message: no server takes more than 64 MB.
const LARGEST: usize = 64 * 1024 * 1024 - 1024;

/// Refuses what no server takes.
pub(super) fn check_size(record_size: usize) -> Result<(), BenchError> {
    if record_size <= LARGEST {
        return Ok(());
    }
    Err(BenchError::options("a message of more than 64 MB is taken by no server"))
}

impl PublishOptions {
    fn check(&self) -> Result<(), BenchError> {
        self.time.check()?;
        check_size(self.record_size)?;
        if self.connections == 0 || self.in_flight == 0 {
            return Err(BenchError::options("--connections and --in-flight must be at least 1"));
        }
        if !(0.0..1e12).contains(&self.rate) {
            return Err(BenchError::options("--rate must not be negative"));
        }
        Ok(())
    }
}

/// What publishers are to do; the version and the acks of Kafka's requests mean nothing here.
pub(super) fn plan(in_flight: usize, connections: usize, rate: f64, window: Window) -> Arc<Plan> {
    Arc::new(Plan {
        version: 0,
        acks: 1,
        in_flight,
        connections: u64::try_from(connections).unwrap_or(u64::MAX),
        interval: if rate > 0.0 { 1e9 / rate } else { 0.0 },
        window: Arc::new(window),
    })
}

/// One task for each connection; the streams take turns.
pub(super) fn tasks(
    address: &str,
    streams: &[String],
    connections: usize,
    (size, headers): (usize, &[(String, String)]),
    quota: Option<u64>,
) -> Vec<Arc<Task>> {
    let payload = batch::random_bytes(size);
    let count = u64::try_from(connections).unwrap_or(u64::MAX);
    let turns = streams.iter().cycle().take(connections).zip(0_u64..);
    let task = |(stream, index): (&String, u64)| {
        Arc::new(Task {
            address: address.to_owned(),
            index,
            stream: stream.clone(),
            payload: payload.clone(),
            headers: headers.to_vec(),
            quota: quota.map_or(u64::MAX, |all| all / count + u64::from(index < all % count)),
            sent: AtomicU64::new(u64::MAX),
        })
    };
    turns.map(task).collect()
}

/// Lets publishers carry out a plan.
pub(super) async fn drive(
    plan: &Arc<Plan>,
    tasks: &[Arc<Task>],
    common: &Common,
    stop: &Stop,
) -> Result<Run, BenchError> {
    let fleet = Fleet::start(common.threads);
    let mut publishers = Vec::with_capacity(tasks.len());
    for (index, task) in tasks.iter().enumerate() {
        let (plan, task) = (Arc::clone(plan), Arc::clone(task));
        publishers.push(fleet.spawn(index, move |recorder| Publisher::new(plan, task, recorder)));
    }
    let bytes = tasks.first().map_or(0.0, |task| task.payload.len() as f64);
    let unit = Unit::Requests { messages: 1.0, bytes };
    run_fleet(fleet, publishers, &plan.window, common.pid, stop, unit).await
}

/// Runs publishers.
pub(super) async fn run(options: &PublishOptions, stop: &Stop) -> Result<Report, BenchError> {
    options.check()?;
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let streams = RunStreams::open(&mut client, &options.streams).await?;
    let result = measured(options, stop, &mut client, &streams).await;
    let closed = streams.close(&mut client).await;
    let report = result?;
    closed.map(|()| report)
}

async fn measured(
    options: &PublishOptions,
    stop: &Stop,
    client: &mut Client,
    streams: &RunStreams,
) -> Result<Report, BenchError> {
    let before = streams.messages(client).await?;
    let (common, connections) = (&options.common, options.connections);
    let shape = (options.record_size, &options.headers[..]);
    let tasks = tasks(&common.bootstrap_server, &streams.names, connections, shape, None);
    let window = Window::new(options.time.warmup, options.time.seconds);
    let plan = plan(options.in_flight, connections, options.rate, window);
    let run = drive(&plan, &tasks, common, stop).await?;
    let Observed { used: Some(used), .. } = run.observed else {
        return Err(run.observed.failed.unwrap_or(BenchError::Interrupted));
    };
    let counts = &run.observed.all;
    let (seconds, messages) = (plan.window.seconds().max(1e-9), as_f64(counts.counted));
    let megabytes = messages * options.record_size as f64 / 1e6;
    let mut report = Report::new("produce");
    report.set("protocol", "nats");
    report.number("secs", seconds);
    report.number("msgs_per_s", messages / seconds);
    report.number("mb_per_s", megabytes / seconds);
    report.set("req_bytes", tasks.first().map_or(0, |task| task.frame("").len()));
    report.latencies("lat_us", &run.latencies.0);
    if options.rate > 0.0 {
        report.set("send_lag_us", run.latencies.1.to_json());
        report.set("behind_reqs", counts.behind);
    }
    used.write(report.fields(), Work { messages, megabytes, requests: messages });
    run.observed.write(&mut report, stop);
    streams.stored(client, before, counts, &mut report).await?;
    Ok(report)
}
