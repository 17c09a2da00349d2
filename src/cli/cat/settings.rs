//! Settings in librdkafka's names, from files and `-X`, as those of this client.

use std::collections::BTreeSet;
use std::fs;

use ottla_core::record::Compression;

use super::options::Options;
use crate::cli::kit::{Properties, Stop};

/// librdkafka's names, and those that Kafka's clients have for the same.
const NAMES: &[(&str, &str)] = &[
    ("allow.auto.create.topics", "allow.auto.create.topics"),
    ("auto.commit.interval.ms", "auto.commit.interval.ms"),
    ("auto.offset.reset", "auto.offset.reset"),
    ("batch.size", "batch.size"),
    ("bootstrap.servers", "bootstrap.servers"),
    ("client.id", "client.id"),
    ("compression.codec", "compression.type"),
    ("compression.type", "compression.type"),
    ("delivery.timeout.ms", "delivery.timeout.ms"),
    ("enable.auto.commit", "enable.auto.commit"),
    ("enable.idempotence", "enable.idempotence"),
    ("fetch.max.bytes", "fetch.max.bytes"),
    ("fetch.message.max.bytes", "max.partition.fetch.bytes"),
    ("fetch.min.bytes", "fetch.min.bytes"),
    ("fetch.wait.max.ms", "fetch.max.wait.ms"),
    ("group.id", "group.id"),
    ("group.instance.id", "group.instance.id"),
    ("heartbeat.interval.ms", "heartbeat.interval.ms"),
    ("isolation.level", "isolation.level"),
    ("linger.ms", "linger.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("max.in.flight.requests.per.connection", "max.in.flight.requests.per.connection"),
    ("max.partition.fetch.bytes", "max.partition.fetch.bytes"),
    ("max.poll.interval.ms", "max.poll.interval.ms"),
    ("message.max.bytes", "max.request.size"),
    ("message.send.max.retries", "retries"),
    ("message.timeout.ms", "delivery.timeout.ms"),
    ("metadata.broker.list", "bootstrap.servers"),
    ("partition.assignment.strategy", "partition.assignment.strategy"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("reconnect.backoff.max.ms", "reconnect.backoff.max.ms"),
    ("reconnect.backoff.ms", "reconnect.backoff.ms"),
    ("request.required.acks", "acks"),
    ("acks", "acks"),
    ("request.timeout.ms", "request.timeout.ms"),
    ("retries", "retries"),
    ("retry.backoff.ms", "retry.backoff.ms"),
    ("security.protocol", "security.protocol"),
    ("session.timeout.ms", "session.timeout.ms"),
];

/// All settings of a command line and of the files that belong to it.
pub(super) fn properties(options: &Options) -> Result<Properties, Stop> {
    let mut properties = Properties::default();
    // a message is written once, and tried as long as kcat tries it
    properties.set("delivery.timeout.ms", "300000");
    properties.set("client.id", "rdkafka");
    for path in files(options)? {
        for (name, value) in read(&path)? {
            set(&mut properties, &name, &value)
                .map_err(|error| fatal(&format!("{path}: {error}")))?;
        }
    }
    for (name, value) in &options.properties {
        set(&mut properties, name, value).map_err(|error| fatal(&error))?;
    }
    // here a request has its own limit; there it ends with the message
    let limit = properties.number::<u64>("delivery.timeout.ms")?.unwrap_or(300_000);
    properties.set("max.block.ms", &limit.to_string());
    if properties.get("request.timeout.ms").is_none() {
        properties.set("request.timeout.ms", &(limit / 2).clamp(1, 30_000).to_string());
    }
    Ok(properties)
}

/// Every name that `-X` takes, and what Kafka's own clients call it.
pub(super) fn list() -> String {
    let mut text = format!("{:<40} {}\n", "Property", "In Kafka's clients");
    for (theirs, ours) in NAMES {
        text.push_str(&format!("{theirs:<40} {ours}\n"));
    }
    text
}

/// What is set, by this command line, its files and this command itself.
pub(super) fn dump(properties: &Properties) -> String {
    let mut lines = String::from("# Global config\n");
    for name in BTreeSet::from_iter(NAMES.iter().map(|(_, ours)| *ours)) {
        if let Some(value) = properties.get(name) {
            lines.push_str(&format!("{name} = {value}\n"));
        }
    }
    lines
}

/// kcat's complaint.
pub(super) fn fatal(message: &str) -> Stop {
    Stop::error(format!("% ERROR: {message}"))
}

/// What the system says, without the number.
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn set(properties: &mut Properties, name: &str, value: &str) -> Result<(), String> {
    let plain = name.strip_prefix("topic.").unwrap_or(name);
    let known = NAMES.iter().find(|(theirs, _)| *theirs == plain);
    let Some((_, ours)) = known else {
        return Err(format!("No such configuration property: \"{name}\""));
    };
    // librdkafka looks at it whatever the mode is
    if *ours == "compression.type" && Compression::from_name(value).is_none() {
        return Err(match value {
            "" => format!("Configuration property \"{name}\" cannot be set to empty value"),
            _ => format!("Invalid value \"{value}\" for configuration property \"{name}\""),
        });
    }
    properties.set(ours, value);
    Ok(())
}

/// The files that settings are read from: those of `-F`, or the usual one.
fn files(options: &Options) -> Result<Vec<String>, Stop> {
    match &options.files {
        Some(files) if !files.is_empty() => return Ok(files.clone()),
        files => {
            if let Ok(path) = std::env::var("KCAT_CONFIG") {
                return Ok(vec![path]);
            }
            if files.is_some() {
                return Ok(Vec::new());
            }
        }
    }
    let home = std::env::var("HOME").unwrap_or_default();
    let usual = format!("{home}/.config/kcat.conf");
    Ok(fs::exists(&usual).unwrap_or(false).then_some(usual).into_iter().collect())
}

fn read(path: &str) -> Result<Vec<(String, String)>, Stop> {
    let text = fs::read_to_string(path)
        .map_err(|error| fatal(&format!("Failed to open {path}: {}", reason(&error))))?;
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            // files of Java's clients have these escapes
            let line = line.replace("\\:", ":").replace("\\=", "=");
            match line.split_once('=') {
                Some((name, value)) if !name.is_empty() => {
                    Ok((name.trim().to_owned(), value.trim().to_owned()))
                }
                _ => Err(fatal(&format!("{path}:{number}: expected property=value"))),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_can_be_set_and_what_is_set_is_dumped() {
        let mut options = Options { files: Some(Vec::new()), ..Options::default() };
        for line in list().lines().skip(1) {
            let name = line.split(' ').next().unwrap_or_default();
            let value = if name.starts_with("compression.") { "lz4" } else { "7" };
            options.properties.push((name.to_owned(), value.to_owned()));
        }
        let found = properties(&options).expect("all are known");
        assert!(dump(&found).contains("\nlinger.ms = 7\n"));
    }

    #[test]
    fn files_come_before_the_command_line() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("kcat.conf").display().to_string();
        std::fs::write(&path, "# a comment\n\nmetadata.broker.list=a\\:1\nlinger.ms = 3\n")
            .expect("written");
        let mut options = Options { files: Some(vec![path.clone()]), ..Options::default() };
        options.properties.push(("topic.request.required.acks".to_owned(), "1".to_owned()));
        options.properties.push(("linger.ms".to_owned(), "9".to_owned()));
        let found = properties(&options).expect("read");
        assert_eq!(found.get("bootstrap.servers"), Some("a:1"));
        assert_eq!((found.get("acks"), found.get("linger.ms")), (Some("1"), Some("9")));
        std::fs::write(&path, "nonsense\n").expect("written");
        let error = properties(&options).expect_err("refused");
        let wanted = format!("% ERROR: {path}:1: expected property=value");
        assert_eq!(error.message(), Some(wanted.as_str()));
        options.files = Some(Vec::new());
        options.properties = vec![("compression.codec".to_owned(), "bogus".to_owned())];
        let error = properties(&options).expect_err("refused");
        let wanted =
            "% ERROR: Invalid value \"bogus\" for configuration property \"compression.codec\"";
        assert_eq!(error.message(), Some(wanted));
        options.properties = vec![("no.such".to_owned(), String::new())];
        let error = properties(&options).expect_err("refused");
        let wanted = "% ERROR: No such configuration property: \"no.such\"";
        assert_eq!(error.message(), Some(wanted));
    }
}
