//! What Kafka 4.3 writes, byte for byte.

use super::*;

#[test]
fn ids_are_written_as_kafka_writes_them() {
    let text = "VURcqOoeqq2F53ZYKZhb3Q";
    let id = parse_base64_uuid(text).unwrap();
    assert_eq!(base64_uuid(id), text);
    assert_eq!(base64_uuid(Uuid::nil()), "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(base64_uuid(Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
    assert_eq!(base64_uuid(Uuid::max()), "_____________________w");
    assert_eq!(parse_base64_uuid("short"), None);
}

#[test]
fn dates_are_java_dates() {
    assert_eq!(java_date(1_795_236_030_000), "Sat Nov 21 04:40:30 UTC 2026");
    assert_eq!(java_date(0), "Thu Jan 01 00:00:00 UTC 1970");
    assert_eq!(java_date(951_782_400_000), "Tue Feb 29 00:00:00 UTC 2000");
}
