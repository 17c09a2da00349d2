//! Writing a batch from records.

use bytes::Bytes;

use super::header::{CONTROL, LOG_APPEND_TIME, TRANSACTIONAL};
use super::{
    BatchHeader, BuiltBatch, Compression, NO_TIMESTAMP, TimestampType, compress, crc, varint,
};
use crate::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// The least room that is made for records.
const LEAST_ROOM: usize = 256;

/// Collects records and writes them as one batch of message format 2.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// Room for the header, and the records behind it; nothing as long as there is no record.
    buffer: Vec<u8>,
    /// Records that are still to come, as far as that is known.
    expected: usize,
    oldest_timestamp: i64,
    keyless: bool,
    /// Every record is at the offset behind the one before.
    contiguous: bool,
    count: i32,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    attributes: i16,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    base_sequence: i32,
    level: Option<i32>,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// A batch without records, from no particular producer.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: Vec::new(),
            expected: 0,
            oldest_timestamp: i64::MAX,
            keyless: false,
            contiguous: true,
            count: 0,
            last_offset_delta: -1,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            attributes: 0,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: -1,
            level: None,
        }
    }

    /// Makes the batch an idempotent producer's.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: i32) -> Self {
        self.producer_id = id;
        self.producer_epoch = epoch;
        self.base_sequence = base_sequence;
        self
    }

    /// Marks the batch as part of a transaction.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.attributes |= TRANSACTIONAL;
        self
    }

    /// Marks the records as control records.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.attributes |= CONTROL;
        self
    }

    /// Says who set the timestamps.
    #[must_use]
    pub fn timestamp_type(mut self, kind: TimestampType) -> Self {
        match kind {
            TimestampType::CreateTime => self.attributes &= !LOG_APPEND_TIME,
            TimestampType::LogAppendTime => self.attributes |= LOG_APPEND_TIME,
        }
        self
    }

    /// The codec's level; without it, the codec's default.
    #[must_use]
    pub fn compression_level(mut self, level: i32) -> Self {
        self.level = Some(level);
        self
    }

    /// Makes room for so many records like the first one, when that comes.
    #[must_use]
    pub fn expecting(mut self, records: usize) -> Self {
        self.expected = records;
        self
    }

    /// Adds a record at the next offset.
    pub fn push(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> &mut Self {
        let delta = self.last_offset_delta.saturating_add(1);
        let headers = headers.iter().map(|(key, value)| (key.as_bytes(), *value));
        self.push_at(delta, timestamp, key, value, headers)
    }

    /// Adds a record `offset_delta` behind the base offset, leaving a hole if need be.
    pub fn push_at<'h>(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl ExactSizeIterator<Item = (&'h [u8], Option<&'h [u8]>)> + Clone,
    ) -> &mut Self {
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        let timestamp_delta = timestamp.wrapping_sub(self.base_timestamp);
        let body = 1
            + varint::size_signed(timestamp_delta)
            + varint::size_signed(i64::from(offset_delta))
            + nullable_size(key)
            + nullable_size(value)
            + varint::size_signed(length(headers.len()))
            + headers
                .clone()
                .map(|(key, value)| nullable_size(Some(key)) + nullable_size(value))
                .sum::<usize>();
        if self.buffer.is_empty() {
            self.make_room(body);
        }
        let out = &mut self.buffer;
        varint::put_signed(out, length(body));
        out.push(0);
        varint::put_signed(out, timestamp_delta);
        varint::put_signed(out, i64::from(offset_delta));
        put_nullable(out, key);
        put_nullable(out, value);
        varint::put_signed(out, length(headers.len()));
        for (key, value) in headers {
            put_nullable(out, Some(key));
            put_nullable(out, value);
        }
        self.contiguous &= offset_delta == self.count;
        self.keyless |= key.is_none();
        self.count += 1;
        self.last_offset_delta = self.last_offset_delta.max(offset_delta);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.oldest_timestamp = self.oldest_timestamp.min(timestamp);
        self
    }

    /// Room for the header and the records that are expected, each of `body` bytes and its length.
    fn make_room(&mut self, body: usize) {
        /// The most that a guess may take.
        const MOST: usize = 1 << 20;
        let each = body + varint::size_signed(length(body)) + 1;
        let guess = each.saturating_mul(self.expected.max(1)).min(MOST.max(each));
        self.buffer.reserve_exact(BatchHeader::SIZE + guess.max(LEAST_ROOM));
        self.buffer.resize(BatchHeader::SIZE, 0);
    }

    fn records(&self) -> &[u8] {
        self.buffer.get(BatchHeader::SIZE..).unwrap_or_default()
    }

    /// Moves the timestamps of all records so that the newest is of `newest`.
    pub fn move_times(&mut self, newest: i64) {
        if self.count == 0 {
            return;
        }
        let by = newest.wrapping_sub(self.max_timestamp);
        self.base_timestamp = self.base_timestamp.wrapping_add(by);
        self.oldest_timestamp = self.oldest_timestamp.wrapping_add(by);
        self.max_timestamp = newest;
    }

    /// How many records are in.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.count).unwrap_or(0)
    }

    /// Whether no record is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the batch if it is written without compression.
    #[must_use]
    pub fn size_in_bytes(&self) -> usize {
        BatchHeader::SIZE + self.records().len()
    }

    /// Writes the batch. Should the codec fail, the records are written plain.
    #[must_use]
    pub fn build(
        &self,
        base_offset: Offset,
        leader_epoch: LeaderEpoch,
        compression: Compression,
    ) -> Bytes {
        let packed = self.packed(compression);
        let codec = if packed.is_some() { compression } else { Compression::None };
        let payload = packed.as_deref().unwrap_or(self.records());
        let mut header = self.header(payload.len(), codec);
        header.base_offset = base_offset;
        header.partition_leader_epoch = leader_epoch;
        let mut out = Vec::with_capacity(BatchHeader::SIZE + payload.len());
        out.extend_from_slice(&header.encode());
        out.extend_from_slice(payload);
        header.crc = crc::crc32c(out.get(crc::CRC_START..).unwrap_or_default());
        if let Some(front) = out.get_mut(..BatchHeader::SIZE) {
            front.copy_from_slice(&header.encode());
        }
        Bytes::from(out)
    }

    /// The batch as one that need not be looked at again, since it was made here. Records that are
    /// not packed stay where they are.
    #[must_use]
    pub fn finish(mut self, compression: Compression) -> BuiltBatch {
        self.buffer.resize(self.buffer.len().max(BatchHeader::SIZE), 0);
        let packed = self.packed(compression);
        let codec = if packed.is_some() { compression } else { Compression::None };
        if let Some(packed) = packed {
            self.buffer.truncate(BatchHeader::SIZE);
            self.buffer.extend_from_slice(&packed);
        }
        let mut header = self.header(self.buffer.len() - BatchHeader::SIZE, codec);
        if let Some(front) = self.buffer.get_mut(..BatchHeader::SIZE) {
            front.copy_from_slice(&header.encode());
        }
        header.crc = crc::crc32c(self.buffer.get(crc::CRC_START..).unwrap_or_default());
        BuiltBatch {
            header,
            payload: Bytes::from(self.buffer).slice(BatchHeader::SIZE..),
            oldest_timestamp: self.oldest_timestamp,
            keyless: self.keyless,
            contiguous: self.contiguous,
        }
    }

    fn packed(&self, compression: Compression) -> Option<Vec<u8>> {
        match compression {
            Compression::None => None,
            codec => compress(codec, self.level, self.records()).ok(),
        }
    }

    /// The header without its checksum, of the first batch of a log.
    fn header(&self, payload: usize, codec: Compression) -> BatchHeader {
        BatchHeader {
            base_offset: Offset::ZERO,
            batch_length: saturated(payload + BatchHeader::SIZE - BatchHeader::LOG_OVERHEAD),
            partition_leader_epoch: LeaderEpoch::NONE,
            magic: BatchHeader::MAGIC,
            crc: 0,
            attributes: self.attributes | i16::from(codec.id()),
            last_offset_delta: self.last_offset_delta.max(0),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
            records_count: self.count,
        }
    }
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn saturated(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn nullable_size(field: Option<&[u8]>) -> usize {
    match field {
        None => 1,
        Some(bytes) => varint::size_signed(length(bytes.len())) + bytes.len(),
    }
}

fn put_nullable(out: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => varint::put_signed(out, -1),
        Some(bytes) => {
            varint::put_signed(out, length(bytes.len()));
            out.extend_from_slice(bytes);
        }
    }
}
