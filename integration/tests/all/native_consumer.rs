//! The native consumer against a real broker: ours, or Apache Kafka where `OTTLA_TEST_BROKER` asks
//! for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ottla_actors::client::admin::{Admin, NewTopic};
use ottla_actors::client::{
    ClientConfig, Consumer, ConsumerConfig, MembershipConfig, NewRecord, Producer, ProducerConfig,
    ResetPolicy, SeekTo,
};
use ottla_core::base::{Offset, TopicPartition};
use ottla_core::client::assignor::Assignor;
use ottla_core::record::Compression;
use ottla_integration::Broker;

const PARTITIONS: i32 = 6;
/// Records of each partition.
const RECORDS: i64 = 500;

#[test]
fn the_native_consumer_is_a_kafka_consumer() {
    let mut broker = Broker::start(&[
        ("auto.create.topics.enable", "false"),
        ("group.initial.rebalance.delay.ms", "0"),
        ("group.min.session.timeout.ms", "100"),
        // the records are of 1970
        ("log.retention.ms", "-1"),
    ]);
    let bootstrap = broker.bootstrap();
    actix::System::new().block_on(async {
        let admin = Admin::start(ClientConfig::new(&bootstrap)).expect("an address");
        for codec in Compression::ALL {
            make(&admin, codec.name()).await;
            fill(&bootstrap, codec.name(), codec, 0).await;
        }
        admin.close().await;
        seeks(&bootstrap).await;
        for assignor in Assignor::ALL {
            shares(&bootstrap, assignor).await;
        }
        resumes(&bootstrap).await;
        stays(&bootstrap).await;
        survives(&bootstrap, &mut broker).await;
    });
}

async fn make(admin: &Admin, topic: &str) {
    let made = admin.create_topics(&[NewTopic::new(topic, PARTITIONS)], false).await;
    assert_eq!(made.expect("an answer")[0].1, Ok(()), "{topic}");
}

/// Records `from..from + RECORDS` of each partition; their timestamps are their offsets, in
/// seconds.
async fn fill(bootstrap: &str, topic: &str, codec: Compression, from: i64) {
    let mut config = ProducerConfig::new(bootstrap);
    config.batching.compression = codec;
    let producer = Producer::start(config).expect("an address");
    let mut deliveries = Vec::new();
    for offset in from..from + RECORDS {
        for partition in 0..PARTITIONS {
            let record = NewRecord {
                topic: topic.to_owned(),
                partition: Some(partition),
                timestamp: Some(offset * 1_000),
                value: Some(format!("{partition}-{offset}").into_bytes().into()),
                ..NewRecord::default()
            };
            deliveries.push(producer.send(record).await.expect("room"));
        }
    }
    for delivery in deliveries {
        delivery.await.expect("written");
    }
    producer.close(Duration::from_secs(30)).await;
}

fn config(bootstrap: &str, group: &str) -> ConsumerConfig {
    let mut config = ConsumerConfig::new(bootstrap);
    config.fetching.reset = ResetPolicy::Earliest;
    let mut group = MembershipConfig::new(group);
    group.heartbeat_interval_ms = 50;
    config.group = Some(group);
    config.auto_commit = None;
    config
}

fn start(config: ConsumerConfig) -> Consumer {
    Consumer::start(config).expect("an address")
}

/// What was read of each partition.
type Read = BTreeMap<i32, BTreeSet<i64>>;

/// Polls once and adds what came; records of a partition come in order.
async fn poll(consumer: &Consumer, read: &mut Read) {
    let records = consumer.poll(Duration::from_millis(20)).await.expect("records");
    let mut last: BTreeMap<i32, i64> = BTreeMap::new();
    for record in records {
        let (partition, offset) = (record.partition, record.offset.0);
        assert!(last.insert(partition, offset).is_none_or(|before| before < offset));
        let value = String::from_utf8(record.value.expect("a value").to_vec()).expect("text");
        assert_eq!(value, format!("{partition}-{offset}"));
        read.entry(partition).or_default().insert(offset);
    }
}

fn count(read: &Read) -> usize {
    read.values().map(BTreeSet::len).sum()
}

fn is_all(read: &Read, to: i64) -> bool {
    read.len() == usize::try_from(PARTITIONS).expect("small")
        && read.values().all(|offsets| offsets.iter().copied().eq(0..to))
}

/// Without a group: from any offset, by time, from the ends, whatever the codec.
async fn seeks(bootstrap: &str) {
    for codec in Compression::ALL {
        let mut plain = config(bootstrap, "unused");
        plain.group = None;
        let consumer = start(plain);
        let partition = TopicPartition::new(codec.name(), 3);
        let both = [partition.clone(), TopicPartition::new(codec.name(), 4)];
        consumer.assign(&both);
        consumer.seek_to(&both, SeekTo::Timestamp(400_500)).expect("assigned");
        let mut read = Read::new();
        while count(&read) < 198 {
            poll(&consumer, &mut read).await;
        }
        assert!(read.values().all(|offsets| offsets.iter().copied().eq(401..500)), "{read:?}");
        consumer.seek(&partition, Offset(123)).expect("assigned");
        assert_eq!(consumer.next().await.expect("a record").offset, Offset(123));
        consumer.seek_to(&both, SeekTo::Beginning).expect("assigned");
        assert_eq!(consumer.position(&partition).await.expect("known"), Offset(0));
        consumer.seek_to(&both, SeekTo::End).expect("assigned");
        assert_eq!(consumer.position(&partition).await.expect("known"), Offset(RECORDS));
        let times = BTreeMap::from([(partition.clone(), 7_001)]);
        let found = consumer.offsets_for_times(&times).await.expect("an answer");
        assert_eq!(found[&partition].offset, Offset(8));
        let ends = consumer.end_offsets(&both).await.expect("an answer");
        assert!(ends.values().all(|end| *end == Offset(RECORDS)));
        consumer.close().await;
    }
}

/// Three members read everything between them, also when one of them is dropped half way: it does
/// not say goodbye, and its session runs out.
async fn shares(bootstrap: &str, assignor: Assignor) {
    let group = format!("shares-{}", assignor.name());
    let members: Vec<Consumer> = (0..3)
        .map(|_| {
            let mut config = config(bootstrap, &group);
            config.max_poll_records = 20;
            if let Some(group) = &mut config.group {
                group.assignors = vec![assignor];
                group.session_timeout_ms = 1_000;
            }
            start(config)
        })
        .collect();
    let mut read = Read::new();
    for member in &members {
        member.subscribe(&["zstd"]).expect("a group");
    }
    let mut members = members;
    while !members.iter().all(|member| member.assignment().len() == 2) {
        for member in &members {
            poll(member, &mut read).await;
        }
    }
    let owned: BTreeSet<_> = members.iter().flat_map(Consumer::assignment).collect();
    assert_eq!(owned.len(), 6, "{assignor:?}: nobody shares a partition");
    members[0].commit().await.expect("committed");
    drop(members.remove(0));
    while !members.iter().all(|member| member.assignment().len() == 3) || !is_all(&read, RECORDS) {
        for member in &members {
            poll(member, &mut read).await;
        }
    }
    for member in members {
        member.close().await;
    }
}

/// The next member of the group begins where the last one stopped.
async fn resumes(bootstrap: &str) {
    let mut automatic = config(bootstrap, "resumes");
    automatic.auto_commit = Some(Duration::from_secs(3_600));
    automatic.max_poll_records = 100;
    let mut read = Read::new();
    let mut rounds = 0;
    while !is_all(&read, RECORDS) {
        let consumer = start(automatic.clone());
        consumer.subscribe_pattern(|topic| topic == "gzip").expect("a group");
        let mut fresh = Read::new();
        let left = 3_000 - count(&read);
        while count(&fresh) < left.min(1_000) {
            poll(&consumer, &mut fresh).await;
        }
        // commits what was read
        consumer.close().await;
        for (partition, offsets) in fresh {
            let known = read.entry(partition).or_default();
            assert!(known.is_disjoint(&offsets), "partition {partition} was read twice");
            known.extend(offsets);
        }
        rounds += 1;
    }
    assert!(rounds >= 3, "{rounds}");
}

/// A static member that comes back gets what it had, without a rebalance.
async fn stays(bootstrap: &str) {
    let named = |name: &str| {
        let mut config = config(bootstrap, "stays");
        if let Some(group) = &mut config.group {
            group.instance_id = Some(name.to_owned());
        }
        let consumer = start(config);
        consumer.subscribe(&["lz4"]).expect("a group");
        consumer
    };
    let (one, two) = (named("one"), named("two"));
    let mut read = Read::new();
    while one.assignment().len() != 3 || two.assignment().len() != 3 {
        poll(&one, &mut read).await;
        poll(&two, &mut read).await;
    }
    let before = (one.assignment(), one.group_metadata().expect("joined").generation);
    one.close().await;
    let one = named("one");
    while one.assignment().is_empty() {
        poll(&one, &mut read).await;
        poll(&two, &mut read).await;
    }
    assert_eq!((one.assignment(), one.group_metadata().expect("joined").generation), before);
    one.close().await;
    two.close().await;
}

/// The broker is restarted in the middle: nothing is lost, and the group goes on.
async fn survives(bootstrap: &str, broker: &mut Broker) {
    let mut small = config(bootstrap, "survives");
    small.max_poll_records = 50;
    small.fetching.partition_max_bytes = 1_000;
    let consumer = start(small);
    consumer.subscribe(&["none"]).expect("a group");
    let mut read = Read::new();
    while count(&read) < 500 {
        poll(&consumer, &mut read).await;
    }
    consumer.commit().await.expect("committed");
    broker.restart();
    while !is_all(&read, RECORDS) {
        poll(&consumer, &mut read).await;
    }
    fill(bootstrap, "none", Compression::None, RECORDS).await;
    while !is_all(&read, 2 * RECORDS) {
        poll(&consumer, &mut read).await;
    }
    consumer.commit().await.expect("committed by a member that is known again");
    let partition = TopicPartition::new("none", 0);
    let committed = consumer.committed(std::slice::from_ref(&partition)).await.expect("an answer");
    assert_eq!(committed[&partition].offset, Offset(2 * RECORDS));
    consumer.close().await;
}
