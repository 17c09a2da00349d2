//! Records through a producer, and what becomes of them.

use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};

use ottla_core::client::partition_for_key;
use ottla_core::record::Compression;

use super::*;

#[test]
fn records_go_where_they_should_and_their_offsets_come_back() {
    with_broker(|address| async move {
        let producer = Producer::start(ProducerConfig::new(&address)).unwrap();
        let mut deliveries = Vec::new();
        for index in 0..100 {
            let record = record(Some(index % 2), "value");
            deliveries.push(producer.send(record).await.unwrap());
        }
        for (index, delivery) in (0..).zip(deliveries) {
            let metadata = delivery.await.unwrap();
            assert_eq!(metadata.partition, TopicPartition::new("t", index % 2));
            assert_eq!(metadata.offset, Offset(i64::from(index / 2)));
        }
        let keyed = NewRecord { key: Some("kafka".into()), ..record(None, "v") };
        let metadata = producer.send(keyed).await.unwrap().await.unwrap();
        assert_eq!(metadata.partition.partition, partition_for_key(b"kafka", 3));
        producer.close(Duration::from_secs(10)).await;
    });
}

#[test]
fn every_codec_and_every_kind_of_acks() {
    with_broker(|address| async move {
        for (codec, acks) in Compression::ALL.into_iter().zip([Acks::All, Acks::Leader].repeat(3)) {
            let mut config = ProducerConfig::new(&address);
            config.batching.compression = codec;
            config.acks = acks;
            let producer = Producer::start(config).unwrap();
            let delivery = producer.send(record(Some(0), &"long ".repeat(1_000))).await.unwrap();
            assert!(delivery.await.unwrap().offset >= Offset::ZERO, "{codec:?} {acks:?}");
        }
        let mut config = ProducerConfig::new(&address);
        config.acks = Acks::None;
        let producer = Producer::start(config).unwrap();
        let delivery = producer.send(record(Some(1), "v")).await.unwrap();
        assert_eq!(delivery.await.unwrap().offset, Offset::NONE);
        let written = async || (end(&address, 1).await > 0).then_some(());
        eventually("the record is written", written).await;
    });
}

#[test]
fn calls_are_made_and_a_flush_waits_for_them() {
    with_broker(|address| async move {
        let mut config = ProducerConfig::new(&address);
        config.batching.linger_ms = 3_600_000;
        let producer = Producer::start(config).unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..10 {
            let done = Arc::clone(&done);
            let call = move |result: Result<RecordMetadata, ProduceError>| {
                done.fetch_add(usize::from(result.is_ok()), Ordering::Relaxed);
            };
            producer.send_with(record(Some(2), "v"), call).await.unwrap();
        }
        producer.flush().await;
        assert_eq!(done.load(Ordering::Relaxed), 10);
        assert_eq!(end(&address, 2).await, 10);
    });
}

#[test]
fn a_full_buffer_blocks_or_fails() {
    with_broker(|address| async move {
        let mut config = ProducerConfig::new(&address);
        config.buffer_memory = 3_000;
        config.batching.linger_ms = 3_600_000;
        config.batching.max_block_ms = 10_000;
        let producer = Producer::start(config).unwrap();
        let value = "0123456789".repeat(90);
        let first = producer.try_send(record(Some(0), &value)).unwrap();
        let second = producer.try_send(record(Some(0), &value)).unwrap();
        assert_eq!(
            producer.try_send(record(Some(0), &value)).unwrap_err(),
            ProduceError::BufferFull
        );
        // waiting for room makes room: what lingers goes at once
        let third = producer.send(record(Some(0), &value)).await.unwrap();
        assert!(first.await.is_ok() && second.await.is_ok());
        let never = producer.send(record(Some(0), &value.repeat(4))).await.unwrap_err();
        assert!(matches!(never, ProduceError::TooLarge { limit: 3_000, .. }), "{never}");
        producer.close(Duration::from_secs(10)).await;
        assert!(third.await.is_ok());
    });
}

#[actix::test]
async fn a_producer_without_a_broker_waits_for_room_no_longer_than_asked() {
    let mut config = ProducerConfig::new(&dead_address().await);
    config.batching.max_block_ms = 3_600_000;
    config.buffer_memory = 100;
    let producer = Producer::start(config).unwrap();
    let waits = producer.send(record(None, "v")).await.unwrap();
    // the record itself is not given up meanwhile: this handle alone is short of patience
    let mut short = producer.clone();
    short.max_block = Duration::from_millis(10);
    let long = record(None, &"v".repeat(50));
    assert_eq!(short.send(long.clone()).await.unwrap_err(), ProduceError::BufferFull);
    producer.close(Duration::from_millis(1)).await;
    assert_eq!(waits.await.unwrap_err(), ProduceError::Closed);
    assert_eq!(short.send(long).await.unwrap_err(), ProduceError::Closed);
}

#[actix::test]
async fn a_producer_without_a_broker_gives_up_in_time() {
    let mut config = ProducerConfig::new(&dead_address().await);
    config.batching.max_block_ms = 50;
    config.buffer_memory = 100;
    let producer = Producer::start(config).unwrap();
    // what is given up makes room for the next
    for value in ["v", &"v".repeat(50)] {
        let waits = producer.send(record(None, value)).await.unwrap();
        assert_eq!(waits.await.unwrap_err(), ProduceError::UnknownPartition);
    }
}

#[test]
fn a_producer_that_is_dropped_gives_up_and_blocks_nobody() {
    with_broker(|address| async move {
        let mut config = ProducerConfig::new(&address);
        config.batching.linger_ms = 200;
        let producer = Producer::start(config).unwrap();
        let delivery = producer.send(record(Some(0), "v")).await.unwrap();
        drop(producer);
        // it is written or given up, and the future says which
        let result = delivery.await;
        assert!(matches!(result, Ok(_) | Err(ProduceError::Closed)), "{result:?}");
        let producer = Producer::start(ProducerConfig::new(&address)).unwrap();
        // a send that is dropped before it is ready sends nothing
        drop(producer.send(record(Some(1), "v")));
        producer.close(Duration::from_secs(10)).await;
        assert_eq!(end(&address, 1).await, 0);
    });
}

/// A way to the brokers that lives as long as a producer's actor and its connections.
fn watched(config: &mut ProducerConfig) -> Weak<dyn Transport> {
    let transport: Arc<dyn Transport> = Arc::new(Tcp);
    let watch = Arc::downgrade(&transport);
    config.client.transport = transport;
    watch
}

/// Waits until nothing of the producer is left; its metadata alone would keep it for minutes.
async fn ended(watch: &Weak<dyn Transport>) {
    let gone = async || (watch.strong_count() == 0).then_some(());
    eventually("the producer is gone", gone).await;
}

#[test]
fn a_closed_producer_ends_and_its_clones_know() {
    with_broker(|address| async move {
        let mut config = ProducerConfig::new(&address);
        let watch = watched(&mut config);
        let producer = Producer::start(config).unwrap();
        let clone = producer.clone();
        let delivery = producer.send(record(Some(0), "v")).await.unwrap();
        producer.close(Duration::from_secs(10)).await;
        assert!(delivery.await.is_ok());
        ended(&watch).await;
        clone.flush().await;
        assert_eq!(clone.send(record(Some(0), "v")).await.unwrap_err(), ProduceError::Closed);
        assert_eq!(clone.try_send(record(Some(0), "v")).unwrap_err(), ProduceError::Closed);
        clone.close(Duration::from_secs(10)).await;
        assert_eq!(end(&address, 0).await, 1);
    });
}

#[test]
fn a_producer_without_handles_ends_when_its_records_are_written() {
    with_broker(|address| async move {
        let mut config = ProducerConfig::new(&address);
        config.batching.linger_ms = 3_600_000;
        let watch = watched(&mut config);
        let producer = Producer::start(config).unwrap();
        let delivery = producer.send(record(Some(0), "v")).await.unwrap();
        drop(producer.clone());
        assert!(watch.strong_count() > 0);
        drop(producer);
        assert!(delivery.await.is_ok());
        ended(&watch).await;
        // as does one that had nothing to do
        let mut config = ProducerConfig::new(&address);
        let watch = watched(&mut config);
        drop(Producer::start(config).unwrap());
        ended(&watch).await;
    });
}

#[actix::test]
async fn a_producer_without_handles_and_without_a_broker_ends_when_it_has_given_up() {
    let mut config = ProducerConfig::new(&dead_address().await);
    config.batching.max_block_ms = 50;
    let watch = watched(&mut config);
    let producer = Producer::start(config).unwrap();
    let delivery = producer.send(record(None, "v")).await.unwrap();
    drop(producer);
    assert_eq!(delivery.await.unwrap_err(), ProduceError::UnknownPartition);
    ended(&watch).await;
}

#[test]
fn what_nobody_acknowledges_is_on_its_way_before_a_close_ends() {
    with_broker(|address| async move {
        let mut config = ProducerConfig::new(&address);
        config.acks = Acks::None;
        config.client.transport = Arc::new(Thin);
        let producer = Producer::start(config).unwrap();
        let value = "v".repeat(100_000);
        for _ in 0..3 {
            drop(producer.send(record(Some(0), &value)).await.unwrap());
        }
        producer.close(Duration::from_secs(50)).await;
        while end(&address, 0).await < 3 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
}

/// Connections that take a little at a time.
struct Thin;

impl Transport for Thin {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> futures_util::future::LocalBoxFuture<'a, std::io::Result<Box<dyn ByteStream>>> {
        Box::pin(async move {
            let mut stream = Tcp.connect(host, port).await?;
            let (near, mut far) = tokio::io::duplex(100);
            actix_rt::spawn(async move {
                // to its end in both directions, whoever ends first
                drop(tokio::io::copy_bidirectional(&mut far, &mut stream).await);
            });
            Ok(Box::new(near) as Box<dyn ByteStream>)
        })
    }
}

#[actix::test]
async fn a_broker_that_does_not_answer_keeps_no_closed_producer() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = ProducerConfig::new(&deaf.local_addr().unwrap().to_string());
    config.client.request_timeout = Duration::from_secs(3_600);
    config.client.connect_timeout = Duration::from_secs(3_600);
    let watch = watched(&mut config);
    let producer = Producer::start(config).unwrap();
    let delivery = producer.send(record(Some(0), "v")).await.unwrap();
    let (_connection, _) = deaf.accept().await.unwrap();
    producer.close(Duration::from_millis(1)).await;
    assert_eq!(delivery.await.unwrap_err(), ProduceError::Closed);
    let done = tokio::time::timeout(Duration::from_secs(30), ended(&watch)).await;
    assert!(done.is_ok(), "the connection is still there");
}

#[test]
fn broken_connections_lose_nothing_and_repeat_nothing() {
    with_broker(|address| async move {
        // leaders are found under the broker's own address, so the way there is the transport's
        let port: u16 =
            flaky(address.clone(), 20, 3_000).await.rsplit_once(':').unwrap().1.parse().unwrap();
        let mut config = ProducerConfig::new(&address);
        config.client.transport = Arc::new(Detour(port));
        config.client.reconnect_backoff = Duration::from_millis(1);
        config.batching.retry_backoff_ms = 1;
        config.batching.batch_size = 200;
        let producer = Producer::start(config).unwrap();
        let mut deliveries = Vec::new();
        for index in 0..2_000 {
            deliveries.push(producer.send(record(Some(0), &index.to_string())).await.unwrap());
        }
        for (index, delivery) in (0..).zip(deliveries) {
            let offset = delivery.await.unwrap().offset;
            assert!(offset == Offset(index) || offset == Offset::NONE, "{index}: {offset}");
        }
        assert_eq!(end(&address, 0).await, 2_000);
    });
}

/// Every connection goes to one port of this machine.
pub(super) struct Detour(pub(super) u16);

impl Transport for Detour {
    fn connect<'a>(
        &'a self,
        _: &'a str,
        _: u16,
    ) -> futures_util::future::LocalBoxFuture<'a, std::io::Result<Box<dyn ByteStream>>> {
        Tcp.connect("127.0.0.1", self.0)
    }
}
