//! What every bench command takes, and what those that send records take.

use std::path::PathBuf;

use ottla_core::record::Compression;

use crate::error::BenchError;

/// Where the broker is and what to do with the result.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Common {
    /// Address of the broker
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:9092")]
    pub bootstrap_server: String,
    /// Process id of a broker on this machine: its processor time and memory are measured
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
    /// Threads for the bench actors
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: usize,
    /// Prints the result as one line of JSON
    #[arg(long)]
    pub json: bool,
    /// A name for the measurement, kept in the result
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// A name for the broker, kept in the result
    #[arg(long, value_name = "TEXT")]
    pub broker: Option<String>,
    /// Draws the result into this SVG file
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

/// The topic that is written or read.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct TopicOptions {
    /// The topic; made for the run and deleted after it if it is not there
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,
    /// Partitions of the topic
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub partitions: u16,
    /// Replication factor of a topic that is made
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub replication_factor: i16,
    /// A setting of a topic that is made; may be given again
    #[arg(long = "topic-config", value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Keeps a topic that was made for the run
    #[arg(long)]
    pub keep: bool,
}

fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// The records that are sent.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(skip)]
pub struct RecordOptions {
    /// Bytes of a record's value
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub record_size: usize,
    /// Records of a batch
    #[arg(long, value_name = "N", default_value_t = 150)]
    pub batch_records: usize,
    /// Codec of the batches: none, gzip, snappy, lz4 or zstd; with a codec, the values can be
    /// compressed to about half
    #[arg(long, value_name = "CODEC", default_value = "none", value_parser = codec)]
    pub compression_type: Compression,
}

fn codec(text: &str) -> Result<Compression, &'static str> {
    Compression::from_name(text).ok_or("not one of none, gzip, snappy, lz4, zstd")
}

/// The largest request: Kafka's `socket.request.max.bytes`.
const LARGEST: usize = 100 * 1024 * 1024;

impl RecordOptions {
    /// Refuses what no broker takes.
    pub(crate) fn check(&self) -> Result<(), BenchError> {
        if self.batch_records == 0 {
            return Err(BenchError::options("--batch-records must be at least 1"));
        }
        if self.batch_records.saturating_mul(self.record_size.saturating_add(16)) > LARGEST {
            return Err(BenchError::options("a batch of more than 100 MB is taken by no broker"));
        }
        Ok(())
    }
}

/// How long it goes on.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(skip)]
pub struct TimeOptions {
    /// Seconds that are measured
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    pub seconds: f64,
    /// Seconds of load before, that are not
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    pub warmup: f64,
}

impl TimeOptions {
    /// Refuses what is no time.
    pub(crate) fn check(&self) -> Result<(), BenchError> {
        let possible = |seconds: f64| (0.0..1e6).contains(&seconds);
        if possible(self.seconds) && possible(self.warmup) && self.seconds > 0.0 {
            return Ok(());
        }
        Err(BenchError::options("--seconds must be more than 0, and --warmup not less"))
    }
}

/// `acks` as producers write it.
pub(crate) fn acks(text: &str) -> Result<i16, &'static str> {
    match text {
        "0" => Ok(0),
        "1" => Ok(1),
        "-1" | "all" => Ok(-1),
        _ => Err("not one of 0, 1, all"),
    }
}

/// A number of bytes or records that may be written as `1e9`.
pub(crate) fn large(text: &str) -> Result<u64, &'static str> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=1e18).contains(&number) => Ok(number as u64),
        _ => Err("not a number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_kafka_writes_them() {
        assert_eq!(acks("all"), Ok(-1));
        assert_eq!(acks("-1"), Ok(-1));
        assert!(acks("2").is_err());
        assert_eq!(large("1e9"), Ok(1_000_000_000));
        assert!(large("-1").is_err());
        assert!(large("many").is_err());
        assert_eq!(setting("a.b=c=d"), Ok(("a.b".into(), "c=d".into())));
        assert!(setting("a").is_err());
        assert!(codec("lzma").is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let records = |record_size, batch_records| RecordOptions {
            record_size,
            batch_records,
            compression_type: Compression::None,
        };
        assert!(records(100, 150).check().is_ok());
        assert!(records(100, 0).check().is_err());
        assert!(records(usize::MAX, 2).check().is_err());
        assert!(TimeOptions { seconds: 0.0, warmup: 0.0 }.check().is_err());
        assert!(TimeOptions { seconds: f64::NAN, warmup: 0.0 }.check().is_err());
        assert!(TimeOptions { seconds: 1.0, warmup: 0.0 }.check().is_ok());
    }
}
