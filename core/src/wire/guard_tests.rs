//! What the guard lets through, and what it keeps from the library.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, FetchRequest, GroupId, JoinGroupRequest,
    MetadataRequest, OffsetCommitRequest, ProduceRequest, SyncGroupRequest, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, StrBytes};
use proptest::prelude::*;

use super::{WireError, decode};

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

/// Encodes in every version and compares what comes back.
fn round_trip<T>(of: impl Fn(i16) -> T)
where
    T: Encodable + Decodable + HeaderVersion + Message + PartialEq + std::fmt::Debug,
{
    for version in T::VERSIONS.min..=T::VERSIONS.max {
        let message = of(version);
        let mut bytes = BytesMut::new();
        message.encode(&mut bytes, version).unwrap();
        bytes.put_slice(b"tail");
        let mut bytes = bytes.freeze();
        assert_eq!(decode::<T>(&mut bytes, version), Ok(message), "version {version}");
        assert_eq!(&bytes[..], b"tail", "version {version}");
    }
}

#[test]
fn numbers_larger_than_the_frame_are_just_numbers() {
    round_trip(|version| {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(i32::MAX)
            .with_committed_offset(i64::MAX)
            .with_committed_metadata(Some(text("m")));
        let topic = OffsetCommitRequestTopic::default().with_partitions(vec![partition; 3]);
        let topic = if version < 10 { topic.with_name(TopicName(text("t"))) } else { topic };
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text("g")))
            .with_topics(vec![topic; 2])
            .with_generation_id_or_member_epoch(1 << 30);
        if version <= 4 { request.with_retention_time_ms(1 << 40) } else { request }
    });
}

#[test]
fn long_byte_fields_are_no_counts() {
    for size in [5_000, 70_000, 300_000, 1_000_000] {
        round_trip(|version| {
            let assignment =
                SyncGroupRequestAssignment::default().with_assignment(vec![7; size].into());
            let request = SyncGroupRequest::default()
                .with_generation_id(i32::MAX)
                .with_assignments(vec![assignment.clone(), assignment]);
            if version >= 3 { request.with_group_instance_id(Some(text("i"))) } else { request }
        });
        round_trip(|version| {
            let protocol = JoinGroupRequestProtocol::default().with_metadata(vec![1; size].into());
            let request = JoinGroupRequest::default()
                .with_session_timeout_ms(i32::MAX)
                .with_protocols(vec![protocol; 3]);
            if version >= 1 { request.with_rebalance_timeout_ms(300_000) } else { request }
        });
        round_trip(|version| {
            let partition = PartitionProduceData::default()
                .with_index(1_000_000)
                .with_records(Some(vec![2; size].into()));
            let topic = TopicProduceData::default().with_partition_data(vec![partition; 2]);
            let topic = if version < 13 { topic.with_name(TopicName(text("t"))) } else { topic };
            ProduceRequest::default().with_timeout_ms(30_000).with_topic_data(vec![topic])
        });
    }
}

#[test]
fn many_topics_are_fine() {
    round_trip(|version| {
        let topic = MetadataRequestTopic::default().with_name(Some(TopicName(text("topic"))));
        let request = MetadataRequest::default().with_topics(Some(vec![topic; 100_000]));
        if version >= 4 { request.with_allow_auto_topic_creation(true) } else { request }
    });
}

#[test]
fn an_unknown_tagged_field_may_be_long() {
    let request = ApiVersionsRequest::default()
        .with_unknown_tagged_field(3, vec![0u8; 500_000].into())
        .with_unknown_tagged_field(90, vec![1u8; 3].into());
    let mut bytes = BytesMut::new();
    request.encode(&mut bytes, 3).unwrap();
    assert_eq!(decode(&mut bytes.freeze(), 3), Ok(request));
}

#[test]
fn absurd_counts_are_refused() {
    // topics: 2,147,483,647 of them
    let mut classic = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(decode::<MetadataRequest>(&mut classic, 1), Err(WireError::Body { version: 1 }));
    let mut flexible = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
    let error = decode::<MetadataRequest>(&mut flexible, 9).unwrap_err();
    assert!(matches!(error, WireError::Count { .. }), "{error}");
    // a count that the frame could hold, but no request has
    let mut padded = BytesMut::new();
    padded.put_i32(1_000_000);
    padded.put_bytes(0, 4_000_000);
    let mut padded = padded.freeze();
    assert!(decode::<MetadataRequest>(&mut padded, 1).is_err());
    let mut padded = BytesMut::from(&[0xc1, 0x84, 0x3d][..]);
    padded.put_bytes(0, 4_000_000);
    assert!(decode::<MetadataRequest>(&mut padded.freeze(), 9).is_err());
}

#[test]
fn an_odd_boolean_cannot_shift_the_guard() {
    // TopicProduceData and friends have none; CreateTopics ends in one, in front of the tags
    let request = CreateTopicsRequest::default().with_validate_only(true);
    let mut bytes = BytesMut::new();
    request.encode(&mut bytes, 5).unwrap();
    let at = bytes.len() - 2;
    bytes[at] = 0xff;
    for tail in [&[0xff, 0xff, 0xff, 0x3f][..], &[0x80, 0x80, 0x80, 0x40], &[0xff; 9]] {
        let mut frame = BytesMut::from(&bytes[..=at]);
        frame.put_slice(tail);
        assert!(decode::<CreateTopicsRequest>(&mut frame.freeze(), 5).is_err());
    }
}

#[test]
fn lengths_below_zero_and_broken_text_are_errors() {
    let mut negative = Bytes::from_static(&[0xff, 0xff, 0xff, 0xfe]);
    assert!(decode::<MetadataRequest>(&mut negative, 1).is_err());
    let mut latin = Bytes::from_static(&[0, 0, 0, 1, 0, 1, 0xe9]);
    assert!(decode::<MetadataRequest>(&mut latin, 1).is_err());
    let mut nothing = Bytes::new();
    assert!(decode::<FetchRequest>(&mut nothing, 12).is_err());
}

proptest! {
    /// The guard changes nothing about what small frames mean.
    #[test]
    fn agrees_with_the_library_on_noise(
        noise in prop::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..200),
        version in 0i16..=13,
    ) {
        let noise = Bytes::from(noise);
        if let Ok(guarded) = decode::<MetadataRequest>(&mut noise.clone(), version) {
            let plain = MetadataRequest::decode(&mut noise.clone(), version);
            prop_assert_eq!(guarded, plain.unwrap());
        }
        let _ = decode::<OffsetCommitRequest>(&mut noise.clone(), version);
        let _ = decode::<JoinGroupRequest>(&mut noise.clone(), version);
        let _ = decode::<CreateTopicsRequest>(&mut noise.clone(), version);
        let _ = decode::<FetchRequest>(&mut noise.clone(), version);
        let _ = decode::<ProduceRequest>(&mut noise.clone(), version);
    }
}
