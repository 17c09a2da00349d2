//! The fixed header of a batch.

use bytes::{Bytes, BytesMut};

use super::{Compression, RecordError};
use crate::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// Attribute bits 0 to 2: the codec.
const COMPRESSION_MASK: i16 = 0x07;
/// Attribute bit 3: timestamps were set by the broker.
pub(super) const LOG_APPEND_TIME: i16 = 0x08;
/// Attribute bit 4: part of a transaction.
pub(super) const TRANSACTIONAL: i16 = 0x10;
/// Attribute bit 5: control records.
pub(super) const CONTROL: i16 = 0x20;
/// Attribute bit 6: the base timestamp is the delete horizon (KIP-534).
const DELETE_HORIZON: i16 = 0x40;

/// Who set the timestamps of a batch (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer.
    #[default]
    CreateTime,
    /// The broker, when it appended the batch.
    LogAppendTime,
}

/// The fixed 61 bytes at the front of a batch of message format 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record, also when compaction has removed that record.
    pub base_offset: Offset,
    /// Bytes of the batch behind this field.
    pub batch_length: i32,
    /// The leader that appended the batch.
    pub partition_leader_epoch: LeaderEpoch,
    /// Message format; always 2.
    pub magic: i8,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec, timestamp type and flags.
    pub attributes: i16,
    /// Offset of the last record, counted from the base offset.
    pub last_offset_delta: i32,
    /// Timestamp from which the records count theirs, or the delete horizon.
    pub base_timestamp: i64,
    /// The largest timestamp of the records, or the time of the append.
    pub max_timestamp: i64,
    /// The idempotent producer, or -1.
    pub producer_id: ProducerId,
    /// The producer's epoch, or -1.
    pub producer_epoch: ProducerEpoch,
    /// Sequence number of the first record, or -1.
    pub base_sequence: i32,
    /// How many records follow.
    pub records_count: i32,
}

/// Reads big-endian numbers off the front of a slice.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }
}

impl BatchHeader {
    /// Bytes of the header: where the records begin.
    pub const SIZE: usize = 61;
    /// Bytes before those that `batch_length` counts.
    pub const LOG_OVERHEAD: usize = 12;
    /// The message format this header describes.
    pub const MAGIC: i8 = 2;

    /// Reads the header at the front of `bytes`; the records need not be there yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        // magic sits at the same place in every format, so an old message is told from a broken one
        if let Some(magic) = bytes.get(16).map(|byte| byte.cast_signed())
            && magic != Self::MAGIC
        {
            return Err(RecordError::Magic(magic));
        }
        let header = Self::read(&mut Fields(bytes))
            .ok_or(RecordError::Truncated { needed: Self::SIZE, available: bytes.len() })?;
        let least = Self::SIZE - Self::LOG_OVERHEAD;
        match usize::try_from(header.batch_length) {
            Ok(length) if length >= least => Ok(header),
            _ => Err(RecordError::BatchLength(header.batch_length)),
        }
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            base_offset: Offset(fields.i64()?),
            batch_length: fields.i32()?,
            partition_leader_epoch: LeaderEpoch(fields.i32()?),
            magic: fields.take().map(i8::from_be_bytes)?,
            crc: fields.take().map(u32::from_be_bytes)?,
            attributes: fields.i16()?,
            last_offset_delta: fields.i32()?,
            base_timestamp: fields.i64()?,
            max_timestamp: fields.i64()?,
            producer_id: ProducerId(fields.i64()?),
            producer_epoch: ProducerEpoch(fields.i16()?),
            base_sequence: fields.i32()?,
            records_count: fields.i32()?,
        })
    }

    /// The whole batch in one piece, copied.
    #[must_use]
    pub(super) fn with_payload(&self, payload: &[u8]) -> Bytes {
        let mut bytes = BytesMut::with_capacity(Self::SIZE + payload.len());
        bytes.extend_from_slice(&self.encode());
        bytes.extend_from_slice(payload);
        bytes.freeze()
    }

    /// Writes the header in front of a batch's records.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let mut out = [0; Self::SIZE];
        let mut at = 0;
        let mut put = |field: &[u8]| {
            if let Some(place) = out.get_mut(at..at + field.len()) {
                place.copy_from_slice(field);
            }
            at += field.len();
        };
        put(&self.base_offset.0.to_be_bytes());
        put(&self.batch_length.to_be_bytes());
        put(&self.partition_leader_epoch.0.to_be_bytes());
        put(&self.magic.to_be_bytes());
        put(&self.crc.to_be_bytes());
        put(&self.attributes.to_be_bytes());
        put(&self.last_offset_delta.to_be_bytes());
        put(&self.base_timestamp.to_be_bytes());
        put(&self.max_timestamp.to_be_bytes());
        put(&self.producer_id.0.to_be_bytes());
        put(&self.producer_epoch.0.to_be_bytes());
        put(&self.base_sequence.to_be_bytes());
        put(&self.records_count.to_be_bytes());
        out
    }

    /// Bytes of the whole batch, this header included.
    #[must_use]
    pub fn size_in_bytes(&self) -> usize {
        Self::LOG_OVERHEAD + usize::try_from(self.batch_length).unwrap_or(0)
    }

    /// Offset of the last record.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(i64::from(self.last_offset_delta))
    }

    /// Offset that the next batch of a gapless log starts with.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.last_offset().plus(1)
    }

    /// Sequence number of the last record, wrapping as Kafka's sequences do; -1 without a producer.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        let sum = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        i32::try_from(sum).unwrap_or_else(|_| {
            // DefaultRecordBatch.incrementSequence: past the largest, count on from zero
            i32::try_from(sum - i64::from(i32::MAX) - 1).unwrap_or(0)
        })
    }

    /// The codec of the records.
    pub fn compression(&self) -> Result<Compression, RecordError> {
        let id = u8::try_from(self.attributes & COMPRESSION_MASK).unwrap_or(u8::MAX);
        Compression::from_id(id).ok_or(RecordError::UnknownCompression(id))
    }

    /// Who set the timestamps.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes & LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch is part of a transaction.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether the records are control records, which consumers do not see.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Whether an idempotent producer sent the batch.
    #[must_use]
    pub fn has_producer_id(&self) -> bool {
        self.producer_id.0 > ProducerId::NONE.0
    }

    /// Until when tombstones and markers of this batch must be kept (KIP-534), once known.
    #[must_use]
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
