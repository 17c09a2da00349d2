//! What this machine can do without any broker: the least that a request, or a megabyte, must cost.
//!
//! Blocking threads on bare sockets and files; the processor time is that of the thread that stands
//! for the broker.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ottla_core::record::{Compression, crc32c};
use rustix::time::{ClockId, clock_gettime};

use crate::batch;
use crate::clock::now;
use crate::error::BenchError;
use crate::histogram::{Latencies, as_f64};
use crate::options::RecordOptions;
use crate::report::Report;

/// Measures this machine without a broker: what bare sockets, files and checksums cost.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct FloorsOptions {
    /// Where to write a file of at most 2 GB, which is removed
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Seconds of each of the measurements
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub seconds: f64,
    /// Prints the result as one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// The largest file that is written.
const FILE_LIMIT: u64 = 2_000_000_000;
/// Bytes of a bare round trip.
const PING: usize = 64;

/// Processor time of this thread.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn microseconds_per_mb(cpu: Duration, bytes: u64) -> f64 {
    cpu.as_secs_f64() * 1e12 / as_f64(bytes.max(1))
}

/// Two ends of a connection.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}

/// Measures all of it; blocks for some seconds.
///
/// # Errors
/// A socket or a file failed.
pub fn floors(options: &FloorsOptions) -> Result<Report, BenchError> {
    let records = RecordOptions {
        record_size: 1000,
        batch_records: 1000,
        compression_type: Compression::None,
    };
    let data = batch::encode(&records, batch::wall_ms());
    let seconds = Duration::try_from_secs_f64(options.seconds)
        .map_err(|_| BenchError::options("--seconds must not be negative"))?;
    let path = options.dir.join(format!("ottla-floors-{}", std::process::id()));
    let result = all(&data, seconds, &path);
    // it may not have been made
    _ = std::fs::remove_file(&path);
    result.map_err(BenchError::system(format!("measuring in {}", options.dir.display())))
}

fn all(data: &[u8], seconds: Duration, path: &Path) -> io::Result<Report> {
    let mut report = Report::new("floors");
    let (latencies, cpu) = round_trips(seconds)?;
    report.latencies("round_trip_us", &latencies);
    report.number("round_trip_cpu_us", cpu);
    let small = &data[..data.len().min(16_384)];
    report.number("receive_us_per_mb", receive(data, seconds)?);
    report.number("append_16kb_us_per_mb", append(small, seconds, path)?);
    report.number("append_us_per_mb", append(data, seconds, path)?);
    report.number("crc_us_per_mb", checksum(data, seconds));
    report.number("crc_16kb_us_per_mb", checksum(small, seconds));
    report.number("sendfile_us_per_mb", send_file(seconds, path)?);
    Ok(report)
}

/// Latencies of 64 bytes there and back, and what the answering side spends on each.
fn round_trips(span: Duration) -> io::Result<(Latencies, f64)> {
    let (mut client, mut server) = pair()?;
    let answering: JoinHandle<(Duration, u64)> = std::thread::spawn(move || {
        let mut buffer = [0; PING];
        let (begun, mut count) = (thread_cpu(), 0);
        while server.read_exact(&mut buffer).is_ok() && server.write_all(&buffer).is_ok() {
            count += 1;
        }
        (thread_cpu() - begun, count)
    });
    let mut latencies = Latencies::new();
    let mut buffer = [7; PING];
    let begun = Instant::now();
    while begun.elapsed() < span {
        let sent = now();
        client.write_all(&buffer)?;
        client.read_exact(&mut buffer)?;
        latencies.record(sent, now());
    }
    drop(client);
    let (cpu, count) = answering.join().unwrap_or_default();
    Ok((latencies, cpu.as_secs_f64() * 1e6 / as_f64(count.max(1))))
}

/// What it costs to receive a megabyte.
fn receive(data: &[u8], span: Duration) -> io::Result<f64> {
    let (mut client, mut server) = pair()?;
    let receiving = std::thread::spawn(move || {
        let mut buffer = vec![0; 256 * 1024];
        let (begun, mut bytes) = (thread_cpu(), 0_u64);
        while let Ok(length) = server.read(&mut buffer) {
            if length == 0 {
                break;
            }
            bytes += length as u64;
        }
        microseconds_per_mb(thread_cpu() - begun, bytes)
    });
    let begun = Instant::now();
    while begun.elapsed() < span {
        client.write_all(data)?;
    }
    drop(client);
    Ok(receiving.join().unwrap_or_default())
}

/// What it costs to append a megabyte to the page cache.
fn append(data: &[u8], span: Duration, path: &Path) -> io::Result<f64> {
    let mut file = File::create(path)?;
    let (begun, cpu, mut bytes) = (Instant::now(), thread_cpu(), 0);
    while begun.elapsed() < span && bytes < FILE_LIMIT {
        file.write_all(data)?;
        bytes += data.len() as u64;
    }
    Ok(microseconds_per_mb(thread_cpu() - cpu, bytes))
}

/// What the checksum of a megabyte costs.
fn checksum(data: &[u8], span: Duration) -> f64 {
    let (begun, cpu, mut bytes) = (Instant::now(), thread_cpu(), 0);
    while begun.elapsed() < span / 4 {
        black_box(crc32c(black_box(data)));
        bytes += data.len() as u64;
    }
    microseconds_per_mb(thread_cpu() - cpu, bytes)
}

/// What it costs to send a megabyte of a cached file.
fn send_file(span: Duration, path: &Path) -> io::Result<f64> {
    let (mut client, server) = pair()?;
    let reading = std::thread::spawn(move || {
        let mut buffer = vec![0; 256 * 1024];
        while client.read(&mut buffer).is_ok_and(|length| length > 0) {}
    });
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    // what was just written is cached; this makes sure
    io::copy(&mut File::open(path)?, &mut io::sink())?;
    let (begun, cpu, mut bytes, mut offset) = (Instant::now(), thread_cpu(), 0, 0);
    while begun.elapsed() < span {
        bytes += rustix::fs::sendfile(&server, &file, Some(&mut offset), 1 << 20)? as u64;
        if offset >= length {
            offset = 0;
        }
    }
    let cost = microseconds_per_mb(thread_cpu() - cpu, bytes);
    drop(server);
    drop(reading.join());
    Ok(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_cost() {
        let options = FloorsOptions { dir: std::env::temp_dir(), seconds: 0.02, json: true };
        let result = floors(&options).unwrap().json();
        for name in [
            "round_trip_cpu_us",
            "receive_us_per_mb",
            "append_us_per_mb",
            "crc_us_per_mb",
            "sendfile_us_per_mb",
        ] {
            assert!(result[name].as_f64() > Some(0.0), "{name}: {result}");
        }
    }
}
