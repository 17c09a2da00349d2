//! `-P`: what stands between delimiters, or in files, becomes messages.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ottla_actors::client::admin::Admin;
use ottla_actors::client::{ClientConfig, NewRecord, ProduceError, Producer, ProducerConfig};
use ottla_core::record::Header;
use tokio::sync::mpsc;

use super::list::{metadata, response_words};
use super::options::Options;
use super::settings::{fatal, reason};
use crate::cli::kit::{Out, Stop};

/// Read at most this much at a time.
const BUFFER: usize = 128 << 10;
/// Pieces read ahead of what is sent.
const AHEAD: usize = 4;

/// What is read.
enum Input {
    /// Messages between delimiters, from standard input or from a file.
    Stream(Box<dyn Read + Send>),
    /// One message a file.
    Files(Vec<String>),
}

/// How a message is made of what stands between two delimiters.
struct Maker {
    topic: String,
    partition: Option<i32>,
    key_delimiter: Option<Vec<u8>>,
    fixed_key: Option<Bytes>,
    headers: Vec<Header>,
    null: bool,
}

impl Maker {
    fn new(options: &Options) -> Self {
        let header = |(name, value): &(String, Option<String>)| Header {
            key: Bytes::copy_from_slice(name.as_bytes()),
            value: value.as_ref().map(|value| Bytes::copy_from_slice(value.as_bytes())),
        };
        Self {
            topic: options.topic.clone().unwrap_or_default(),
            partition: options.partition,
            key_delimiter: options.key_delimiter.clone(),
            fixed_key: options.fixed_key.as_ref().map(|key| Bytes::from(key.clone())),
            headers: options.headers.iter().map(header).collect(),
            null: options.null,
        }
    }

    fn record(&self, key: Option<Bytes>, value: Option<Bytes>) -> NewRecord {
        NewRecord {
            topic: self.topic.clone(),
            partition: self.partition,
            timestamp: None,
            key: key.or_else(|| self.fixed_key.clone()),
            value,
            headers: self.headers.clone(),
        }
    }

    fn message(&self, mut text: Bytes) -> NewRecord {
        let place = self.key_delimiter.as_ref().and_then(|delimiter| {
            let at = find(&text, delimiter, 0)?;
            Some((at, delimiter.len()))
        });
        let Some((at, length)) = place else { return self.record(None, Some(text)) };
        let key = text.split_to(at);
        drop(text.split_to(length));
        let there = |bytes: &Bytes| !(self.null && bytes.is_empty());
        self.record(Some(key).filter(there), Some(text).filter(there))
    }
}

fn find(hay: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    let rest = hay.get(from..)?;
    let found = match needle {
        [one] => rest.iter().position(|byte| byte == one),
        needle => rest.windows(needle.len()).position(|window| window == needle),
    };
    found.map(|at| from + at)
}

/// Messages that were read together, and what ended the reading behind them.
type Piece = (Vec<Bytes>, Option<String>);

/// Reads `input` on a thread of its own.
fn read(mut input: Box<dyn Read + Send>, delimiter: Vec<u8>, most: usize) -> mpsc::Receiver<Piece> {
    let (to, pieces) = mpsc::channel(AHEAD);
    // it ends with the input, or with the process
    std::thread::spawn(move || {
        let mut buffer = vec![0; BUFFER];
        let mut held = BytesMut::new();
        loop {
            let length = match input.read(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let text = format!("Unable to read message: {error}");
                    // whoever sends may have stopped
                    _ = to.blocking_send((Vec::new(), Some(text)));
                    return;
                }
            };
            let searched = held.len().saturating_sub(delimiter.len());
            held.extend_from_slice(buffer.get(..length).unwrap_or_default());
            let (mut found, mut from) = (Vec::new(), searched);
            while let Some(at) = find(&held, &delimiter, from) {
                found.push(held.split_to(at).freeze());
                drop(held.split_to(delimiter.len()));
                from = 0;
            }
            let too_large = held.len() > most;
            if length == 0 && !held.is_empty() {
                found.push(held.split().freeze());
            }
            let error = too_large.then(|| format!("Input is too large, maximum size is {most}"));
            let ends = length == 0 || too_large;
            // a delimiter behind a delimiter is no message
            found.retain(|message| !message.is_empty());
            if to.blocking_send((found, error)).is_err() || ends {
                return;
            }
        }
    });
    pieces
}

/// Sends everything; every message that is not written is reported.
pub(super) async fn produce(
    options: &Options,
    config: ProducerConfig,
    out: &mut Out,
) -> Result<(), Stop> {
    if options.delimiter.is_empty() {
        return Err(fatal("Message delimiter -D must not be empty when producing"));
    }
    let input = input(options)?;
    let most = config.batching.max_request_size;
    let nowhere = lacks_partition(options, config.client.clone()).await?;
    let sender = Sender {
        producer: Producer::start(config)?,
        nowhere,
        failed: Arc::default(),
        verbose: options.verbosity > 0,
        most,
    };
    let maker = Maker::new(options);
    let sent = match input {
        Input::Files(paths) => sender.send_files(&paths, &maker).await,
        Input::Stream(stream) => {
            let pieces = read(stream, options.delimiter.clone(), most);
            tokio::select! {
                sent = sender.send_stream(pieces, &maker, options, out) => sent,
                // kcat sends what it has, and is content
                () = crate::cli::kit::interrupted() => Ok(()),
            }
        }
    };
    sender.producer.close(Duration::MAX).await;
    sent?;
    if sender.failed.load(Ordering::Relaxed) == 0 { Ok(()) } else { Err(Stop::Exit(1)) }
}

/// Whether the topic is there without the partition that is asked for: a producer would wait for
/// it as long as for a topic that is being made.
async fn lacks_partition(options: &Options, client: ClientConfig) -> Result<bool, Stop> {
    let (Some(topic), Some(partition)) = (options.topic.as_deref(), options.partition) else {
        return Ok(false);
    };
    let admin = Admin::start(client)?;
    let answer = metadata(&admin, Some(&[topic]), options.timeout).await;
    admin.close().await;
    // a broker that does not answer is the producer's to report
    let found = answer.ok().and_then(|answer| answer.topics.into_iter().next());
    let found = found.filter(|found| found.error_code == 0 && !found.partitions.is_empty());
    let lacks = found.map(|found| !found.partitions.iter().any(|p| p.partition_index == partition));
    Ok(lacks.unwrap_or(false))
}

fn input(options: &Options) -> Result<Input, Stop> {
    if !options.lines_of_file {
        return Ok(match options.words.as_slice() {
            [] => Input::Stream(Box::new(io::stdin())),
            paths => Input::Files(paths.to_vec()),
        });
    }
    match options.words.as_slice() {
        [] => Ok(Input::Stream(Box::new(io::stdin()))),
        [path] => match File::open(path) {
            Ok(file) => Ok(Input::Stream(Box::new(file))),
            Err(error) => Err(fatal(&format!("Cannot open {path}: {}", reason(&error)))),
        },
        _ => Err(fatal("Only one file allowed for line mode (-l)")),
    }
}

struct Sender {
    producer: Producer,
    /// The partition for the messages does not exist.
    nowhere: bool,
    failed: Arc<AtomicU64>,
    verbose: bool,
    most: usize,
}

impl Sender {
    async fn send_stream(
        &self,
        mut pieces: mpsc::Receiver<Piece>,
        maker: &Maker,
        options: &Options,
        out: &mut Out,
    ) -> Result<(), Stop> {
        let mut count = 0;
        while let Some((messages, error)) = pieces.recv().await {
            for text in messages {
                if options.tee {
                    out.write_all(&text)?;
                }
                self.send(maker.message(text)).await?;
                count += 1;
                if options.count == Some(count) {
                    return Ok(());
                }
            }
            if options.tee {
                out.flush()?;
            }
            if let Some(error) = error {
                return Err(fatal(&error));
            }
        }
        Ok(())
    }

    async fn send_files(&self, paths: &[String], maker: &Maker) -> Result<(), Stop> {
        let mut bad = 0;
        for path in paths {
            match std::fs::read(path) {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => self.send(maker.record(None, Some(Bytes::from(bytes)))).await?,
                Err(error) => {
                    bad += 1;
                    self.say(&format!("Failed to open {path}: {}", reason(&error)));
                }
            }
        }
        if bad == paths.len() {
            return Err(Stop::Exit(1));
        }
        if bad > 0 {
            self.say(&format!("Failed to produce from {bad}/{} files", paths.len()));
        }
        Ok(())
    }

    async fn send(&self, record: NewRecord) -> Result<(), Stop> {
        if self.nowhere {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.say("Delivery failed for message: Local: Unknown partition");
            return Ok(());
        }
        let (failed, verbose) = (Arc::clone(&self.failed), self.verbose);
        let size = record.value.as_ref().map_or(0, Bytes::len);
        let report = move |error: &ProduceError| {
            failed.fetch_add(1, Ordering::Relaxed);
            if verbose {
                eprintln!("% Delivery failed for message: {}", words(error));
            }
        };
        let too_large = |error: ProduceError| {
            fatal(&format!("Failed to produce message ({size} bytes): {}", words(&error)))
        };
        if record.weight() > self.most {
            let error = ProduceError::TooLarge { size, limit: self.most };
            return Err(too_large(error));
        }
        let on_done = report.clone();
        let done = move |result: Result<_, ProduceError>| {
            if let Err(error) = result {
                on_done(&error);
            }
        };
        match self.producer.send_with(record, done).await {
            Err(error @ ProduceError::TooLarge { .. }) => Err(too_large(error)),
            Err(error) => {
                report(&error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn say(&self, text: &str) {
        if self.verbose {
            eprintln!("% {text}");
        }
    }
}

/// librdkafka's words for a message that was not written.
fn words(error: &ProduceError) -> String {
    match error {
        ProduceError::TooLarge { .. } => "Broker: Message size too large".to_owned(),
        // it was waited for as long as a message may wait
        ProduceError::UnknownPartition => "Local: Message timed out".to_owned(),
        ProduceError::BufferFull => "Local: Queue full".to_owned(),
        ProduceError::TimedOut(None) => "Local: Message timed out".to_owned(),
        ProduceError::TimedOut(Some(error)) | ProduceError::Refused(error) => {
            response_words(*error)
        }
        ProduceError::Closed => "Local: Purged in queue".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker(change: impl FnOnce(&mut Options)) -> Maker {
        let mut options = Options { topic: Some("t".to_owned()), ..Options::default() };
        change(&mut options);
        Maker::new(&options)
    }

    fn parts(maker: &Maker, text: &'static str) -> (Option<String>, Option<String>) {
        let record = maker.message(Bytes::from_static(text.as_bytes()));
        let text = |field: Option<Bytes>| field.map(|b| String::from_utf8_lossy(&b).into_owned());
        (text(record.key), text(record.value))
    }

    fn pair(key: Option<&str>, value: Option<&str>) -> (Option<String>, Option<String>) {
        (key.map(str::to_owned), value.map(str::to_owned))
    }

    #[test]
    fn keys_are_cut_off_or_fixed() {
        let plain = maker(|_| {});
        assert_eq!(parts(&plain, "a:b"), pair(None, Some("a:b")));
        let keyed = maker(|options| options.key_delimiter = Some(b"::".to_vec()));
        assert_eq!(parts(&keyed, "a::b::c"), pair(Some("a"), Some("b::c")));
        assert_eq!(parts(&keyed, "::"), pair(Some(""), Some("")));
        assert_eq!(parts(&keyed, "abc"), pair(None, Some("abc")));
        let fixed = maker(|options| {
            options.key_delimiter = Some(b":".to_vec());
            options.fixed_key = Some("k".to_owned());
            options.null = true;
        });
        assert_eq!(parts(&fixed, "a:b"), pair(Some("a"), Some("b")));
        assert_eq!(parts(&fixed, ":"), pair(Some("k"), None));
        assert_eq!(parts(&fixed, "abc"), pair(Some("k"), Some("abc")));
    }

    #[test]
    fn input_is_cut_at_the_delimiter() {
        let cut = |text: &'static [u8], delimiter: &[u8], most| {
            let mut pieces = read(Box::new(text), delimiter.to_vec(), most);
            let (mut found, mut failed) = (Vec::new(), None);
            while let Some((messages, error)) = pieces.blocking_recv() {
                found.extend(messages);
                failed = failed.or(error);
            }
            (found, failed)
        };
        assert_eq!(cut(b"a\n\nb\nc", b"\n", 100).0, ["a", "b", "c"]);
        assert_eq!(cut(b"a--b-c--", b"--", 100).0, ["a", "b-c"]);
        let (_, failed) = cut(b"abcdef", b"\n", 3);
        assert_eq!(failed.as_deref(), Some("Input is too large, maximum size is 3"));
    }
}
