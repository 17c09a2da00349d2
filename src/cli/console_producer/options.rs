//! What the console producer can be told, and what that makes of a producer.

use std::collections::BTreeMap;

use ottla_actors::client::ProducerConfig;

use crate::cli::kit::{Given, Kind, Out, Properties, Spec, Stop};
use crate::cli::producing::configure;

/// Kafka's own reader, the only one there is.
const READER: &str = "org.apache.kafka.tools.LineMessageReader";

const PROPERTY: &str = "A mechanism to pass user-defined properties in the form key=value to the \
     message reader. This allows custom configuration for a user-defined message reader.\n\
     Default properties include:\n parse.key=false\n parse.headers=false\n ignore.error=false\n \
     key.separator=\\t\n headers.delimiter=\\t\n headers.separator=,\n headers.key.separator=:\n \
     null.marker=   When set, any fields (key, value and headers) equal to this will be replaced \
     by null\nDefault parsing pattern when:\n parse.headers=true and parse.key=true:\n  \
     \"h1:v1,h2:v2...\\tkey\\tvalue\"\n parse.key=true:\n  \"key\\tvalue\"\n \
     parse.headers=true:\n  \"h1:v1,h2:v2...\\tvalue\"";

pub(super) fn spec() -> Spec {
    let spec = Spec::joptsimple(
        "This tool helps to read data from standard input and publish it to Kafka.",
    )
    .value("topic", Kind::Text, "topic", "REQUIRED: The topic name to produce messages to.")
    .bootstrap(
        "REQUIRED: The server(s) to connect to. The broker list string in the form \
         HOST1:PORT1,HOST2:PORT2.",
    )
    .flag(
        "sync",
        "If set message send requests to the brokers are synchronously, one at a time as they \
         arrive.",
    )
    .value(
        "compression-codec",
        Kind::Text,
        "compression-codec",
        "The compression codec: either 'none', 'gzip', 'snappy', 'lz4', or 'zstd'.If specified \
         without value, then it defaults to 'gzip'",
    )
    .optional();
    from_files(reading(batching(spec)))
}

fn batching(spec: Spec) -> Spec {
    let buffer = "The buffer size in bytes allocated for a partition. When records are received \
         which are smaller than this size the producer will attempt to optimistically group them \
         together until this size is reached. This is the option to control batch.size in \
         producer configs. ";
    let spec = spec
        .value(
            "batch-size",
            Kind::Integer,
            "size",
            format!(
                "{buffer}Please note that this option will be replaced if \
                 max-partition-memory-bytes is also set."
            ),
        )
        .default("16384")
        .value("message-send-max-retries", Kind::Integer, "", RETRIES)
        .default("3")
        .value("retry-backoff-ms", Kind::Long, "", BACKOFF)
        .default("100")
        .value("timeout", Kind::Long, "timeout_ms", TIMEOUT)
        .default("1000")
        .value(
            "request-required-acks",
            Kind::Text,
            "request required acks",
            "The required `acks` of the producer requests",
        )
        .default("-1")
        .value(
            "request-timeout-ms",
            Kind::Integer,
            "request timeout ms",
            "The ack timeout of the producer requests. Value must be non-negative and non-zero.",
        )
        .default("1500")
        .value("metadata-expiry-ms", Kind::Long, "metadata expiration interval", EXPIRY)
        .default("300000");
    spec.value(
        "max-block-ms",
        Kind::Long,
        "max block on send",
        "The max time that the producer will block for during a send request.",
    )
    .default("60000")
    .value(
        "max-memory-bytes",
        Kind::Long,
        "total memory in bytes",
        "The total memory used by the producer to buffer records waiting to be sent to the \
         server. This is the option to control `buffer.memory` in producer configs.",
    )
    .default("33554432")
    .value(
        "max-partition-memory-bytes",
        Kind::Integer,
        "memory in bytes per partition",
        format!(
            "(Deprecated) {buffer}This option will be removed in Apache Kafka 5.0. Use \
             --batch-size instead."
        ),
    )
    .default("16384")
}

const RETRIES: &str = "Brokers can fail receiving the message for multiple reasons, and being \
     unavailable transiently is just one of them. This property specifies the number of retries \
     before the producer give up and drop this message. This is the option to control `retries` \
     in producer configs.";

const BACKOFF: &str = "Before each retry, the producer refreshes the metadata of relevant topics. \
     Since leader election takes a bit of time, this property specifies the amount of time that \
     the producer waits before refreshing the metadata. This is the option to control \
     `retry.backoff.ms` in producer configs.";

const TIMEOUT: &str = "If set and the producer is running in asynchronous mode, this gives the \
     maximum amount of time a message will queue awaiting sufficient batch size. The value is \
     given in ms. This is the option to control `linger.ms` in producer configs.";

const EXPIRY: &str = "The period of time in milliseconds after which we force a refresh of \
     metadata even if we haven't seen any leadership changes. This is the option to control \
     `metadata.max.age.ms` in producer configs.";

fn reading(spec: Spec) -> Spec {
    spec.value(
        "line-reader",
        Kind::Text,
        "reader_class",
        "The class name of the class to use for reading lines from standard in. By default each \
         line is read as a separate message.",
    )
    .default(READER)
    .value(
        "socket-buffer-size",
        Kind::Integer,
        "size",
        "The size of the tcp RECV size. This is the option to control `send.buffer.bytes` in \
         producer configs.",
    )
    .default("102400")
    .value(
        "property",
        Kind::Text,
        "prop",
        format!(
            "(DEPRECATED) {PROPERTY}\n This option will be removed in a future version. Use \
             --reader-property instead."
        ),
    )
    .value("reader-property", Kind::Text, "prop", PROPERTY)
    .value(
        "reader-config",
        Kind::File,
        "config file",
        "Config properties file for the message reader. Note that [reader-property] takes \
         precedence over this config.",
    )
}

fn from_files(spec: Spec) -> Spec {
    spec.value(
        "producer-property",
        Kind::Text,
        "producer_prop",
        "(DEPRECATED) Producer config properties in the form key=value. This option will be \
         removed in a future version. Use --command-property instead.",
    )
    .value(
        "command-property",
        Kind::Text,
        "producer_prop",
        "Producer config properties in the form key=value.",
    )
    .value(
        "producer.config",
        Kind::File,
        "config file",
        "(DEPRECATED) Producer config properties file. Note that [command-property] takes \
         precedence over this config. This option will be removed in a future version. Use \
         --command-config instead.",
    )
    .value(
        "command-config",
        Kind::File,
        "config file",
        "Producer config properties file. Note that [command-property] takes precedence over \
         this config.",
    )
}

/// Refuses what does not go together, and warns of what is old, in Kafka's order.
pub(super) fn check(given: &Given, out: &mut Out) -> Result<(), Stop> {
    given.require(&["topic"])?;
    for (new, old) in [
        ("command-config", "producer.config"),
        ("command-property", "producer-property"),
        ("reader-property", "property"),
    ] {
        if given.has(new) && given.has(old) {
            let message = format!("Options --{new} and --{old} cannot be specified together.");
            return Err(given.usage(&message));
        }
    }
    for (old, new, release) in [
        ("producer-property", "command-property", "a future version"),
        ("producer.config", "command-config", "a future version"),
        ("property", "reader-property", "a future version"),
        ("max-partition-memory-bytes", "batch-size", "Apache Kafka 5.0"),
    ] {
        if given.has(old) {
            out.line(format!(
                "Warning: --{old} is deprecated and will be removed in {release}. Use --{new} \
                 instead."
            ))?;
        }
    }
    check_addresses(given)
}

fn check_addresses(given: &Given) -> Result<(), Stop> {
    let addresses = given.value("bootstrap-server")?.unwrap_or_default();
    if addresses.trim().is_empty() {
        return Err(given.usage("Error while validating the bootstrap address\n"));
    }
    let has_port = |address: &str| {
        let port = address.rsplit_once(':').map(|(_, port)| port.trim());
        port.is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
    };
    if addresses.split(',').all(has_port) {
        return Ok(());
    }
    Err(given.usage("Please provide valid host:port like host1:9091,host2:9092\n"))
}

/// What the reader is told.
pub(super) fn reader(given: &Given) -> Result<BTreeMap<String, String>, Stop> {
    let class = given.value("line-reader")?.unwrap_or(READER);
    if class != READER {
        let message = format!("line-reader {class}: there is {READER} only");
        return Err(Stop::error(message));
    }
    let mut properties = match given.value("reader-config")? {
        Some(path) => Properties::file(path)?,
        None => Properties::default(),
    };
    properties.pairs(given.values("property"));
    properties.pairs(given.values("reader-property"));
    Ok(properties.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// The producer that the command line asks for.
pub(super) fn producer(given: &Given) -> Result<ProducerConfig, Stop> {
    let mut properties = given.properties("command-config")?;
    if let Some(path) = given.value("producer.config")? {
        properties.extend(Properties::file(path)?);
    }
    properties.pairs(given.values("producer-property"));
    properties.pairs(given.values("command-property"));
    let codec = match given.value("compression-codec")? {
        _ if !given.has("compression-codec") => "none",
        None | Some("") => "gzip",
        Some(codec) => codec,
    };
    properties.set("compression.type", codec);
    if properties.get("client.id").is_none() {
        properties.set("client.id", "console-producer");
    }
    for (key, option) in [
        ("linger.ms", "timeout"),
        ("acks", "request-required-acks"),
        ("request.timeout.ms", "request-timeout-ms"),
        ("retries", "message-send-max-retries"),
        ("retry.backoff.ms", "retry-backoff-ms"),
        ("send.buffer.bytes", "socket-buffer-size"),
        ("buffer.memory", "max-memory-bytes"),
        ("batch.size", "batch-size"),
        ("batch.size", "max-partition-memory-bytes"),
        ("metadata.max.age.ms", "metadata-expiry-ms"),
        ("max.block.ms", "max-block-ms"),
    ] {
        // the command line wins over files, files win over the tool's defaults
        if given.has(option) || properties.get(key).is_none() {
            properties.set(key, given.value(option)?.unwrap_or_default());
        }
    }
    let addresses = given.value("bootstrap-server")?.unwrap_or_default();
    properties.set("bootstrap.servers", addresses);
    configure(given.client_with(&properties)?, &properties)
}
