//! The segments decode as the message library's response, in every version.

use std::sync::Arc;

use kafka_protocol::messages::{FetchResponse, ResponseHeader};
use kafka_protocol::protocol::Decodable;
use ottla_core::storage::{Disk, OpenMode, RealDisk};

use super::*;

fn flat(segments: &[Segment]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for segment in segments {
        match segment {
            Segment::Bytes(part) => bytes.extend_from_slice(part),
            Segment::File(slice) => bytes.extend(slice.read_to_vec().expect("readable")),
        }
    }
    bytes
}

fn answer(topic: TopicRef, file: &tempfile::NamedTempFile) -> FetchAnswer {
    let file = RealDisk.open(file.path(), OpenMode::Read).expect("opened");
    let slice = LogSlice { file, position: 2, length: 300, segment_base_offset: Offset(0) };
    let partition = |index| PartitionAnswer {
        topic: Some(topic.clone()),
        index,
        high_watermark: Offset(7),
        last_stable_offset: Offset(6),
        log_start: Offset(5),
        ..PartitionAnswer::default()
    };
    FetchAnswer {
        error: 0,
        session_id: 9,
        partitions: vec![
            PartitionAnswer { records: Some(slice), ..partition(0) },
            PartitionAnswer { aborted: true, ..partition(1) },
            PartitionAnswer {
                error: 6,
                leader: Some((BrokerId(3), LeaderEpoch(4))),
                diverging: Some((LeaderEpoch(2), Offset(1))),
                ..partition(2)
            },
        ],
        nodes: vec![NodeAnswer { id: BrokerId(3), host: "h".to_owned(), port: 92, rack: None }],
    }
}

#[test]
fn every_version_decodes() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let content: Vec<u8> = (0..400u32).map(|at| (at % 251) as u8).collect();
    std::fs::write(file.path(), &content).expect("written");
    let id = uuid::Uuid::from_u128(5);
    for version in 4..=18 {
        let topic = if version >= 13 { TopicRef::Id(id) } else { TopicRef::Name(Arc::from("t")) };
        let mut bytes = Bytes::from(flat(&answer(topic, &file).encode(version, 77)));
        let length = bytes.split_to(4);
        assert_eq!(length, i32::try_from(bytes.len()).expect("small").to_be_bytes().as_slice());
        let header_version = i16::from(version >= 12);
        let header = ResponseHeader::decode(&mut bytes, header_version).expect("header");
        assert_eq!(header.correlation_id, 77);
        let body = FetchResponse::decode(&mut bytes, version).expect("body");
        assert!(bytes.is_empty(), "version {version}");
        assert_eq!(body.session_id, if version >= 7 { 9 } else { 0 });
        let [topic] = &body.responses[..] else { panic!("one topic") };
        let [first, second, third] = &topic.partitions[..] else { panic!("three partitions") };
        assert_eq!(first.records.as_deref(), Some(&content[2..302]));
        assert_eq!(first.aborted_transactions, None);
        assert_eq!(second.records.as_deref(), Some(&[][..]));
        assert_eq!(second.aborted_transactions, Some(Vec::new()));
        assert_eq!((third.error_code, third.high_watermark), (6, 7));
        if version >= 12 {
            assert_eq!(
                (third.current_leader.leader_id.0, third.diverging_epoch.end_offset),
                (3, 1)
            );
        }
        assert_eq!(body.node_endpoints.len(), usize::from(version >= 16));
    }
}

#[test]
fn a_refused_session_is_an_empty_response() {
    let answer = FetchAnswer { error: 70, ..FetchAnswer::default() };
    let mut bytes = Bytes::from(flat(&answer.encode(12, 1))).split_off(9);
    let body = FetchResponse::decode(&mut bytes, 12).expect("body");
    assert_eq!((body.error_code, body.session_id, body.responses.len()), (70, 0, 0));
}
