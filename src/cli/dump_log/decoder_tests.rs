//! Tests of reading keys and values.

use bytes::Bytes;
use ottla_core::record::Record;

use super::{Class, DecodeError, Decoder};

fn record(key: Option<&[u8]>, value: Option<&[u8]>) -> Record {
    Record {
        attributes: 0,
        timestamp_delta: 0,
        offset_delta: 0,
        key: key.map(Bytes::copy_from_slice),
        value: value.map(Bytes::copy_from_slice),
        headers: Vec::new(),
    }
}

#[test]
fn classes_read_keys_and_values() {
    let class = |name: &str| Class::named(&format!("org.apache.kafka.tools.api.{name}"));
    let (key, value) = (class("LongDecoder"), class("StringDecoder"));
    let decoder = Decoder::Classes { key: key.expect("known"), value: value.expect("known") };
    let parsed = decoder.parse(0, &record(Some(&7i64.to_be_bytes()), Some(b"v\xff")));
    assert_eq!(parsed, Ok((Some("7".to_owned()), Some("v\u{fffd}".to_owned()))));
    assert_eq!(decoder.parse(0, &record(None, None)), Ok((None, None)));
    let short = decoder.parse(0, &record(Some(b"1"), None));
    assert_eq!(short, Err(DecodeError::TooShort { needed: 8 }));
    assert_eq!(class("NoDecoder"), None);
    assert_eq!(Class::named("StringDecoder"), None);
}

#[test]
fn offsets_are_read_with_their_tombstones() {
    let key = b"\0\x01\0\x01g\0\x01t\0\0\0\x02";
    let parsed = Decoder::Offsets.parse(4, &record(Some(key), None));
    let text = r#"{"type":"1","data":{"group":"g","topic":"t","partition":2}}"#;
    assert_eq!(parsed, Ok((Some(text.to_owned()), Some("<DELETE>".to_owned()))));
}

#[test]
fn what_cannot_be_read_is_passed_over() {
    let unknown = Decoder::Offsets.parse(4, &record(Some(b"\0\x63"), None));
    let text = "Unknown record type 99 at offset 4, skipping.";
    assert_eq!(unknown, Ok((Some(text.to_owned()), None)));
    let cut = Decoder::Offsets.parse(5, &record(Some(b"\0\x01\0\x09g"), None));
    assert_eq!(
        cut.map(|(key, _)| key.is_some_and(|key| key.starts_with("Error at offset 5"))),
        Ok(true)
    );
    let none = Decoder::Offsets.parse(6, &record(None, Some(b"v")));
    assert_eq!(none, Err(DecodeError::NoKey { offset: 6 }));
}
