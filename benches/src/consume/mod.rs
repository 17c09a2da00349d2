//! Fetchers: how fast a log is read, and what a megabyte costs the broker.

mod actor;

use std::sync::Arc;

use crate::batch;
use crate::clock::{Window, now, seconds};
use crate::error::BenchError;
use crate::fleet::Fleet;
use crate::histogram::as_f64;
use crate::live::Unit;
use crate::options::{Common, RecordOptions, TimeOptions, TopicOptions};
use crate::produce::{self, Plan, Requests, RunTopic};
use crate::report::Report;
use crate::run::{Run, run_fleet};
use crate::stop::Stop;
use crate::usage::Work;
use crate::wire::{Api, Client, EARLIEST, FetchLimits, LATEST};

pub(crate) use actor::{FetchPlan, Fetcher, Range};

/// Measures reading: throughput and what a megabyte costs the broker.
///
/// Reads a topic from its start to its end, again and again. Without a --topic that has records,
/// one is filled first. Every batch is looked at: a missing or repeated offset is an error.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ConsumeOptions {
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
    /// Connections, each a bench actor; they divide the partitions, or each reads one of them
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub connections: usize,
    /// Bytes that an empty topic is filled with before; such as 1e9
    #[arg(long, value_name = "BYTES", default_value = "1e9", value_parser = crate::options::large)]
    pub fill: u64,
    /// Computes the checksum of every batch
    #[arg(long)]
    pub verify: bool,
    /// Reads to the end once
    #[arg(long)]
    pub once: bool,
    /// Bytes of the buffer that replies are read through
    #[arg(long, value_name = "BYTES", default_value_t = 262_144)]
    pub receive_buffer: usize,
    /// As `fetch.max.wait.ms`
    #[arg(long, value_name = "MS", default_value_t = 500)]
    pub fetch_max_wait_ms: i32,
    /// As `fetch.min.bytes`
    #[arg(long, value_name = "BYTES", default_value_t = 1)]
    pub fetch_min_bytes: i32,
    /// As `fetch.max.bytes`
    #[arg(long, value_name = "BYTES", default_value_t = 52_428_800)]
    pub fetch_max_bytes: i32,
    /// As `max.partition.fetch.bytes`
    #[arg(long, value_name = "BYTES", default_value_t = 1_048_576)]
    pub max_partition_fetch_bytes: i32,
}

/// Runs fetchers.
pub(crate) async fn run(options: &ConsumeOptions, stop: &Stop) -> Result<Report, BenchError> {
    options.time.check()?;
    options.records.check()?;
    if options.connections == 0 || options.topic.partitions == 0 {
        return Err(BenchError::options("--connections and --partitions must be at least 1"));
    }
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let work =
        async |client: &mut Client, topic: &RunTopic| measured(options, stop, client, topic).await;
    RunTopic::during(&mut client, &options.topic, work).await
}

async fn measured(
    options: &ConsumeOptions,
    stop: &Stop,
    client: &mut Client,
    topic: &RunTopic,
) -> Result<Report, BenchError> {
    let mut report = Report::new("consume");
    let name = &topic.topic.name;
    let partitions = topic.partitions();
    let start = client.offsets(name, &partitions, EARLIEST).await?;
    let mut end = client.offsets(name, &partitions, LATEST).await?;
    if start == end {
        let rate = fill(client, topic, &options.records, options.fill, stop).await?;
        report.number("fill_mb_per_s", rate);
        end = client.offsets(name, &partitions, LATEST).await?;
    }
    let ranges: Vec<Range> = partitions
        .iter()
        .zip(start.iter().zip(&end))
        .map(|(partition, (start, end))| Range::new(*partition, *start, *end))
        .filter(|range| range.end > range.start)
        .collect();
    let warmup = if options.once { 0.0 } else { options.time.warmup };
    let longest = if options.once { 600.0 } else { options.time.seconds };
    let plan = Arc::new(FetchPlan {
        version: client.versions().pick(Api::FETCH)?,
        topic: name.clone(),
        limits: FetchLimits {
            max_wait_ms: options.fetch_max_wait_ms,
            min_bytes: options.fetch_min_bytes,
            max_bytes: options.fetch_max_bytes,
            max_partition_bytes: options.max_partition_fetch_bytes,
        },
        verify: options.verify,
        once: options.once,
        buffer: options.receive_buffer,
        window: Arc::new(Window::new(warmup, longest)),
    });
    let led = client.leaders(&topic.topic).await?;
    let shares = spread(&led, &ranges, options.connections);
    let run = drive(&plan, shares, &options.common, stop).await?;
    write(&plan, run, &mut report, stop)?;
    Ok(report)
}

/// Divides the partitions of each node among its connections; where there are more connections
/// than partitions, several read the same.
fn spread(
    led: &[(String, Vec<i32>)],
    ranges: &[Range],
    connections: usize,
) -> Vec<(String, Vec<Range>)> {
    let mut shares = Vec::new();
    for (node, (address, partitions)) in led.iter().enumerate() {
        let here: Vec<Range> =
            ranges.iter().filter(|range| partitions.contains(&range.partition)).copied().collect();
        let count = (node..connections).step_by(led.len().max(1)).count();
        if here.is_empty() || count == 0 {
            continue;
        }
        for index in 0..count {
            let mine = if here.len() >= count {
                here.iter().copied().skip(index).step_by(count).collect()
            } else {
                vec![here[index % here.len()]]
            };
            shares.push((address.clone(), mine));
        }
    }
    shares
}

async fn drive(
    plan: &Arc<FetchPlan>,
    shares: Vec<(String, Vec<Range>)>,
    common: &Common,
    stop: &Stop,
) -> Result<Run, BenchError> {
    let fleet = Fleet::start(common.threads);
    let mut fetchers = Vec::with_capacity(shares.len());
    for (index, (address, ranges)) in shares.into_iter().enumerate() {
        let plan = Arc::clone(plan);
        let factory = move |recorder| Fetcher::new(plan, address, ranges, recorder);
        fetchers.push(fleet.spawn(index, factory));
    }
    run_fleet(fleet, fetchers, &plan.window, common.pid, stop, Unit::Counted).await
}

fn write(plan: &FetchPlan, run: Run, report: &mut Report, stop: &Stop) -> Result<(), BenchError> {
    let Run { observed, latencies: (latencies, _) } = run;
    let Some(used) = observed.used else {
        return Err(observed.failed.unwrap_or(BenchError::Interrupted));
    };
    let counts = if plan.once { &observed.all } else { &observed.inside };
    let seconds = used.seconds.max(1e-9);
    let (messages, megabytes) = (as_f64(counts.messages), as_f64(counts.bytes) / 1e6);
    let requests = as_f64(counts.answered);
    report.set("fetch_version", plan.version);
    report.number("secs", seconds);
    report.number("msgs_per_s", messages / seconds);
    report.number("mb_per_s", megabytes / seconds);
    report.number("wire_mb_per_s", as_f64(counts.wire) / 1e6 / seconds);
    report.number("fetch_per_s", requests / seconds);
    report.number("bytes_per_fetch", as_f64(counts.wire) / requests.max(1.0));
    report.set("empty_fetches", counts.empty);
    report.latencies("fetch_lat_us", &latencies);
    used.write(report.fields(), Work { messages, megabytes, requests });
    // a fetcher fails at the first gap
    report.set("offsets_contiguous", observed.failed.is_none());
    observed.write(report, stop);
    Ok(())
}

/// Fills a topic with about `bytes` bytes, evenly; returns MB/s.
pub(crate) async fn fill(
    client: &mut Client,
    topic: &RunTopic,
    records: &RecordOptions,
    bytes: u64,
    stop: &Stop,
) -> Result<f64, BenchError> {
    let size = u64::try_from(records.record_size * records.batch_records).unwrap_or(u64::MAX);
    let quota = bytes.div_ceil(size.max(1)).max(1);
    let connections = usize::try_from(quota).unwrap_or(4).min(4);
    let batch = batch::encode(records, batch::wall_ms());
    let requests = Requests { batch: &batch, acks: 1, per_request: 1, quota: Some(quota) };
    let shares = produce::shares(client, &topic.topic, connections, &requests).await?;
    let plan = Arc::new(Plan {
        version: client.versions().pick(Api::PRODUCE)?,
        acks: 1,
        in_flight: 5,
        connections: connections as u64,
        interval: 0.0,
        window: Arc::new(Window::new(0.0, FILL_LIMIT)),
    });
    let begun = now();
    let unit = Unit::Requests {
        messages: records.batch_records as f64,
        bytes: records.record_size as f64,
    };
    let run = produce::drive(&plan, shares, 1, None, stop, unit).await?;
    if let Some(failed) = run.observed.failed {
        return Err(failed);
    }
    let counts = run.observed.all;
    BenchError::check(|| format!("filling topic {}", topic.topic.name), counts.first_error)?;
    if stop.asked() {
        return Err(BenchError::Interrupted);
    }
    if counts.answered < quota {
        return Err(BenchError::Late { what: format!("{bytes} bytes in {FILL_LIMIT} s") });
    }
    Ok(as_f64(counts.answered * size) / 1e6 / seconds(now() - begun).max(1e-9))
}

/// The longest that filling a topic may take, in seconds.
const FILL_LIMIT: f64 = 600.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(shares: &[(String, Vec<Range>)]) -> Vec<Vec<i32>> {
        shares.iter().map(|(_, ranges)| ranges.iter().map(|r| r.partition).collect()).collect()
    }

    #[test]
    fn connections_divide_the_partitions_or_share_one() {
        let ranges: Vec<Range> = (0..5).map(|p| Range::new(p, 0, 10)).collect();
        let led = vec![("a".to_owned(), vec![0, 1, 2, 3, 4])];
        assert_eq!(partitions(&spread(&led, &ranges, 2)), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(partitions(&spread(&led, &ranges[..1], 3)), [[0], [0], [0]]);
        let two = vec![("a".to_owned(), vec![0, 1]), ("b".to_owned(), vec![2, 3, 4])];
        let shares = spread(&two, &ranges, 3);
        assert_eq!(partitions(&shares), [vec![0], vec![1], vec![2, 3, 4]]);
        assert_eq!(shares[2].0, "b");
    }
}
