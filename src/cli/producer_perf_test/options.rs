//! What a run can be told.

use std::path::Path;

use ottla_actors::client::ProducerConfig;

use super::payload::{self, Payload};
use super::random::SplittableRandom;
use crate::cli::kit::{Given, Kind, Out, Properties, Spec, Stop};
use crate::cli::producing::configure;

/// How the delimiter of a payload file is written on the command line by default.
const NEW_LINE: &str = "\\n";

const ONE_OF: &str = "Note that you must provide exactly one of --record-size, --payload-file or \
     --payload-monotonic.";

const PROPERTY: &str = "Kafka producer related configuration properties like client.id. These \
     configs take precedence over those passed via --command-config or --producer.config. ";

pub(super) fn spec() -> Spec {
    let spec = Spec::argparse4j("This tool is used to verify the producer performance.")
        .value(
            "bootstrap-server",
            Kind::Text,
            "BOOTSTRAP-SERVER",
            "The server(s) to connect to. This config takes precedence over bootstrap.servers \
             specified via --command-property or --command-config.",
        )
        .value("topic", Kind::Text, "TOPIC", "Produce records to this topic.")
        .required()
        .value("num-records", Kind::Long, "NUM-RECORDS", "Number of records to produce.")
        .required()
        .value(
            "payload-delimiter",
            Kind::Text,
            "PAYLOAD-DELIMITER",
            "Provides the delimiter to be used when --payload-file is provided. Defaults to new \
             line. Note that this parameter will be ignored if --payload-file is not provided.",
        )
        .default(NEW_LINE)
        .value(
            "throughput",
            Kind::Double,
            "THROUGHPUT",
            "Throttle maximum record throughput to *approximately* THROUGHPUT records/sec. Set \
             this to -1 to disable throttling.",
        )
        .required();
    sizes(properties(spec))
}

fn properties(spec: Spec) -> Spec {
    let example = "Example: --command-property linger.ms=10 batch.size=32768";
    spec.value(
        "producer-props",
        Kind::Text,
        "PROP-NAME=PROP-VALUE",
        format!(
            "(DEPRECATED) {PROPERTY}This option will be removed in a future version. Use \
             --command-property instead. {example}"
        ),
    )
    .many()
    .value("command-property", Kind::Text, "PROP-NAME=PROP-VALUE", format!("{PROPERTY}{example}"))
    .many()
    .value(
        "producer.config",
        Kind::File,
        "CONFIG-FILE",
        "(DEPRECATED) Producer config properties file. This option will be removed in a future \
         version. Use --command-config instead.",
    )
    .value("command-config", Kind::File, "CONFIG-FILE", "Producer config properties file.")
    .flag("print-metrics", "Print out metrics at the end of the test.")
    .value(
        "warmup-records",
        Kind::Long,
        "WARMUP-RECORDS",
        "The number of records to treat as warmup. These initial records will not be included in \
         steady-state statistics. An additional summary line will be printed describing the \
         steady-state statistics.",
    )
    .default("0")
    .value(
        "reporting-interval",
        Kind::Long,
        "INTERVAL-MS",
        "Interval in milliseconds at which to print progress info.",
    )
    .default("5000")
}

fn sizes(spec: Spec) -> Spec {
    spec.value(
        "record-size",
        Kind::Integer,
        "RECORD-SIZE",
        format!("Record size in bytes. {ONE_OF}"),
    )
    .group(1)
    .value(
        "payload-file",
        Kind::File,
        "PAYLOAD-FILE",
        format!(
            "File to read the record payloads from. This works only for UTF-8 encoded text files. \
             Payloads will be read from this file and a payload will be randomly selected when \
             sending records. {ONE_OF}"
        ),
    )
    .group(1)
    .flag("payload-monotonic", format!("Payload is a monotonically increasing integer. {ONE_OF}"))
    .group(1)
}

/// One run.
pub(super) struct Run {
    pub(super) topic: String,
    pub(super) records: u64,
    pub(super) warm_up: u64,
    pub(super) throughput: f64,
    pub(super) interval_ms: i64,
    pub(super) payload: Payload,
    pub(super) metrics: bool,
    pub(super) producer: ProducerConfig,
}

impl Run {
    /// What the command line asks for; says what Kafka's tool says before it begins.
    pub(super) fn new(given: &Given, out: &mut Out) -> Result<Self, Stop> {
        let number = |name| Ok::<i64, Stop>(given.number(name)?.unwrap_or(0));
        let (records, warm_up) = (number("num-records")?, number("warmup-records")?);
        check(given, records, warm_up)?;
        let payload = payload(given, out)?;
        for (old, new) in
            [("producer-props", "command-property"), ("producer.config", "command-config")]
        {
            given.renamed(old, new, out)?;
        }
        Ok(Self {
            topic: given.value("topic")?.unwrap_or_default().to_owned(),
            records: records.unsigned_abs(),
            warm_up: u64::try_from(warm_up).unwrap_or(0),
            throughput: given.number("throughput")?.unwrap_or(-1.0),
            interval_ms: number("reporting-interval")?,
            payload,
            metrics: given.has("print-metrics"),
            producer: producer(given)?,
        })
    }
}

/// What Kafka's tool checks, in its order.
fn check(given: &Given, records: i64, warm_up: i64) -> Result<(), Stop> {
    let sources = [
        "bootstrap-server",
        "command-property",
        "producer-props",
        "producer.config",
        "command-config",
    ];
    let both = |one, other| given.has(one) && given.has(other);
    let small = |name| Ok::<_, Stop>(given.number::<i64>(name)?.is_some_and(|number| number <= 0));
    let wrong = if records <= 0 {
        "--num-records should be greater than zero."
    } else if warm_up >= records {
        "The value for --warmup-records must be strictly fewer than the number of records in the \
         test, --num-records."
    } else if small("record-size")? {
        "--record-size should be greater than zero."
    } else if !sources.iter().any(|name| given.has(name)) {
        "At least one of --bootstrap-server, --command-property, --producer-props, \
         --producer.config or --command-config must be specified."
    } else if both("command-property", "producer-props") {
        "--command-property and --producer-props cannot be specified together."
    } else if both("command-config", "producer.config") {
        "--command-config and --producer.config cannot be specified together."
    } else if small("reporting-interval")? {
        "--reporting-interval should be greater than zero."
    } else {
        return Ok(());
    };
    Err(given.usage(wrong))
}

fn payload(given: &Given, out: &mut Out) -> Result<Payload, Stop> {
    let random = SplittableRandom::new(0);
    if let Some(path) = given.value("payload-file")? {
        let shown = std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned());
        out.line(format!("Reading payloads from: {}", shown.display()))?;
        let delimiter = given.value("payload-delimiter")?.unwrap_or(NEW_LINE);
        let delimiter = if delimiter == NEW_LINE { "\n" } else { delimiter };
        let values = payload::read(path, delimiter)?;
        out.line(format!("Number of records read: {}", values.len()))?;
        return Ok(Payload::Listed(values, random));
    }
    Ok(match given.number("record-size")? {
        Some(size) => Payload::Random(size, random),
        None => Payload::Monotonic,
    })
}

fn producer(given: &Given) -> Result<ProducerConfig, Stop> {
    let mut properties = given.properties("command-config")?;
    if let Some(path) = given.value("producer.config")? {
        properties.extend(Properties::file(path)?);
    }
    let words = given.values("producer-props").into_iter().chain(given.values("command-property"));
    for word in words {
        match word.split_once('=') {
            Some((key, value)) if !value.is_empty() && !value.contains('=') => {
                properties.set(key, value);
            }
            _ => return Err(Stop::error(format!("Invalid property: {word}"))),
        }
    }
    if properties.get("client.id").is_none() {
        properties.set("client.id", "perf-producer-client");
    }
    configure(given.client_with(&properties)?, &properties)
}
