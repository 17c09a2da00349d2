//! `console-consumer`: what both read of one and the same broker.

use std::time::Duration;

use bytes::Bytes;
use ottla_actors::client::admin::{Admin, NewTopic};
use ottla_actors::client::{ClientConfig, NewRecord, Producer, ProducerConfig};
use ottla_core::record::Header;

use super::{Pair, difference, ottla};
use crate::kafka_tools::run_tool;
use crate::kafka_tools::table::{Compare, class_of};

/// What both are called with: how standard output is compared, whether standard error has words
/// of our own (`*`) or is not compared (`-`: Kafka's tool only logs), whether something must be on
/// standard output (`+`: two that came too late would agree on nothing), and the words.
const CALLS: &[(&str, &str)] = &[
    ("=*", "--topic one --from-beginning --max-messages 6"),
    ("=", "--topic one --partition 0 --offset 2 --max-messages 3"),
    (
        "=",
        "--topic one --partition 0 --offset earliest --max-messages 6 \
           --formatter-property print.timestamp=true --formatter-property print.key=true \
           --formatter-property print.offset=true --formatter-property print.partition=true \
           --formatter-property print.headers=true --formatter-property print.epoch=true \
           --formatter-property null.literal=NIL --formatter-property headers.separator=;",
    ),
    (
        "=",
        "--topic one --partition 0 --offset earliest --max-messages 6 --property print.key=true \
           --property key.separator=| --property line.separator=~ --property print.value=false",
    ),
    (
        "=*",
        "--topic numbers --from-beginning --max-messages 3 --value-deserializer \
           org.apache.kafka.common.serialization.DoubleDeserializer --key-deserializer \
           org.apache.kafka.common.serialization.LongDeserializer --formatter-property \
           print.key=true",
    ),
    (
        "=",
        "--topic one --partition 0 --offset earliest --max-messages 2 --formatter \
           org.apache.kafka.tools.consumer.NoOpMessageFormatter",
    ),
    ("~*", "--include ma.*|one --from-beginning --max-messages 46"),
    ("=*", "--topic one --group readers --from-beginning --max-messages 4"),
    (
        "=*+",
        "--topic __consumer_offsets --from-beginning --timeout-ms 5000 --formatter \
           org.apache.kafka.tools.consumer.OffsetsMessageFormatter",
    ),
    ("=*+", "--topic one --from-beginning --timeout-ms 5000 --isolation-level read_committed"),
    (
        "=*",
        "--topic one --partition 0 --offset earliest --max-messages 6 --value-deserializer \
           org.apache.kafka.common.serialization.LongDeserializer --skip-message-on-error",
    ),
    (
        "=*",
        "--topic one --partition 0 --offset earliest --max-messages 6 --value-deserializer \
           org.apache.kafka.common.serialization.LongDeserializer",
    ),
    (
        "=*",
        "--topic __consumer_offsets --partition 0 --offset earliest --max-messages 8 --formatter \
           org.apache.kafka.tools.consumer.GroupMetadataMessageFormatter",
    ),
    (
        "=",
        "--topic one --partition 0 --offset earliest --max-messages 6 --value-deserializer \
           org.apache.kafka.common.serialization.BytesDeserializer --key-deserializer \
           org.apache.kafka.common.serialization.ByteBufferDeserializer --formatter-property \
           print.key=true",
    ),
    ("=", "--topic one --partition 0 --offset EARLIEST --max-messages 0"),
    (
        "=",
        "--topic one --partition 0 --from-beginning --max-messages 2 --property \
           print.delivery=true",
    ),
    ("=*", "--topic one --from-beginning --max-messages 1 --consumer-property client.id=me"),
    ("=*", "--topic not/a/name --from-beginning --timeout-ms 20000"),
    ("=*", "--include a[ --from-beginning --timeout-ms 20000"),
    ("=-", "--topic one --isolation-level sometimes"),
    ("=-", "--topic one --command-property auto.offset.reset=sometimes"),
    ("=*", "--topic one --command-config /nonexistent"),
    ("=", "--topic one --formatter-config /nonexistent"),
    ("=*", "--topic one --partition x"),
    ("=*", "--topic one --partition 0 --max-messages x"),
    ("=*", "--topic one --partition 0 --timeout-ms x"),
    ("=", "--topic one --nonsense"),
    ("=", "--help"),
    ("=", "--from-beginning"),
    ("=", "--topic one --include two"),
    ("=", "--include one --partition 0"),
    ("=", "--topic one --offset 3"),
    ("=", "--topic one --partition 0 --offset -3"),
    ("=", "--topic one --partition 0 --group g"),
    ("=", "--topic one --group a --command-property group.id=b"),
    ("=", "--topic one --from-beginning --command-property auto.offset.reset=latest"),
    ("=", "--topic one --property a=b --formatter-property c=d"),
    ("=", "--topic one --consumer-property a=b --command-property c=d"),
    ("=", "--topic one --formatter no.Such"),
    ("=-", "--topic one --group= --timeout-ms 60000"),
    ("=*", "--topic one --max-messages -3 --timeout-ms 60000"),
];

#[test]
fn console_consumer_is_kafkas() {
    // what a new group waits for its members is not to outlast a `--timeout-ms`
    let settings =
        [("offsets.topic.num.partitions", "1"), ("group.initial.rebalance.delay.ms", "0")];
    let Some(mut pair) = Pair::start(&settings) else { return };
    let bootstrap = pair.brokers()[1].bootstrap();
    actix::System::new().block_on(fill(&bootstrap));
    let mut differences = Vec::new();
    for (mark, words) in CALLS {
        let mut args: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        args.extend(["--bootstrap-server".to_owned(), bootstrap.clone()]);
        let compare = if mark.starts_with('~') { Compare::Sorted } else { Compare::Exact };
        let wanted = run_tool(&mut pair.tools, class_of("console-consumer"), &args, "");
        // the offsets of the first call's group are where the second would begin
        for word in &mut args {
            if word == "readers" {
                *word = "writers".to_owned();
            }
        }
        let found = ottla("console-consumer", &args, "");
        let wanted = pair.places[1].normalise(compare, wanted);
        let found = pair.places[1].normalise(compare, found);
        let (mut wanted, mut found) = (wanted, found);
        if mark.contains('-') {
            assert!(!found.err.is_empty(), "{words}: nothing is said");
            wanted.err.clear();
            found.err.clear();
        }
        if mark.contains('+') {
            assert!(!found.out.is_empty(), "{words}: nothing is read");
        }
        let said = difference(compare, mark.contains('*'), &wanted, &found);
        if !said.is_empty() {
            differences.push(format!("==== {words}\n{said}"));
        }
    }
    assert!(differences.is_empty(), "{} differ\n{}", differences.len(), differences.join("\n"));
}

async fn fill(bootstrap: &str) {
    let admin = Admin::start(ClientConfig::new(bootstrap)).expect("an address");
    let topics = [NewTopic::new("one", 1), NewTopic::new("many", 4), NewTopic::new("numbers", 1)];
    let made = admin.create_topics(&topics, false).await.expect("an answer");
    assert!(made.iter().all(|(_, made)| made.is_ok()), "{made:?}");
    let producer = Producer::start(ProducerConfig::new(bootstrap)).expect("an address");
    let text = |text: String| Some(Bytes::from(text));
    let mut records = Vec::new();
    for index in 0..6_i64 {
        let header = |key: &'static str, value: Option<&'static str>| Header {
            key: Bytes::from_static(key.as_bytes()),
            value: value.map(|value| Bytes::from_static(value.as_bytes())),
        };
        let headers = [header("a", Some("1")), header("é", None)];
        let count = usize::try_from(index).unwrap_or(0).min(2);
        records.push(NewRecord {
            topic: "one".to_owned(),
            partition: Some(0),
            key: (index % 2 == 0).then(|| Bytes::from(format!("key {index}"))),
            value: if index == 3 { None } else { text(format!("välue\u{1f980} {index}")) },
            headers: headers[..count].to_vec(),
            ..NewRecord::default()
        });
    }
    for index in 0..40 {
        let partition = Some(index % 4);
        let value = text(format!("many {index}"));
        records.push(NewRecord { topic: "many".into(), partition, value, ..Default::default() });
    }
    for (key, value) in [(1_i64, 1.5_f64), (-7, 1e10), (i64::MAX, 0.000_012_5)] {
        records.push(NewRecord {
            topic: "numbers".to_owned(),
            key: Some(Bytes::copy_from_slice(&key.to_be_bytes())),
            value: Some(Bytes::copy_from_slice(&value.to_be_bytes())),
            ..NewRecord::default()
        });
    }
    let mut deliveries = Vec::new();
    for record in records {
        deliveries.push(producer.send(record).await.expect("room"));
    }
    for delivery in deliveries {
        delivery.await.expect("written");
    }
    producer.close(Duration::from_secs(10)).await;
}
