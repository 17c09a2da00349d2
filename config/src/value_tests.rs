//! Tests of values and rules, worded as Kafka words them.

use proptest::prelude::*;

use super::*;
use crate::table;

fn refused(key: &str, text: &str) -> String {
    let definition = table::broker(key).or_else(|| table::topic(key)).expect("a key");
    definition.parse(text).expect_err("refused").to_string()
}

#[test]
fn refusals_are_worded_as_kafkas() {
    for (key, text, expected) in [
        (
            "num.io.threads",
            "abc",
            "Invalid value abc for configuration num.io.threads: Not a number of type INT",
        ),
        (
            "num.io.threads",
            "0",
            "Invalid value 0 for configuration num.io.threads: Value must be at least 1",
        ),
        (
            "delete.topic.enable",
            "yes",
            "Invalid value yes for configuration delete.topic.enable: Expected value to be either \
             true or false",
        ),
        (
            "log.cleaner.min.cleanable.ratio",
            "1.5",
            "Invalid value 1.5 for configuration log.cleaner.min.cleanable.ratio: Value must be no \
             more than 1",
        ),
        (
            "compression.type",
            "foo",
            "Invalid value foo for configuration compression.type: String must be one of: \
             uncompressed, zstd, lz4, snappy, gzip, producer",
        ),
        (
            "log.cleanup.policy",
            "foo",
            "Invalid value foo for configuration log.cleanup.policy: String must be one of: \
             compact, delete",
        ),
    ] {
        assert_eq!(refused(key, text), expected);
    }
}

#[test]
fn refusals_of_levels_and_lists_are_worded_as_kafkas() {
    for (key, text, expected) in [
        (
            "compression.gzip.level",
            "0",
            "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and \
             9 or equal to -1",
        ),
        (
            "listeners",
            "",
            "Configuration 'listeners' must not be empty. Valid values include: any non-empty \
             value",
        ),
        ("listeners", "a,,b", "Configuration 'listeners' values must not be empty."),
        (
            "process.roles",
            "",
            "Configuration 'process.roles' must not be empty. Valid values include: [broker, \
             controller]",
        ),
        (
            "group.consumer.migration.policy",
            "foo",
            "Invalid value foo for configuration group.consumer.migration.policy: String must be \
             one of (case insensitive): DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL",
        ),
        (
            "leader.replication.throttled.replicas",
            "x",
            "Invalid value [x] for configuration leader.replication.throttled.replicas: \
             leader.replication.throttled.replicas must be the literal '*' or a list of replicas \
             in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
        ),
    ] {
        assert_eq!(refused(key, text), expected);
    }
}

#[test]
fn values_are_read_as_java_reads_them() {
    let read = |kind, text| Value::parse(kind, "key", text).ok();
    assert_eq!(read(Kind::Int, " +5 "), Some(Value::Int(5)));
    assert_eq!(read(Kind::Int, "99999999999"), None);
    assert_eq!(read(Kind::Long, "1.5"), None);
    assert_eq!(read(Kind::Boolean, "TRUE"), Some(Value::Boolean(true)));
    assert_eq!(read(Kind::Double, "0.5d"), Some(Value::Double(0.5)));
    assert_eq!(read(Kind::Double, "1e3"), Some(Value::Double(1000.0)));
    assert_eq!(read(Kind::Double, "inf"), None);
    let list = Value::List(vec!["a".into(), "b".into()]);
    assert_eq!(read(Kind::List, "a , b,a"), Some(list));
    assert_eq!(read(Kind::List, " "), Some(Value::List(Vec::new())));
    assert_eq!(read(Kind::Password, " x "), Some(Value::Text(" x ".into())));
}

#[test]
fn doubles_are_written_as_java_writes_them() {
    assert_eq!(Value::Double(f64::MAX).to_string(), "1.7976931348623157E308");
    assert_eq!(Value::Double(0.5).to_string(), "0.5");
    assert_eq!(Value::Double(2_147_483_647.0).to_string(), "2.147483647E9");
    assert_eq!(Value::Double(1e10).to_string(), "1.0E10");
    assert_eq!(Value::Double(3.0).to_string(), "3.0");
}

proptest! {
    #[test]
    fn any_text_for_any_key_is_read_or_refused(text in "\\PC{0,30}", pick in 0usize..500) {
        let count = table::definitions().count();
        let definition = table::definitions().nth(pick % count).expect("a key");
        if let Ok(value) = definition.parse(&text) {
            // what is read is written so that it reads the same
            let again = definition.parse(&value.to_string());
            prop_assert_eq!(again.expect("reads again"), value);
        }
    }

    #[test]
    fn numbers_keep_their_value(number in any::<i64>()) {
        let value = Value::parse(Kind::Long, "key", &number.to_string()).expect("a number");
        prop_assert_eq!(value, Value::Long(number));
    }

    #[test]
    fn a_double_reads_back(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
        let text = Value::Double(number).to_string();
        prop_assert_eq!(Value::parse(Kind::Double, "key", &text).ok(), Some(Value::Double(number)));
    }
}
