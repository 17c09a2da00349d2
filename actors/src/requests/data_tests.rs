//! A whole broker, spoken to in every version of the requests that carry data.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, CreateTopicsRequest, CreateTopicsResponse, DeleteRecordsRequest, DeleteRecordsResponse,
    DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeProducersRequest,
    DescribeProducersResponse, FetchRequest, FetchResponse, InitProducerIdRequest,
    InitProducerIdResponse, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader,
    TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use ottla_config::Settings;
use ottla_core::base::TopicId;
use ottla_core::record::BatchIter;
use ottla_core::storage::RealDisk;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::broker::{Broker, Manner};
use crate::partition::testing::batch;
use crate::runtime::Clock;

struct Client(TcpStream);

impl Client {
    async fn send<R: Encodable>(&mut self, key: ApiKey, version: i16, request: &R) {
        let mut body = vec![0; 4];
        RequestHeader::default()
            .with_request_api_key(key as i16)
            .with_request_api_version(version)
            .with_correlation_id(7)
            .encode(&mut body, key.request_header_version(version))
            .unwrap();
        request.encode(&mut body, version).unwrap();
        let length = u32::try_from(body.len() - 4).unwrap();
        body[..4].copy_from_slice(&length.to_be_bytes());
        self.0.write_all(&body).await.unwrap();
    }

    async fn receive<A: Decodable>(&mut self, key: ApiKey, version: i16) -> A {
        let length = self.0.read_u32().await.unwrap();
        let mut frame = vec![0; length as usize];
        self.0.read_exact(&mut frame).await.unwrap();
        let mut frame = Bytes::from(frame);
        ResponseHeader::decode(&mut frame, key.response_header_version(version)).unwrap();
        let answer = A::decode(&mut frame, version).unwrap();
        assert!(frame.is_empty(), "{key:?} version {version}");
        answer
    }

    async fn call<R: Encodable, A: Decodable>(
        &mut self,
        key: ApiKey,
        version: i16,
        request: &R,
    ) -> A {
        self.send(key, version, request).await;
        self.receive(key, version).await
    }

    async fn create(&mut self, topic: &'static str, partitions: i32) -> TopicId {
        let topic = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions)
            .with_replication_factor(1);
        let request =
            CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000);
        let made: CreateTopicsResponse = self.call(ApiKey::CreateTopics, 7, &request).await;
        assert_eq!(made.topics[0].error_code, 0);
        made.topics[0].topic_id
    }

    async fn produce(&mut self, version: i16, topic: &Topic, partition: i32) -> (i16, i64) {
        let request = produce(version, topic, partition, -1, batch(2));
        let answer: ProduceResponse = self.call(ApiKey::Produce, version, &request).await;
        let partition = &answer.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    async fn fetch(&mut self, version: i16, request: &FetchRequest) -> FetchResponse {
        self.call(ApiKey::Fetch, version, request).await
    }
}

struct Topic {
    name: &'static str,
    id: TopicId,
}

fn name(name: &'static str) -> TopicName {
    StrBytes::from_static_str(name).into()
}

fn produce(version: i16, topic: &Topic, index: i32, acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(index).with_records(Some(records));
    let mut data = TopicProduceData::default().with_partition_data(vec![partition]);
    if version >= 13 {
        data.topic_id = topic.id;
    } else {
        data.name = name(topic.name);
    }
    ProduceRequest::default().with_acks(acks).with_timeout_ms(5_000).with_topic_data(vec![data])
}

/// Asks for every partition listed, from its offset.
fn fetch(version: i16, topic: &Topic, from: &[(i32, i64)]) -> FetchRequest {
    let partitions = from.iter().map(|(partition, offset)| {
        FetchPartition::default()
            .with_partition(*partition)
            .with_fetch_offset(*offset)
            .with_partition_max_bytes(1 << 20)
    });
    let mut asked = FetchTopic::default().with_partitions(partitions.collect());
    if version >= 13 {
        asked.topic_id = topic.id;
    } else {
        asked.topic = name(topic.name);
    }
    let topics = if from.is_empty() { Vec::new() } else { vec![asked] };
    let mut request = FetchRequest::default()
        .with_max_wait_ms(0)
        .with_min_bytes(1)
        .with_max_bytes(50 << 20)
        .with_topics(topics);
    if version < 15 {
        request.replica_id = (-1).into();
    }
    request
}

fn offsets(answer: &FetchResponse) -> Vec<i64> {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let records = partitions.filter_map(|partition| partition.records.as_ref());
    let mut offsets = Vec::new();
    for bytes in records {
        let headers = BatchIter::new(bytes).map(|batch| batch.unwrap().header);
        offsets.extend(headers.map(|header| header.base_offset.0));
    }
    offsets
}

fn with_broker<F: Future<Output = ()>>(test: impl FnOnce(Client, Topic) -> F) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data").to_string_lossy().into_owned();
    let segment = ("log.segment.bytes", "1048576");
    let settings = [("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", &path), segment];
    let settings = Arc::new(Settings::with(settings).unwrap());
    actix_rt::System::new().block_on(async {
        let broker = Broker::start(settings, Arc::new(RealDisk)).await.unwrap();
        let bound = broker.listeners()[0].bound;
        let mut client = Client(TcpStream::connect(bound).await.unwrap());
        let topic = Topic { name: "t", id: client.create("t", 3).await };
        let done = tokio::time::timeout(Duration::from_secs(30), test(client, topic)).await;
        assert!(done.is_ok(), "the test took too long");
        broker.stop().await;
    });
}

#[test]
fn fetches_and_idle_connections_go_by_the_clock_of_their_broker() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data").to_string_lossy().into_owned();
    let settings = [("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", &path)];
    let settings = Arc::new(Settings::with(settings).unwrap());
    actix_rt::System::new().block_on(async {
        let clock = Clock::still();
        let manner = Manner { clock: clock.clone(), ..Manner::default() };
        let broker = Broker::start_as(settings, Arc::new(RealDisk), manner).await.unwrap();
        let bound = broker.listeners()[0].bound;
        let mut client = Client(TcpStream::connect(bound).await.unwrap());
        let topic = Topic { name: "t", id: client.create("t", 1).await };
        let mut request = fetch(12, &topic, &[(0, 0)]);
        request.max_wait_ms = 300_000;
        client.send(ApiKey::Fetch, 12, &request).await;
        for passed in 0.. {
            // the fetch may not have arrived yet: its time begins when it has
            assert!(passed < 1_000, "the fetch was not answered");
            clock.advance(Duration::from_secs(30)).await;
            let soon = Duration::from_millis(10);
            if tokio::time::timeout(soon, client.0.peek(&mut [0])).await.is_ok() {
                assert!(passed >= 9, "answered after {passed} half minutes");
                break;
            }
        }
        let answer: FetchResponse = client.receive(ApiKey::Fetch, 12).await;
        assert!(offsets(&answer).is_empty());
        // `connections.max.idle.ms`
        for passed in 0.. {
            // nor may the connection have noticed yet that it is idle
            assert!(passed < 1_000, "the connection was not closed");
            clock.advance(Duration::from_secs(601)).await;
            let soon = Duration::from_millis(10);
            if let Ok(read) = tokio::time::timeout(soon, client.0.read(&mut [0])).await {
                assert_eq!(read.unwrap(), 0);
                break;
            }
        }
        broker.stop().await;
    });
}

#[test]
fn every_version_of_produce_and_fetch() {
    with_broker(|mut client, topic| async move {
        for version in 3..=13 {
            let written = client.produce(version, &topic, 0).await;
            assert_eq!(written, (0, i64::from(version - 3) * 2), "version {version}");
        }
        let all: Vec<i64> = (0..11).map(|at| at * 2).collect();
        for version in 4..=18 {
            let answer = client.fetch(version, &fetch(version, &topic, &[(0, 0)])).await;
            assert_eq!(offsets(&answer), all, "version {version}");
            let partition = &answer.responses[0].partitions[0];
            assert_eq!((partition.error_code, partition.high_watermark), (0, 22));
        }
    });
}

#[test]
fn what_is_not_there_is_refused_as_kafka_does() {
    with_broker(|mut client, topic| async move {
        let stranger = Topic { name: "stranger", id: TopicId::from_u128(9) };
        let unknown = ResponseError::UnknownTopicOrPartition.code();
        let unknown_id = ResponseError::UnknownTopicId.code();
        assert_eq!(client.produce(9, &stranger, 0).await, (unknown, -1));
        assert_eq!(client.produce(13, &stranger, 0).await, (unknown_id, -1));
        assert_eq!(client.produce(13, &topic, 8).await, (unknown, -1));
        for (version, code) in [(12, unknown), (13, unknown_id)] {
            let answer = client.fetch(version, &fetch(version, &stranger, &[(0, 0)])).await;
            assert_eq!(answer.responses[0].partitions[0].error_code, code);
        }
        let answer = client.fetch(12, &fetch(12, &topic, &[(0, 5)])).await;
        let code = ResponseError::OffsetOutOfRange.code();
        assert_eq!(answer.responses[0].partitions[0].error_code, code);
        let request = produce(9, &topic, 0, 2, batch(1));
        let answer: ProduceResponse = client.call(ApiKey::Produce, 9, &request).await;
        let code = ResponseError::InvalidRequiredAcks.code();
        assert_eq!(answer.responses[0].partition_responses[0].error_code, code);
    });
}

#[test]
fn without_acks_nothing_is_answered_and_an_error_closes() {
    with_broker(|mut client, topic| async move {
        client.send(ApiKey::Produce, 9, &produce(9, &topic, 0, 0, batch(2))).await;
        // the next answer on the connection is the next request's
        assert_eq!(client.produce(9, &topic, 0).await, (0, 2));
        client.send(ApiKey::Produce, 9, &produce(9, &topic, 77, 0, batch(2))).await;
        assert_eq!(client.0.read(&mut [0; 1]).await.unwrap(), 0);
    });
}

#[test]
fn a_long_poll_ends_with_its_time_or_with_data() {
    with_broker(|mut client, topic| async move {
        let mut producer = Client(TcpStream::connect(client.0.peer_addr().unwrap()).await.unwrap());
        let waiting = fetch(12, &topic, &[(0, 0), (1, 0), (2, 0)]).with_max_wait_ms(150);
        let begun = Instant::now();
        assert!(offsets(&client.fetch(12, &waiting).await).is_empty());
        assert!(begun.elapsed() >= Duration::from_millis(148));
        let waiting = waiting.with_max_wait_ms(20_000);
        client.send(ApiKey::Fetch, 12, &waiting).await;
        assert_eq!(producer.produce(12, &topic, 1).await, (0, 0));
        let answer: FetchResponse = client.receive(ApiKey::Fetch, 12).await;
        assert_eq!(offsets(&answer), [0]);
        // one batch is not enough for this one
        let size = i32::try_from(batch(2).len()).unwrap();
        let waiting = fetch(12, &topic, &[(0, 0), (2, 0)]).with_max_wait_ms(20_000);
        client.send(ApiKey::Fetch, 12, &waiting.with_min_bytes(size + 1)).await;
        assert_eq!(producer.produce(12, &topic, 0).await, (0, 0));
        assert_eq!(producer.produce(12, &topic, 2).await, (0, 0));
        let answer: FetchResponse = client.receive(ApiKey::Fetch, 12).await;
        assert_eq!(offsets(&answer), [0, 0]);
    });
}

#[test]
fn a_long_poll_of_an_older_segment_has_nothing_to_wait_for() {
    with_broker(|mut client, topic| async move {
        let records = 40_000;
        for base in [0, records] {
            let request = produce(9, &topic, 0, -1, batch(records));
            let answer: ProduceResponse = client.call(ApiKey::Produce, 9, &request).await;
            let offset = answer.responses[0].partition_responses[0].base_offset;
            assert_eq!(usize::try_from(offset), Ok(base));
        }
        // the rest of its segment is less than is asked for, and no append adds to it
        let waiting = fetch(12, &topic, &[(0, 0)]).with_max_wait_ms(60_000);
        let answer = client.fetch(12, &waiting.with_min_bytes(5_000_000)).await;
        assert_eq!(offsets(&answer), [0]);
    });
}

#[test]
fn the_first_batch_comes_whole_and_the_rest_as_it_fits() {
    with_broker(|mut client, topic| async move {
        for partition in [0, 1, 2] {
            for _ in 0..3 {
                client.produce(9, &topic, partition).await;
            }
        }
        let from = [(0, 0), (1, 0), (2, 0)];
        let tiny = fetch(12, &topic, &from).with_max_bytes(10);
        assert_eq!(offsets(&client.fetch(12, &tiny).await), [0]);
        let size = i32::try_from(batch(2).len()).unwrap();
        let some = fetch(12, &topic, &from).with_max_bytes(4 * size);
        assert_eq!(offsets(&client.fetch(12, &some).await), [0, 2, 4, 0]);
    });
}

#[test]
fn a_session_tells_only_what_is_new() {
    with_broker(|mut client, topic| async move {
        let full = fetch(13, &topic, &[(0, 0), (1, 0), (2, 0)]).with_session_epoch(0);
        let opened = client.fetch(13, &full).await;
        assert_eq!(opened.responses[0].partitions.len(), 3);
        assert_ne!(opened.session_id, 0);
        let next = |epoch, from: &[(i32, i64)]| {
            fetch(13, &topic, from).with_session_id(opened.session_id).with_session_epoch(epoch)
        };
        assert!(client.fetch(13, &next(1, &[])).await.responses.is_empty());
        client.produce(13, &topic, 1).await;
        let news = client.fetch(13, &next(2, &[])).await;
        assert_eq!((news.responses.len(), offsets(&news)), (1, vec![0]));
        let forgotten =
            ForgottenTopic::default().with_topic_id(topic.id).with_partitions(vec![0, 2]);
        let request = next(3, &[(1, 2)]).with_forgotten_topics_data(vec![forgotten]);
        assert!(client.fetch(13, &request).await.responses.is_empty());
        let wrong = client.fetch(13, &next(9, &[])).await;
        assert_eq!(wrong.error_code, ResponseError::InvalidFetchSessionEpoch.code());
        let gone = client.fetch(13, &next(4, &[]).with_session_id(1)).await;
        assert_eq!(gone.error_code, ResponseError::FetchSessionIdNotFound.code());
    });
}

#[test]
fn offsets_are_listed_and_deleted() {
    with_broker(|mut client, topic| async move {
        for _ in 0..3 {
            client.produce(9, &topic, 0).await;
        }
        let list = |timestamp| {
            let partition =
                ListOffsetsPartition::default().with_partition_index(0).with_timestamp(timestamp);
            let topic =
                ListOffsetsTopic::default().with_name(name("t")).with_partitions(vec![partition]);
            ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic])
        };
        let mut found = Vec::new();
        for (version, timestamp) in
            [(1, -1), (1, -2), (7, -3), (8, -4), (9, -5), (6, -3), (10, 0), (10, i64::MAX)]
        {
            let answer: ListOffsetsResponse =
                client.call(ApiKey::ListOffsets, version, &list(timestamp)).await;
            let partition = &answer.topics[0].partitions[0];
            found.push((partition.error_code, partition.offset));
        }
        assert_eq!(found[..2], [(0, 6), (0, 0)]);
        assert!(found[2].1 >= 0 && found[2].1 < 6);
        assert_eq!(found[3..], [(0, 0), (0, -1), (35, -1), (0, 0), (0, -1)]);
        let partition = DeleteRecordsPartition::default().with_partition_index(0).with_offset(4);
        let topic =
            DeleteRecordsTopic::default().with_name(name("t")).with_partitions(vec![partition]);
        let request = DeleteRecordsRequest::default().with_topics(vec![topic]);
        for version in 0..=2 {
            let answer: DeleteRecordsResponse =
                client.call(ApiKey::DeleteRecords, version, &request).await;
            let partition = &answer.topics[0].partitions[0];
            assert_eq!((partition.error_code, partition.low_watermark), (0, 4));
        }
        let answer: ListOffsetsResponse = client.call(ApiKey::ListOffsets, 10, &list(-2)).await;
        assert_eq!(answer.topics[0].partitions[0].offset, 4);
    });
}

#[test]
fn producers_epochs_and_directories() {
    with_broker(|mut client, topic| async move {
        client.produce(9, &topic, 0).await;
        let mut ids = Vec::new();
        for version in 0..=5 {
            let request = InitProducerIdRequest::default()
                .with_transactional_id(None)
                .with_transaction_timeout_ms(1000);
            let answer: InitProducerIdResponse =
                client.call(ApiKey::InitProducerId, version, &request).await;
            assert_eq!((answer.error_code, answer.producer_epoch), (0, 0));
            ids.push(answer.producer_id.0);
        }
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        let partition = OffsetForLeaderPartition::default()
            .with_partition(0)
            .with_current_leader_epoch(-1)
            .with_leader_epoch(0);
        let asked =
            OffsetForLeaderTopic::default().with_topic(name("t")).with_partitions(vec![partition]);
        let request = OffsetForLeaderEpochRequest::default().with_topics(vec![asked]);
        for version in 2..=4 {
            let answer: OffsetForLeaderEpochResponse =
                client.call(ApiKey::OffsetForLeaderEpoch, version, &request).await;
            let partition = &answer.topics[0].partitions[0];
            assert_eq!((partition.error_code, partition.end_offset), (0, 2));
        }
        for version in 1..=4 {
            let request = DescribeLogDirsRequest::default().with_topics(None);
            let answer: DescribeLogDirsResponse =
                client.call(ApiKey::DescribeLogDirs, version, &request).await;
            let dir = &answer.results[0];
            let topic = dir.topics.iter().find(|topic| topic.name.as_str() == "t").unwrap();
            let sizes: Vec<_> = topic.partitions.iter().map(|p| p.partition_size > 0).collect();
            assert_eq!((dir.error_code, sizes), (0, vec![true, false, false]));
            assert!(version < 4 || dir.total_bytes > 0 && dir.usable_bytes > 0);
        }
        let asked = kafka_protocol::messages::describe_producers_request::TopicRequest::default()
            .with_name(name("t"))
            .with_partition_indexes(vec![0, 9]);
        let request = DescribeProducersRequest::default().with_topics(vec![asked]);
        let answer: DescribeProducersResponse =
            client.call(ApiKey::DescribeProducers, 0, &request).await;
        let codes: Vec<i16> = answer.topics[0].partitions.iter().map(|p| p.error_code).collect();
        assert_eq!(codes, [0, ResponseError::UnknownTopicOrPartition.code()]);
    });
}

#[path = "moving_tests.rs"]
mod moving;
