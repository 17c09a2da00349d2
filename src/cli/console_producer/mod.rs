//! `ottla console-producer`: each line of standard input becomes a record.
//!
//! A thread reads and takes lines apart; the rest of the program sends. Every record is either
//! acknowledged by the broker or reported on standard error before the program ends, also when it
//! ends by Ctrl-C or by a line that cannot be used.

mod lines;
mod options;
mod rules;
mod source;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ottla_actors::client::{NewRecord, ProduceError, Producer, ProducerConfig, RecordMetadata};

use super::kit::{Given, Out, Spec, Stop, Tool, block_on, interrupted};
use super::producing::{Failed, start};
use rules::Rules;
use source::{Piece, Source};

/// `ottla console-producer`, `kafka-console-producer`.
pub(super) const TOOL: Tool = Tool {
    name: "console-producer",
    about: "Sends each line of standard input to a topic",
    spec,
    run,
};

/// The exit code after Ctrl-C, as a shell reports SIGINT.
const INTERRUPTED: u8 = 130;

fn spec() -> Spec {
    options::spec()
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    options::check(given, out)?;
    let topic = given.value("topic")?.unwrap_or_default().to_owned();
    let rules = Rules::new(&options::reader(given)?).map_err(Stop::error)?;
    let config = options::producer(given)?;
    let sync = given.has("sync");
    block_on(async {
        let producer = start(&config)?;
        let failed = AtomicU64::new(0);
        let sender = Sender { producer, shared: Arc::new(Shared { topic, config, failed }) };
        let source = Source::start(rules);
        let read = tokio::select! {
            read = sender.send_all(source, sync) => read,
            () = interrupted() => Err(Stop::Exit(INTERRUPTED)),
        };
        sender.finish(read).await
    })
}

/// Sends records and reports those that fail.
struct Sender {
    producer: Producer,
    shared: Arc<Shared>,
}

/// What a record that fails is reported with.
struct Shared {
    topic: String,
    config: ProducerConfig,
    failed: AtomicU64,
}

impl Shared {
    fn report(&self, error: &ProduceError, sizes: [Option<usize>; 2]) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let size = |field: Option<usize>| {
            field.map_or("null".to_owned(), |length| format!("{length} bytes"))
        };
        let topic = &self.topic;
        let [key, value] = sizes.map(size);
        let Failed { class, message } = Failed::new(error, topic, &self.config);
        eprintln!(
            "ERROR Error when sending message to topic {topic} with key: {key}, value: {value} \
             with error: {class}: {message}"
        );
    }
}

impl Sender {
    /// Sends what is read, to the end of the input or to the first thing that ends it.
    async fn send_all(&self, mut source: Source, sync: bool) -> Result<(), Stop> {
        while let Some(piece) = source.next().await {
            let (records, end) = match piece {
                Piece::Records(records) => (records, None),
                Piece::Failed(records, error) => (records, Some(error)),
            };
            for record in records {
                let mut record = record;
                record.topic.clone_from(&self.shared.topic);
                if sync { self.send_one(record).await? } else { self.send(record).await }
            }
            if let Some(error) = end {
                return Err(Stop::error(error));
            }
            // the producer sends what it has, however fast more is read
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn send(&self, record: NewRecord) {
        let sizes = [&record.key, &record.value].map(|field| field.as_ref().map(Bytes::len));
        let shared = Arc::clone(&self.shared);
        let done = move |result: Result<RecordMetadata, ProduceError>| {
            if let Err(error) = result {
                shared.report(&error, sizes);
            }
        };
        if let Err(error) = self.producer.send_with(record, done).await {
            self.shared.report(&error, sizes);
        }
    }

    async fn send_one(&self, record: NewRecord) -> Result<(), Stop> {
        let sent = match self.producer.send(record).await {
            Ok(delivery) => delivery.await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let failed = Failed::new(&error, &self.shared.topic, &self.shared.config);
                Err(Stop::error(format!("{}: {}", failed.name(), failed.message)))
            }
        }
    }

    /// Waits until every record has its result; a second Ctrl-C gives the rest up.
    async fn finish(self, read: Result<(), Stop>) -> Result<(), Stop> {
        let gone = Rc::new(Cell::new(false));
        tokio::select! {
            () = self.producer.clone().close(Duration::MAX) => {}
            () = interrupted() => gone.set(true),
        }
        if gone.get() {
            self.producer.close(Duration::ZERO).await;
            return Err(Stop::Exit(INTERRUPTED));
        }
        read?;
        match self.shared.failed.load(Ordering::Relaxed) {
            0 => Ok(()),
            // each has been reported
            _ => Err(Stop::Exit(1)),
        }
    }
}
