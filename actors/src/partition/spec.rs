//! What a partition is to be like: kept outside its actor, so that it outlives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use ottla_config::{CompressionType, Settings, TopicConfig};
use ottla_core::base::{TopicId, TopicPartition};
use ottla_core::partition::{Leadership, PartitionRules};
use ottla_core::record::{Compression, TargetCompression, TimestampType, ValidationRules};
use ottla_core::storage::{LogConfig, PartitionLogRules};

use crate::storage::{LogSpec, StorageDir};

/// A partition as the metadata describes it.
#[derive(Clone, Debug)]
pub struct PartitionSpec {
    /// Which partition.
    pub partition: TopicPartition,
    /// The topic's id.
    pub topic_id: TopicId,
    /// Who leads it.
    pub leadership: Leadership,
    /// The settings its machine obeys.
    pub rules: PartitionRules,
    /// The settings of its segments.
    pub log: Arc<LogConfig>,
    /// The settings of its records.
    pub records: PartitionLogRules,
}

/// What all partitions of a topic have in common: made once and shared.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    topic_id: TopicId,
    rules: PartitionRules,
    log: Arc<LogConfig>,
    records: PartitionLogRules,
}

impl TopicSpec {
    /// A topic with these settings, on a broker with those.
    #[must_use]
    pub fn new(name: &str, topic_id: TopicId, topic: &TopicConfig, settings: &Settings) -> Self {
        let internal = matches!(name, "__consumer_offsets" | "__transaction_state");
        let rules = PartitionRules {
            min_insync_replicas: usize::try_from(topic.min_insync_replicas).unwrap_or(1),
            deletes: topic.cleanup_policy.delete,
            internal,
        };
        let records = PartitionLogRules {
            validation: Arc::new(validation_rules(topic)),
            producer_expiration_ms: i64::from(settings.producer_id_expiration_ms),
        };
        Self { topic_id, rules, log: Arc::new(log_config(topic)), records }
    }

    /// One of its partitions.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition, leadership: Leadership) -> PartitionSpec {
        PartitionSpec {
            partition,
            topic_id: self.topic_id,
            leadership,
            rules: self.rules,
            log: Arc::clone(&self.log),
            records: self.records.clone(),
        }
    }
}

impl PartitionSpec {
    pub(super) fn log_spec(&self) -> LogSpec {
        LogSpec {
            partition: self.partition.clone(),
            topic_id: self.topic_id,
            config: Arc::clone(&self.log),
            rules: self.records.clone(),
        }
    }
}

fn log_config(topic: &TopicConfig) -> LogConfig {
    let positive = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
    let size = |value: i32| u32::try_from(value).unwrap_or(0);
    LogConfig {
        segment_bytes: size(topic.segment_bytes),
        segment_ms: topic.segment_ms,
        segment_jitter_ms: topic.segment_jitter_ms,
        segment_index_bytes: size(topic.segment_index_bytes),
        index_interval_bytes: size(topic.index_interval_bytes),
        retention_ms: topic.retention_ms,
        retention_bytes: topic.retention_bytes,
        file_delete_delay_ms: positive(topic.file_delete_delay_ms),
        flush_messages: positive(topic.flush_messages),
        flush_ms: positive(topic.flush_ms),
        delete: topic.cleanup_policy.delete,
        compact: topic.cleanup_policy.compact,
    }
}

fn validation_rules(topic: &TopicConfig) -> ValidationRules {
    let codec = |codec, level| TargetCompression::Codec(codec, level);
    let compression = match topic.compression_type {
        CompressionType::Producer => TargetCompression::Producer,
        CompressionType::Uncompressed => codec(Compression::None, None),
        CompressionType::Gzip => codec(Compression::Gzip, Some(topic.compression_gzip_level)),
        CompressionType::Snappy => codec(Compression::Snappy, None),
        CompressionType::Lz4 => codec(Compression::Lz4, Some(topic.compression_lz4_level)),
        CompressionType::Zstd => codec(Compression::Zstd, Some(topic.compression_zstd_level)),
    };
    let timestamp_type = match topic.message_timestamp_type {
        ottla_config::TimestampType::CreateTime => TimestampType::CreateTime,
        ottla_config::TimestampType::LogAppendTime => TimestampType::LogAppendTime,
    };
    ValidationRules {
        max_message_bytes: usize::try_from(topic.max_message_bytes).unwrap_or(0),
        compacted: topic.cleanup_policy.compact,
        timestamp_type,
        timestamp_before_max_ms: topic.message_timestamp_before_max_ms,
        timestamp_after_max_ms: topic.message_timestamp_after_max_ms,
        compression,
        ..ValidationRules::default()
    }
}

/// What all incarnations of one partition's actor share.
pub(super) struct PartitionCell {
    pub(super) spec: ArcSwap<PartitionSpec>,
    pub(super) dir: Arc<StorageDir>,
    /// It was given up: it panicked too often.
    pub(super) offline: AtomicBool,
    /// It is being stopped; an incarnation that starts now only gives the log back.
    pub(super) closing: AtomicBool,
    /// … and deletes it.
    pub(super) deleting: AtomicBool,
}

impl PartitionCell {
    pub(super) fn new(spec: PartitionSpec, dir: Arc<StorageDir>) -> Self {
        Self {
            spec: ArcSwap::from_pointee(spec),
            dir,
            offline: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            deleting: AtomicBool::new(false),
        }
    }

    pub(super) fn close(&self, delete: bool) {
        self.deleting.store(delete, Ordering::Release);
        self.closing.store(true, Ordering::Release);
    }

    /// Whether it is being stopped, and whether deleted too.
    pub(super) fn closing(&self) -> Option<bool> {
        self.closing.load(Ordering::Acquire).then(|| self.deleting.load(Ordering::Acquire))
    }
}
