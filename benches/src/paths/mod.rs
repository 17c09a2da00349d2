//! One table of all ways into a log: the bench actors' own wire, other people's clients, the native
//! client, and messages inside the process.

mod external;
mod floor;
mod table;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::compare::{Scratch, ottla, parse};
use crate::embed::Embedder;
use crate::error::BenchError;
use crate::greet::Protocol;
use crate::startup::Started;
use crate::stop::Stop;

/// Compares the ways into a log, side by side in one table.
///
/// Starts this program as a broker on loopback, lets each way append records of 100 bytes with
/// acks=1: 150 a batch, one a batch with many under way, and one at a time; and does the same with
/// a broker inside this process, by turns, with a thread of its own and on the arbiter of the bench
/// actors ("here": one thread for both). What the bare file costs stands beside it.
/// librdkafka's producer (as kcat uses it) and Kafka's Java producer work on the same broker if
/// they are there.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct PathsOptions {
    /// Seconds that each row is measured
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    pub seconds: f64,
    /// Seconds of load before, that are not
    #[arg(long, value_name = "S", default_value_t = 0.3)]
    pub warmup: f64,
    /// How often all rows are measured, by turns; the table has the medians
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: u32,
    /// Bench actors that append side by side; with one record at a time it is one
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub connections: usize,
    /// Partitions of the topic
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub partitions: u16,
    /// Threads for the bench actors, where they do not share the broker's
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: usize,
    /// Cores of the broker, in its own process or inside this one; 0: all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub cores: usize,
    /// Folder for the data of the brokers [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Port of the broker
    #[arg(long, value_name = "PORT", default_value_t = 29292)]
    pub port: u16,
    /// Folder with Kafka's jars, for its Java producer
    #[arg(long, value_name = "DIR")]
    pub kafka_libs: Option<PathBuf>,
    /// Records that kcat and the Java producer send
    #[arg(long, value_name = "N", default_value = "5e6", value_parser = crate::options::large)]
    pub external_records: u64,
    /// Prints the results as lines of JSON
    #[arg(long)]
    pub json: bool,
}

/// The work that all ways do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Records of 100 bytes, 150 a batch, five batches of each bench actor under way.
    Batches,
    /// One record of 100 bytes a batch, 32 of each bench actor under way.
    Many,
    /// One record of 100 bytes at a time.
    Single,
}

impl Work {
    const ALL: [Self; 3] = [Self::Batches, Self::Many, Self::Single];

    fn label(self) -> &'static str {
        match self {
            Self::Batches => "batches",
            Self::Many => "many",
            Self::Single => "single",
        }
    }

    /// Records of a batch, and batches of a bench actor under way.
    fn shape(self) -> (usize, usize) {
        match self {
            Self::Batches => (150, 5),
            Self::Many => (1, 32),
            Self::Single => (1, 1),
        }
    }

    /// Bench actors that do it.
    fn actors(self, options: &PathsOptions) -> usize {
        if self == Self::Single { 1 } else { options.connections }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Paths {
    /// A result for each row and kind of work.
    pub lines: Vec<Value>,
    /// The table.
    pub table: String,
    /// Whether no record was lost and no row failed; times never count.
    pub sound: bool,
}

/// Measures all ways; to be called inside a running actix system.
///
/// # Errors
/// The broker did not start, or a row has no result.
pub async fn paths(options: &PathsOptions, embedder: &dyn Embedder) -> Result<Paths, BenchError> {
    crate::raise_open_files();
    let stop = Stop::listen();
    let scratch = Scratch::new(options.data.as_deref(), "paths")?;
    let mut lines = Vec::new();
    let address = format!("127.0.0.1:{}", options.port);
    let mut command = ottla(options.port, &scratch.0)?;
    command.arg("--override").arg(format!("ottla.cores={}", options.cores));
    let mut started = Started::start(command, (Protocol::Kafka, &address), 30.0, &stop).await?;
    let pid = started.pid();
    for round in 1..=options.rounds.max(1) {
        let turn = Turn { options, round, address: &address, pid, scratch: &scratch.0 };
        turn.all(&stop, embedder, &mut lines).await?;
        if round == 1 {
            lines.extend(external::kcat(options, &address, pid, &scratch.0, &stop).await?);
            lines.extend(external::java(options, &address, pid, &stop).await?);
        }
    }
    started.stop().await;
    let sound = lines.iter().all(crate::report::sound);
    Ok(Paths { table: table::of(&lines), lines, sound })
}

/// The rows of each kind of work, by turns.
const PATHS: [&str; 7] = [
    "wire",
    "engine-sealed",
    "engine-encoded",
    "engine-here-sealed",
    "client",
    "engine",
    "engine-here",
];

/// One round through all rows.
struct Turn<'a> {
    options: &'a PathsOptions,
    round: u32,
    address: &'a str,
    pid: Option<u32>,
    scratch: &'a std::path::Path,
}

impl Turn<'_> {
    async fn all(
        &self,
        stop: &Stop,
        embedder: &dyn Embedder,
        lines: &mut Vec<Value>,
    ) -> Result<(), BenchError> {
        let (cores, data) = (self.options.cores.to_string(), self.scratch.display().to_string());
        let threads = self.options.threads.to_string();
        let alone = ["--data", &data];
        let inside = ["--cores", &cores, "--data", &data, "--threads", &threads];
        let pid = self.pid.unwrap_or(0).to_string();
        let outside = ["--bootstrap-server", self.address, "--pid", &pid, "--threads", &threads];
        for work in Work::ALL {
            lines.push(floor::measure(self.options, work, self.scratch, stop).await?);
            for path in PATHS {
                let more = match path {
                    "wire" | "client" => outside.as_slice(),
                    "engine-here" | "engine-here-sealed" => alone.as_slice(),
                    _ => inside.as_slice(),
                };
                let mut line = measure(self.options, path, work, more, stop, embedder).await?;
                line["round"] = json!(self.round);
                lines.push(line);
            }
        }
        Ok(())
    }
}

/// Lets the row before come to its end, which leaves pages for the disk to write, and lets this one
/// find memory that the machine has: without it, luck decides which way pays for it.
async fn settle(work: Work) {
    /// More than a row of the default length appends.
    const MEGABYTES: u64 = 3_000;
    /// A deleted topic's files go a second later, which must not fall into the next row.
    const DELETED: std::time::Duration = std::time::Duration::from_millis(2_500);
    tokio::time::sleep(DELETED).await;
    crate::compare::quiet(3.0).await;
    if work == Work::Batches {
        // what cannot be touched is met by the row
        _ = tokio::task::spawn_blocking(|| crate::memory::touch(MEGABYTES)).await;
    }
}

/// Runs one way on one kind of work.
async fn measure(
    options: &PathsOptions,
    path: &str,
    work: Work,
    more: &[&str],
    stop: &Stop,
    embedder: &dyn Embedder,
) -> Result<Value, BenchError> {
    let connections = work.actors(options);
    let (records, in_flight) = work.shape();
    let numbers = [
        ("--seconds", options.seconds.to_string()),
        ("--warmup", options.warmup.to_string()),
        ("--connections", connections.to_string()),
        ("--in-flight", in_flight.to_string()),
        ("--batch-records", records.to_string()),
        ("--partitions", options.partitions.to_string()),
        ("--path", path.to_owned()),
    ];
    let mut words = vec!["produce".to_owned()];
    words.extend(numbers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    if stop.asked() {
        return Err(BenchError::Interrupted);
    }
    settle(work).await;
    let report = parse(&words)?.run_until(stop, Some(embedder)).await?;
    let mut line = report.json();
    line["path"] = json!(path);
    line["work"] = json!(work.label());
    let part = |name| line.pointer(name).and_then(Value::as_f64).unwrap_or(0.0);
    let rate = part("/msgs_per_s").max(1e-9);
    let percent = part("/client_cpu_pct") + part("/broker/cpu_pct");
    line["cpu_ns_per_msg"] = json!(crate::report::rounded(percent * 1e7 / rate));
    eprintln!("{path} {}: {}", work.label(), crate::text::line(&line));
    Ok(line)
}
