//! Topics and records by a [`BareClient`]: one value a batch, read back one by one.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, CreateTopicsRequest, FetchRequest, ProduceRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::record::{BatchBuilder, BatchIter, Compression, RecordIter};

use crate::BareClient;

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}

/// Creates a topic.
///
/// # Panics
/// When the broker refuses.
#[track_caller]
pub fn create_topic(client: &mut BareClient, topic: &str, partitions: i32) {
    let request = CreateTopicsRequest::default().with_timeout_ms(10_000).with_topics(vec![
        CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions)
            .with_replication_factor(1),
    ]);
    let response = client.ask(7, &request).expect("create topics is answered");
    let codes: Vec<i16> = response.topics.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [0], "{response:?}");
}

/// Appends one record; the outcome is its offset, or the error code.
///
/// # Errors
/// The connection failed.
pub fn produce(
    client: &mut BareClient,
    topic: &str,
    partition: i32,
    acks: i16,
    value: &[u8],
) -> io::Result<Result<i64, i16>> {
    let mut batch = BatchBuilder::new();
    batch.push(now_ms(), None, Some(value), &[]);
    let records = batch.build(Offset::ZERO, LeaderEpoch::NONE, Compression::None);
    let partition =
        PartitionProduceData::default().with_index(partition).with_records(Some(records));
    let data =
        TopicProduceData::default().with_name(name(topic)).with_partition_data(vec![partition]);
    let request = ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(5_000)
        .with_topic_data(vec![data]);
    let response = client.ask(9, &request)?;
    let answer = response.responses.first().and_then(|topic| topic.partition_responses.first());
    let answer = answer.ok_or_else(|| io::Error::other("no partition in the answer"))?;
    Ok(if answer.error_code == 0 { Ok(answer.base_offset) } else { Err(answer.error_code) })
}

/// Every record of a partition, by offset.
///
/// # Panics
/// When the broker refuses or sends what does not parse.
#[track_caller]
pub fn read_all(client: &mut BareClient, topic: &str, partition: i32) -> Vec<(i64, Bytes)> {
    let mut all = Vec::new();
    loop {
        let from = all.last().map_or(0, |(offset, _)| offset + 1);
        let records = fetch(client, topic, partition, from);
        let before = all.len();
        for batch in BatchIter::new(&records) {
            let batch = batch.expect("whole batches");
            let base = batch.header.base_offset.0;
            let payload = Bytes::copy_from_slice(batch.payload());
            for record in RecordIter::new(payload, batch.header.records_count) {
                let record = record.expect("a record");
                let offset = base + i64::from(record.offset_delta);
                if offset >= from {
                    all.push((offset, record.value.expect("a value")));
                }
            }
        }
        if all.len() == before {
            return all;
        }
    }
}

#[track_caller]
fn fetch(client: &mut BareClient, topic: &str, partition: i32, from: i64) -> Bytes {
    let partition = FetchPartition::default()
        .with_partition(partition)
        .with_current_leader_epoch(-1)
        .with_fetch_offset(from)
        .with_log_start_offset(-1)
        .with_partition_max_bytes(1 << 20);
    let request = FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(0)
        .with_min_bytes(0)
        .with_max_bytes(1 << 24)
        .with_session_epoch(-1)
        .with_topics(vec![
            FetchTopic::default().with_topic(name(topic)).with_partitions(vec![partition]),
        ]);
    let response = client.ask(11, &request).expect("fetch is answered");
    let answer = response.responses.first().and_then(|topic| topic.partitions.first());
    let answer = answer.expect("the partition is in the answer");
    assert_eq!((response.error_code, answer.error_code), (0, 0), "{topic} from {from}");
    answer.records.clone().unwrap_or_default()
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(0)
}
