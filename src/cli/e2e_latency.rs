//! `ottla e2e-latency`: how long a record takes from a producer to a consumer, one at a time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_actors::client::admin::{Admin, NewTopic};
use ottla_actors::client::{
    Acks, ClientConfig, Consumer, ConsumerConfig, ConsumerRecord, NewRecord, ProducerConfig, SeekTo,
};
use ottla_core::base::TopicPartition;
use ottla_core::record::Header;

use super::kit::{Given, Kind, Out, Properties, Spec, Stop, Tool, block_on};
use super::producing::{Failed, configure, start};

/// `ottla e2e-latency`, `kafka-e2e-latency`.
pub(super) const TOOL: Tool = Tool {
    name: "e2e-latency",
    about: "Measures how long a record takes from producer to consumer",
    spec,
    run,
};

/// How long a record may take.
const POLL: Duration = Duration::from_secs(60);

fn spec() -> Spec {
    let number = |spec: Spec, name, described, about: &'static str| {
        spec.value(name, Kind::Integer, described, about).optional().default("0")
    };
    let spec = Spec::joptsimple(
        "This tool measures end-to-end latency in Kafka by sending messages and timing their \
         reception.",
    )
    .value(
        "bootstrap-server",
        Kind::Text,
        "bootstrap-server",
        "REQUIRED: The Kafka broker list string in the form HOST1:PORT1,HOST2:PORT2.",
    )
    .value("topic", Kind::Text, "topic-name", "REQUIRED: The topic to use for the test.")
    .value("num-records", Kind::Integer, "count", "REQUIRED: The number of messages to send.")
    .value(
        "producer-acks",
        Kind::Text,
        "producer-acks",
        "REQUIRED: Producer acknowledgements. Must be '1' or 'all'.",
    )
    .value(
        "record-size",
        Kind::Integer,
        "bytes",
        "REQUIRED: The size of each message payload in bytes.",
    );
    let spec = number(
        spec,
        "record-key-size",
        "bytes",
        "Optional: The size of the message key in bytes. If not set, messages are sent without a \
         key.",
    );
    let spec = number(
        spec,
        "record-header-key-size",
        "bytes",
        "Optional: The size of the message header key in bytes. Used together with \
         record-header-size.",
    );
    let spec = number(
        spec,
        "record-header-size",
        "bytes",
        "Optional: The size of message header value in bytes. Use -1 for null header value.",
    );
    number(
        spec,
        "num-headers",
        "count",
        "Optional: The number of headers to include in each message.",
    )
    .value(
        "command-config",
        Kind::File,
        "config-file",
        "Optional: A property file for Kafka producer/consumer/admin client configuration.",
    )
    .optional()
}

/// One run.
struct Run {
    brokers: String,
    topic: String,
    records: usize,
    acks: Acks,
    size: usize,
    key_size: usize,
    header_key_size: usize,
    header_size: Option<usize>,
    headers: usize,
    properties: Properties,
}

impl Run {
    fn new(given: &Given) -> Result<Self, Stop> {
        if !given.positional().is_empty() {
            return Self::positional(given.positional());
        }
        given.require(&[
            "bootstrap-server",
            "topic",
            "num-records",
            "producer-acks",
            "record-size",
        ])?;
        let acks = acks(given.value("producer-acks")?.unwrap_or_default()).ok_or_else(|| {
            given.usage(
                "Invalid value for --producer-acks. Latency testing requires synchronous \
                 acknowledgement. Please use '1' or 'all'.",
            )
        })?;
        let number = |name: &str| Ok::<i32, Stop>(given.number(name)?.unwrap_or(0));
        let size = |name: &str| {
            let wrong =
                |_| given.usage(&format!("Value for --{name} must be a non-negative integer."));
            usize::try_from(number(name)?).map_err(wrong)
        };
        if number("num-records")? <= 0 {
            return Err(given.usage("Value for --num-records must be a positive integer."));
        }
        let header_size = number("record-header-size")?;
        Ok(Self {
            brokers: given.value("bootstrap-server")?.unwrap_or_default().to_owned(),
            topic: given.value("topic")?.unwrap_or_default().to_owned(),
            records: size("num-records")?,
            acks,
            size: size("record-size")?,
            key_size: size("record-key-size")?,
            header_key_size: size("record-header-key-size")?,
            header_size: if header_size < -1 {
                return Err(given.usage(
                    "Value for --record-header-size must be a non-negative integer or -1 for null \
                     header value.",
                ));
            } else {
                usize::try_from(header_size).ok()
            },
            headers: size("num-headers")?,
            properties: match given.value("command-config")?.filter(|path| !path.is_empty()) {
                Some(path) => Properties::file(path)?,
                None => Properties::default(),
            },
        })
    }

    /// The words of older releases: broker list, topic, count, acks, size, and perhaps a file.
    fn positional(words: &[String]) -> Result<Self, Stop> {
        let (brokers, topic, records, acknowledged, size, file) = match words {
            [a, b, c, d, e] => (a, b, c, d, e, None),
            [a, b, c, d, e, file] => (a, b, c, d, e, Some(file)),
            words => {
                return Err(Stop::error(format!(
                    "Invalid number of arguments. Expected 5 or 6 positional arguments, but got \
                     {}. Usage: bootstrap-server topic num-records producer-acks record-size \
                     [optional] command-config",
                    words.len()
                )));
            }
        };
        eprintln!(
            "WARNING: Positional argument usage is deprecated and will be removed in Apache Kafka \
             5.0. Please use named arguments instead: --bootstrap-server, --topic, --num-records, \
             --producer-acks, --record-size, --command-config"
        );
        let number = |text: &String| {
            text.parse().map_err(|_| Stop::error(format!("Cannot parse argument '{text}'")))
        };
        Ok(Self {
            brokers: brokers.clone(),
            topic: topic.clone(),
            records: number(records)?,
            acks: acks(acknowledged).ok_or_else(|| {
                Stop::error(
                    "Latency testing requires synchronous acknowledgement. Please use '1' or \
                     'all'.",
                )
            })?,
            size: number(size)?,
            key_size: 0,
            header_key_size: 0,
            header_size: Some(0),
            headers: 0,
            properties: match file {
                Some(path) => Properties::file(path)?,
                None => Properties::default(),
            },
        })
    }

    /// Record `number`; each has a letter of its own.
    fn record(&self, number: usize) -> NewRecord {
        let letter = b'A' + u8::try_from(number % 26).unwrap_or(0);
        let bytes = |size: usize| Bytes::from(vec![letter; size]);
        let header =
            Header { key: bytes(self.header_key_size), value: self.header_size.map(bytes) };
        NewRecord {
            topic: self.topic.clone(),
            key: (self.key_size > 0).then(|| bytes(self.key_size)),
            value: Some(bytes(self.size)),
            headers: vec![header; self.headers],
            ..NewRecord::default()
        }
    }
}

fn acks(text: &str) -> Option<Acks> {
    match text {
        "1" => Some(Acks::Leader),
        "all" => Some(Acks::All),
        _ => None,
    }
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let run = Run::new(given)?;
    block_on(async {
        let mut client = ClientConfig::new(&run.brokers);
        run.properties.client(&mut client)?;
        let mut producing = configure(client.clone(), &run.properties)?;
        producing.acks = run.acks;
        producing.batching.linger_ms = 0;
        let mut reading = ConsumerConfig::new(&run.brokers);
        reading.client = producing.client.clone();
        reading.fetching.max_wait_ms = 0;
        let consumer = Consumer::start(reading)?;
        let partitions = partitions(&run, client, &consumer, out).await?;
        consumer.assign(&partitions);
        consumer.seek_to(&partitions, SeekTo::End).map_err(Stop::error)?;
        for partition in &partitions {
            consumer.position(partition).await.map_err(Stop::error)?;
        }
        measure(&run, &producing, &consumer, out).await
    })
}

/// The partitions of the topic, which is made if it is not there.
async fn partitions(
    run: &Run,
    client: ClientConfig,
    consumer: &Consumer,
    out: &mut Out,
) -> Result<Vec<TopicPartition>, Stop> {
    let topics = consumer.list_topics().await.map_err(Stop::error)?;
    if !topics.contains_key(run.topic.as_str()) {
        out.line(format!(
            "Topic \"{}\" does not exist. Will create topic with 1 partition(s) and replication \
             factor = 1",
            run.topic
        ))?;
        let admin = Admin::start(client)?;
        let made = admin.create_topics(&[NewTopic::new(&run.topic, 1)], false).await?;
        if let Some((_, Err(refusal))) = made.into_iter().next() {
            out.line(format!("Creation of topic {} failed", run.topic))?;
            return Err(refusal.into());
        }
    }
    let found = consumer.partitions_for(&run.topic).await.map_err(Stop::error)?;
    Ok(found.into_iter().map(|index| TopicPartition::new(run.topic.as_str(), index)).collect())
}

async fn measure(
    run: &Run,
    config: &ProducerConfig,
    consumer: &Consumer,
    out: &mut Out,
) -> Result<(), Stop> {
    let producer = start(config)?;
    let mut latencies = Vec::with_capacity(run.records.min(1 << 20));
    for number in 0..run.records {
        let record = run.record(number);
        let begun = Instant::now();
        let sent = match producer.send(record.clone()).await {
            Ok(delivery) => delivery.await.map(drop),
            Err(error) => Err(error),
        };
        sent.map_err(|error| Stop::error(Failed::new(&error, &run.topic, config).message))?;
        let found = consumer.poll(POLL).await.map_err(Stop::error)?;
        let elapsed = begun.elapsed();
        check(&record, &found).map_err(Stop::error)?;
        if number % 1000 == 0 {
            out.line(format!("{number}\t{:?}", elapsed.as_secs_f64() * 1000.0))?;
            std::io::Write::flush(out)?;
        }
        latencies.push(elapsed);
    }
    producer.close(Duration::MAX).await;
    for line in results(&mut latencies) {
        out.line(line)?;
    }
    Ok(())
}

/// Kafka's complaint if what came is not what was sent.
fn check(sent: &NewRecord, found: &[ConsumerRecord]) -> Result<(), String> {
    let text = |bytes: Option<&Bytes>| match bytes {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "null".to_owned(),
    };
    let Some(first) = found.first() else {
        return Err("poll() timed out before finding a result (timeout:[60000ms])".to_owned());
    };
    if first.value != sent.value {
        return Err(format!(
            "The message value read [{}] did not match the message value sent [{}]",
            text(first.value.as_ref()),
            text(sent.value.as_ref())
        ));
    }
    if first.key != sent.key {
        return Err(format!(
            "The message key read [{}] did not match the message key sent [{}]",
            text(first.key.as_ref()),
            text(sent.key.as_ref())
        ));
    }
    if first.headers != sent.headers {
        return Err("Header count mismatch between sent and received messages".to_owned());
    }
    match found.len() {
        1 => Ok(()),
        several => {
            Err(format!("Only one result was expected during this test. We found [{several}]"))
        }
    }
}

/// The lines at the end.
#[expect(clippy::cast_precision_loss, reason = "a count of one run")]
fn results(latencies: &mut [Duration]) -> [String; 2] {
    let total: Duration = latencies.iter().sum();
    let average = total.as_secs_f64() * 1000.0 / latencies.len().max(1) as f64;
    latencies.sort_unstable();
    let [p50, p99, p999] = [500, 990, 999].map(|part| {
        let at = latencies.len() * part / 1000;
        latencies.get(at).map_or(0, Duration::as_millis)
    });
    [
        format!("Avg latency: {average:.4} ms"),
        format!("Percentiles: 50th = {p50}, 99th = {p99}, 99.9th = {p999}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Run, Stop> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Run::new(&TOOL.given("e2e-latency", &words)?)
    }

    #[test]
    fn options_and_the_old_positions_mean_the_same() {
        let named = "--bootstrap-server a:1 --topic t --num-records 5 --producer-acks all \
                     --record-size 20 --record-key-size 3 --num-headers 2 \
                     --record-header-key-size 1";
        let run = parsed(named).expect("understood");
        let record = run.record(1);
        assert_eq!(record.value.as_deref(), Some(&[b'B'; 20][..]));
        assert_eq!((record.key.as_deref(), record.headers.len()), (Some(&b"BBB"[..]), 2));
        let old = parsed("a:1 t 5 1 20").expect("understood");
        assert_eq!((old.records, old.acks, old.size), (5, Acks::Leader, 20));
        assert_eq!(old.record(0).key, None);
        let few = parsed("a:1 t 5").err().expect("refused");
        assert!(few.message().is_some_and(|text| text.contains("but got 3")), "{few:?}");
        let said = |line: &str| {
            let stop = parsed(line).err().expect("refused");
            stop.message().and_then(|text| text.lines().next()).unwrap_or_default().to_owned()
        };
        let base = "--bootstrap-server a:1 --topic t --record-size 20";
        let wrong = said(&format!("{base} --num-records 5 --producer-acks 0"));
        assert!(wrong.starts_with("Invalid value for --producer-acks."), "{wrong}");
        let wrong = said(&format!("{base} --num-records 0 --producer-acks 1"));
        assert_eq!(wrong, "Value for --num-records must be a positive integer.");
    }

    #[test]
    fn results_are_kafkas_lines() {
        let mut latencies: Vec<_> = (1..=4).map(Duration::from_millis).collect();
        let wanted = ["Avg latency: 2.5000 ms", "Percentiles: 50th = 3, 99th = 4, 99.9th = 4"];
        assert_eq!(results(&mut latencies), wanted);
    }
}
