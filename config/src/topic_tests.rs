//! Tests of what is in force for a topic.

use super::*;

fn own(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_topic_inherits_from_the_broker() {
    let settings =
        Settings::with([("log.retention.minutes", "5"), ("log.segment.bytes", "1048576")])
            .expect("valid");
    let config = topic_config(&settings, &own(&[("max.message.bytes", "7")]));
    assert_eq!(config.retention_ms, 300_000);
    assert_eq!(config.segment_bytes, 1_048_576);
    assert_eq!(config.max_message_bytes, 7);
    assert_eq!(config.segment_ms, 604_800_000);
    assert_eq!(config.compression_type, CompressionType::Producer);
    assert_eq!(config.cleanup_policy, CleanupPolicy { delete: true, compact: false });
    assert_eq!(config.message_timestamp_type, TimestampType::CreateTime);
}

#[test]
fn a_topics_own_settings_go_first_and_a_broken_one_gives_way() {
    let settings = Settings::with([("log.retention.ms", "5")]).expect("valid");
    let pairs = [("retention.ms", "-1"), ("cleanup.policy", "compact"), ("segment.ms", "x")];
    let config = topic_config(&settings, &own(&pairs));
    assert_eq!(config.retention_ms, -1);
    assert!(config.cleanup_policy.compact && !config.cleanup_policy.delete);
    assert_eq!(config.segment_ms, 604_800_000);
    let tiny = topic_config(&settings, &own(&[("internal.segment.bytes", "100")]));
    assert_eq!(tiny.segment_bytes, 100);
}

#[test]
fn settings_of_topics_are_checked_as_kafkas() {
    let settings = Settings::defaults();
    let refused = |pairs: &[(&str, &str)]| {
        validate_topic(&settings, &own(pairs)).expect_err("refused").to_string()
    };
    assert_eq!(refused(&[("foo", "1")]), "Unknown topic config name: foo");
    assert_eq!(
        refused(&[("retention.ms", "-2")]),
        "Invalid value -2 for configuration retention.ms: Value must be at least -1"
    );
    let both = refused(&[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")]);
    assert!(both.contains("min.compaction.lag.ms (10) > max.compaction.lag.ms (5)"), "{both}");
    let tiered = refused(&[("remote.storage.enable", "true")]);
    assert!(tiered.contains("Tiered Storage functionality is disabled"), "{tiered}");
    let fits = [("retention.ms", "-1"), ("leader.replication.throttled.replicas", "0:1,1:2")];
    assert!(validate_topic(&settings, &own(&fits)).is_ok());
}
