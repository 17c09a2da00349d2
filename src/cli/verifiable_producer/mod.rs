//! `ottla verifiable-producer`: increasing numbers, and a line of JSON about each of them.

mod events;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ottla_actors::client::{NewRecord, ProduceError, Producer, ProducerConfig, RecordMetadata};
use tokio::sync::mpsc;

use super::kit::{Given, Kind, Out, Properties, Spec, Stop, Tool, block_on, interrupted};
use super::producing::{Failed, Throttle, configure, now_ms, start};
use events::Event;

/// `ottla verifiable-producer`, `kafka-verifiable-producer`.
pub(super) const TOOL: Tool = Tool {
    name: "verifiable-producer",
    about: "Writes increasing numbers and says in JSON what became of each",
    spec,
    run,
};

/// The exit codes after SIGINT, as a shell reports it.
const INTERRUPTED: u8 = 130;
/// Results on their way to be printed.
const AHEAD: usize = 1024;

fn spec() -> Spec {
    let spec = Spec::argparse4j(
        "This tool produces increasing integers to the specified topic and prints JSON metadata \
         to stdout on each \"send\" request, making externally visible which messages have been \
         acked and which have not.",
    )
    .value("topic", Kind::Text, "TOPIC", "Produce messages to this topic.")
    .required()
    .value(
        "max-messages",
        Kind::Integer,
        "MAX-MESSAGES",
        "Produce this many messages. If -1, produce messages until the process is killed \
         externally.",
    )
    .default("-1")
    .value(
        "throughput",
        Kind::Integer,
        "THROUGHPUT",
        "If set >= 0, throttle maximum message throughput to *approximately* THROUGHPUT \
         messages/sec.",
    )
    .default("-1")
    .value(
        "acks",
        Kind::Integer,
        "ACKS",
        "Acks required on each produced message. See Kafka docs on acks for details.",
    )
    .default("-1")
    .choices(&["0", "1", "-1"]);
    spec_of_records(spec)
        .value(
            "bootstrap-server",
            Kind::Text,
            "HOST1:PORT1[,HOST2:PORT2[...]]",
            "REQUIRED: The server(s) to connect to. Comma-separated list of Kafka brokers in the \
             form HOST1:PORT1,HOST2:PORT2,...",
        )
        .required()
}

fn spec_of_records(spec: Spec) -> Spec {
    spec.value(
        "producer.config",
        Kind::File,
        "CONFIG-FILE",
        "(DEPRECATED) Producer config properties file. This option will be removed in a future \
         version. Use --command-config instead.",
    )
    .value(
        "message-create-time",
        Kind::Long,
        "CREATE-TIME",
        "Send messages with creation time starting at the arguments value, in milliseconds since \
         epoch",
    )
    .default("-1")
    .value(
        "value-prefix",
        Kind::Integer,
        "VALUE-PREFIX",
        "If specified, each produced value will have this prefix with a dot separator",
    )
    .value(
        "repeating-keys",
        Kind::Integer,
        "REPEATING-KEYS",
        "If specified, each produced record will have a key starting at 0 increment by 1 up to \
         the number specified (exclusive), then the key is set to 0 again",
    )
    .value(
        "command-config",
        Kind::File,
        "CONFIG-FILE",
        "Config properties file (config options shared with command line parameters will be \
         overridden).",
    )
}

/// One run.
struct Run {
    topic: Arc<str>,
    most: u64,
    throughput: i32,
    prefix: Option<i32>,
    keys: Option<i32>,
    create_time: Option<i64>,
    producer: ProducerConfig,
}

impl Run {
    fn new(given: &Given, out: &mut Out) -> Result<Self, Stop> {
        given.renamed("producer.config", "command-config", out)?;
        let most: i64 = given.number("max-messages")?.unwrap_or(-1);
        let create_time = given.number("message-create-time")?.filter(|time| *time != -1);
        Ok(Self {
            topic: given.value("topic")?.unwrap_or_default().into(),
            most: u64::try_from(most).unwrap_or(u64::MAX),
            throughput: given.number("throughput")?.unwrap_or(-1),
            prefix: given.number("value-prefix")?,
            keys: given.number("repeating-keys")?,
            create_time,
            producer: producer(given)?,
        })
    }

    /// Key and value of a record, counted from 0.
    fn record(&self, number: u64) -> (Option<String>, String) {
        let keys = self.keys.and_then(|keys| u64::try_from(keys).ok()).filter(|keys| *keys > 0);
        let key = keys.map(|keys| (number % keys).to_string());
        let value = match self.prefix {
            Some(prefix) => format!("{prefix}.{number}"),
            None => number.to_string(),
        };
        (key, value)
    }
}

fn producer(given: &Given) -> Result<ProducerConfig, Stop> {
    let mut properties = Properties::default();
    properties.set("acks", given.value("acks")?.unwrap_or("-1"));
    // a number that is lost must not come later
    properties.set("retries", "0");
    properties.extend(given.properties("command-config")?);
    if let Some(path) = given.value("producer.config")? {
        properties.extend(Properties::file(path)?);
    }
    configure(given.client_with(&properties)?, &properties)
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let run = Run::new(given, out)?;
    block_on(async {
        let producer = start(&run.producer)?;
        let (events, mut to_print) = mpsc::channel(AHEAD);
        let stopped = Arc::new(AtomicBool::new(false));
        let mut totals = Totals { started_ms: now_ms(), target: run.throughput, sent: 0, acked: 0 };
        Event::Startup.print(out)?;
        let (sender, stop) = (producer.clone(), Arc::clone(&stopped));
        std::thread::spawn(move || send_all(&run, &sender, &events, &stop));
        let mut interrupted_once = false;
        loop {
            tokio::select! {
                event = to_print.recv() => match event {
                    Some(event) => totals.take(event, out)?,
                    // the records are handed over, and each has its result
                    None => break,
                },
                () = interrupted(), if !interrupted_once => {
                    interrupted_once = true;
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        }
        producer.close(Duration::MAX).await;
        Event::Shutdown.print(out)?;
        totals.event().print(out)?;
        if interrupted_once { Err(Stop::Exit(INTERRUPTED)) } else { Ok(()) }
    })
}

/// Hands numbers over until there are enough, or until the run is stopped.
fn send_all(run: &Run, producer: &Producer, events: &mpsc::Sender<Event>, stopped: &AtomicBool) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => return eprintln!("ERROR no timer: {error}"),
    };
    let started = now_ms();
    let mut throttle = Throttle::new(f64::from(run.throughput), started);
    let mut create_time = run.create_time;
    let config = Arc::new(run.producer.clone());
    runtime.block_on(async {
        for number in 0..run.most {
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            let begun = now_ms();
            let (key, value) = run.record(number);
            let record = NewRecord {
                topic: run.topic.to_string(),
                timestamp: create_time,
                key: key.clone().map(Bytes::from),
                value: Some(Bytes::from(value.clone())),
                ..NewRecord::default()
            };
            create_time = create_time.map(|time| time + (now_ms() - started));
            // a place for the result, before there is one
            let Ok(place) = events.clone().reserve_owned().await else { return };
            let (topic, config) = (Arc::clone(&run.topic), Arc::clone(&config));
            let event = move |result: Result<RecordMetadata, ProduceError>| match result {
                Ok(metadata) => Event::Sent { key, value, metadata },
                Err(error) => Event::Failed {
                    key,
                    value,
                    failed: Failed::new(&error, &topic, &config),
                    topic,
                },
            };
            let on_done = {
                let event = event.clone();
                move |result| drop(place.send(event(result)))
            };
            if let Err(error) = producer.send_with(record, on_done).await
                && events.send(event(Err(error))).await.is_err()
            {
                return;
            }
            let mut rest = throttle.rest(number, begun);
            while let Some(left) = rest.take() {
                // a long rest must not outlast the order to stop
                let step = left.min(Duration::from_millis(100));
                tokio::time::sleep(step).await;
                rest = left
                    .checked_sub(step)
                    .filter(|left| !left.is_zero() && !stopped.load(Ordering::Relaxed));
            }
        }
        producer.flush().await;
    });
}

/// What is counted of a run.
struct Totals {
    started_ms: i64,
    target: i32,
    sent: u64,
    acked: u64,
}

impl Totals {
    fn take(&mut self, event: Event, out: &mut Out) -> Result<(), Stop> {
        self.sent += 1;
        self.acked += u64::from(matches!(event, Event::Sent { .. }));
        event.print(out)
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate of one run")]
    fn event(&self) -> Event {
        let elapsed = (now_ms() - self.started_ms) as f64;
        Event::Totals {
            sent: self.sent,
            acked: self.acked,
            target: self.target,
            average: 1000.0 * (self.acked as f64 / elapsed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_repeat_and_values_have_a_prefix() {
        let producer = ProducerConfig::new("a:1");
        let topic = "t".into();
        let run = Run {
            topic,
            most: 3,
            throughput: -1,
            prefix: Some(7),
            keys: Some(2),
            create_time: None,
            producer,
        };
        let records: Vec<_> = (0..3).map(|number| run.record(number)).collect();
        let wanted = [("0", "7.0"), ("1", "7.1"), ("0", "7.2")];
        assert_eq!(records, wanted.map(|(k, v)| (Some(k.to_owned()), v.to_owned())));
        let plain = Run { prefix: None, keys: None, ..run };
        assert_eq!(plain.record(5), (None, "5".to_owned()));
    }
}
