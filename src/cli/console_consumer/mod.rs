//! `kafka-console-consumer`: records on standard output.
//!
//! What one poll gave is written before the next one, so that what is committed has been written:
//! a poll says that everything before it was dealt with.

mod coordinator;
mod deserialize;
mod format;
mod options;
mod output;

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, IsTerminal};
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use ottla_actors::client::{Consumer, ConsumerError, ConsumerRecord};
use ottla_core::base::{Offset, TopicPartition};
use regex::Regex;
use tokio::time::{sleep, timeout};

use super::kit::{Given, Out, Progress, Stop, Tool, block_on, signalled, warn_of_dead};
use options::{From, Options, Source};
use output::Output;

/// How long one poll waits where nothing ends the waiting.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// Text that is gathered before it is written, within one poll.
const CHUNK: usize = 256 << 10;
/// How long a text that is being written may take to its end after Ctrl-C.
const GRACE: Duration = Duration::from_millis(500);
/// After how long without partitions somebody wants to know why.
const SILENCE: Duration = Duration::from_secs(2);

/// The command.
pub(super) const TOOL: Tool = Tool {
    name: "console-consumer",
    about: "Reads records of topics and writes them to standard output",
    spec: options::spec,
    run,
};

/// How the reading ended.
enum End {
    /// All was read that was to be read, or nothing more came in time.
    Done,
    /// Nobody reads the output any more.
    Closed,
    /// Ctrl-C or SIGTERM: the exit code.
    Signalled(u8),
    /// Something is wrong.
    Failed(Stop),
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let options = Options::read(given)?;
    let include = match &options.source {
        Source::Include(pattern) => {
            // a complaint names what was given
            Regex::new(pattern).map_err(fatal)?;
            // the whole name has to match, as in Java
            Some(Regex::new(&format!("^(?:{pattern})$")).map_err(fatal)?)
        }
        Source::Topic(_) | Source::Partition(..) => None,
    };
    block_on(async {
        let consumer = Consumer::start(options.consumer.clone())?;
        warn_of_dead(options.consumer.client.bootstrap.clone());
        let mut reader = Reader {
            consumer: &consumer,
            options: &options,
            output: Output::start()?,
            text: Vec::new(),
            count: 0,
            signalled: None,
            progress: progress(options.max_messages),
        };
        begin(&consumer, &options.source, include).map_err(fatal)?;
        let mut ended = pin!(signalled());
        let end = tokio::select! {
            end = reader.read(ended.as_mut()) => end,
            never = complain(&consumer, &options.source) => match never {},
        };
        let count = reader.count;
        reader.progress = None;
        let again = tokio::select! {
            () = consumer.close() => None,
            code = signalled() => Some(code),
        };
        eprintln!("Processed a total of {count} messages");
        if options.systest_events && !matches!(end, End::Closed) {
            out.line("shutdown_complete")?;
        }
        match (end, again) {
            (End::Failed(stop), _) => Err(stop),
            (End::Signalled(code), _) | (_, Some(code)) => Err(Stop::Exit(code)),
            (End::Done | End::Closed, None) => Ok(()),
        }
    })
}

fn fatal(error: impl std::fmt::Display) -> Stop {
    Stop::error(format!("ERROR Unknown error when running consumer: {error}"))
}

fn begin(
    consumer: &Consumer,
    source: &Source,
    include: Option<Regex>,
) -> Result<(), ConsumerError> {
    match source {
        Source::Topic(topic) => consumer.subscribe(&[topic]),
        Source::Include(_) => consumer
            .subscribe_pattern(move |topic| include.as_ref().is_some_and(|i| i.is_match(topic))),
        Source::Partition(topic, partition, from) => {
            let partition = TopicPartition::new(topic.as_str(), *partition);
            consumer.assign(std::slice::from_ref(&partition));
            match from {
                From::Offset(offset) => consumer.seek(&partition, *offset),
                From::Seek(to) => consumer.seek_to(&[partition], *to),
            }
        }
    }
}

/// Says, after some silence, that a topic or a partition is not there: it is waited for.
async fn complain(consumer: &Consumer, source: &Source) -> std::convert::Infallible {
    let (topic, wanted) = match source {
        Source::Topic(topic) => (topic, 0),
        Source::Partition(topic, partition, _) => (topic, *partition),
        Source::Include(_) => return std::future::pending().await,
    };
    sleep(SILENCE).await;
    let silent = matches!(source, Source::Partition(..)) || consumer.assignment().is_empty();
    if silent && let Ok(topics) = consumer.list_topics().await {
        let count = topics.get(topic.as_str()).copied().unwrap_or(0);
        if count == 0 {
            eprintln!("WARN Error while fetching metadata: {{{topic}=UNKNOWN_TOPIC_OR_PARTITION}}");
        } else if usize::try_from(wanted).is_ok_and(|wanted| wanted >= count) {
            eprintln!("WARN Topic {topic} has {count} partitions, and none of number {wanted}");
        }
    }
    std::future::pending().await
}

/// Reads and writes.
struct Reader<'a> {
    consumer: &'a Consumer,
    options: &'a Options,
    output: Output,
    text: Vec<u8>,
    /// Records that were dealt with.
    count: u64,
    /// The signal that came while something was being written.
    signalled: Option<u8>,
    progress: Option<Progress>,
}

/// A bar where it is known how many records will come, and they do not go to the terminal.
fn progress(records: Option<u64>) -> Option<Progress> {
    let elsewhere = !io::stdout().is_terminal();
    Progress::of_records(records.filter(|_| elsewhere))
}

impl Reader<'_> {
    /// Goes on until there is a reason to end; `ended` is Ctrl-C.
    async fn read(&mut self, mut ended: Pin<&mut impl Future<Output = u8>>) -> End {
        let mut last = Instant::now();
        let limit = self.options.timeout_ms.map(Duration::from_millis);
        while self.left() > 0 {
            let left = limit.map_or(PATIENCE, |limit| limit.saturating_sub(last.elapsed()));
            let polled = tokio::select! {
                biased;
                code = ended.as_mut() => return End::Signalled(code),
                polled = self.consumer.poll(left) => polled,
            };
            let records = match polled {
                Ok(records) => records,
                Err(error) => {
                    terminated(&error);
                    return End::Done;
                }
            };
            if !records.is_empty() {
                if let Err(end) = self.print(&records, ended.as_mut()).await {
                    return end;
                }
                if let Some(code) = self.signalled {
                    return End::Signalled(code);
                }
                if let Some(bar) = &mut self.progress {
                    bar.add(records.len() as u64);
                }
                last = Instant::now();
            } else if limit.is_some_and(|limit| last.elapsed() >= limit) {
                terminated(&"org.apache.kafka.common.errors.TimeoutException");
                return End::Done;
            }
        }
        End::Done
    }

    fn left(&self) -> usize {
        let left = self.options.max_messages.map(|most| most.saturating_sub(self.count));
        left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX)
    }

    /// Writes records; those that are not written are not counted as read either.
    async fn print(
        &mut self,
        records: &[ConsumerRecord],
        mut ended: Pin<&mut impl Future<Output = u8>>,
    ) -> Result<(), End> {
        let wanted = records.len().min(self.left());
        // the first record whose text is not written, and the first that is not yet text
        let (mut first, mut next) = (0, 0);
        let mut failed = None;
        while next < wanted && failed.is_none() && self.signalled.is_none() {
            while let Some(record) = records.get(next).filter(|_| next < wanted) {
                next += 1;
                match self.options.formatter.write(record, &mut self.text) {
                    Ok(()) => {}
                    Err(error) if self.options.skip_on_error => {
                        eprintln!("ERROR Error processing message, skipping this message: {error}");
                    }
                    Err(error) => {
                        failed = Some(fatal(error));
                        break;
                    }
                }
                if self.text.len() >= CHUNK {
                    break;
                }
            }
            if let Err(end) = self.write(ended.as_mut()).await {
                self.give_back(records.get(first..).unwrap_or_default());
                return Err(end);
            }
            self.count += u64::try_from(next - first).unwrap_or(0);
            first = next;
        }
        self.give_back(records.get(next..).unwrap_or_default());
        failed.map_or(Ok(()), |stop| Err(End::Failed(stop)))
    }

    /// Writes what is text by now.
    async fn write(&mut self, mut ended: Pin<&mut impl Future<Output = u8>>) -> Result<(), End> {
        if self.text.is_empty() {
            return Ok(());
        }
        let mut writing = pin!(self.output.write(std::mem::take(&mut self.text)));
        let (code, written) = tokio::select! {
            biased;
            written = &mut writing => (None, Some(written)),
            code = ended.as_mut() => (Some(code), timeout(GRACE, &mut writing).await.ok()),
        };
        match (written, code) {
            (Some(Ok(memory)), code) => {
                (self.text, self.signalled) = (memory, code);
                Ok(())
            }
            (None, Some(code)) => Err(End::Signalled(code)),
            (Some(Err(error)), _) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(End::Failed(error.into()))
            }
            (Some(Err(_)) | None, _) => {
                eprintln!("Unable to write to standard out, closing consumer.");
                Err(End::Closed)
            }
        }
    }

    /// Records that were polled and not written are not to be committed.
    fn give_back(&self, records: &[ConsumerRecord]) {
        let mut first: BTreeMap<TopicPartition, Offset> = BTreeMap::new();
        for record in records {
            first.entry(record.topic_partition()).or_insert(record.offset);
        }
        for (partition, offset) in first {
            // a partition that went to another member meanwhile is not ours to move
            if let Err(error) = self.consumer.seek(&partition, offset) {
                eprintln!("WARN {error}");
            }
        }
    }
}

fn terminated(error: &dyn std::fmt::Display) {
    eprintln!("ERROR Error processing message, terminating consumer process: {error}");
}
