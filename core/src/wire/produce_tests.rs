//! The codec of hot produce requests beside the message library's.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use bytes::BytesMut;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ApiKey, ProduceRequest, ProduceResponse, TopicName};
use kafka_protocol::protocol::{Encodable, StrBytes};
use proptest::prelude::*;

use super::*;
use crate::wire::{decode, encode_response};

fn topic_name(name: &str) -> TopicName {
    StrBytes::from_string(name.to_owned()).into()
}

/// Mostly one.
fn few<S: Strategy + Clone + 'static>(element: S) -> impl Strategy<Value = Vec<S::Value>> + Clone
where
    S::Value: Clone,
{
    let more = prop::collection::vec(element.clone(), 0..4);
    prop_oneof![8 => element.prop_map(|one| vec![one]).boxed(), 1 => more.boxed()]
}

fn partitions() -> impl Strategy<Value = Vec<(i32, Option<Vec<u8>>)>> + Clone {
    let records = prop::collection::vec(any::<u8>(), 0..400);
    few((any::<i32>(), prop::option::weighted(0.9, records)))
}

prop_compose! {
    fn requests()(
        version in 3i16..=13,
        acks in any::<i16>(),
        timeout_ms in any::<i32>(),
        transactional in prop::option::weighted(0.1, "[a-z]{1,9}"),
        topics in few(("\\PC{0,200}", any::<u128>(), partitions())),
    ) -> (i16, ProduceRequest) {
        let data = topics.into_iter().map(|(name, id, partitions)| {
            let partitions = partitions.into_iter().map(|(index, records)| {
                PartitionProduceData::default()
                    .with_index(index)
                    .with_records(records.map(Bytes::from))
            });
            let data = TopicProduceData::default().with_partition_data(partitions.collect());
            if version >= TOPIC_IDS {
                data.with_topic_id(Uuid::from_u128(id))
            } else {
                data.with_name(topic_name(&name))
            }
        });
        let request = ProduceRequest::default()
            .with_acks(acks)
            .with_timeout_ms(timeout_ms)
            .with_transactional_id(transactional.map(|id| StrBytes::from_string(id).into()))
            .with_topic_data(data.collect());
        (version, request)
    }
}

/// What the general codec's request says, if it is for one partition.
fn single(request: &ProduceRequest, version: i16) -> Option<SingleProduce> {
    let [topic] = &request.topic_data[..] else { return None };
    let [partition] = &topic.partition_data[..] else { return None };
    let tags = request.unknown_tagged_fields.len()
        + topic.unknown_tagged_fields.len()
        + partition.unknown_tagged_fields.len();
    if tags > 0 || request.transactional_id.is_some() {
        return None;
    }
    let named = if version >= TOPIC_IDS {
        ProducedTopic::Id(topic.topic_id)
    } else {
        ProducedTopic::Name(Bytes::copy_from_slice(topic.name.as_bytes()))
    };
    Some(SingleProduce {
        acks: request.acks,
        timeout_ms: request.timeout_ms,
        topic: named,
        partition: partition.index,
        records: partition.records.clone()?,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn it_reads_what_the_general_codec_reads(
        (version, request) in requests(),
        cut in any::<u16>(),
    ) {
        let mut bytes = BytesMut::new();
        request.encode(&mut bytes, version).unwrap();
        let bytes = bytes.freeze();
        prop_assert_eq!(decode_single(&bytes, version), single(&request, version));
        // cut short it is nobody's request
        let short = bytes.slice(..usize::from(cut) % bytes.len());
        prop_assert_eq!(decode_single(&short, version), None);
    }

    #[test]
    fn what_it_takes_of_damaged_bytes_the_general_codec_takes_too(
        (version, request) in requests(),
        damage in prop::collection::vec((any::<u16>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = BytesMut::new();
        request.encode(&mut bytes, version).unwrap();
        for (at, byte) in damage {
            let at = usize::from(at) % bytes.len().min(60);
            bytes[at] = byte;
        }
        let mut bytes = bytes.freeze();
        if let Some(taken) = decode_single(&bytes, version) {
            let general = decode::<ProduceRequest>(&mut bytes, version);
            let general = general.ok().and_then(|request| single(&request, version));
            prop_assert_eq!(Some(taken), general);
        }
    }

    #[test]
    fn its_answer_is_the_general_codecs(
        version in 3i16..=13,
        correlation_id in any::<i32>(),
        name in "\\PC{0,200}",
        id in any::<u128>(),
        produced in any::<(i32, i64, i64, i64)>(),
    ) {
        let (partition, base_offset, log_append_time, log_start) = produced;
        let response = PartitionProduceResponse::default()
            .with_index(partition)
            .with_base_offset(base_offset)
            .with_log_append_time_ms(log_append_time)
            .with_log_start_offset(log_start);
        let topic = TopicProduceResponse::default().with_partition_responses(vec![response]);
        let (topic, named) = if version >= TOPIC_IDS {
            let id = Uuid::from_u128(id);
            (topic.with_topic_id(id), ProducedTopic::Id(id))
        } else {
            (topic.with_name(topic_name(&name)), ProducedTopic::Name(Bytes::from(name)))
        };
        let response = ProduceResponse::default().with_responses(vec![topic]);
        let header = ApiKey::Produce.response_header_version(version);
        let want = encode_response(header, correlation_id, &response, version).unwrap();
        let produced = SingleProduced { partition, base_offset, log_append_time, log_start };
        let got = encode_single(correlation_id, version, &named, &produced);
        prop_assert_eq!(answer_size(version, &named), got.len());
        prop_assert_eq!(got, want.freeze());
    }
}
