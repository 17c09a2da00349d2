//! Lines of records, as Kafka's formatters write them.

use bytes::Bytes;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::record::Header;

use super::*;

fn record() -> ConsumerRecord {
    let header = |key: &'static str, value: Option<&'static str>| Header {
        key: Bytes::from_static(key.as_bytes()),
        value: value.map(|value| Bytes::from_static(value.as_bytes())),
    };
    ConsumerRecord {
        topic: "t".into(),
        partition: 2,
        offset: Offset(5),
        timestamp: 1_700_000_000_000,
        timestamp_type: TimestampType::CreateTime,
        leader_epoch: LeaderEpoch(0),
        key: Some(Bytes::from_static(b"k")),
        value: None,
        headers: vec![header("a", Some("1")), header("b", None)],
    }
}

fn line(class: &str, properties: &[(&str, &str)], record: &ConsumerRecord) -> String {
    let properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let formatter = Formatter::of_class(class, &properties).unwrap();
    let mut out = Vec::new();
    formatter.write(record, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const PLAIN: &str = "org.apache.kafka.tools.consumer.DefaultMessageFormatter";

#[test]
fn fields_come_in_kafkas_order() {
    assert_eq!(line(PLAIN, &[], &record()), "null\n");
    let all = [
        ("print.timestamp", "true"),
        ("print.partition", " TRUE "),
        ("print.offset", "true"),
        ("print.epoch", "true"),
        ("print.headers", "true"),
        ("print.key", "true"),
    ];
    let full =
        "CreateTime:1700000000000\tPartition:2\tOffset:5\tEpoch:NOT_PRESENT\ta:1,b:null\tk\t";
    assert_eq!(line(PLAIN, &all, &record()), format!("{full}null\n"));
    let mut bare = record();
    bare.headers.clear();
    bare.timestamp_type = TimestampType::LogAppendTime;
    let some = [
        ("print.value", "false"),
        ("print.headers", "true"),
        ("print.timestamp", "true"),
        ("key.separator", "|"),
        ("line.separator", ";"),
    ];
    assert_eq!(line(PLAIN, &some, &bare), "LogAppendTime:1700000000000|NO_HEADERS;");
    let none = [("null.literal", "-"), ("headers.separator", "+"), ("print.headers", "true")];
    assert_eq!(line("kafka.tools.DefaultMessageFormatter", &none, &record()), "a:1+b:-\t-\n");
    assert_eq!(line("kafka.tools.NoOpMessageFormatter", &none, &record()), "");
}

#[test]
fn a_value_that_does_not_fit_its_deserializer_is_an_error() {
    let class = "org.apache.kafka.common.serialization.IntegerDeserializer".to_owned();
    let properties = BTreeMap::from([("value.deserializer".to_owned(), class)]);
    let formatter = Formatter::of_class(PLAIN, &properties).unwrap();
    let mut wrong = record();
    wrong.value = Some(Bytes::from_static(b"12345"));
    let error = formatter.write(&wrong, &mut Vec::new()).unwrap_err();
    assert_eq!(error.0, "Size of data received by IntegerDeserializer is not 4");
}
