//! What a consumer reads.

use bytes::Bytes;

use crate::base::{LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::record::{BatchHeader, Header, Record, TimestampType};

/// One record, as it lies in its partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRecord {
    /// Its topic.
    pub topic: TopicName,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: Offset,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Who set the timestamp.
    pub timestamp_type: TimestampType,
    /// The epoch of the leader that wrote it.
    pub leader_epoch: LeaderEpoch,
    /// The key, or none.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// The headers in the producer's order.
    pub headers: Vec<Header>,
}

impl ConsumerRecord {
    pub(super) fn new(partition: &TopicPartition, batch: &BatchHeader, record: Record) -> Self {
        let timestamp_type = batch.timestamp_type();
        let timestamp = match timestamp_type {
            TimestampType::CreateTime => batch.base_timestamp.wrapping_add(record.timestamp_delta),
            TimestampType::LogAppendTime => batch.max_timestamp,
        };
        Self {
            topic: TopicName::clone(&partition.topic),
            partition: partition.partition,
            offset: batch.base_offset.plus(i64::from(record.offset_delta)),
            timestamp,
            timestamp_type,
            leader_epoch: batch.partition_leader_epoch,
            key: record.key,
            value: record.value,
            headers: record.headers,
        }
    }

    /// The partition it lies in.
    #[must_use]
    pub fn topic_partition(&self) -> TopicPartition {
        TopicPartition::new(TopicName::clone(&self.topic), self.partition)
    }
}
