//! What grows with the size of things: an append and a random read in a log of 1 GB and in one of
//! 1 TB; a request with 1 to 20,000 partitions and with 1 to 5,000 connections.
//!
//! ```text
//! cargo run --release -p ottla-benches --example growth -- log DIR
//! cargo run --release -p ottla-benches --example growth -- broker target/release/ottla DIR
//! ```
//!
//! The log of 1 TB is sparse: every segment has its full size and its whole index, and batches
//! where they are read. DIR should lie on the file system that is asked about.

use std::error::Error;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ottla_core::base::{LeaderEpoch, Offset, Tick, TopicPartition};
use ottla_core::record::{BatchBuilder, BatchHeader, Compression};
use ottla_core::storage::{
    BatchMeta, DirHealth, Log, LogConfig, LogEnv, LogState, OpenLog, RealDisk, RecoveryProgress,
};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: growth log DIR | growth broker OTTLA DIR";
/// Records of a batch, and their size.
const RECORDS: i64 = 16;
const RECORD_SIZE: usize = 1_000;
/// Batches of a full segment: nearly 1 GiB.
const SEGMENT_BATCHES: u64 = 66_000;
/// Reads of one measurement, and appends.
const SAMPLES: u64 = 4_096;
/// Measurements of each log, in turns; the median counts.
const TURNS: usize = 9;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["log", dir] => logs(Path::new(dir)),
        ["broker", ottla, dir] => brokers(Path::new(ottla), Path::new(dir)),
        _ => Err(USAGE.into()),
    }
}

/// A batch whose base offset can be changed: the checksum does not cover it.
fn batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    for _ in 0..RECORDS {
        builder.push(1, None, Some(&[0x5a; RECORD_SIZE]), &[]);
    }
    builder.build(Offset(0), LeaderEpoch(0), Compression::None).to_vec()
}

fn stamped(batch: &[u8], offset: i64) -> Vec<u8> {
    let rest = batch.iter().skip(8);
    offset.to_be_bytes().iter().chain(rest).copied().collect()
}

/// The batch that is read as number `sample` of `segments` full segments.
fn place(sample: u64, segments: u64) -> (u64, u64) {
    // scattered, and the same in every run
    let scattered = sample.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    (sample % segments, scattered % SEGMENT_BATCHES)
}

fn first_offset(segment: u64, batch: u64) -> i64 {
    i64::try_from(segment * SEGMENT_BATCHES + batch).unwrap_or(0) * RECORDS
}

/// Makes the files of a log of so many full segments and an empty one.
fn make(dir: &Path, segments: u64, batch: &[u8]) -> Outcome {
    fs::create_dir_all(dir)?;
    let size = batch.len() as u64;
    let mut index = Vec::new();
    for at in 1..SEGMENT_BATCHES {
        let relative = u32::try_from(first_offset(0, at + 1) - 1)?;
        index.extend_from_slice(&relative.to_be_bytes());
        index.extend_from_slice(&u32::try_from(at * size)?.to_be_bytes());
    }
    let mut times = 1_i64.to_be_bytes().to_vec();
    times.extend_from_slice(&u32::try_from(RECORDS - 1)?.to_be_bytes());
    let (index_file, times_file) = (dir.join("index"), dir.join("times"));
    fs::write(&index_file, index)?;
    fs::write(&times_file, times)?;
    for segment in 0..segments {
        let base = first_offset(segment, 0);
        let name = |suffix: &str| dir.join(format!("{base:020}.{suffix}"));
        // the same entries in every segment: one file under many names
        fs::hard_link(&index_file, name("index"))?;
        fs::hard_link(&times_file, name("timeindex"))?;
        File::create(name("log"))?.set_len(SEGMENT_BATCHES * size)?;
    }
    for sample in 0..SAMPLES {
        let (segment, at) = place(sample, segments);
        let name = format!("{:020}.log", first_offset(segment, 0));
        let file = File::options().write(true).open(dir.join(name))?;
        // a look-up begins at the last index entry before the offset: that is the batch before
        for at in at.saturating_sub(1)..=at {
            file.write_all_at(&stamped(batch, first_offset(segment, at)), at * size)?;
        }
    }
    File::create(dir.join(format!("{:020}.log", first_offset(segments, 0))))?;
    fs::remove_file(index_file)?;
    Ok(fs::remove_file(times_file)?)
}

fn open(dir: &Path) -> Outcome<Log> {
    let open = OpenLog {
        env: LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(dir) },
        dir,
        partition: TopicPartition::new("growth", 0),
        config: Arc::new(LogConfig { segment_bytes: 2_000_000_000, ..LogConfig::default() }),
        state: LogState { clean: true, ..LogState::default() },
        now: Tick::at(1),
        progress: &RecoveryProgress::default(),
    };
    Ok(Log::open(&open, &mut ())?.0)
}

/// Nanoseconds of one random read: the look-up, and the bytes.
fn read(log: &mut Log, segments: u64, size: u32) -> Outcome<f64> {
    let end = log.log_end_offset();
    let begun = Instant::now();
    for sample in 0..SAMPLES {
        let (segment, at) = place(sample, segments);
        let offset = Offset(first_offset(segment, at) + 5);
        let slice = log.read(offset, size - 1, end, true)?;
        let bytes = slice.read_to_vec()?;
        if bytes.len() != size as usize || slice.position != at * u64::from(size) {
            return Err(format!("offset {offset}: {} bytes", bytes.len()).into());
        }
    }
    Ok(each(begun))
}

/// Nanoseconds of one append.
fn append(log: &mut Log, batch: &[u8]) -> Outcome<f64> {
    let header = BatchHeader::parse(batch)?;
    let mut batch = batch.to_vec();
    let begun = Instant::now();
    for _ in 0..SAMPLES {
        let base_offset = log.log_end_offset();
        batch.splice(..8, base_offset.0.to_be_bytes());
        let meta = BatchMeta {
            size: u32::try_from(batch.len())?,
            base_offset,
            last_offset: base_offset.plus(RECORDS - 1),
            max_timestamp: header.max_timestamp,
        };
        log.append(Tick::at(1), &batch, &[meta])?;
    }
    Ok(each(begun))
}

fn each(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e9 / SAMPLES as f64
}

fn logs(dir: &Path) -> Outcome {
    let batch = batch();
    let size = u32::try_from(batch.len())?;
    println!("| log | open | append of 16 KB | random read of 16 KB |\n|---|---|---|---|");
    let mut logs = Vec::new();
    for (name, segments) in [("1 GB", 1), ("1 TB, sparse", 1_000)] {
        let home = dir.join(format!("growth-{segments}"));
        make(&home, segments, &batch)?;
        let begun = Instant::now();
        let mut log = open(&home)?;
        let opened = begun.elapsed();
        // every segment has been read before: a broker keeps as many files open as it may
        read(&mut log, segments, size)?;
        logs.push((name, segments, home, log, opened, Vec::new(), Vec::new()));
    }
    for _ in 0..TURNS {
        for (_, segments, _, log, _, appends, reads) in &mut logs {
            appends.push(append(log, &batch)?);
            reads.push(read(log, *segments, size)?);
        }
    }
    for (name, _, home, _, opened, appends, reads) in logs {
        let (append, read) = (median(appends) / 1e3, median(reads) / 1e3);
        println!("| {name} | {opened:.1?} | {append:.2} µs | {read:.2} µs |");
        fs::remove_dir_all(home)?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A broker of the program `ottla`; it ends with this value.
struct Broker {
    ottla: PathBuf,
    address: String,
    process: Child,
}

impl Drop for Broker {
    fn drop(&mut self) {
        // nothing more can be done about one that is gone already
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Broker {
    fn start(ottla: &Path, dir: &Path) -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let ready = dir.join("port");
        let process = Command::new(ottla)
            .args(["start", "--override", &format!("listeners=PLAINTEXT://127.0.0.1:{port}")])
            .args(["--override", &format!("log.dirs={}", dir.join("logs").display())])
            .arg("--port-file")
            .arg(&ready)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let broker = Self { ottla: ottla.into(), address: format!("127.0.0.1:{port}"), process };
        let begun = Instant::now();
        while !ready.exists() {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err("the broker is not ready".into());
            }
            std::hint::spin_loop();
        }
        Ok(broker)
    }

    fn bench(&self, what: &str, arguments: &[&str]) -> Outcome<Value> {
        let output = Command::new(&self.ottla)
            .args(["bench", what, "--json", "--bootstrap-server", &self.address, "--pid"])
            .arg(self.process.id().to_string())
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// A line of a table: the cost of a request while something else is as it is.
    fn line(&self, what: &str, arguments: &[&str]) -> Outcome {
        let found = self.bench("produce", &[&["--seconds", "3"], arguments].concat())?;
        let number = |at: &str| found.pointer(at).and_then(Value::as_f64).unwrap_or(f64::NAN);
        println!(
            "| {what} | {:.1} µs | {:.0} | {:.0} µs | {:.0} µs | {:.0} MB |",
            number("/broker/cpu_us_per_req"),
            number("/req_per_s"),
            number("/lat_us/p50"),
            number("/lat_us/p99"),
            number("/broker/rss_mb"),
        );
        Ok(())
    }
}

fn brokers(ottla: &Path, dir: &Path) -> Outcome {
    let heading = "broker CPU a request | requests/s | p50 | p99 | resident |";
    println!("| partitions | {heading}\n|---|---|---|---|---|---|");
    for partitions in [1, 16, 100, 1_000, 10_000, 20_000] {
        let home = dir.join("growth-broker");
        fs::create_dir_all(&home)?;
        let broker = Broker::start(ottla, &home)?;
        // a request may create 10,000 at most
        let written = partitions.min(10_000).to_string();
        if partitions > 10_000 {
            broker.bench("topics", &["--partitions", &written, "--topic", "more", "--keep"])?;
        }
        let line = ["--partitions", &written, "--prime", "--connections", "4", "--in-flight", "5"];
        broker.line(&partitions.to_string(), &line)?;
        drop(broker);
        fs::remove_dir_all(home)?;
    }
    println!("\n| connections | {heading}\n|---|---|---|---|---|---|");
    let home = dir.join("growth-broker");
    fs::create_dir_all(&home)?;
    let broker = Broker::start(ottla, &home)?;
    for connections in [1, 16, 64, 500, 2_000, 5_000] {
        let count = connections.to_string();
        let line = ["--partitions", "16", "--connections", &count];
        let line = [&line[..], &["--in-flight", "1", "--batch-records", "1"]].concat();
        broker.line(&count, &line)?;
    }
    let idle = Command::new(ottla)
        .args(["bench", "conns", "--bootstrap-server", &broker.address])
        .args(["--connections", "4500", "--hold", "12"])
        .stdout(Stdio::null())
        .spawn()?;
    // by then the idle ones are connected
    let line = ["--warmup", "4", "--partitions", "16", "--connections", "500"];
    let line = [&line[..], &["--in-flight", "1", "--batch-records", "1"]].concat();
    let mixed = broker.line("500, and 4,500 idle", &line);
    let waited = { idle }.wait();
    drop(broker);
    fs::remove_dir_all(home)?;
    waited?;
    mixed
}
