//! Producers: as much as the broker takes, or so much a second.

mod actor;
mod feeder;
mod paths;
mod plan;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::batch;
use crate::clock::{Window, now, seconds};
use crate::embed::Embedder;
use crate::error::BenchError;
use crate::fleet::{Counts, Fleet};
use crate::histogram::as_f64;
use crate::live::Unit;
use crate::options::{Common, RecordOptions, TimeOptions, TopicOptions};
use crate::report::Report;
use crate::run::{Run, run_fleet};
use crate::stop::Stop;
use crate::usage::Work;
use crate::wire::{self, Api, Client, LATEST, Topic};

pub(crate) use actor::Producer;
pub use paths::Path;
pub(crate) use plan::{Plan, Requests, Share, pairs, shares};

/// Measures producing: throughput, latency and what a request costs the broker.
///
/// The batch is encoded once, so that the client costs little. Latency is that of a request, from
/// the moment a slot was free, or with --rate from the time it was due. At the end the broker's
/// offsets are compared with what it has acknowledged.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ProduceOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub topic: TopicOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub records: RecordOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub time: TimeOptions,
    /// Connections, each a bench actor
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub connections: usize,
    /// Requests of a connection that may be without a reply
    #[arg(
        long,
        visible_alias = "max-in-flight-requests-per-connection",
        value_name = "N",
        default_value_t = 5
    )]
    pub in_flight: usize,
    /// Acknowledgements to wait for: 0, 1 or all
    #[arg(long, value_name = "ACKS", default_value = "1", value_parser = crate::options::acks,
          allow_hyphen_values = true)]
    pub acks: i16,
    /// Messages a second, sent at fixed times (open loop); 0: as many as go (closed loop)
    #[arg(long, visible_alias = "throughput", value_name = "N", default_value_t = 0.0)]
    pub rate: f64,
    /// Partitions that a request writes to, one batch each
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub parts_per_request: usize,
    /// Writes one batch to each partition before the warm-up
    #[arg(long)]
    pub prime: bool,
    /// How batches get to the broker
    #[arg(long, value_enum, value_name = "PATH", default_value = "wire")]
    pub path: Path,
    /// Cores of a broker inside this process; 0: all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub cores: usize,
    /// Folder for the data of a broker inside this process [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl ProduceOptions {
    fn check(&self) -> Result<(), BenchError> {
        self.records.check()?;
        self.time.check()?;
        if self.connections == 0 || self.in_flight == 0 || self.topic.partitions == 0 {
            let what = "--connections, --in-flight and --partitions must be at least 1";
            return Err(BenchError::options(what));
        }
        if !(0.0..1e12).contains(&self.rate) {
            return Err(BenchError::options("--rate must not be negative"));
        }
        let of_the_wire = self.rate > 0.0 || self.parts_per_request > 1 || self.prime;
        if self.path != Path::Wire && of_the_wire {
            let what = "--rate, --parts-per-request and --prime are for --path wire";
            return Err(BenchError::options(what));
        }
        if self.path.is_here() && (self.common.threads > 1 || self.cores > 1) {
            let what = "--path engine-here: broker and bench actors share one thread, \
                        --threads and --cores are not for it";
            return Err(BenchError::options(what));
        }
        Ok(())
    }

    /// What one request stands for in the live view.
    fn unit(&self) -> Unit {
        let messages = as_f64(u64::try_from(self.records.batch_records).unwrap_or(0));
        Unit::Requests { messages, bytes: self.records.record_size as f64 }
    }
}

/// A topic for a run.
pub(crate) struct RunTopic {
    pub(crate) topic: Topic,
    delete: bool,
}

impl RunTopic {
    /// Does the work with the topic that the options name, or with one of its own, and deletes it
    /// if it was made for the run, whatever came of the work.
    pub(crate) async fn during<T>(
        client: &mut Client,
        options: &TopicOptions,
        work: impl AsyncFnOnce(&mut Client, &Self) -> Result<T, BenchError>,
    ) -> Result<T, BenchError> {
        let topic = Self::open(client, options).await?;
        let result = work(client, &topic).await;
        let closed = topic.close(client).await;
        let done = result?;
        closed.map(|()| done)
    }

    async fn open(client: &mut Client, options: &TopicOptions) -> Result<Self, BenchError> {
        let own = format!("ottla-bench-{}-{}", std::process::id(), now() % 1_000_000_000);
        let name = options.topic.as_deref().unwrap_or(&own);
        let (partitions, factor) = (i32::from(options.partitions), options.replication_factor);
        let made = client.ensure_topic(name, partitions, factor, &options.settings).await;
        let (topic, created) = made?;
        Ok(Self { topic, delete: created && !options.keep })
    }

    /// All partitions.
    pub(crate) fn partitions(&self) -> Vec<i32> {
        (0..).take(self.topic.leaders.len()).collect()
    }

    async fn close(self, client: &mut Client) -> Result<(), BenchError> {
        if self.delete { client.delete_topic(&self.topic.name).await } else { Ok(()) }
    }
}

/// Runs producers.
pub(crate) async fn run(
    options: &ProduceOptions,
    stop: &Stop,
    embedder: Option<&dyn Embedder>,
) -> Result<Report, BenchError> {
    options.check()?;
    if !matches!(options.path, Path::Wire | Path::Client) {
        return paths::engine(options, stop, embedder).await;
    }
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let work = async |client: &mut Client, topic: &RunTopic| match options.path {
        Path::Client => paths::client(options, stop, client, topic).await,
        _ => measured(options, stop, client, topic).await,
    };
    RunTopic::during(&mut client, &options.topic, work).await
}

async fn measured(
    options: &ProduceOptions,
    stop: &Stop,
    client: &mut Client,
    topic: &RunTopic,
) -> Result<Report, BenchError> {
    let mut report = Report::new("produce");
    let partitions = topic.partitions();
    if options.prime {
        let begun = now();
        prime(client, &topic.topic).await?;
        report.number("prime_s", seconds(now() - begun));
    }
    let before = client.offsets(&topic.topic.name, &partitions, LATEST).await?;
    let batch = batch::encode(&options.records, batch::wall_ms());
    let per_request = options.parts_per_request.clamp(1, partitions.len().max(1));
    let requests = Requests { batch: &batch, acks: options.acks, per_request, quota: None };
    let shares = shares(client, &topic.topic, options.connections, &requests).await?;
    let messages = as_f64(u64::try_from(options.records.batch_records * per_request).unwrap_or(0));
    let window = Arc::new(Window::new(options.time.warmup, options.time.seconds));
    let plan = Arc::new(Plan {
        version: client.versions().pick(Api::PRODUCE)?,
        acks: options.acks,
        in_flight: options.in_flight,
        connections: u64::try_from(options.connections).unwrap_or(u64::MAX),
        interval: if options.rate > 0.0 { 1e9 * messages / options.rate } else { 0.0 },
        window,
    });
    let frame_bytes = shares.first().and_then(|share| share.frames.first()).map_or(0, |f| f.length);
    let unit = Unit::Requests { messages, bytes: options.records.record_size as f64 };
    let common = &options.common;
    let run = drive(&plan, shares, common.threads, common.pid, stop, unit).await?;
    report.set("produce_version", plan.version);
    report.set("req_bytes", frame_bytes);
    rates(options, &plan, &run, per_request, &mut report)?;
    if options.rate > 0.0 {
        report.set("send_lag_us", run.latencies.1.to_json());
        report.set("behind_reqs", run.observed.all.behind);
    }
    run.observed.write(&mut report, stop);
    let promised = Promised::of(&run.observed.all, messages);
    stored(client, topic, &before, promised, &mut report).await?;
    Ok(report)
}

/// Writes down how much went, how long it took and what was used for it.
fn rates(
    options: &ProduceOptions,
    plan: &Plan,
    run: &Run,
    per_request: usize,
    report: &mut Report,
) -> Result<(), BenchError> {
    let Some(used) = run.observed.used else {
        return Err(BenchError::Interrupted);
    };
    let records = options.records.batch_records * per_request;
    let messages = as_f64(u64::try_from(records).unwrap_or(0));
    let seconds = plan.window.seconds().max(1e-9);
    let requests = as_f64(run.observed.all.counted);
    report.number("secs", seconds);
    report.number("msgs_per_s", requests * messages / seconds);
    let megabytes = requests * messages * options.records.record_size as f64 / 1e6;
    report.number("mb_per_s", megabytes / seconds);
    report.number("req_per_s", requests / seconds);
    report.latencies("lat_us", &run.latencies.0);
    let bytes = report.json().get("req_bytes").and_then(serde_json::Value::as_u64);
    let wire = bytes.map_or(megabytes, |bytes| requests * as_f64(bytes) / 1e6);
    let work = Work { messages: requests * messages, megabytes: wire, requests };
    used.write(report.fields(), work);
    Ok(())
}

/// Lets producers carry out a plan.
pub(crate) async fn drive(
    plan: &Arc<Plan>,
    shares: Vec<Arc<Share>>,
    threads: usize,
    pid: Option<u32>,
    stop: &Stop,
    unit: Unit,
) -> Result<Run, BenchError> {
    let fleet = Fleet::start(threads);
    let mut producers = Vec::with_capacity(shares.len());
    for (index, share) in shares.into_iter().enumerate() {
        let plan = Arc::clone(plan);
        producers.push(fleet.spawn(index, move |recorder| Producer::new(plan, share, recorder)));
    }
    run_fleet(fleet, producers, &plan.window, pid, stop, unit).await
}

/// What a broker has been sent and has promised, in messages.
#[derive(Clone, Copy, Debug)]
struct Promised {
    sent: i64,
    acked: i64,
    /// Acknowledged without an error.
    well: i64,
}

impl Promised {
    fn of(counts: &Counts, messages: f64) -> Self {
        let messages = messages as i64;
        let times = |requests: u64| i64::try_from(requests).unwrap_or(i64::MAX) * messages;
        Self {
            sent: times(counts.sent),
            acked: times(counts.answered),
            well: times(counts.answered.saturating_sub(counts.errors)),
        }
    }
}

/// Compares what the broker holds with what it has acknowledged.
async fn stored(
    client: &mut Client,
    topic: &RunTopic,
    before: &[i64],
    promised: Promised,
    report: &mut Report,
) -> Result<(), BenchError> {
    let Promised { sent, well, .. } = promised;
    let mut stored = -1;
    // what was sent without acknowledgements may still be on its way
    for _ in 0..50 {
        let after = client.offsets(&topic.topic.name, &topic.partitions(), LATEST).await?;
        let now: i64 = after.iter().zip(before).map(|(after, before)| after - before).sum();
        let settled = now == stored;
        stored = now;
        if settled || stored >= sent {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    report.set("acked_msgs", promised.acked);
    report.set("stored_msgs", stored);
    report.set("stored_ok", (well..=sent).contains(&stored));
    Ok(())
}

/// As [`one_each`], again while a broker does not know yet that it leads what has just been made.
pub(crate) async fn prime(client: &mut Client, topic: &Topic) -> Result<(), BenchError> {
    let begun = now();
    loop {
        let outcome = one_each(client, topic).await;
        let early = matches!(outcome, Err(BenchError::Refused { code: 3 | 5 | 6, .. }));
        if !early || seconds(now() - begun) > READY_WITHIN_S {
            return outcome;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Writes one small batch to each partition, up to 100 partitions in a request.
pub(crate) async fn one_each(client: &mut Client, topic: &Topic) -> Result<(), BenchError> {
    const RECORDS: RecordOptions = RecordOptions {
        record_size: 100,
        batch_records: ONE_EACH,
        compression_type: ottla_core::record::Compression::None,
    };
    let version = client.versions().pick(Api::PRODUCE)?;
    let batch = batch::encode(&RECORDS, batch::wall_ms());
    let partitions: Vec<i32> = (0..).take(topic.leaders.len()).collect();
    for frame in wire::frames(version, &topic.name, &partitions, 100, 1, &batch) {
        let reply = client.exchange(Api::PRODUCE.name, &frame.pieces.concat()).await?;
        let (_, code) = wire::produce_reply(version, &reply)
            .map_err(|_| BenchError::Malformed { api: Api::PRODUCE.name })?;
        BenchError::check(|| format!("the first batch to each partition of {}", topic.name), code)?;
    }
    Ok(())
}

/// How long the leaders of a new topic may take to know that they are.
const READY_WITHIN_S: f64 = 30.0;

/// Records of the batches of [`one_each`].
pub(crate) const ONE_EACH: usize = 10;
