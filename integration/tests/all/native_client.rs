//! The native client against a real broker: ours, or Apache Kafka where `OTTLA_TEST_BROKER` asks
//! for it.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_actors::client::admin::{Admin, NewTopic, OffsetSpec};
use ottla_actors::client::{Acks, ClientConfig, ClientError, NewRecord, Producer, ProducerConfig};
use ottla_core::base::{Offset, TopicPartition};
use ottla_core::client::partition_for_key;
use ottla_core::record::Compression;
use ottla_integration::Broker;
use ottla_integration::raw::RawClient;

/// Records of one combination of codec and acks.
const RECORDS: i64 = 20_000;

#[test]
fn the_native_client_is_a_kafka_client() {
    let broker = Broker::start(&[("auto.create.topics.enable", "false")]);
    let bootstrap = broker.bootstrap();
    actix::System::new().block_on(async {
        let admin = Admin::start(ClientConfig::new(&bootstrap)).expect("an address");
        administers(&admin).await;
        for codec in Compression::ALL {
            for acks in [Acks::All, Acks::Leader, Acks::None] {
                produces(&bootstrap, &admin, codec, acks).await;
            }
        }
        groups(&admin).await;
        admin.close().await;
    });
}

async fn administers(admin: &Admin) {
    let cluster = admin.describe_cluster().await.expect("an answer");
    assert_eq!(cluster.brokers.len(), 1);
    let mut topic = NewTopic::new("admin", 2);
    topic.configs.insert("retention.ms".to_owned(), "1000000".to_owned());
    let topics = [topic, NewTopic::new("not a name", 1)];
    let made = admin.create_topics(&topics, false).await.expect("an answer");
    let codes: BTreeMap<_, _> = made
        .iter()
        .map(|(name, made)| (&**name, made.as_ref().err().map(|e| e.error.code())))
        .collect();
    assert_eq!(codes, BTreeMap::from([("admin", None), ("not a name", Some(17))]));
    let grown = admin.create_partitions(&[("admin", 3)]).await.expect("an answer");
    assert_eq!(grown[0].1, Ok(()));
    let gone = admin.delete_topics(&["admin"]).await.expect("an answer");
    assert_eq!(gone[0].1, Ok(()));
}

/// Every record has its offset, and the broker has every record.
async fn produces(bootstrap: &str, admin: &Admin, codec: Compression, acks: Acks) {
    let topic = format!("{}-{acks:?}", codec.name());
    let made = admin.create_topics(&[NewTopic::new(&topic, 3)], false).await.expect("an answer");
    assert_eq!(made[0].1, Ok(()), "{topic}");
    let mut config = ProducerConfig::new(bootstrap);
    config.acks = acks;
    config.batching.compression = codec;
    let producer = Producer::start(config).expect("an address");
    let mut deliveries = Vec::new();
    let mut wanted = BTreeMap::new();
    for index in 0..RECORDS {
        let key = format!("key-{}", index % 1_000);
        let partition = partition_for_key(key.as_bytes(), 3);
        let offset = wanted.entry(partition).or_insert(0_i64);
        let record = NewRecord {
            topic: topic.clone(),
            key: Some(key.into_bytes().into()),
            value: Some(format!("value-{index}").into_bytes().into()),
            ..NewRecord::default()
        };
        let delivery = producer.send(record).await.expect("room");
        deliveries.push((partition, *offset, delivery));
        *offset += 1;
    }
    for (partition, offset, delivery) in deliveries {
        let metadata = delivery.await.expect("written");
        assert_eq!(metadata.partition, TopicPartition::new(&*topic, partition));
        let wanted = if acks == Acks::None { Offset::NONE } else { Offset(offset) };
        assert_eq!(metadata.offset, wanted, "{topic}");
    }
    producer.close(Duration::from_secs(30)).await;
    for (partition, count) in wanted {
        let partition = TopicPartition::new(&*topic, partition);
        // records sent with acks=0 may still be on their way
        loop {
            let (end, _) = admin
                .offset(&partition, OffsetSpec::Latest)
                .await
                .expect("an answer")
                .expect("an end");
            if end == Offset(count) {
                break;
            }
            assert!(end < Offset(count), "{partition}: {end}");
        }
    }
    // the message library unpacks nothing here
    if codec == Compression::None {
        reads_back(bootstrap, &topic);
    }
}

/// What another client finds.
fn reads_back(bootstrap: &str, topic: &str) {
    let port = bootstrap.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let mut client = RawClient::connect(port).expect("a connection");
    let records = client.fetch(topic, 0, 0).expect("records");
    assert!(!records.is_empty(), "{topic}");
    let mut last = -1;
    for record in records {
        let value = String::from_utf8(record.value.expect("a value").to_vec()).expect("text");
        let index: i64 = value.trim_start_matches("value-").parse().expect("a number");
        assert!(index > last, "{topic}: {index} after {last}");
        last = index;
    }
}

async fn groups(admin: &Admin) {
    assert!(admin.list_groups().await.expect("an answer").is_empty());
    assert!(admin.group_offsets("nobody").await.expect("an answer").is_empty());
    let unknown = admin.delete_group("nobody").await.expect_err("there is none");
    assert!(matches!(unknown, ClientError::Refused(error) if error.code() == 69), "{unknown}");
}
