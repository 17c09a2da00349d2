//! `ottla verifiable-consumer`: what a member of a group reads and commits, in lines of JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, ready};
use ottla_actors::client::consumer::{OffsetAndMetadata, Rebalance, RebalanceListener};
use ottla_actors::client::{Consumer, ConsumerConfig, ConsumerRecord, Partitions};
use ottla_core::base::{Offset, TopicPartition};
use parking_lot::Mutex;
use serde_json::Value;

use super::consuming;
use super::kit::{Given, Kind, Out, Properties, Spec, Stop, Tool, block_on, interrupted};
use super::producing::now_ms;

/// `ottla verifiable-consumer`, `kafka-verifiable-consumer`.
pub(super) const TOOL: Tool = Tool {
    name: "verifiable-consumer",
    about: "Reads as a member of a group and says in JSON what it does",
    spec,
    run,
};

/// The exit code after Ctrl-C, as a shell reports SIGINT.
const INTERRUPTED: u8 = 130;

fn spec() -> Spec {
    let spec = Spec::argparse4j(
        "This tool consumes messages from a specific topic and emits consumer events (e.g. group \
         rebalances, received messages, and offsets committed) as JSON objects to STDOUT.",
    )
    .value("topic", Kind::Text, "TOPIC", "Consumes messages from this topic.")
    .required()
    .value("group-id", Kind::Text, "GROUP-ID", "The group id of the consumer group")
    .required()
    .value(
        "group-instance-id",
        Kind::Text,
        "GROUP-INSTANCE-ID",
        "A unique identifier of the consumer instance",
    )
    .value(
        "max-messages",
        Kind::Integer,
        "MAX-MESSAGES",
        "Consume this many messages. If -1 (the default), the consumer will consume until the \
         process is killed externally",
    )
    .default("-1")
    .value(
        "session-timeout",
        Kind::Integer,
        "TIMEOUT-MS",
        "Set the consumer's session timeout, note that this configuration is not supported when \
         group protocol is consumer",
    );
    reading(spec)
        .value(
            "bootstrap-server",
            Kind::Text,
            "HOST1:PORT1[,HOST2:PORT2[...]]",
            "The server(s) to connect to. Comma-separated list of Kafka brokers in the form \
             HOST1:PORT1,HOST2:PORT2,...",
        )
        .required()
}

fn reading(spec: Spec) -> Spec {
    spec.flag("verbose", "Enable to log individual consumed records")
        .flag("enable-autocommit", "Enable offset auto-commit on consumer")
        .value(
            "reset-policy",
            Kind::Text,
            "RESET-POLICY",
            "Set reset policy (must be either 'earliest', 'latest', or 'none')",
        )
        .default("earliest")
        .value(
            "assignment-strategy",
            Kind::Text,
            "ASSIGNMENT-STRATEGY",
            "Set assignment strategy (e.g. \
             org.apache.kafka.clients.consumer.RoundRobinAssignor)",
        )
        .default("org.apache.kafka.clients.consumer.RangeAssignor")
        .value(
            "consumer.config",
            Kind::File,
            "CONFIG-FILE",
            "(DEPRECATED) Consumer config properties file. This option will be removed in a \
             future version. Use --command-config instead",
        )
        .value(
            "command-config",
            Kind::File,
            "CONFIG-FILE",
            "Config properties file (config options shared with command line parameters will be \
             overridden).",
        )
}

fn consumer(given: &Given, out: &mut Out) -> Result<ConsumerConfig, Stop> {
    let (old, new) = ("consumer.config", "command-config");
    given.renamed(old, new, out)?;
    let mut properties = given.properties(new)?;
    if let Some(path) = given.value(old)? {
        properties.extend(Properties::file(path)?);
    }
    for (key, option) in [
        ("group.id", "group-id"),
        ("group.instance.id", "group-instance-id"),
        ("session.timeout.ms", "session-timeout"),
        ("auto.offset.reset", "reset-policy"),
        ("partition.assignment.strategy", "assignment-strategy"),
    ] {
        if let Some(value) = given.value(option)? {
            properties.set(key, value);
        }
    }
    let auto = if given.has("enable-autocommit") { "true" } else { "false" };
    properties.set("enable.auto.commit", auto);
    let config = consuming::configure(given.client_with(&properties)?, &properties)?;
    properties.warn_of_unused();
    Ok(config)
}

/// A line about something.
fn event(name: &str, rest: &str) -> String {
    format!(r#"{{"timestamp":{},"name":"{name}"{rest}}}"#, now_ms())
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}

/// Partitions as Kafka's tool writes them; `more` stands behind each of them.
fn listed<'a>(partitions: impl IntoIterator<Item = (&'a TopicPartition, String)>) -> String {
    let one = |(partition, more): (&TopicPartition, String)| {
        let topic = text(&partition.topic);
        format!(r#"{{"topic":{topic},"partition":{}{more}}}"#, partition.partition)
    };
    partitions.into_iter().map(one).collect::<Vec<_>>().join(",")
}

/// Lines not yet printed.
type Lines = Arc<Mutex<Vec<String>>>;

/// Writes down when partitions come and go.
struct Listener(Lines);

impl Listener {
    fn note(&self, name: &str, partitions: &Partitions) {
        let all = listed(partitions.iter().map(|partition| (partition, String::new())));
        self.0.lock().push(event(name, &format!(r#","partitions":[{all}]"#)));
    }
}

impl RebalanceListener for Listener {
    fn assigned<'a>(
        &'a mut self,
        _: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        self.note("partitions_assigned", partitions);
        Box::pin(ready(()))
    }

    fn revoked<'a>(
        &'a mut self,
        _: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        self.note("partitions_revoked", partitions);
        Box::pin(ready(()))
    }
}

/// One run.
struct Run {
    topic: String,
    /// Messages still to be read, if there is a limit.
    left: Option<usize>,
    verbose: bool,
    commits: bool,
    lines: Lines,
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let config = consumer(given, out)?;
    let most: i64 = given.number("max-messages")?.unwrap_or(-1);
    let mut run = Run {
        topic: given.value("topic")?.unwrap_or_default().to_owned(),
        left: usize::try_from(most).ok(),
        verbose: given.has("verbose"),
        commits: !given.has("enable-autocommit"),
        lines: Lines::default(),
    };
    block_on(async {
        let consumer = Consumer::start(config)?;
        out.line(event("startup_complete", ""))?;
        out.flush()?;
        let listener = Listener(Arc::clone(&run.lines));
        consumer.subscribe_with(&[&run.topic], listener).map_err(Stop::error)?;
        let read = tokio::select! {
            read = run.consume(&consumer, out) => Some(read),
            () = interrupted() => None,
        };
        if read.is_none() {
            out.line(event("shutdown_requested", ""))?;
        }
        consumer.close().await;
        run.print(out)?;
        out.line(event("shutdown_complete", ""))?;
        match read {
            // Kafka's tool hears of the end of its process when it is already over
            Some(Ok(())) => out.line(event("shutdown_requested", "")),
            Some(Err(stop)) => Err(stop),
            None => Err(Stop::Exit(INTERRUPTED)),
        }
    })
}

impl Run {
    async fn consume(&mut self, consumer: &Consumer, out: &mut Out) -> Result<(), Stop> {
        while self.left != Some(0) {
            let polled = consumer.poll(Duration::from_millis(100)).await;
            self.print(out)?;
            let records = match polled {
                Ok(records) if records.is_empty() => continue,
                Ok(records) => records,
                Err(error) => {
                    return Err(Stop::error(format!(
                        "ERROR Error during processing, terminating consumer process: {error}"
                    )));
                }
            };
            let offsets = self.take(&records);
            self.print(out)?;
            if self.commits {
                self.commit(consumer, offsets).await;
                self.print(out)?;
            }
        }
        Ok(())
    }

    /// Writes down what was read, up to the limit; the offsets behind it.
    fn take(&mut self, records: &[ConsumerRecord]) -> BTreeMap<TopicPartition, i64> {
        let mut by_partition: BTreeMap<TopicPartition, Vec<&ConsumerRecord>> = BTreeMap::new();
        for record in records {
            let partition = TopicPartition::new(record.topic.clone(), record.partition);
            by_partition.entry(partition).or_default().push(record);
        }
        let mut lines = self.lines.lock();
        let (mut offsets, mut summaries) = (BTreeMap::new(), Vec::new());
        for (partition, mut records) in by_partition {
            records.truncate(self.left.unwrap_or(usize::MAX));
            let (Some(first), Some(last)) = (records.first(), records.last()) else { continue };
            let (first, last) = (first.offset.0, last.offset.0);
            if self.verbose {
                lines.extend(records.iter().map(|record| data(&partition, record)));
            }
            let more =
                format!(r#","count":{},"minOffset":{first},"maxOffset":{last}"#, records.len());
            summaries.push((partition.clone(), more));
            offsets.insert(partition, last.saturating_add(1));
            self.left = self.left.map(|left| left.saturating_sub(records.len()));
        }
        let all = listed(summaries.iter().map(|(partition, more)| (partition, more.clone())));
        let count = records.len();
        let rest = format!(r#","count":{count},"partitions":[{all}]"#);
        lines.push(event("records_consumed", &rest));
        offsets
    }

    async fn commit(&self, consumer: &Consumer, offsets: BTreeMap<TopicPartition, i64>) {
        let at = |(partition, offset): (&TopicPartition, &i64)| {
            (partition.clone(), OffsetAndMetadata::at(Offset(*offset)))
        };
        let done = consumer.commit_offsets(offsets.iter().map(at).collect()).await;
        let more = |offset: &i64| format!(r#","offset":{offset}"#);
        let all = listed(offsets.iter().map(|(partition, offset)| (partition, more(offset))));
        let outcome = match done {
            Ok(()) => r#""success":true"#.to_owned(),
            Err(error) => format!(r#""error":{},"success":false"#, text(&error.to_string())),
        };
        let line = event("offsets_committed", &format!(r#","offsets":[{all}],{outcome}"#));
        self.lines.lock().push(line);
    }

    fn print(&self, out: &mut Out) -> Result<(), Stop> {
        let lines = std::mem::take(&mut *self.lines.lock());
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines {
            out.line(line)?;
        }
        out.flush()?;
        Ok(())
    }
}

/// The line about one record.
fn data(partition: &TopicPartition, record: &ConsumerRecord) -> String {
    let field = |field: &Option<bytes::Bytes>| match field {
        Some(bytes) => text(&String::from_utf8_lossy(bytes)),
        None => "null".to_owned(),
    };
    event(
        "record_data",
        &format!(
            r#","key":{},"value":{},"topic":{},"partition":{},"offset":{}"#,
            field(&record.key),
            field(&record.value),
            text(&partition.topic),
            partition.partition,
            record.offset.0
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_listed_as_kafkas_tool_lists_them() {
        let partition = TopicPartition::new("t", 3);
        let text = listed([(&partition, r#","offset":7"#.to_owned())]);
        assert_eq!(text, r#"{"topic":"t","partition":3,"offset":7}"#);
        let line = event("startup_complete", "");
        assert!(line.starts_with(r#"{"timestamp":"#), "{line}");
        assert!(line.ends_with(r#","name":"startup_complete"}"#), "{line}");
    }
}
