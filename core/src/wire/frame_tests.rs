//! Headers against the message library's own.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, HeartbeatResponse, RequestHeader as LibraryHeader,
};
use kafka_protocol::protocol::{Encodable, StrBytes};
use proptest::prelude::*;

use super::{decode_header, encode_response};
use crate::wire::WireError;
use crate::wire::api::TABLE;

proptest! {
    #[test]
    fn headers_are_read_as_the_library_writes_them(
        nth in 0usize..TABLE.len(),
        correlation in any::<i32>(),
        client in prop::option::of("[a-z]{0,20}"),
        tags in prop::collection::btree_map(0i32..1_000, "[a-z]{0,9}", 0..4),
    ) {
        let Some(api) = TABLE.get(nth) else { return Ok(()) };
        for version in api.min..=api.max {
            let header_version = api.request_header_version(version);
            let mut header = LibraryHeader::default()
                .with_request_api_key(api.key as i16)
                .with_request_api_version(version)
                .with_correlation_id(correlation)
                .with_client_id(client.clone().map(StrBytes::from_string));
            for (tag, value) in tags.iter().filter(|_| header_version >= 2) {
                let value = Bytes::from(value.clone().into_bytes());
                header = header.with_unknown_tagged_field(*tag, value);
            }
            let mut frame = BytesMut::new();
            header.encode(&mut frame, header_version).unwrap();
            frame.put_slice(b"body");
            let mut frame = frame.freeze();
            let read = decode_header(&mut frame).unwrap();
            prop_assert_eq!((read.api_key, read.version), (api.key, version));
            prop_assert_eq!(read.correlation_id, correlation);
            prop_assert_eq!(read.client_id.as_deref(), client.as_deref());
            prop_assert_eq!(&frame, &Bytes::from_static(b"body"));
        }
    }

    #[test]
    fn noise_is_an_error_or_a_header(noise in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = decode_header(&mut Bytes::from(noise));
    }
}

#[test]
fn an_unknown_api_is_named() {
    let mut frame = Bytes::from_static(&[0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
    assert_eq!(decode_header(&mut frame), Err(WireError::UnknownApi(0x7f00)));
    assert_eq!(decode_header(&mut Bytes::from_static(&[0, 18])), Err(WireError::Header));
}

#[test]
fn a_response_starts_with_its_length() {
    let body = HeartbeatResponse::default();
    let mut frame = encode_response(1, 77, &body, 4).unwrap().freeze();
    assert_eq!(frame.get_i32() as usize, frame.len());
    assert_eq!(frame.get_i32(), 77);
    // ApiVersions answers with header 0 in every version, so its body follows at once
    let version = 3;
    let header = ApiKey::ApiVersions.response_header_version(version);
    let frame = encode_response(header, 5, &ApiVersionsResponse::default(), version).unwrap();
    assert_eq!(frame.len(), 8 + ApiVersionsResponse::default().compute_size(version).unwrap());
}
