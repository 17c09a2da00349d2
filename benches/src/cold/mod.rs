//! Cold reads: what a consumer of records that are no longer in memory does to a producer, and what
//! the machine does to it when anyone at all reads the same files.

mod files;
mod table;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{SECOND, now, seconds, sleep_until};
use crate::compare::quiet;
use crate::consume::{self, ConsumeOptions};
use crate::error::BenchError;
use crate::histogram::as_f64;
use crate::options::{Common, RecordOptions, TimeOptions, TopicOptions};
use crate::produce::{self, ProduceOptions, RunTopic};
use crate::report::{Report, rounded, sound};
use crate::stalls::StallMeter;
use crate::stop::Stop;
use crate::usage::disturbance;
use crate::wire::Client;
use files::{Files, check_space};

pub(crate) use table::table;

/// Measures cold reads: a producer alone, beside a bare reader of the files, beside a consumer.
///
/// Fills a topic, and before each turn drops its files from the page cache. The bare reader has
/// nothing of the broker in it: what it does to the producer, the machine does. A turn takes
/// --seconds, or less where its reader is through. The topics are deleted at the end.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ColdOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// The broker's log directory, on this machine
    #[arg(long, value_name = "DIR")]
    pub log_dir: PathBuf,
    /// Bytes of the cold topic
    #[arg(long, value_name = "BYTES", default_value = "4e9", value_parser = crate::options::large)]
    pub fill: u64,
    /// Partitions of the cold topic
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub cold_partitions: u16,
    /// Connections of its consumer
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub readers: usize,
    /// Times that each turn is taken
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: u32,
    /// Seconds between dropping the files and a turn, while the host takes the freed pages back
    #[arg(long, value_name = "S", default_value_t = 8.0)]
    pub settle: f64,
    /// Seconds to wait before that, at most, until the machine is quiet
    #[arg(long, value_name = "S", default_value_t = 20.0)]
    pub quiet: f64,
    /// Partitions that are produced to
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub partitions: u16,
    /// Bytes of a record's value
    #[arg(long, value_name = "BYTES", default_value_t = 1000)]
    pub record_size: usize,
    /// Records of a batch
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub batch_records: usize,
    /// Messages a second, sent at fixed times
    #[arg(long, visible_alias = "throughput", value_name = "N", default_value_t = 20_000.0)]
    pub rate: f64,
    /// Connections of the producer
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub connections: usize,
    /// Requests of a connection that may be without a reply
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub in_flight: usize,
    /// Acknowledgements to wait for: 0, 1 or all
    #[arg(long, value_name = "ACKS", default_value = "1", value_parser = crate::options::acks,
          allow_hyphen_values = true)]
    pub acks: i16,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub time: TimeOptions,
}

/// A reader that is through sooner ends a turn only after so long.
const SHORTEST: u64 = SECOND;
/// Left free on the disk.
const SPARE: f64 = 1e9;

/// What is beside the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Alone,
    Bare,
    Consumer,
}

impl Turn {
    fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Bare => "bare",
            Self::Consumer => "consumer",
        }
    }
}

impl ColdOptions {
    fn check(&self) -> Result<(), BenchError> {
        self.time.check()?;
        let settle = (0.0..1e4).contains(&self.settle);
        if !settle || self.rate <= 0.0 || self.fill == 0 || self.rounds == 0 || self.readers == 0 {
            let what = "--rate, --fill, --rounds and --readers must be more than 0, and --settle \
                        not less";
            return Err(BenchError::options(what));
        }
        let produced = self.rate
            * self.record_size as f64
            * 3.0
            * f64::from(self.rounds)
            * (self.time.seconds + self.time.warmup);
        check_space(&self.log_dir, (as_f64(self.fill) * 1.05 + produced * 1.05 + SPARE) as u64)
    }

    fn records(&self) -> RecordOptions {
        RecordOptions {
            record_size: self.record_size,
            batch_records: self.batch_records,
            compression_type: ottla_core::record::Compression::None,
        }
    }

    fn producer(&self, topic: TopicOptions) -> ProduceOptions {
        ProduceOptions {
            common: self.common.clone(),
            topic,
            records: self.records(),
            time: self.time,
            connections: self.connections,
            in_flight: self.in_flight,
            acks: self.acks,
            rate: self.rate,
            parts_per_request: 1,
            prime: false,
            path: produce::Path::Wire,
            cores: 0,
            data: None,
        }
    }

    fn consumer(&self, topic: TopicOptions) -> ConsumeOptions {
        ConsumeOptions {
            common: self.common.clone(),
            topic,
            records: self.records(),
            time: self.time,
            connections: self.readers,
            fill: self.fill,
            verify: false,
            once: true,
            receive_buffer: 262_144,
            fetch_max_wait_ms: 500,
            fetch_min_bytes: 1,
            fetch_max_bytes: 52_428_800,
            max_partition_fetch_bytes: 1_048_576,
        }
    }
}

fn topic(name: Option<String>, partitions: u16) -> TopicOptions {
    TopicOptions { topic: name, partitions, replication_factor: 1, settings: vec![], keep: false }
}

/// Fills a topic and takes the turns.
pub(crate) async fn run(options: &ColdOptions, stop: &Stop) -> Result<Report, BenchError> {
    options.check()?;
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let (cold, hot) = (topic(None, options.cold_partitions), topic(None, options.partitions));
    RunTopic::during(&mut client, &cold, async |client: &mut Client, cold: &RunTopic| {
        RunTopic::during(client, &hot, async |client: &mut Client, hot: &RunTopic| {
            filled(options, stop, client, cold, hot).await
        })
        .await
    })
    .await
}

async fn filled(
    options: &ColdOptions,
    stop: &Stop,
    client: &mut Client,
    cold: &RunTopic,
    hot: &RunTopic,
) -> Result<Report, BenchError> {
    // a folder that is not there is seen before gigabytes are written
    produce::prime(client, &cold.topic).await?;
    Files::find(&options.log_dir, &cold.topic.name, options.cold_partitions)?;
    let rate = consume::fill(client, cold, &options.records(), options.fill, stop).await?;
    let mut report = Report::new("cold");
    report.set("fill_bytes", options.fill);
    report.number("fill_mb_per_s", rate);
    let (mut lines, mut best): (Vec<Value>, Vec<(Turn, f64)>) = (Vec::new(), Vec::new());
    'rounds: for round in 0..options.rounds {
        let mut order = [Turn::Alone, Turn::Bare, Turn::Consumer];
        // none is always the first
        order.rotate_left(round as usize % 3);
        for turn in order {
            let Some(taken) = take(options, stop, (cold, hot), turn).await? else {
                report.set("interrupted", true);
                break 'rounds;
            };
            let mut line = taken.json();
            line["round"] = json!(round + 1);
            note(&line);
            let disturbed = disturbance(&line);
            if best.iter().all(|(other, least)| *other != turn || disturbed < *least) {
                report.take_curve("lat", &taken, turn.name());
                best.push((turn, disturbed));
            }
            lines.push(line);
        }
    }
    if options.common.json {
        eprintln!("{}", table(&lines));
    }
    for name in ["acked_msgs", "stored_msgs"] {
        let all: i64 = lines.iter().filter_map(|line| line[name].as_i64()).sum();
        report.set(name, all);
    }
    report.set("stored_ok", lines.iter().all(sound));
    report.set("turns", lines);
    Ok(report)
}

/// Tells how far it is.
fn note(line: &Value) {
    let turn = line["turn"].as_str().unwrap_or_default();
    eprintln!("{turn:<8} {}", crate::text::line(line));
}

/// One turn; none if it was ended before there was a result.
async fn take(
    options: &ColdOptions,
    stop: &Stop,
    (cold, hot): (&RunTopic, &RunTopic),
    turn: Turn,
) -> Result<Option<Report>, BenchError> {
    let files = Files::find(&options.log_dir, &cold.topic.name, options.cold_partitions)?;
    let files = Arc::new(files);
    let dropping = Arc::clone(&files);
    let cached = blocking("dropping cached files", move || dropping.drop_pages()).await?;
    quiet(options.quiet).await;
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs_f64(options.settle)) => {}
        () = stop.wait() => return Ok(None),
    }
    let (end, part) = stop.part();
    let to = topic(Some(hot.topic.name.clone()), options.partitions);
    let (producer, own) = (options.producer(to), part.clone());
    let producing = async {
        let produced = produce::run(&producer, &own, None).await;
        end.send_replace(true);
        produced
    };
    let beside = async {
        tokio::time::sleep(Duration::from_secs_f64(options.time.warmup)).await;
        let (meter, begun) = (StallMeter::start(), now());
        let read = read(options, &part, turn, cold, &files).await;
        let took = seconds(now() - begun);
        tokio::select! {
            () = sleep_until(begun + SHORTEST) => {}
            () = part.wait() => {}
        }
        end.send_replace(true);
        (read, took, tokio::task::spawn_blocking(move || meter.stop()).await)
    };
    let (produced, (read, took, stalls)) = tokio::join!(producing, beside);
    if stop.asked() {
        return Ok(None);
    }
    let (mut report, rate) = (early(produced)?, read?);
    // that the reader ended it is how it should be
    report.fields().remove("interrupted");
    report.set("mode", "cold");
    report.set("turn", turn.name());
    if let Ok(stalls) = stalls {
        stalls.write(&mut report);
    }
    if let Some(cached) = cached {
        report.number("still_cached_pct", cached * 100.0);
    }
    if let Some(rate) = rate {
        report.number("reader_mb_per_s", rate);
        report.number("reader_s", took);
    }
    Ok(Some(report))
}

/// Says why there is no result where the reader ended the turn too soon.
fn early(produced: Result<Report, BenchError>) -> Result<Report, BenchError> {
    produced.map_err(|error| match error {
        BenchError::Interrupted => BenchError::options(
            "the reader was through before the producer was warm: give a larger --fill",
        ),
        other => other,
    })
}

/// Reads the cold topic once, or until the turn ends; MB/s, or none where nobody reads.
async fn read(
    options: &ColdOptions,
    part: &Stop,
    turn: Turn,
    cold: &RunTopic,
    files: &Arc<Files>,
) -> Result<Option<f64>, BenchError> {
    match turn {
        Turn::Alone => {
            part.wait().await;
            Ok(None)
        }
        Turn::Bare => {
            let ended = Arc::new(AtomicBool::new(false));
            let (files, until, begun) = (Arc::clone(files), Arc::clone(&ended), now());
            let reading = blocking("reading the cold files", move || files.read(&until));
            let asked = async {
                part.wait().await;
                ended.store(true, Ordering::Relaxed);
                std::future::pending().await
            };
            let bytes = tokio::select! { bytes = reading => bytes?, never = asked => never };
            Ok(Some(as_f64(bytes) / 1e6 / seconds(now() - begun).max(1e-9)))
        }
        Turn::Consumer => {
            let from = topic(Some(cold.topic.name.clone()), options.cold_partitions);
            let line = consume::run(&options.consumer(from), part).await?.json();
            if !sound(&line) {
                let what = format!("the consumer: {}", crate::text::line(&line));
                return Err(BenchError::Stored { what });
            }
            Ok(line["mb_per_s"].as_f64().map(rounded))
        }
    }
}

async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BenchError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())).map_err(BenchError::system(what))
}
