use super::*;

#[test]
fn a_topic_inherits_from_the_broker() {
    let settings =
        Settings::with([("log.retention.minutes", "5"), ("log.segment.bytes", "1048576")])
            .expect("valid");
    let own = BTreeMap::from([("max.message.bytes".to_owned(), "7".to_owned())]);
    let config = topic_config(&settings, &own);
    assert_eq!(config.retention_ms, 300_000);
    assert_eq!(config.segment_bytes, 1_048_576);
    assert_eq!(config.max_message_bytes, 7);
    assert_eq!(config.segment_ms, 604_800_000);
    assert_eq!(config.compression_type, CompressionType::Producer);
}
