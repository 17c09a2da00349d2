//! Settings in librdkafka's names, from files and `-X`, as those of this client.

use std::collections::BTreeSet;
use std::fs;

use super::names::NAMES;
use super::options::Options;
use crate::cli::kit::{Properties, Stop};

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
    for name in NAMES {
        text.push_str(&format!("{:<40} {}\n", name.theirs, name.ours));
    }
    text
}

/// What is set, by this command line, its files and this command itself.
pub(super) fn dump(properties: &Properties) -> String {
    let mut lines = String::from("# Global config\n");
    for name in BTreeSet::from_iter(NAMES.iter().map(|name| name.ours)) {
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
    let Some(known) = NAMES.iter().find(|known| known.theirs == plain) else {
        return Err(format!("No such configuration property: \"{name}\""));
    };
    if let Some(value) = known.value(value)? {
        properties.set(known.ours, &value);
    }
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
            let value = match name {
                "auto.offset.reset" => "earliest",
                "compression.codec" | "compression.type" => "lz4",
                "allow.auto.create.topics" | "enable.auto.commit" | "enable.idempotence" => "true",
                "isolation.level" => "read_committed",
                "security.protocol" => "plaintext",
                _ => "1000",
            };
            options.properties.push((name.to_owned(), value.to_owned()));
        }
        let found = properties(&options).expect("all are known");
        assert!(dump(&found).contains("\nlinger.ms = 1000\n"));
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

    #[test]
    fn values_are_taken_and_refused_as_librdkafka_does_it() {
        let found = |name: &str, value: &str| {
            let set = vec![(name.to_owned(), value.to_owned())];
            let options =
                Options { files: Some(Vec::new()), properties: set, ..Options::default() };
            properties(&options)
        };
        let invalid = "Invalid value for configuration property";
        let outside = "is outside allowed range";
        let refused = [
            ("fetch.wait.max.ms", "abc", format!("{invalid} \"fetch.wait.max.ms\"")),
            ("linger.ms", "abc", format!("{invalid} \"queue.buffering.max.ms\"")),
            ("topic.acks", "all1", format!("{invalid} \"request.required.acks\"")),
            (
                "retries",
                "",
                "Integer configuration property \"message.send.max.retries\" cannot be set to \
                 empty value"
                    .to_owned(),
            ),
            (
                "enable.auto.commit",
                "maybe",
                "Expected bool value for \"auto.commit.enable\": true or false".to_owned(),
            ),
            (
                "isolation.level",
                "x",
                "Invalid value \"x\" for configuration property \"isolation.level\"".to_owned(),
            ),
            (
                "fetch.wait.max.ms",
                "-5",
                format!(
                    "Configuration property \"fetch.wait.max.ms\" value -5 {outside} 0..300000"
                ),
            ),
            (
                "linger.ms",
                "-1",
                format!(
                    "Configuration property \"queue.buffering.max.ms\" value -1 {outside} \
                     0..900000"
                ),
            ),
        ];
        for (name, value, wanted) in refused {
            let error = found(name, value).expect_err(name);
            assert_eq!(error.message(), Some(format!("% ERROR: {wanted}").as_str()));
        }
        let taken = [
            ("session.timeout.ms", "12abc", "12"),
            ("session.timeout.ms", "0x10", "16"),
            ("session.timeout.ms", "010", "8"),
            ("acks", "ALL", "-1"),
            ("linger.ms", "0.5x", "1"),
            ("enable.auto.commit", "T", "true"),
            ("isolation.level", "READ_COMMITTED", "read_committed"),
        ];
        for (name, value, wanted) in taken {
            assert_eq!(found(name, value).expect("taken").get(name), Some(wanted), "{name}");
        }
        assert_eq!(found("group.id", "").expect("taken").get("group.id"), None);
    }
}
