//! `-C`: messages of a topic, from where to where and in what form.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use ottla_actors::client::admin::Admin;
use ottla_actors::client::{Consumer, ConsumerConfig, ConsumerError, ConsumerRecord, SeekTo};
use ottla_core::base::{Offset, TopicPartition};
use ottla_core::record::TimestampType;

use super::json::envelope;
use super::list::{client_words, metadata, response_words};
use super::options::{Options, Start};
use super::settings::fatal;
use super::text::{Format, Message};
use crate::cli::kit::{Out, Stop, interrupted};

/// How long a poll waits; the end of a partition is looked for in between.
const POLL: Duration = Duration::from_millis(100);

/// How messages are printed.
pub(super) struct Printer {
    json: bool,
    format: Format,
    unbuffered: bool,
}

impl Printer {
    /// What the command line asks for.
    pub(super) fn new(options: &Options) -> Result<Self, Stop> {
        let wrong = |error: super::text::TextError| fatal(&error.to_string());
        let format = match &options.format {
            Some(format) => Format::parse(format).map_err(wrong)?,
            None if options.json => Format::delimited(None, &options.delimiter),
            None => Format::delimited(options.key_delimiter.as_deref(), &options.delimiter),
        };
        let null = options.null.then_some("NULL");
        let format = format.with(null, options.key_pack.clone(), options.payload_pack.clone());
        Ok(Self { json: options.json, format, unbuffered: options.unbuffered })
    }

    /// Prints a message that broker `broker` leads.
    pub(super) fn print(
        &self,
        record: &ConsumerRecord,
        broker: i32,
        options: &Options,
        out: &mut Out,
    ) -> Result<(), Stop> {
        let headers: Vec<(&[u8], Option<&[u8]>)> =
            record.headers.iter().map(|h| (&h.key[..], h.value.as_deref())).collect();
        let message = Message {
            topic: &record.topic,
            partition: record.partition,
            offset: record.offset.0,
            timestamp: record.timestamp,
            append_time: record.timestamp_type == TimestampType::LogAppendTime,
            broker,
            key: record.key.as_deref(),
            payload: record.value.as_deref(),
            headers: &headers,
        };
        if self.json {
            out.write_all(&envelope(&message))?;
            // with -J a format is what stands between the objects
            match options.format.as_deref() {
                Some(format) => out.write_all(format.as_bytes())?,
                None => out.write_all(&options.delimiter)?,
            }
        } else {
            let mut text = Vec::new();
            let written = self.format.write(&message, &mut text);
            out.write_all(&text)?;
            if let Err(error) = written {
                complain(
                    &format!(
                        "Failed to format message in {} [{}] at offset {}: {error}",
                        record.topic, record.partition, record.offset.0
                    ),
                    options,
                )?;
            }
        }
        if self.unbuffered {
            out.flush()?;
        }
        Ok(())
    }
}

/// An error that ends kcat, unless it was told to go on (`-E`).
fn complain(text: &str, options: &Options) -> Result<(), Stop> {
    if options.go_on {
        eprintln!("% ERROR: {text}");
        return Ok(());
    }
    Err(fatal(&format!("{text}: terminating")))
}

/// Reads partitions of a topic.
pub(super) async fn consume(
    options: &Options,
    config: ConsumerConfig,
    out: &mut Out,
) -> Result<(), Stop> {
    let printer = Printer::new(options)?;
    let admin = Admin::start(config.client.clone())?;
    let topic = options.topic.as_deref().unwrap_or_default();
    let leaders = partitions(&admin, topic, options).await?;
    let consumer = Consumer::start(config)?;
    let mut reading = Reading::new(options, printer, leaders);
    tokio::select! {
        read = reading.run(&consumer, out) => read,
        // kcat ends as if it had been told when
        () = interrupted() => Ok(()),
    }
}

/// The partitions to read, each with its leader.
async fn partitions(
    admin: &Admin,
    topic: &str,
    options: &Options,
) -> Result<BTreeMap<TopicPartition, i32>, Stop> {
    let answer = metadata(admin, Some(&[topic]), options.timeout).await.map_err(|error| {
        let words = client_words(&error);
        fatal(&format!("Failed to query metadata for topic {topic}: {words}"))
    })?;
    let Some(found) = answer.topics.first() else {
        return Err(fatal(&format!("No such topic in cluster: {topic}")));
    };
    if let Some(error) = kafka_protocol::error::ResponseError::try_from_code(found.error_code) {
        return Err(fatal(&format!("Topic {topic} error: {}", response_words(error))));
    }
    let all = found.partitions.iter().map(|partition| {
        (TopicPartition::new(topic, partition.partition_index), partition.leader_id.0)
    });
    let mut all: BTreeMap<_, _> = all.collect();
    let count = all.len();
    if count == 0 {
        return Err(fatal(&format!("Topic {topic} has no partitions")));
    }
    if let Some(wanted) = options.partition {
        all.retain(|partition, _| partition.partition == wanted);
        if all.is_empty() {
            return Err(fatal(&format!(
                "Topic {topic} (with partitions 0..{}): partition {wanted} does not exist",
                count - 1
            )));
        }
    }
    Ok(all)
}

/// What a partition has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    /// The offset behind the last message that is known to be there.
    known: i64,
    /// The next offset to be read.
    next: Option<i64>,
    /// Whether its end has been reported since the last message.
    said: bool,
    /// Nothing more is printed of it.
    stopped: bool,
}

pub(super) struct Reading<'a> {
    options: &'a Options,
    printer: Printer,
    leaders: BTreeMap<TopicPartition, i32>,
    ends: BTreeMap<TopicPartition, End>,
    count: u64,
}

impl<'a> Reading<'a> {
    /// Nothing read yet.
    pub(super) fn new(
        options: &'a Options,
        printer: Printer,
        leaders: BTreeMap<TopicPartition, i32>,
    ) -> Self {
        Self { options, printer, leaders, ends: BTreeMap::new(), count: 0 }
    }

    async fn run(&mut self, consumer: &Consumer, out: &mut Out) -> Result<(), Stop> {
        self.begin(consumer).await?;
        while !self.at_ends(consumer)? {
            let records = self.poll(consumer).await?;
            if self.take_all(&records, consumer, out)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Messages that come within a moment.
    pub(super) async fn poll(&self, consumer: &Consumer) -> Result<Vec<ConsumerRecord>, Stop> {
        match consumer.poll(POLL).await {
            Ok(records) => Ok(records),
            Err(error) => complain(&words(&error), self.options).map(|()| Vec::new()),
        }
    }

    /// Prints messages; whether the last one was among them.
    pub(super) fn take_all(
        &mut self,
        records: &[ConsumerRecord],
        consumer: &Consumer,
        out: &mut Out,
    ) -> Result<bool, Stop> {
        for record in records {
            if self.take(record, consumer, out)? {
                return Ok(true);
            }
        }
        out.flush()?;
        Ok(false)
    }

    /// Takes notice of the partitions that a group gives and takes away.
    pub(super) async fn follow(&mut self, consumer: &Consumer) -> Result<(), Stop> {
        let assigned = consumer.assignment();
        self.ends.retain(|partition, _| assigned.contains(partition));
        for partition in assigned {
            if self.ends.get(&partition).is_some_and(|end| end.next.is_some()) {
                continue;
            }
            // a partition that has gone again has no position
            let next = consumer.position(&partition).await.ok().map(|offset| offset.0);
            let end = End { known: i64::MAX, next, said: false, stopped: false };
            self.ends.insert(partition, end);
        }
        Ok(())
    }

    /// Goes to where reading begins.
    async fn begin(&mut self, consumer: &Consumer) -> Result<(), Stop> {
        let all: Vec<TopicPartition> = self.leaders.keys().cloned().collect();
        let failed = |error: ConsumerError| fatal(&words(&error));
        let ends = consumer.end_offsets(&all).await.map_err(failed)?;
        consumer.assign(&all);
        match (self.options.start_ts, self.options.start) {
            (Some(timestamp), _) => {
                consumer.seek_to(&all, SeekTo::Timestamp(timestamp)).map_err(failed)?;
            }
            (None, None | Some(Start::Beginning)) => {
                consumer.seek_to(&all, SeekTo::Beginning).map_err(failed)?;
            }
            (None, Some(Start::End)) => consumer.seek_to(&all, SeekTo::End).map_err(failed)?,
            // without a group there is nothing stored: the reset policy decides
            (None, Some(Start::Stored)) => {}
            (None, Some(Start::At(offset))) => {
                for partition in &all {
                    consumer.seek(partition, Offset(offset)).map_err(failed)?;
                }
            }
            (None, Some(Start::BeforeEnd(count))) => {
                let starts = consumer.beginning_offsets(&all).await.map_err(failed)?;
                for partition in &all {
                    let of = |offsets: &BTreeMap<TopicPartition, Offset>| {
                        offsets.get(partition).map_or(0, |offset| offset.0)
                    };
                    let at = of(&ends).saturating_sub(count).max(of(&starts));
                    consumer.seek(partition, Offset(at)).map_err(failed)?;
                }
            }
        }
        for partition in all {
            let known = ends.get(&partition).map_or(0, |end| end.0);
            let next = consumer.position(&partition).await.map_err(failed)?.0;
            let end = End { known, next: Some(next), said: false, stopped: false };
            self.ends.insert(partition, end);
        }
        Ok(())
    }

    /// Prints a message; whether it was the last one.
    fn take(
        &mut self,
        record: &ConsumerRecord,
        consumer: &Consumer,
        out: &mut Out,
    ) -> Result<bool, Stop> {
        let partition = TopicPartition::new(record.topic.clone(), record.partition);
        let Some(end) = self.ends.get_mut(&partition) else { return Ok(false) };
        if end.stopped {
            return Ok(false);
        }
        end.next = Some(record.offset.0.saturating_add(1));
        end.said = false;
        if self.options.stop_ts.is_some_and(|stop| record.timestamp >= stop) {
            end.stopped = true;
            let last = self.ends.values().all(|end| end.stopped);
            // what is paused is not fetched; it was assigned a moment ago
            _ = consumer.pause(std::slice::from_ref(&partition));
            self.say(&format!(
                "Reached stop timestamp for topic {} [{}] at offset {}{}",
                record.topic,
                record.partition,
                record.offset.0,
                if last { ": exiting" } else { "" }
            ));
            return Ok(last);
        }
        let broker = self.leaders.get(&partition).copied().unwrap_or(-1);
        self.printer.print(record, broker, self.options, out)?;
        self.count += 1;
        Ok(self.options.count == Some(self.count))
    }

    /// Says which partitions have come to their ends; whether that is the end of all.
    pub(super) fn at_ends(&mut self, consumer: &Consumer) -> Result<bool, Stop> {
        let partitions: Vec<TopicPartition> = self.ends.keys().cloned().collect();
        for partition in partitions {
            let lag = consumer.lag(&partition);
            let Some(end) = self.ends.get_mut(&partition) else { continue };
            let Some(next) = end.next.filter(|_| !end.said && !end.stopped) else { continue };
            if let Some(lag) = lag {
                // in a group nothing is known before the first answer
                let known = Some(end.known).filter(|known| *known < i64::MAX).unwrap_or(next);
                end.known = known.max(next.saturating_add(lag));
            }
            // markers of transactions are never delivered, but they are passed
            let passed = lag == Some(0);
            if next < end.known && !passed {
                continue;
            }
            end.said = true;
            let at = if passed { next } else { end.known.max(next) };
            end.stopped = self.options.exit_at_end;
            let last = self.options.exit_at_end && self.ends.values().all(|end| end.stopped);
            self.say(&format!(
                "Reached end of topic {} [{}] at offset {at}{}",
                partition.topic,
                partition.partition,
                if last { ": exiting" } else { "" }
            ));
            if last {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Says something on standard error, unless kcat is to be quiet.
    pub(super) fn say(&self, text: &str) {
        if self.options.verbosity > 0 {
            eprintln!("% {text}");
        }
    }
}

/// kcat's words for what a consumer cannot do.
pub(super) fn words(error: &ConsumerError) -> String {
    match error {
        ConsumerError::Fetch(error) => format!("Consumer error: {error}"),
        ConsumerError::Topic { topic, error } => {
            format!("Topic {topic} error: {}", response_words(*error))
        }
        ConsumerError::Client(error) => format!("Consumer error: {}", client_words(error)),
        other => format!("Consumer error: {other}"),
    }
}
