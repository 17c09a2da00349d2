//! Producing by other ways than the bench actors' own wire.

use std::sync::Arc;

use bytes::Bytes;
use ottla_actors::client::NewRecord;
use ottla_core::record::RecordIter;

use super::feeder::{Door, Feeder, NativeClient};
use super::{Plan, ProduceOptions, Promised, RunTopic, rates, stored};
use crate::batch;
use crate::clock::Window;
use crate::embed::{Embedded, Embedder, Load, Place};
use crate::error::BenchError;
use crate::fleet::Fleet;
use crate::report::Report;
use crate::run::run_fleet;
use crate::stop::Stop;
use crate::wire::{Client, LATEST};

/// How batches get to the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Path {
    /// The bench actors' own wire, with batches that are encoded once
    #[default]
    Wire,
    /// The native client, which is handed records one by one
    Client,
    /// Messages to a broker inside this process; records are put into a batch each time
    Engine,
    /// The same with a batch that is made once and appended again and again
    EngineSealed,
    /// The same with a batch that was encoded elsewhere, and so is checked each time
    EngineEncoded,
    /// As engine, with the broker on the arbiter of the bench actors: one thread for both
    EngineHere,
    /// As engine-sealed, with the broker on the arbiter of the bench actors
    EngineHereSealed,
}

impl Path {
    fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Client => "client",
            Self::Engine => "engine",
            Self::EngineSealed => "engine-sealed",
            Self::EngineEncoded => "engine-encoded",
            Self::EngineHere => "engine-here",
            Self::EngineHereSealed => "engine-here-sealed",
        }
    }

    /// Whether broker and bench actors share a thread.
    pub(super) fn is_here(self) -> bool {
        matches!(self, Self::EngineHere | Self::EngineHereSealed)
    }
}

/// The values of the records of a batch as the wire path sends it.
fn values(options: &ProduceOptions) -> Result<Arc<[Bytes]>, BenchError> {
    let records = crate::RecordOptions {
        compression_type: ottla_core::record::Compression::None,
        ..options.records
    };
    let bytes = batch::encode(&records, batch::wall_ms());
    let broken = |_| BenchError::Malformed { api: "batch" };
    let view = ottla_core::record::BatchIter::new(&bytes).next();
    let view = view.ok_or(BenchError::Malformed { api: "batch" })?.map_err(broken)?;
    let records = RecordIter::of_batch(&bytes, &view, usize::MAX).map_err(broken)?;
    let value = |record: Result<ottla_core::record::Record, _>| {
        record.map(|record| record.value.unwrap_or_default()).map_err(broken)
    };
    records.map(value).collect()
}

fn plan(options: &ProduceOptions) -> Arc<Plan> {
    Arc::new(Plan {
        version: 0,
        acks: options.acks,
        in_flight: options.in_flight,
        connections: u64::try_from(options.connections).unwrap_or(u64::MAX),
        interval: 0.0,
        window: Arc::new(Window::new(options.time.warmup, options.time.seconds)),
    })
}

/// Lets bench actors send through doors.
async fn drive(
    options: &ProduceOptions,
    plan: &Arc<Plan>,
    pid: Option<u32>,
    stop: &Stop,
    door: impl Fn(usize) -> Door,
) -> Result<(Report, Promised), BenchError> {
    let fleet = match options.path.is_here() {
        true => Fleet::on_current_arbiter(),
        false => Fleet::start(options.common.threads),
    };
    let feeders = (0..options.connections).map(|index| {
        let (plan, door) = (Arc::clone(plan), door(index));
        fleet.spawn(index, move |recorder| Feeder::new(plan, door, recorder))
    });
    let feeders = feeders.collect();
    let run = run_fleet(fleet, feeders, &plan.window, pid, stop, options.unit()).await?;
    let mut report = Report::new("produce");
    rates(options, plan, &run, 1, &mut report)?;
    run.observed.write(&mut report, stop);
    let records = options.records.batch_records as f64;
    Ok((report, Promised::of(&run.observed.all, records)))
}

/// Runs native clients.
pub(super) async fn client(
    options: &ProduceOptions,
    stop: &Stop,
    client: &mut Client,
    topic: &RunTopic,
) -> Result<Report, BenchError> {
    let values = values(options)?;
    let partitions = topic.partitions();
    let before = client.offsets(&topic.topic.name, &partitions, LATEST).await?;
    // as many records as a batch shall have, and not one more
    let size = batch::encode(&options.records, batch::wall_ms()).len();
    let plan = plan(options);
    let name = topic.topic.name.to_string();
    let door = |index: usize| {
        let partition = partitions.get(index % partitions.len().max(1)).copied();
        let record = NewRecord {
            topic: name.clone(),
            partition,
            timestamp: None,
            key: None,
            value: None,
            headers: Vec::new(),
        };
        Door::Client(NativeClient {
            bootstrap: options.common.bootstrap_server.clone(),
            acks: options.acks,
            record,
            values: Arc::clone(&values),
            batch_size: size,
            // one record at a time waits for nobody
            linger_ms: if options.records.batch_records == 1 { 0 } else { 5 },
            in_flight: options.in_flight,
        })
    };
    let (mut report, promised) = drive(options, &plan, options.common.pid, stop, door).await?;
    report.set("path", options.path.name());
    stored(client, topic, &before, promised, &mut report).await?;
    Ok(report)
}

/// Runs bench actors on a broker in this process.
pub(super) async fn engine(
    options: &ProduceOptions,
    stop: &Stop,
    embedder: Option<&dyn Embedder>,
) -> Result<Report, BenchError> {
    let embedder = embedder
        .ok_or_else(|| BenchError::options("--path engine: there is no broker in this process"))?;
    let place = match options.path.is_here() {
        true => Place::CurrentArbiter,
        false => Place::Threads(options.cores),
    };
    let begun = embedder.start(place, options.data.clone()).await;
    let embedded = begun.map_err(inside)?;
    let outcome = append(options, stop, &*embedded).await;
    embedded.stop().await;
    outcome
}

fn inside(error: String) -> BenchError {
    BenchError::options(format!("the broker in this process: {error}"))
}

async fn append(
    options: &ProduceOptions,
    stop: &Stop,
    embedded: &dyn Embedded,
) -> Result<Report, BenchError> {
    const TOPIC: &str = "bench";
    let partitions = i32::from(options.topic.partitions);
    embedded.create(TOPIC, options.topic.partitions).await.map_err(inside)?;
    let load = match options.path {
        Path::EngineEncoded => Load::Encoded(batch::encode(&options.records, batch::wall_ms())),
        Path::EngineSealed | Path::EngineHereSealed => Load::Sealed(values(options)?),
        _ => Load::Values(values(options)?),
    };
    let plan = plan(options);
    let door = |index: usize| {
        let partition = i32::try_from(index).unwrap_or(0) % partitions.max(1);
        Door::Engine(embedded.appender(TOPIC, partition, options.acks, &load))
    };
    let (mut report, promised) = drive(options, &plan, None, stop, door).await?;
    report.set("path", options.path.name());
    let mut there = 0;
    for partition in 0..partitions {
        there += embedded.stored(TOPIC, partition).await.map_err(inside)?;
    }
    report.set("acked_msgs", promised.acked);
    report.set("stored_msgs", there);
    report.set("stored_ok", (promised.well..=promised.sent).contains(&there));
    Ok(report)
}
