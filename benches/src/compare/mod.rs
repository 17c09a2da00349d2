//! The whole matrix, on Ottla and on other brokers by turns.

mod machine;
mod matrix;
mod page;
mod plots;
mod table;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};

use crate::Bench;
use crate::clock::{now, seconds};
use crate::error::BenchError;
use crate::floors::{FloorsOptions, floors};
use crate::greet::Protocol;
use crate::startup::Started;
use crate::stop::Stop;
use crate::usage;
use matrix::{Extent, ROWS, Row};

/// Compares Ottla with other brokers: the whole matrix on all of them, by turns.
///
/// Starts them on loopback, and beside them the bare server, whose cost in a row is its floor.
/// Runs each row on one and then on the next, and writes a page with tables, the raw lines and the
/// plots. Without a COMMAND and --nats, Ottla alone. `benches/compare` fetches the others and calls
/// this with them.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct CompareOptions {
    /// The short form: under five minutes
    #[arg(long)]
    pub short: bool,
    /// Seconds that each row is measured [default: 5, short: 1.5]
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
    /// Times that each row is measured on each broker; the least disturbed counts
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub rounds: usize,
    /// Only rows whose label contains this
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Seconds to wait, at most, until the machine is quiet before a row [default: 20, short: 3]
    #[arg(long, value_name = "S")]
    pub quiet: Option<f64>,
    /// Folder for the page, the raw lines and the plots
    #[arg(long, value_name = "DIR", default_value = "benches/results")]
    pub out: PathBuf,
    /// Name of the files [default: today's date]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Also draws the three plots that README shows, into the same folder
    #[arg(long)]
    pub readme: bool,
    /// Folder for the data of Ottla and for the floors [default: a new one in the system's
    /// temporary folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Port of Ottla
    #[arg(long, value_name = "PORT", default_value_t = 29092)]
    pub port: u16,
    /// The other broker's name
    #[arg(long, value_name = "NAME", default_value = "kafka")]
    pub other: String,
    /// The other broker's address
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:29592")]
    pub other_address: String,
    /// The other broker's version, for the page
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub other_version: String,
    /// Program of a NATS server, to run the rows of which its messages allow a fair comparison
    #[arg(long, value_name = "FILE")]
    pub nats: Option<PathBuf>,
    /// Port of the NATS server
    #[arg(long, value_name = "PORT", default_value_t = 29095)]
    pub nats_port: u16,
    /// A file that is locked during each measurement, where others measure on the same machine
    #[arg(long, value_name = "FILE")]
    pub lock: Option<PathBuf>,
    /// The other broker's command, behind `--`; it must stay in the foreground
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Words of a command line as a measurement.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    bench: Bench,
}

pub(crate) fn parse(words: &[String]) -> Result<Bench, BenchError> {
    let line = Line::try_parse_from(words);
    line.map(|line| line.bench).map_err(|error| BenchError::options(error.to_string()))
}

/// A broker under test.
struct Broker {
    about: About,
    address: String,
    started: Started,
}

/// The name of the bare server, which has no columns of its own.
const BARE: &str = "bare";

/// Which broker it is.
#[derive(Clone, Debug)]
struct About {
    name: String,
    version: String,
    protocol: Protocol,
}

impl Broker {
    fn runs(&self, row: &Row) -> bool {
        self.about.name != BARE || row.is_for_bare()
    }
}

impl CompareOptions {
    fn extent(&self) -> Extent {
        if self.short {
            let seconds = self.seconds.unwrap_or(1.5);
            let (fill, partitions) = (2e8, 200);
            Extent { seconds, warmup: 0.5, jit: 5.0, fill, partitions, connections: 500 }
        } else {
            let seconds = self.seconds.unwrap_or(5.0);
            let (fill, partitions) = (1e9, 1000);
            Extent { seconds, warmup: 2.0, jit: 20.0, fill, partitions, connections: 2000 }
        }
    }

    fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let extent = self.extent();
        let wanted = move |row: &Row| {
            let label = row.label(&extent);
            let named = self.only.as_deref().is_none_or(|only| label.contains(only));
            (row.short || !self.short) && (named || row.is_warm_up())
        };
        ROWS.iter().filter(move |row| wanted(row))
    }
}

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    /// A new folder of this process, named after what it is for.
    pub(crate) fn new(parent: Option<&Path>, what: &str) -> Result<Self, BenchError> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let dir = parent.join(format!("ottla-{what}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(BenchError::system(dir.display().to_string()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // what cannot be removed stays, and its name says whose it is
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a comparison came to.
#[derive(Debug)]
pub struct Comparison {
    /// The table, as it stands on the page.
    pub table: String,
    /// The page that was written.
    pub page: PathBuf,
    /// Whether no record was lost and no row failed; times never count.
    pub sound: bool,
    /// Whether Ctrl-C ended it before its last row.
    pub interrupted: bool,
}

/// Runs the matrix; to be called inside a running actix system.
///
/// # Errors
/// A broker did not start, or the page cannot be written.
pub async fn compare(options: &CompareOptions) -> Result<Comparison, BenchError> {
    crate::raise_open_files();
    let stop = Stop::listen();
    let scratch = Scratch::new(options.data.as_deref(), "compare")?;
    let mut lines = Vec::new();
    lines.push(measure_floors(options, &scratch.0).await?);
    note(&lines[0]);
    let mut brokers = start_all(options, &scratch.0, &stop, &mut lines).await?;
    for (position, row) in options.rows().enumerate() {
        for round in 0..options.rounds.max(1) {
            let mut order: Vec<&Broker> = brokers.iter().filter(|one| one.runs(row)).collect();
            // none is always the first
            let turn = (position + round) % order.len().max(1);
            order.rotate_left(turn);
            for broker in order {
                let Some(line) = measure(options, row, broker, &stop).await else { continue };
                note(&line);
                lines.push(line);
            }
            if row.is_warm_up() {
                break;
            }
        }
        if stop.asked() {
            break;
        }
    }
    let abouts = brokers.iter().map(|broker| broker.about.clone());
    let abouts: Vec<About> = abouts.filter(|about| about.name != BARE).collect();
    for broker in &mut brokers {
        broker.started.stop().await;
    }
    page::write(options, &abouts, &lines, stop.asked())
}

/// Starts Ottla and whatever else there is to compare it with.
async fn start_all(
    options: &CompareOptions,
    scratch: &Path,
    stop: &Stop,
    lines: &mut Vec<Value>,
) -> Result<Vec<Broker>, BenchError> {
    let mut brokers = Vec::new();
    let own = About {
        name: "ottla".to_owned(),
        version: format!("{} ({})", env!("CARGO_PKG_VERSION"), machine::commit()),
        protocol: Protocol::Kafka,
    };
    let address = format!("127.0.0.1:{}", options.port);
    brokers.push(start(own, address, ottla(options.port, scratch)?, stop, lines).await?);
    if let Some((program, arguments)) = options.command.split_first() {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null());
        let (name, version) = (options.other.clone(), options.other_version.clone());
        let other = About { name, version, protocol: Protocol::Kafka };
        brokers.push(start(other, options.other_address.clone(), command, stop, lines).await?);
    }
    if let Some(program) = &options.nats {
        let mut command = Command::new(program);
        let port = options.nats_port.to_string();
        command.args(["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir"]);
        command.arg(scratch.join("nats")).stdout(Stdio::null()).stderr(Stdio::null());
        let version = machine::version_of(program);
        let nats = About { name: "nats".to_owned(), version, protocol: Protocol::Nats };
        let address = format!("127.0.0.1:{}", options.nats_port);
        brokers.push(start(nats, address, command, stop, lines).await?);
    }
    match start_bare(scratch, stop, lines).await {
        Ok(bare) => brokers.push(bare),
        Err(BenchError::Interrupted) => return Err(BenchError::Interrupted),
        // the floors that were measured at the start stand in
        Err(error) => eprintln!("no bare server: {error}"),
    }
    Ok(brokers)
}

/// This very program as the bare server, on a port that is free.
async fn start_bare(
    scratch: &Path,
    stop: &Stop,
    lines: &mut Vec<Value>,
) -> Result<Broker, BenchError> {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let address = free.map_err(BenchError::system("looking for a free port"))?;
    let mut command = Command::new(own_program()?);
    command.args(["bench", "bare", "--port", &address.port().to_string(), "--dir"]);
    command.arg(scratch).stdout(Stdio::null()).stderr(Stdio::null());
    let (name, version) = (BARE.to_owned(), String::new());
    let about = About { name, version, protocol: Protocol::Kafka };
    start(about, address.to_string(), command, stop, lines).await
}

fn own_program() -> Result<PathBuf, BenchError> {
    std::env::current_exe().map_err(BenchError::system("finding this program"))
}

async fn start(
    about: About,
    address: String,
    command: Command,
    stop: &Stop,
    lines: &mut Vec<Value>,
) -> Result<Broker, BenchError> {
    let at = (about.protocol, address.as_str());
    let started = Started::start(command, at, 120.0, stop).await?;
    let mut line = started.report.json();
    line["label"] = json!("startup");
    line["broker_name"] = json!(about.name);
    note(&line);
    lines.push(line);
    Ok(Broker { about, address, started })
}

/// This very program, as a broker with default settings.
pub(crate) fn ottla(port: u16, scratch: &Path) -> Result<Command, BenchError> {
    let mut command = Command::new(own_program()?);
    command.arg("start");
    for setting in [
        format!("listeners=PLAINTEXT://127.0.0.1:{port}"),
        format!("log.dirs={}", scratch.join("ottla").display()),
        "offsets.topic.num.partitions=8".to_owned(),
        // so that the space of a deleted topic comes back before the next row
        "log.segment.delete.delay.ms=1000".to_owned(),
    ] {
        command.arg("--override").arg(setting);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).env("RUST_LOG", "warn");
    Ok(command)
}

async fn measure_floors(options: &CompareOptions, scratch: &Path) -> Result<Value, BenchError> {
    let seconds = if options.short { 0.3 } else { 1.0 };
    let _locked = Locked::take(options.lock.as_deref()).await?;
    let floors_of = FloorsOptions { dir: scratch.to_owned(), seconds, json: true };
    let work = tokio::task::spawn_blocking(move || {
        crate::memory::touch(1_500);
        floors(&floors_of)
    });
    let report = work.await.unwrap_or(Err(BenchError::Interrupted))?;
    Ok(report.json())
}

/// Runs one row on one broker, if it is for it; a failure is a line too.
async fn measure(
    options: &CompareOptions,
    row: &Row,
    broker: &Broker,
    stop: &Stop,
) -> Option<Value> {
    let extent = options.extent();
    let mut words = row.words(broker.about.protocol, &extent)?;
    let (name, label) = (broker.about.name.as_str(), row.label(&extent));
    let pid = broker.started.pid().unwrap_or(0).to_string();
    let fixed = [
        ("--bootstrap-server", broker.address.as_str()),
        ("--pid", &pid),
        ("--label", &label),
        ("--broker", name),
    ];
    words.extend(fixed.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]));
    let measured = async {
        let bench = parse(&words)?;
        let _locked = Locked::take(options.lock.as_deref()).await?;
        quiet(options.quiet.unwrap_or(if options.short { 3.0 } else { 20.0 })).await;
        if row.floor == matrix::Floor::Append {
            // last of all: the host takes it back bit by bit, every two seconds
            touch_memory(options.short).await;
        }
        bench.run_until(stop, None).await
    };
    Some(match measured.await {
        Ok(report) => report.json(),
        Err(error) => json!({"label": label, "broker_name": name, "error": error.to_string()}),
    })
}

/// What is to be appended finds memory that the machine has.
async fn touch_memory(short: bool) {
    let megabytes = if short { 1_500 } else { 8_000 };
    // what cannot be touched is met by the row
    _ = tokio::task::spawn_blocking(move || crate::memory::touch(megabytes)).await;
}

/// Waits until the machine does little and few pages wait for the disk, but not for ever.
pub(crate) async fn quiet(longest: f64) {
    let begun = now();
    while seconds(now() - begun) < longest {
        let (busy, at) = (usage::machine().0, now());
        tokio::time::sleep(Duration::from_millis(300)).await;
        let share = (usage::machine().0 - busy) / seconds(now() - at).max(1e-9);
        if share < 0.2 && usage::dirty_mb() < 300.0 {
            return;
        }
    }
}

/// A lock on a file, held until it is dropped.
struct Locked(#[expect(dead_code, reason = "the lock goes when the file is closed")] Option<File>);

impl Locked {
    async fn take(path: Option<&Path>) -> Result<Self, BenchError> {
        let Some(path) = path else { return Ok(Self(None)) };
        let shown = path.display().to_string();
        let path = path.to_owned();
        let taken = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).append(true).open(path)?;
            file.lock()?;
            Ok(file)
        });
        let file = taken.await.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
        file.map(|file| Self(Some(file))).map_err(BenchError::system(shown))
    }
}

/// Tells how far it is.
fn note(line: &Value) {
    let word = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let label = if word("label").is_empty() { word("mode") } else { word("label") };
    eprintln!("{:<6} {label}: {}", word("broker_name"), crate::text::line(line));
}
