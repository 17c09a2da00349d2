//! What a consumer reads, and where from.

use std::collections::BTreeMap;

use super::*;

/// Records `from..to` of a partition; their timestamps are their offsets, in seconds.
pub(super) async fn fill(address: &str, partition: i32, from: i64, to: i64) {
    let producer = Producer::start(ProducerConfig::new(address)).unwrap();
    let mut deliveries = Vec::new();
    for offset in from..to {
        let timestamp = Some(offset * 1_000);
        let record = NewRecord { timestamp, ..record(Some(partition), &offset.to_string()) };
        deliveries.push(producer.send(record).await.unwrap());
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
}

pub(super) fn tp(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

pub(super) fn start(address: &str, change: impl FnOnce(&mut ConsumerConfig)) -> Consumer {
    let mut config = ConsumerConfig::new(address);
    config.fetching.reset = ResetPolicy::Earliest;
    change(&mut config);
    Consumer::start(config).unwrap()
}

/// The offsets of the next `count` records of each partition.
pub(super) async fn read(consumer: &Consumer, count: usize) -> BTreeMap<i32, Vec<i64>> {
    let mut read: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    let mut left = count;
    while left > 0 {
        let records = consumer.poll(Duration::from_secs(30)).await.unwrap();
        assert!(!records.is_empty(), "{left} records do not come");
        for record in &records {
            let value = String::from_utf8(record.value.clone().unwrap().to_vec()).unwrap();
            assert_eq!(value, record.offset.to_string());
            assert_eq!(record.timestamp, record.offset.0 * 1_000);
            read.entry(record.partition).or_default().push(record.offset.0);
        }
        left = left.checked_sub(records.len()).expect("no more than that");
    }
    read
}

#[test]
fn every_record_comes_once_and_in_order() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 2_000).await;
        fill(&address, 1, 0, 1_000).await;
        let consumer = start(&address, |config| {
            config.max_poll_records = 77;
            config.fetching.partition_max_bytes = 5_000;
        });
        consumer.assign(&[tp(0), tp(1), tp(2)]);
        let found = read(&consumer, 3_000).await;
        assert_eq!(found[&0], (0..2_000).collect::<Vec<_>>());
        assert_eq!(found[&1], (0..1_000).collect::<Vec<_>>());
        assert_eq!(consumer.poll(Duration::ZERO).await.unwrap(), []);
        // what is written while it waits comes too, also where nothing was before
        let (written, next) = futures_util::join!(
            fill(&address, 2, 0, 1),
            tokio::time::timeout(Duration::from_secs(30), consumer.next(),)
        );
        let () = written;
        let next = next.unwrap().unwrap();
        assert_eq!((next.topic_partition(), next.offset), (tp(2), Offset(0)));
        assert_eq!(consumer.position(&tp(0)).await.unwrap(), Offset(2_000));
        assert_eq!(consumer.lag(&tp(0)), Some(0));
        consumer.close().await;
    });
}

#[test]
fn a_poll_that_is_dropped_has_taken_nothing() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 500).await;
        let consumer = start(&address, |config| config.fetching.partition_max_bytes = 2_000);
        consumer.assign(&[tp(0)]);
        let mut wanted = 0;
        let mut round = 0;
        let step = async || {
            round += 1;
            let limit = Duration::from_micros(round % 7 * 100);
            if let Ok(record) = tokio::time::timeout(limit, consumer.next()).await {
                assert_eq!(record.unwrap().offset, Offset(wanted));
                wanted += 1;
            }
            (wanted == 500).then_some(())
        };
        eventually("every record comes", step).await;
    });
}

#[test]
fn it_goes_on_where_it_is_sent() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 100).await;
        let consumer = start(&address, |config| config.fetching.reset = ResetPolicy::Latest);
        consumer.assign(&[tp(0), tp(1)]);
        assert_eq!(consumer.position(&tp(0)).await.unwrap(), Offset(100));
        consumer.seek(&tp(0), Offset(95)).unwrap();
        assert_eq!(read(&consumer, 5).await[&0], [95, 96, 97, 98, 99]);
        consumer.seek_to(&[tp(0)], SeekTo::Timestamp(97_001)).unwrap();
        assert_eq!(read(&consumer, 2).await[&0], [98, 99]);
        consumer.seek_to(&[tp(0)], SeekTo::Beginning).unwrap();
        assert_eq!(consumer.next().await.unwrap().offset, Offset(0));
        assert_eq!(consumer.position(&tp(0)).await.unwrap(), Offset(1));
        consumer.pause(&[tp(0)]).unwrap();
        assert_eq!(consumer.poll(Duration::from_millis(20)).await.unwrap(), []);
        assert!(consumer.paused().contains(&tp(0)));
        consumer.resume(&[tp(0)]).unwrap();
        assert_eq!(read(&consumer, 99).await[&0].first(), Some(&1));
        let refused = consumer.seek(&tp(2), Offset(0)).unwrap_err();
        assert_eq!(refused, ConsumerError::NotAssigned(tp(2)));
    });
}

#[test]
fn offsets_are_found_without_reading() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 10).await;
        let consumer = start(&address, |_| ());
        let both = [tp(0), tp(1)];
        let end = consumer.end_offsets(&both).await.unwrap();
        assert_eq!(end, BTreeMap::from([(tp(0), Offset(10)), (tp(1), Offset(0))]));
        let first = consumer.beginning_offsets(&both).await.unwrap();
        assert_eq!(first, BTreeMap::from([(tp(0), Offset(0)), (tp(1), Offset(0))]));
        let times = BTreeMap::from([(tp(0), 3_500), (tp(1), 0)]);
        let found = consumer.offsets_for_times(&times).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[&tp(0)].offset, found[&tp(0)].timestamp), (Offset(4), 4_000));
        assert_eq!(consumer.partitions_for("t").await.unwrap(), [0, 1, 2]);
        assert_eq!(consumer.list_topics().await.unwrap().get("t"), Some(&3));
    });
}

#[test]
fn what_cannot_be_read_is_told() {
    with_broker(|address| async move {
        let consumer = start(&address, |config| config.fetching.reset = ResetPolicy::None);
        consumer.assign(&[tp(0)]);
        let told = consumer.poll(Duration::from_secs(30)).await.unwrap_err();
        assert_eq!(told, ConsumerError::Fetch(FetchError::NoOffset(tp(0))));
        consumer.seek(&tp(0), Offset(7)).unwrap();
        let told = consumer.poll(Duration::from_secs(30)).await.unwrap_err();
        let (partition, offset) = (tp(0), Offset(7));
        assert_eq!(told, FetchError::OffsetOutOfRange { partition, offset }.into());
    });
}

#[test]
fn broken_connections_lose_nothing_and_repeat_no_record() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 3_000).await;
        let port: u16 =
            flaky(address.clone(), 20, 20_000).await.rsplit_once(':').unwrap().1.parse().unwrap();
        let consumer = start(&address, |config| {
            config.client.transport = Arc::new(super::producer::Detour(port));
            config.client.reconnect_backoff = Duration::from_millis(1);
            config.client.retry_backoff = Duration::from_millis(1);
            config.fetching.retry_backoff_ms = 1;
            config.fetching.partition_max_bytes = 8_000;
        });
        consumer.assign(&[tp(0)]);
        assert_eq!(read(&consumer, 3_000).await[&0], (0..3_000).collect::<Vec<_>>());
    });
}

#[actix::test]
async fn a_consumer_whose_broker_is_gone_waits_and_ends() {
    let mut config = ConsumerConfig::new(&dead_address().await);
    config.client.api_timeout = Duration::from_millis(50);
    let consumer = Consumer::start(config).unwrap();
    consumer.assign(&[tp(0)]);
    assert_eq!(consumer.poll(Duration::from_millis(20)).await.unwrap(), []);
    let error = consumer.position(&tp(0)).await.unwrap_err();
    assert_eq!(error, ConsumerError::Client(ClientError::TimedOut));
    consumer.close().await;
}

#[test]
fn a_consumer_that_is_dropped_ends_its_connections() {
    with_broker(|address| async move {
        let open = Arc::new(());
        let transport = Arc::new(Counted(Arc::clone(&open)));
        let consumer = start(&address, |config| {
            config.client.transport = transport;
            config.fetching.max_wait_ms = 1;
        });
        consumer.assign(&[tp(0)]);
        assert_eq!(consumer.position(&tp(0)).await.unwrap(), Offset(0));
        assert!(Arc::strong_count(&open) > 2);
        drop(consumer);
        let ended = async || (Arc::strong_count(&open) == 1).then_some(());
        eventually("the connections end", ended).await;
    });
}

/// TCP whose connections hold a count.
struct Counted(Arc<()>);

impl Transport for Counted {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> futures_util::future::LocalBoxFuture<'a, std::io::Result<Box<dyn ByteStream>>> {
        let held = Arc::clone(&self.0);
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(4_096);
            let mut stream = Tcp.connect(host, port).await?;
            actix_rt::spawn(async move {
                let mut far = far;
                // an error ends the connection as the end of it does
                _ = tokio::io::copy_bidirectional(&mut far, &mut stream).await;
                drop(held);
            });
            Ok(Box::new(near) as Box<dyn ByteStream>)
        })
    }
}
