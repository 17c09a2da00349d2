//! A topic's settings in force: its own, else the broker's, else the defaults.

use std::collections::BTreeMap;

use crate::definition::Definition;
use crate::error::SettingError;
use crate::settings::Settings;
use crate::table;
use crate::value::Value;
use crate::values::{FromValue, Layer};

/// What happens to old segments (`cleanup.policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// They are deleted by age and size.
    pub delete: bool,
    /// Only the last record of each key is kept.
    pub compact: bool,
}

/// What the broker does about compression (`compression.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompressionType {
    /// Keeps what the producer sent.
    Producer,
    /// Stores batches uncompressed.
    Uncompressed,
    /// Stores batches compressed with gzip.
    Gzip,
    /// Stores batches compressed with snappy.
    Snappy,
    /// Stores batches compressed with lz4.
    Lz4,
    /// Stores batches compressed with zstd.
    Zstd,
}

/// Whose clock a record's timestamp is of (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, at the moment of the append.
    LogAppendTime,
}

impl FromValue for CleanupPolicy {
    fn from_value(value: Value) -> Option<Self> {
        let Value::List(list) = value else { return None };
        let has = |word: &str| list.iter().any(|member| member == word);
        Some(Self { delete: has("delete"), compact: has("compact") })
    }
}

impl FromValue for CompressionType {
    fn from_value(value: Value) -> Option<Self> {
        let Value::Text(word) = value else { return None };
        Some(match word.as_str() {
            "producer" => Self::Producer,
            "uncompressed" => Self::Uncompressed,
            "gzip" => Self::Gzip,
            "snappy" => Self::Snappy,
            "lz4" => Self::Lz4,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }
}

impl FromValue for TimestampType {
    fn from_value(value: Value) -> Option<Self> {
        let Value::Text(word) = value else { return None };
        match word.as_str() {
            "CreateTime" => Some(Self::CreateTime),
            "LogAppendTime" => Some(Self::LogAppendTime),
            _ => None,
        }
    }
}

macro_rules! topic_config {
    ($($field:ident: $type:ty = $key:literal,)*) => {
        /// The settings in force for one topic. Fields are named as Kafka's keys.
        #[derive(Clone, Debug, PartialEq)]
        pub struct TopicConfig {
            $(#[doc = concat!("`", $key, "`")] pub $field: $type,)*
        }

        /// The settings in force for a topic with these settings of its own.
        ///
        /// They were checked by [`validate_topic`] when they were stored; one that does not fit
        /// any more gives way to the broker's.
        #[must_use]
        pub fn topic_config(
            settings: &Settings,
            overrides: &BTreeMap<String, String>,
        ) -> TopicConfig {
            let mut config = TopicConfig { $($field: read(settings, overrides, $key),)* };
            let internal = overrides.get("internal.segment.bytes");
            if let Some(bytes) = internal.and_then(|text| text.trim().parse().ok()) {
                config.segment_bytes = bytes;
            }
            config
        }
    };
}

topic_config! {
    cleanup_policy: CleanupPolicy = "cleanup.policy",
    compression_gzip_level: i32 = "compression.gzip.level",
    compression_lz4_level: i32 = "compression.lz4.level",
    compression_type: CompressionType = "compression.type",
    compression_zstd_level: i32 = "compression.zstd.level",
    delete_retention_ms: i64 = "delete.retention.ms",
    file_delete_delay_ms: i64 = "file.delete.delay.ms",
    flush_messages: i64 = "flush.messages",
    flush_ms: i64 = "flush.ms",
    index_interval_bytes: i32 = "index.interval.bytes",
    max_compaction_lag_ms: i64 = "max.compaction.lag.ms",
    max_message_bytes: i32 = "max.message.bytes",
    message_timestamp_after_max_ms: i64 = "message.timestamp.after.max.ms",
    message_timestamp_before_max_ms: i64 = "message.timestamp.before.max.ms",
    message_timestamp_type: TimestampType = "message.timestamp.type",
    min_cleanable_dirty_ratio: f64 = "min.cleanable.dirty.ratio",
    min_compaction_lag_ms: i64 = "min.compaction.lag.ms",
    min_insync_replicas: i32 = "min.insync.replicas",
    preallocate: bool = "preallocate",
    retention_bytes: i64 = "retention.bytes",
    retention_ms: i64 = "retention.ms",
    segment_bytes: i32 = "segment.bytes",
    segment_index_bytes: i32 = "segment.index.bytes",
    segment_jitter_ms: i64 = "segment.jitter.ms",
    segment_ms: i64 = "segment.ms",
    unclean_leader_election_enable: bool = "unclean.leader.election.enable",
}

/// Reads one key: the topic's own, else the broker's, else the default.
fn read<T: FromValue>(settings: &Settings, overrides: &BTreeMap<String, String>, key: &str) -> T {
    let definition = table::topic(key);
    let parse = |text: &str| T::from_text(key, definition, Some(text)).ok();
    let own = overrides.get(key).and_then(|text| parse(text));
    let inherited = || {
        let definition = definition?;
        inherited_text(settings, definition).and_then(|(text, _, _)| parse(&text))
    };
    let default = || definition.and_then(|it| it.default).and_then(parse);
    #[expect(clippy::expect_used, reason = "a test shows that the table's defaults fit")]
    own.or_else(inherited).or_else(default).expect("every topic key has a default that fits")
}

/// What the broker's settings say for a key that is not set itself: the text, the broker key it
/// comes from, and its layer. `None` when nobody gave any of those keys.
pub(crate) fn inherited_text<'a>(
    settings: &Settings,
    definition: &'a Definition,
) -> Option<(String, &'a str, Layer)> {
    definition.synonyms.iter().find_map(|synonym| {
        let (text, layer) = settings.values().given(synonym.name)?;
        if synonym.factor == 1 {
            return Some((text.to_owned(), synonym.name, layer));
        }
        let number: i64 = text.trim().parse().ok()?;
        let scaled = if number < 0 { -1 } else { number.saturating_mul(synonym.factor) };
        Some((scaled.to_string(), synonym.name, layer))
    })
}

/// Checks the settings a topic is about to get, as Kafka's `LogConfig.validate`.
///
/// # Errors
/// [`SettingError`] for a name that no topic key has, a value that does not fit, or two that do not
/// go together.
pub fn validate_topic(
    settings: &Settings,
    overrides: &BTreeMap<String, String>,
) -> Result<(), SettingError> {
    for (key, text) in overrides {
        let Some(definition) = table::topic(key) else {
            return Err(SettingError::Unknown { scope: "topic", key: key.clone() });
        };
        definition.parse(text)?;
        if key == "remote.storage.enable" && text.trim().eq_ignore_ascii_case("true") {
            let reason = "Tiered Storage functionality is disabled in the broker. Topic cannot be \
                          configured with remote log storage.";
            return Err(SettingError::conflict(key, text.trim(), reason));
        }
    }
    let config = topic_config(settings, overrides);
    let (least, most) = (config.min_compaction_lag_ms, config.max_compaction_lag_ms);
    if least > most {
        let reason = format!(
            "conflict topic config setting min.compaction.lag.ms ({least}) > \
             max.compaction.lag.ms ({most})"
        );
        return Err(SettingError::conflict("min.compaction.lag.ms", least.to_string(), reason));
    }
    Ok(())
}

#[cfg(test)]
#[path = "topic_tests.rs"]
mod tests;
