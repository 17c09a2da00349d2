//! A frame as a connection reads it: header, then the body of whatever API it names.
#![no_main]

use bytes::Bytes;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, HeaderVersion};
use libfuzzer_sys::fuzz_target;
use ottla_core::wire::{decode, decode_header};

fn body<T: Decodable + HeaderVersion>(mut bytes: Bytes, version: i16) {
    let _ = decode::<T>(&mut bytes, version);
}

fuzz_target!(|data: &[u8]| {
    let mut frame = Bytes::copy_from_slice(data);
    let Ok(header) = decode_header(&mut frame) else { return };
    let version = header.version;
    match header.api_key {
        ApiKey::Produce => body::<ProduceRequest>(frame, version),
        ApiKey::Fetch => body::<FetchRequest>(frame, version),
        ApiKey::ListOffsets => body::<ListOffsetsRequest>(frame, version),
        ApiKey::Metadata => body::<MetadataRequest>(frame, version),
        ApiKey::OffsetCommit => body::<OffsetCommitRequest>(frame, version),
        ApiKey::OffsetFetch => body::<OffsetFetchRequest>(frame, version),
        ApiKey::JoinGroup => body::<JoinGroupRequest>(frame, version),
        ApiKey::SyncGroup => body::<SyncGroupRequest>(frame, version),
        ApiKey::CreateTopics => body::<CreateTopicsRequest>(frame, version),
        ApiKey::IncrementalAlterConfigs => body::<IncrementalAlterConfigsRequest>(frame, version),
        ApiKey::DescribeTopicPartitions => body::<DescribeTopicPartitionsRequest>(frame, version),
        ApiKey::ApiVersions => body::<ApiVersionsRequest>(frame, version),
        _ => {}
    }
});
