//! Why records are refused, in Kafka's codes and words.

use std::fmt;

use kafka_protocol::error::ResponseError;

use super::RecordError;
use crate::base::{Offset, TopicPartition};

/// What is wrong with one record of a batch; answered as `record_errors` from Produce 8 on
/// (KIP-467).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidRecord {
    /// A compacted topic needs keys.
    NoKey {
        /// The record's place in the batch, from 0.
        index: i32,
    },
    /// Outside `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`.
    Timestamp {
        /// The record's place in the batch, from 0.
        index: i32,
        /// Its offset as the producer counts.
        offset: i64,
        /// Its timestamp.
        timestamp: i64,
        /// The earliest allowed.
        earliest: i64,
        /// The latest allowed.
        latest: i64,
    },
    /// Only the broker may set the timestamp type LogAppendTime.
    TimestampType {
        /// The record's place in the batch, from 0.
        index: i32,
        /// Its offset as the producer counts.
        offset: i64,
        /// Its timestamp.
        timestamp: i64,
        /// Bytes of its key.
        key: usize,
        /// Bytes of its value.
        value: usize,
    },
}

impl InvalidRecord {
    /// The record's place in the batch, from 0.
    #[must_use]
    pub fn batch_index(&self) -> i32 {
        match self {
            Self::NoKey { index }
            | Self::Timestamp { index, .. }
            | Self::TimestampType { index, .. } => *index,
        }
    }

    /// Kafka's sentence about it.
    #[must_use]
    pub fn message(&self, partition: &TopicPartition) -> String {
        match self {
            Self::NoKey { .. } => format!(
                "Compacted topic cannot accept message without key in topic partition {partition}"
            ),
            Self::Timestamp { offset, timestamp, earliest, latest, .. } => format!(
                "Timestamp {timestamp} of message with offset {offset} is out of range. \
                 The timestamp should be within [{earliest}, {latest}]"
            ),
            Self::TimestampType { offset, timestamp, key, value, .. } => format!(
                "Invalid timestamp type in message DefaultRecord(offset={offset}, \
                 timestamp={timestamp}, key={key} bytes, value={value} bytes). \
                 Producer should not set timestamp type to LogAppendTime."
            ),
        }
    }

    fn is_timestamp(&self) -> bool {
        !matches!(self, Self::NoKey { .. })
    }
}

/// Why a produced batch is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidRecords {
    /// Not one batch.
    NoBatch,
    /// More than one batch for a partition.
    ManyBatches,
    /// A message format other than 2.
    Magic(i8),
    /// Not a batch, or not the bytes its producer sent.
    Corrupt(RecordError),
    /// A client's batch starts at offset 0; the leader gives the real one.
    BaseOffset(Offset),
    /// Larger than `max.message.bytes`.
    TooLarge {
        /// Bytes of the batch.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The last offset delta is negative, or no record is announced, or they do not agree.
    OffsetRange {
        /// The last offset delta.
        last_offset_delta: i32,
        /// The announced number of records.
        count: i32,
    },
    /// Control records are the broker's own.
    ControlBatch,
    /// A producer id without a sequence number.
    Sequence(i32),
    /// The records do not read back.
    Unreadable(RecordError),
    /// The records do not decompress.
    Compressed(RecordError),
    /// Zstandard needs Produce version 7 (KIP-110).
    ZstdTooEarly,
    /// Some records are refused, and the batch with them; never empty.
    Records(Vec<InvalidRecord>),
}

impl InvalidRecords {
    /// The code the client sees, as Kafka 4.3 gives it.
    #[must_use]
    pub fn response_error(&self) -> ResponseError {
        match self {
            Self::NoBatch
            | Self::ManyBatches
            | Self::Magic(_)
            | Self::BaseOffset(_)
            | Self::OffsetRange { .. }
            | Self::ControlBatch
            | Self::Sequence(_)
            | Self::Unreadable(_) => ResponseError::InvalidRecord,
            Self::Corrupt(_) => ResponseError::CorruptMessage,
            Self::TooLarge { .. } => ResponseError::MessageTooLarge,
            // a producer splits the batch on this code and tries the halves (KIP-126)
            Self::Compressed(RecordError::DecompressedTooLarge { .. }) => {
                ResponseError::MessageTooLarge
            }
            // Kafka's decompression streams fail with a bare KafkaException, which has no code
            Self::Compressed(_) => ResponseError::UnknownServerError,
            Self::ZstdTooEarly => ResponseError::UnsupportedCompressionType,
            Self::Records(records) if records.iter().any(InvalidRecord::is_timestamp) => {
                ResponseError::InvalidTimestamp
            }
            Self::Records(_) => ResponseError::InvalidRecord,
        }
    }

    /// The records that are to blame, for `record_errors`.
    #[must_use]
    pub fn record_errors(&self) -> &[InvalidRecord] {
        match self {
            Self::Records(records) => records,
            _ => &[],
        }
    }

    /// The response's `error_message`: Kafka sends one only along with `record_errors`.
    #[must_use]
    pub fn message(&self, partition: &TopicPartition) -> Option<String> {
        let Self::Records(records) = self else { return None };
        if self.response_error() == ResponseError::InvalidTimestamp {
            let sentence = "One or more records have been rejected due to invalid timestamp";
            return Some(sentence.to_owned());
        }
        let first: Vec<String> = records
            .iter()
            .take(3)
            .map(|record| {
                let (index, message) = (record.batch_index(), record.message(partition));
                format!("RecordError(batchIndex={index}, message='{message}')")
            })
            .collect();
        Some(format!(
            "One or more records have been rejected due to {} record errors in total, \
             and only showing the first three errors at most: [{}]",
            records.len(),
            first.join(", ")
        ))
    }
}

impl fmt::Display for InvalidRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBatch => f.write_str("no record batch"),
            Self::ManyBatches => f.write_str("more than one record batch for a partition"),
            Self::Magic(magic) => write!(f, "message format {magic} is not accepted"),
            Self::Corrupt(error) => write!(f, "corrupt batch: {error}"),
            Self::BaseOffset(offset) => write!(f, "base offset is {offset} instead of 0"),
            Self::TooLarge { size, limit } => {
                write!(f, "batch of {size} bytes is larger than the {limit} allowed")
            }
            Self::OffsetRange { last_offset_delta, count } => {
                write!(f, "last offset delta {last_offset_delta} does not fit {count} records")
            }
            Self::ControlBatch => f.write_str("clients may not write control records"),
            Self::Sequence(sequence) => {
                write!(f, "sequence number {sequence} with a producer id")
            }
            Self::Unreadable(error) => write!(f, "unreadable records: {error}"),
            Self::Compressed(error) => write!(f, "unreadable compressed records: {error}"),
            Self::ZstdTooEarly => f.write_str("zstd in a produce request before version 7"),
            Self::Records(records) => write!(f, "{} records are invalid", records.len()),
        }
    }
}

impl std::error::Error for InvalidRecords {}
