//! Pull consumers: how fast a stream is read, and what a megabyte costs the server.

use std::sync::Arc;

use super::client::Client;
use super::publish;
use super::puller::{PullPlan, Puller, Span};
use super::streams::{RunStreams, StreamOptions};
use crate::clock::{Window, now, seconds};
use crate::error::BenchError;
use crate::fleet::Fleet;
use crate::histogram::as_f64;
use crate::live::Unit;
use crate::options::{Common, TimeOptions};
use crate::report::Report;
use crate::run::{Run, run_fleet};
use crate::stop::Stop;
use crate::usage::Work;

/// Measures reading from JetStream: throughput and what a megabyte costs the server.
///
/// Each connection has a pull consumer of its own, without acknowledgements, and reads a stream
/// from its start to its end, again and again. Without a --stream that has messages, one is filled
/// first. A missing or repeated sequence number is an error.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct PullOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub streams: StreamOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub time: TimeOptions,
    /// Bytes of a message, where a stream is filled
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub record_size: usize,
    /// Connections, each a bench actor that reads a whole stream
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub connections: usize,
    /// Messages of a pull
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub batch: u64,
    /// Pulls of a connection that are under way
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub pulls: usize,
    /// Bytes that empty streams are filled with before; such as 1e9
    #[arg(long, value_name = "BYTES", default_value = "1e8", value_parser = crate::options::large)]
    pub fill: u64,
    /// Reads to the end once
    #[arg(long)]
    pub once: bool,
    /// Bytes of the buffer that messages are read through
    #[arg(long, value_name = "BYTES", default_value_t = 262_144)]
    pub receive_buffer: usize,
}

/// Runs pullers.
pub(super) async fn run(options: &PullOptions, stop: &Stop) -> Result<Report, BenchError> {
    options.time.check()?;
    publish::check_size(options.record_size)?;
    if options.connections == 0 || options.batch == 0 || options.pulls == 0 {
        let what = "--connections, --batch and --pulls must be at least 1";
        return Err(BenchError::options(what));
    }
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let streams = RunStreams::open(&mut client, &options.streams).await?;
    let result = measured(options, stop, &mut client, &streams).await;
    let closed = streams.close(&mut client).await;
    let report = result?;
    closed.map(|()| report)
}

async fn measured(
    options: &PullOptions,
    stop: &Stop,
    client: &mut Client,
    streams: &RunStreams,
) -> Result<Report, BenchError> {
    let mut report = Report::new("consume");
    report.set("protocol", "nats");
    if streams.messages(client).await? == 0 {
        let rate = fill(options, client, streams, stop).await?;
        report.number("fill_mb_per_s", rate);
    }
    let states = streams.states(client).await?;
    let filled = streams.names.iter().zip(&states).filter(|(_, state)| state.messages > 0);
    let filled: Vec<_> = filled.collect();
    let turns = filled.iter().cycle().take(options.connections).enumerate();
    let spans = turns.map(|(index, (stream, state))| Span {
        index,
        stream: (*stream).clone(),
        first: state.first,
        last: state.last,
    });
    let warmup = if options.once { 0.0 } else { options.time.warmup };
    let longest = if options.once { 600.0 } else { options.time.seconds };
    let plan = Arc::new(PullPlan {
        address: options.common.bootstrap_server.clone(),
        batch: options.batch,
        pulls: options.pulls,
        once: options.once,
        buffer: options.receive_buffer.max(options.record_size.saturating_add(4096)),
        window: Arc::new(Window::new(warmup, longest)),
    });
    let run = drive(&plan, spans.collect(), &options.common, stop).await?;
    write(&plan, run, &mut report, stop)?;
    Ok(report)
}

/// Fills empty streams; returns the megabytes a second.
async fn fill(
    options: &PullOptions,
    client: &mut Client,
    streams: &RunStreams,
    stop: &Stop,
) -> Result<f64, BenchError> {
    let messages = (options.fill / u64::try_from(options.record_size.max(1)).unwrap_or(1)).max(1);
    let address = &options.common.bootstrap_server;
    // each stream has at least one
    let connections = streams.names.len().max(4);
    let shape = (options.record_size, &[][..]);
    let tasks = publish::tasks(address, &streams.names, connections, shape, Some(messages));
    let plan = publish::plan(1000, connections, 0.0, Window::new(0.0, 600.0));
    let begun = now();
    let common = Common { pid: None, ..options.common.clone() };
    let run = publish::drive(&plan, &tasks, &common, stop).await?;
    if let Some(failed) = run.observed.failed {
        return Err(failed);
    }
    if stop.asked() {
        return Err(BenchError::Interrupted);
    }
    let stored = streams.messages(client).await?;
    if stored != messages {
        let what =
            format!("the streams hold {stored} messages of {messages} they were filled with");
        return Err(BenchError::Stored { what });
    }
    let megabytes = as_f64(messages) * options.record_size as f64 / 1e6;
    Ok(megabytes / seconds(now() - begun).max(1e-9))
}

async fn drive(
    plan: &Arc<PullPlan>,
    spans: Vec<Span>,
    common: &Common,
    stop: &Stop,
) -> Result<Run, BenchError> {
    let fleet = Fleet::start(common.threads);
    let mut pullers = Vec::with_capacity(spans.len());
    for (index, span) in spans.into_iter().enumerate() {
        let plan = Arc::clone(plan);
        pullers.push(fleet.spawn(index, move |recorder| Puller::new(plan, span, recorder)));
    }
    run_fleet(fleet, pullers, &plan.window, common.pid, stop, Unit::Counted).await
}

fn write(
    plan: &PullPlan,
    Run { observed, latencies: (latencies, _) }: Run,
    report: &mut Report,
    stop: &Stop,
) -> Result<(), BenchError> {
    let Some(used) = observed.used else {
        return Err(observed.failed.unwrap_or(BenchError::Interrupted));
    };
    let counts = if plan.once { &observed.all } else { &observed.inside };
    let seconds = used.seconds.max(1e-9);
    let (messages, megabytes) = (as_f64(counts.messages), as_f64(counts.bytes) / 1e6);
    let requests = as_f64(counts.answered);
    report.number("secs", seconds);
    report.number("msgs_per_s", messages / seconds);
    report.number("mb_per_s", megabytes / seconds);
    report.number("wire_mb_per_s", as_f64(counts.wire) / 1e6 / seconds);
    report.number("fetch_per_s", requests / seconds);
    report.number("bytes_per_fetch", as_f64(counts.bytes) / requests.max(1.0));
    report.latencies("fetch_lat_us", &latencies);
    used.write(report.fields(), Work { messages, megabytes, requests });
    observed.write(report, stop);
    // a gap ends the run: without a failure there is none
    report.set("offsets_contiguous", observed.failed.is_none());
    Ok(())
}
