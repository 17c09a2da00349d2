//! Other people's producers, on the same records. Each is a program of its own that is timed from
//! its start to its end, so give it enough to do.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::PathsOptions;
use crate::clock::{now, seconds};
use crate::error::BenchError;
use crate::stop::Stop;
use crate::usage::Cpu;

const TOPIC: &str = "bench-external";
/// Bytes of a record's value.
const SIZE: usize = 100;

/// kcat reads lines from a file and hands each to librdkafka; none if it is not installed.
pub(super) async fn kcat(
    options: &PathsOptions,
    address: &str,
    broker: Option<u32>,
    scratch: &Path,
    stop: &Stop,
) -> Result<Option<Value>, BenchError> {
    let lines = scratch.join("lines");
    write_lines(&lines, options.external_records).map_err(BenchError::system("writing lines"))?;
    let mut command = Command::new("kcat");
    command.args(["-P", "-b", address, "-t", TOPIC, "-p", "0", "-X", "acks=1"]);
    command.args(["-X", "batch.num.messages=150", "-X", "linger.ms=5", "-X"]);
    command.args(["queue.buffering.max.messages=100000", "-l"]).arg(&lines);
    let timed = timed(command, broker, stop).await;
    // a file that is not there any more needs no removal
    _ = std::fs::remove_file(&lines);
    Ok(timed?.map(|run| line("kcat (librdkafka)", options.external_records, &run, None)))
}

/// Kafka's own producer, as its performance tool uses it; none without its jars or without Java.
pub(super) async fn java(
    options: &PathsOptions,
    address: &str,
    broker: Option<u32>,
    stop: &Stop,
) -> Result<Option<Value>, BenchError> {
    let Some(libs) = &options.kafka_libs else {
        eprintln!("no --kafka-libs: the row of Kafka's Java producer is left out");
        return Ok(None);
    };
    let mut classes = OsString::from(libs);
    classes.push("/*");
    let mut command = Command::new("java");
    command.args(["-server", "-XX:+UseG1GC", "-Xmx1G", "-cp"]).arg(classes);
    command.args(["org.apache.kafka.tools.ProducerPerformance", "--topic", TOPIC]);
    let records = options.external_records.to_string();
    command.args(["--num-records", &records, "--record-size", "100", "--throughput", "-1"]);
    // the virtual machine needs a while to compile what it runs most
    command.args(["--warmup-records", &(options.external_records / 4).to_string()]);
    command.args(["--bootstrap-server", address, "--command-property", "acks=1"]);
    command.args(["enable.idempotence=false", "linger.ms=5", "batch.size=16384"]);
    let Some(run) = timed(command, broker, stop).await? else { return Ok(None) };
    // what the tool itself has measured leaves out the start of the JVM
    let last = run.output.lines().rfind(|line| line.contains(" records/sec")).unwrap_or_default();
    let rate = last.split(", ").find_map(|part| part.split_once(" records/sec"));
    let rate = rate.and_then(|(number, _)| number.trim().parse().ok());
    Ok(Some(line("java", options.external_records, &run, rate)))
}

/// What a program did.
struct Timed {
    seconds: f64,
    /// Of the program, and of the broker meanwhile.
    cpu: f64,
    broker_cpu: f64,
    good: bool,
    output: String,
}

/// Runs a program to its end; none if there is no such program.
async fn timed(
    mut command: Command,
    broker: Option<u32>,
    stop: &Stop,
) -> Result<Option<Timed>, BenchError> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    crate::compare::quiet(3.0).await;
    let of_broker = || broker.and_then(Cpu::of).map_or(0.0, Cpu::total);
    let (begun, before) = (now(), of_broker());
    let child = match command.spawn() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("{program} is not installed: its row is left out");
            return Ok(None);
        }
        child => child.map_err(BenchError::system(format!("cannot run {program}")))?,
    };
    let mut child = Killed(child);
    let mut cpu = 0.0;
    let status = loop {
        // short of its last moments, as a process that has ended has no figures any more
        cpu = Cpu::of(child.0.id()).map_or(cpu, Cpu::total);
        if let Some(status) = child.0.try_wait().map_err(BenchError::system("waiting"))? {
            break status;
        }
        if stop.asked() {
            return Err(BenchError::Interrupted);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let (seconds, broker_cpu) = (seconds(now() - begun), of_broker() - before);
    let mut output = String::new();
    if let Some(mut pipe) = child.0.stdout.take() {
        let read = std::io::Read::read_to_string(&mut pipe, &mut output);
        read.map_err(BenchError::system("reading its output"))?;
    }
    Ok(Some(Timed { seconds, cpu, broker_cpu, good: status.success(), output }))
}

/// A child that does not outlive the measurement.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // it may have ended already
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn line(path: &str, records: u64, run: &Timed, rate: Option<f64>) -> Value {
    let mut line = json!({
        "mode": "produce",
        "path": path,
        "work": super::Work::Batches.label(),
        "secs": crate::report::rounded(run.seconds),
    });
    if !run.good {
        // what it has not done has no rate
        line["failed"] = json!("it ended with an error");
        return line;
    }
    let records = crate::histogram::as_f64(records);
    let seconds = run.seconds.max(1e-9);
    let rate = rate.unwrap_or(records / seconds);
    for (name, figure) in [
        ("msgs_per_s", rate),
        ("mb_per_s", rate * SIZE as f64 / 1e6),
        ("client_cpu_pct", run.cpu / seconds * 100.0),
        ("cpu_ns_per_msg", (run.cpu + run.broker_cpu) * 1e9 / records),
    ] {
        line[name] = json!(crate::report::rounded(figure));
    }
    line
}

fn write_lines(path: &Path, records: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    let text = [b'x'; SIZE];
    for _ in 0..records {
        out.write_all(&text)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
