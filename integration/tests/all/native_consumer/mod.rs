//! The native consumer against a real broker: ours, or Apache Kafka where `OTTLA_TEST_BROKER` asks
//! for it.

mod mixed;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::ops::Range;
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
/// Far above what a step takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

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
        within("seeks", seeks(&bootstrap)).await;
        for assignor in Assignor::ALL {
            within("shares", shares(&bootstrap, assignor)).await;
        }
        within("cooperates", cooperates(&bootstrap)).await;
        within("resumes", resumes(&bootstrap)).await;
        within("stays", stays(&bootstrap)).await;
        within("survives", survives(&bootstrap, &mut broker)).await;
        within("crashes", crashes(&bootstrap, broker)).await;
    });
}

async fn within<T>(what: &str, step: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LIMIT, step).await;
    done.unwrap_or_else(|_| panic!("{what}: it took too long"))
}

async fn make(admin: &Admin, topic: &str) {
    let made = admin.create_topics(&[NewTopic::new(topic, PARTITIONS)], false).await;
    assert_eq!(made.expect("an answer")[0].1, Ok(()), "{topic}");
}

/// Records `from..from + RECORDS` of each partition.
async fn fill(bootstrap: &str, topic: &str, codec: Compression, from: i64) {
    produce(bootstrap, topic, codec, from..from + RECORDS, value).await;
}

/// The value of the record at this partition and offset.
fn value(partition: i32, offset: i64) -> String {
    format!("{partition}-{offset}")
}

/// Records with these offsets in each partition; their timestamps are their offsets, in seconds.
async fn produce(
    bootstrap: &str,
    topic: &str,
    codec: Compression,
    offsets: Range<i64>,
    value: fn(i32, i64) -> String,
) {
    let mut config = ProducerConfig::new(bootstrap);
    config.batching.compression = codec;
    let producer = Producer::start(config).expect("an address");
    let mut deliveries = Vec::new();
    for offset in offsets {
        for partition in 0..PARTITIONS {
            let record = NewRecord {
                topic: topic.to_owned(),
                partition: Some(partition),
                timestamp: Some(offset * 1_000),
                value: Some(value(partition, offset).into_bytes().into()),
                ..NewRecord::default()
            };
            let delivery = producer.send(record).await.expect("room");
            deliveries.push((offset, delivery));
        }
    }
    for (offset, delivery) in deliveries {
        let found = delivery.await.expect("written").offset;
        // a broker that came back may know only that it has it
        assert!(found == Offset(offset) || found == Offset::NONE, "{found} for {offset}");
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

/// Polls once, adds what came, and says how many it was; records of a partition come in order.
async fn poll(consumer: &Consumer, read: &mut Read, value: fn(i32, i64) -> String) -> usize {
    let records = consumer.poll(Duration::from_millis(20)).await.expect("records");
    let mut last: BTreeMap<i32, i64> = BTreeMap::new();
    let count = records.len();
    for record in records {
        let (partition, offset) = (record.partition, record.offset.0);
        assert!(last.insert(partition, offset).is_none_or(|before| before < offset));
        let found = String::from_utf8(record.value.expect("a value").to_vec()).expect("text");
        assert_eq!(found, value(partition, offset));
        read.entry(partition).or_default().insert(offset);
    }
    count
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
            poll(&consumer, &mut read, value).await;
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
            poll(member, &mut read, value).await;
        }
    }
    let owned: BTreeSet<_> = members.iter().flat_map(Consumer::assignment).collect();
    assert_eq!(owned.len(), 6, "{assignor:?}: nobody shares a partition");
    members[0].commit().await.expect("committed");
    drop(members.remove(0));
    while !members.iter().all(|member| member.assignment().len() == 3) || !is_all(&read, RECORDS) {
        for member in &members {
            poll(member, &mut read, value).await;
        }
    }
    for member in members {
        member.close().await;
    }
}

/// A member that joins takes only its share: the other one reads the rest on, each record once,
/// though it has committed nothing.
async fn cooperates(bootstrap: &str) {
    let member = || {
        let mut config = config(bootstrap, "cooperates");
        config.max_poll_records = 50;
        if let Some(group) = &mut config.group {
            group.assignors = vec![Assignor::CooperativeSticky];
        }
        let consumer = start(config);
        consumer.subscribe(&["zstd"]).expect("a group");
        consumer
    };
    let one = member();
    let (mut first, mut polled) = (Read::new(), 0);
    while count(&first) < 600 {
        polled += poll(&one, &mut first, value).await;
    }
    assert_eq!(one.assignment().len(), 6);
    let two = member();
    let mut second = Read::new();
    while one.assignment().len() != 3 || two.assignment().len() != 3 {
        polled += poll(&one, &mut first, value).await;
        poll(&two, &mut second, value).await;
    }
    let kept: BTreeSet<i32> = one.assignment().iter().map(|p| p.partition).collect();
    assert!(two.assignment().iter().all(|p| !kept.contains(&p.partition)));
    let whole = |read: &Read, partition: &i32| {
        read.get(partition).is_some_and(|offsets| offsets.iter().copied().eq(0..RECORDS))
    };
    let others: Vec<i32> = (0..PARTITIONS).filter(|p| !kept.contains(p)).collect();
    while !kept.iter().all(|p| whole(&first, p)) || !others.iter().all(|p| whole(&second, p)) {
        polled += poll(&one, &mut first, value).await;
        poll(&two, &mut second, value).await;
    }
    assert_eq!(polled, count(&first), "something was read twice");
    one.close().await;
    two.close().await;
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
            poll(&consumer, &mut fresh, value).await;
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
        poll(&one, &mut read, value).await;
        poll(&two, &mut read, value).await;
    }
    let before = (one.assignment(), one.group_metadata().expect("joined").generation);
    one.close().await;
    let one = named("one");
    while one.assignment().is_empty() {
        poll(&one, &mut read, value).await;
        poll(&two, &mut read, value).await;
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
        poll(&consumer, &mut read, value).await;
    }
    consumer.commit().await.expect("committed");
    broker.restart();
    while !is_all(&read, RECORDS) {
        poll(&consumer, &mut read, value).await;
    }
    fill(bootstrap, "none", Compression::None, RECORDS).await;
    while !is_all(&read, 2 * RECORDS) {
        poll(&consumer, &mut read, value).await;
    }
    consumer.commit().await.expect("committed by a member that is known again");
    let partition = TopicPartition::new("none", 0);
    let committed = consumer.committed(std::slice::from_ref(&partition)).await.expect("an answer");
    assert_eq!(committed[&partition].offset, Offset(2 * RECORDS));
    consumer.close().await;
}

/// The broker is killed while two members share what is being written: everything that was
/// acknowledged is read, and what was committed stays.
async fn crashes(bootstrap: &str, mut broker: Broker) {
    let admin = Admin::start(ClientConfig::new(bootstrap)).expect("an address");
    make(&admin, "crashes").await;
    fill(bootstrap, "crashes", Compression::None, 0).await;
    let member = |_| {
        let mut config = config(bootstrap, "crashes");
        config.max_poll_records = 50;
        config.auto_commit = Some(Duration::from_millis(20));
        if let Some(group) = &mut config.group {
            group.assignors = vec![Assignor::CooperativeSticky];
        }
        let consumer = start(config);
        consumer.subscribe(&["crashes"]).expect("a group");
        consumer
    };
    let members: Vec<Consumer> = (0..2).map(member).collect();
    let mut read = Read::new();
    while !members.iter().all(|member| member.assignment().len() == 3) || count(&read) < 1_000 {
        for member in &members {
            poll(member, &mut read, value).await;
        }
    }
    let before = admin.group_offsets("crashes").await.expect("an answer");
    let address = bootstrap.to_owned();
    let writing = actix::spawn(async move {
        fill(&address, "crashes", Compression::None, RECORDS).await;
    });
    let crash = tokio::task::spawn_blocking(move || {
        broker.crash();
        broker
    });
    while !is_all(&read, 2 * RECORDS) {
        for member in &members {
            poll(member, &mut read, value).await;
        }
    }
    writing.await.expect("all was written");
    let broker = crash.await.expect("it is back");
    for member in members {
        member.close().await;
    }
    let after = admin.group_offsets("crashes").await.expect("an answer");
    assert!(before.iter().all(|(partition, at)| after[partition] >= *at), "{before:?} {after:?}");
    let ends = after.values().all(|at| *at == Offset(2 * RECORDS));
    assert!(ends && after.len() == PARTITIONS as usize, "{after:?}");
    admin.close().await;
    drop(broker);
}
