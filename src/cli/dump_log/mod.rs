//! `ottla dump-log`: what is in the files of a log, as Kafka's `kafka-dump-log` prints it.
//!
//! It reads files and nothing else: no broker is needed, and a file that is being written may be
//! dumped up to where it ends now.

mod decoder;
mod error;
mod index;
mod json;
mod log;
mod schema;
mod schemas;
mod segment;
mod state;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::kit::{Given, Kind, Out, Spec, Stop, Tool};
use decoder::{Class, Decoder};
use error::DumpError;

/// `ottla dump-log`, `kafka-dump-log`.
pub(super) const TOOL: Tool = Tool {
    name: "dump-log",
    about: "Prints what the files of a log hold, without a broker",
    spec,
    run,
};

/// The decoder that Kafka takes when none is named.
const TEXT: &str = "org.apache.kafka.tools.api.StringDecoder";

/// What the decoders' options say, with what the class is for in front.
macro_rules! decoder_about {
    ($what:literal) => {
        concat!(
            "If set, used to deserialize the ",
            $what,
            ". This class should implement org.apache.kafka.tools.api.Decoder trait. Custom jar \
             should be available in kafka/libs directory."
        )
    };
}

fn spec() -> Spec {
    Spec::joptsimple(
        "This tool helps to parse a log file and dump its contents to the console, useful for \
         debugging a seemingly corrupt log segment.",
    )
    .flag(
        "print-data-log",
        "If set, printing the messages content when dumping data logs. Automatically set if any \
         decoder option is specified.",
    )
    .flag("verify-index-only", "If set, just verify the index log without printing its content.")
    .flag(
        "index-sanity-check",
        "If set, just checks the index sanity without printing its content. This is the same \
         check that is executed on broker startup to determine if an index needs rebuilding or \
         not.",
    )
    .value(
        "files",
        Kind::Text,
        "file1, file2, ...",
        "REQUIRED: The comma separated list of data and index log files to be dumped.",
    )
    .value("max-message-size", Kind::Integer, "size", "Size of largest message.")
    .default("5242880")
    .value(
        "max-bytes",
        Kind::Integer,
        "size",
        "Limit the amount of total batches read in bytes avoiding reading the whole .log file(s).",
    )
    .default("2147483647")
    .flag(
        "deep-iteration",
        "If set, uses deep instead of shallow iteration. Automatically set if print-data-log is \
         enabled.",
    )
    .value("value-decoder-class", Kind::Text, "", decoder_about!("messages"))
    .optional()
    .default(TEXT)
    .value("key-decoder-class", Kind::Text, "", decoder_about!("keys"))
    .optional()
    .default(TEXT)
    .flag(
        "offsets-decoder",
        "If set, log data will be parsed as offset data from the __consumer_offsets topic.",
    )
    .flag(
        "transaction-log-decoder",
        "If set, log data will be parsed as transaction metadata from the __transaction_state \
         topic.",
    )
    .flag("skip-record-metadata", SKIP)
}

const SKIP: &str = "Skip metadata when printing records. This flag also skips control records.";

impl Options {
    fn new(given: &Given) -> Result<Self, Stop> {
        let class = |name| Ok::<_, Stop>(given.value(name)?.unwrap_or(TEXT).to_owned());
        let decoder = if given.has("offsets-decoder") {
            Decoding::By(Decoder::Offsets)
        } else if given.has("transaction-log-decoder") {
            Decoding::By(Decoder::Transactions)
        } else {
            let (key, value) = (class("key-decoder-class")?, class("value-decoder-class")?);
            Decoding::Named { key, value }
        };
        let prints = [
            "print-data-log",
            "offsets-decoder",
            "transaction-log-decoder",
            "value-decoder-class",
            "key-decoder-class",
        ];
        let print = prints.iter().any(|name| given.has(name));
        Ok(Self {
            print,
            deep: given.has("deep-iteration") || print,
            skip_metadata: given.has("skip-record-metadata"),
            decoder,
            max_bytes: given.number("max-bytes")?.unwrap_or(i32::MAX),
            max_message_size: given.number("max-message-size")?.unwrap_or(5 << 20),
            sanity_only: given.has("index-sanity-check"),
            verify_only: given.has("verify-index-only"),
        })
    }
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    given.require(&["files"])?;
    let options = Options::new(given)?;
    let files = given.value("files")?.unwrap_or_default().split(',').map(PathBuf::from);
    let files: Vec<PathBuf> = files.filter(|path| !path.as_os_str().is_empty()).collect();
    dump(&files, &options, out, &mut io::stderr()).map_err(|error| match error {
        DumpError::Write(error) => Stop::from(error),
        error => Stop::error(error),
    })
}

/// How records are read, as far as it is known before there is one.
#[derive(Debug, PartialEq, Eq)]
enum Decoding {
    By(Decoder),
    /// By classes, looked up when there is a log to read.
    Named {
        key: String,
        value: String,
    },
}

impl Decoding {
    fn decoder(&self) -> Result<Decoder, DumpError> {
        let class =
            |name: &String| Class::named(name).ok_or_else(|| DumpError::Class(name.clone()));
        match self {
            Self::By(decoder) => Ok(*decoder),
            Self::Named { key, value } => {
                Ok(Decoder::Classes { key: class(key)?, value: class(value)? })
            }
        }
    }
}

/// What is to be dumped, and how.
struct Options {
    /// Print the records' keys and values.
    print: bool,
    /// Go through the records of each batch.
    deep: bool,
    /// Print nothing else of a record.
    skip_metadata: bool,
    /// How keys and values are read.
    decoder: Decoding,
    /// Look at this many bytes of a segment at most.
    max_bytes: i32,
    /// The largest batch that an index may point at.
    max_message_size: i32,
    /// Check indexes only as a starting broker does.
    sanity_only: bool,
    /// Check indexes without printing them.
    verify_only: bool,
}

/// Dumps files one after the other, then what is wrong with them.
fn dump(
    files: &[PathBuf],
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), DumpError> {
    let mut faults = index::Faults::default();
    let mut gaps = Vec::new();
    for path in files {
        writeln!(out, "Dumping {}", path.display())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = name.rfind('.').and_then(|at| name.get(at + 1..));
        match ending {
            Some("log" | "checkpoint") => log::dump(path, options, &mut gaps, out)?,
            Some("index") => index::dump_offsets(path, options, &mut faults, out)?,
            Some("timeindex") => index::dump_times(path, options, &mut faults, out)?,
            Some("snapshot") => state::dump_producers(path, out, err)?,
            Some("txnindex") => state::dump_aborted(path, out)?,
            _ => writeln!(err, "Ignoring unknown file {}", path.display())?,
        }
    }
    faults.write_offsets(err)?;
    faults.write_times(err)?;
    for (file, pairs) in gaps {
        writeln!(err, "Non-consecutive offsets in {file}")?;
        for (before, found) in pairs {
            writeln!(err, "  {before} is followed by {found}")?;
        }
    }
    Ok(())
}

/// The offset that a file of a segment has in its name.
fn base_offset(path: &Path) -> Result<i64, DumpError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    stem.parse().map_err(|_| DumpError::Name(path.to_owned()))
}

/// A path as Java's `getAbsolutePath` gives it.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
