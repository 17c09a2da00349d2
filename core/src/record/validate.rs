//! What may be appended: Kafka's `LogValidator` and the checks in front of it, as one pure
//! function.
//!
//! A batch that is right keeps its records where they lie: its checksum is read once, its records
//! are walked without sharing any, and only the header may change. It is written anew when the
//! topic wants another codec, or when its records do not count their offsets 0, 1, 2….

use bytes::Bytes;

use super::crc::{batch_crc, crc_of_parts};
use super::header::LOG_APPEND_TIME;
use super::raw::{RawRecord, walk};
use super::{
    Batch, BatchBuilder, BatchHeader, BuiltBatch, Compression, InvalidRecord, InvalidRecords,
    NO_TIMESTAMP, RecordError, TimestampType, decompress,
};
use crate::base::{LeaderEpoch, Offset};

/// The codec batches are stored in (`compression.type` of the topic).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetCompression {
    /// Whatever the producer chose.
    #[default]
    Producer,
    /// This codec, at this level (none: the codec's default).
    Codec(Compression, Option<i32>),
}

/// What a batch must be like to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationRules {
    /// `max.message.bytes`: the largest batch, compressed as it is.
    pub max_message_bytes: usize,
    /// The topic is compacted: every record needs a key.
    pub compacted: bool,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    /// `compression.type`.
    pub compression: TargetCompression,
    /// The most bytes that the records of a batch may take when unpacked.
    pub decompressed_limit: usize,
}

impl Default for ValidationRules {
    /// Kafka's defaults; a batch of the largest size may unpack to 256 MiB.
    fn default() -> Self {
        Self {
            max_message_bytes: 1_048_588,
            compacted: false,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compression: TargetCompression::Producer,
            decompressed_limit: 256 << 20,
        }
    }
}

/// A batch that may be appended: a header of its own, and the records as they came.
///
/// The records are shared with whatever brought them and are never touched: what the broker stamps
/// lies in the header, which is written in front of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// The header after validation; its base offset is still the producer's.
    pub header: BatchHeader,
    /// Everything behind the header.
    pub payload: Bytes,
    /// The time the broker stamped, or -1 where records keep the producer's.
    pub log_append_time: i64,
}

impl Validated {
    /// Bytes of the batch, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        BatchHeader::SIZE + self.payload.len()
    }

    /// The whole batch in one piece, copied.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.header.with_payload(&self.payload)
    }

    /// Gives the batch its place in the log, which the checksum does not cover.
    pub fn stamp(&mut self, base_offset: Offset, leader_epoch: LeaderEpoch) {
        self.header.base_offset = base_offset;
        self.header.partition_leader_epoch = leader_epoch;
    }

    /// What the time index remembers as the offset of the largest timestamp, counted from the base
    /// offset: the last record's, because only the batch is known (`shallowOffsetOfMaxTimestamp`).
    #[must_use]
    pub fn offset_delta_of_max_timestamp(&self) -> i32 {
        self.header.last_offset_delta
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Client,
    Internal,
}

/// Checks what a client produced to one partition.
pub fn validate(
    records: Bytes,
    rules: &ValidationRules,
    now_wall_ms: i64,
) -> Result<Validated, InvalidRecords> {
    check(records, rules, Origin::Client, now_wall_ms)
}

/// Checks what a coordinator of this broker appends: it may write control records, and counts
/// neither offsets nor sequence numbers from zero.
pub fn validate_internal(
    records: Bytes,
    rules: &ValidationRules,
    now_wall_ms: i64,
) -> Result<Validated, InvalidRecords> {
    check(records, rules, Origin::Internal, now_wall_ms)
}

/// Checks a batch that was made in this process: what it is like is known, so that only the rules
/// are left. One that a rule stands against, or that is not as most are, is checked in full, and
/// refused in the same words.
pub fn validate_built(
    batch: BuiltBatch,
    rules: &ValidationRules,
    now_wall_ms: i64,
) -> Result<Validated, InvalidRecords> {
    if !is_good(&batch, rules, now_wall_ms) {
        return validate(batch.to_bytes(), rules, now_wall_ms);
    }
    let BuiltBatch { header, payload, .. } = batch;
    let max_timestamp = header.max_timestamp;
    Ok(in_place(payload, header, rules, max_timestamp, now_wall_ms))
}

/// Whether all of the full check is sure to pass and to leave the records as they are.
fn is_good(batch: &BuiltBatch, rules: &ValidationRules, now: i64) -> bool {
    let BuiltBatch { header, payload: _, oldest_timestamp, keyless, contiguous } = batch;
    let as_wanted = match rules.compression {
        TargetCompression::Producer => true,
        TargetCompression::Codec(codec, _) => header.compression().is_ok_and(|own| own == codec),
    };
    let plain = *contiguous
        && header.records_count > 0
        && !header.is_control()
        && !header.has_producer_id()
        && header.timestamp_type() == TimestampType::CreateTime;
    let in_time = rules.timestamp_type == TimestampType::LogAppendTime || {
        let earliest = now.saturating_sub(rules.timestamp_before_max_ms);
        let latest = now.saturating_add(rules.timestamp_after_max_ms);
        *oldest_timestamp >= earliest.max(0) && header.max_timestamp <= latest
    };
    let keyed = !rules.compacted || !keyless;
    plain && as_wanted && in_time && keyed && batch.size() <= rules.max_message_bytes
}

fn check(
    records: Bytes,
    rules: &ValidationRules,
    origin: Origin,
    now: i64,
) -> Result<Validated, InvalidRecords> {
    let batch = only_batch(&records)?;
    check_batch(&batch, rules, origin)?;
    let source = batch.header.compression().map_err(InvalidRecords::Compressed)?;
    let unpacked;
    let section: &[u8] = match source {
        Compression::None => batch.payload(),
        codec => {
            unpacked = decompress(codec, batch.payload(), rules.decompressed_limit)
                .map_err(InvalidRecords::Compressed)?;
            &unpacked
        }
    };
    let walked = Survey::new(&batch.header, rules, now).run(section, batch.header.records_count)?;
    let (contiguous, max_timestamp) = (walked.contiguous, walked.max_timestamp);
    let (target, level) = match rules.compression {
        TargetCompression::Producer => (source, None),
        TargetCompression::Codec(codec, level) => (codec, level),
    };
    // LogValidator never compresses control records that came plain
    let plain_control = source == Compression::None && batch.header.is_control();
    if contiguous && (source == target || plain_control) {
        let (header, size) = (batch.header, batch.bytes.len());
        let payload = records.slice(BatchHeader::SIZE..size);
        return Ok(in_place(payload, header, rules, max_timestamp, now));
    }
    let bytes = rebuild(&batch.header, section, target, level, rules)?;
    let size = bytes.len();
    if size > rules.max_message_bytes {
        return Err(InvalidRecords::TooLarge { size, limit: rules.max_message_bytes });
    }
    let header = BatchHeader::parse(&bytes).map_err(InvalidRecords::Corrupt)?;
    let payload = bytes.slice(BatchHeader::SIZE..);
    let max_timestamp = header.max_timestamp;
    Ok(in_place(payload, header, rules, max_timestamp, now))
}

/// The one batch there has to be. Bytes behind it that do not make a batch are dropped, as Kafka
/// drops them.
fn only_batch(records: &[u8]) -> Result<Batch<'_>, InvalidRecords> {
    let (header, size) = match complete_batch(records)? {
        Some(size) => (BatchHeader::parse(records).map_err(batch_error)?, size),
        None => return Err(InvalidRecords::NoBatch),
    };
    let (bytes, rest) = records.split_at_checked(size).ok_or(InvalidRecords::NoBatch)?;
    match complete_batch(rest)? {
        Some(_) => Err(InvalidRecords::ManyBatches),
        None => Ok(Batch { header, position: 0, bytes }),
    }
}

fn batch_error(error: RecordError) -> InvalidRecords {
    match error {
        RecordError::Magic(magic) => InvalidRecords::Magic(magic),
        error => InvalidRecords::Corrupt(error),
    }
}

/// The size of the batch at the front, `None` if it is cut short, as Kafka's
/// `ByteBufferLogInputStream` finds it.
fn complete_batch(records: &[u8]) -> Result<Option<usize>, InvalidRecords> {
    /// Bytes of the smallest message of format 0, behind its length field.
    const LEAST: i32 = 14;
    let Some(length) = records.get(8..).and_then(|rest| rest.first_chunk::<4>()) else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*length);
    if length < LEAST {
        return Err(InvalidRecords::Corrupt(RecordError::BatchLength(length)));
    }
    let Some(magic) = records.get(16).map(|byte| byte.cast_signed()) else { return Ok(None) };
    if !(0..=BatchHeader::MAGIC).contains(&magic) {
        return Err(InvalidRecords::Corrupt(RecordError::Magic(magic)));
    }
    let size = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(12);
    Ok((size <= records.len()).then_some(size))
}

/// The checks that need the header alone, and the checksum.
fn check_batch(
    batch: &Batch<'_>,
    rules: &ValidationRules,
    origin: Origin,
) -> Result<(), InvalidRecords> {
    let header = &batch.header;
    let from_client = origin == Origin::Client;
    if from_client && header.base_offset != Offset::ZERO {
        return Err(InvalidRecords::BaseOffset(header.base_offset));
    }
    let (size, limit) = (batch.bytes.len(), rules.max_message_bytes);
    if size > limit {
        return Err(InvalidRecords::TooLarge { size, limit });
    }
    let computed = batch_crc(batch.bytes).map_err(InvalidRecords::Corrupt)?;
    if computed != header.crc {
        let error = RecordError::Crc { stored: header.crc, computed };
        return Err(InvalidRecords::Corrupt(error));
    }
    let (last, count) = (header.last_offset_delta, header.records_count);
    // an internal batch may have holes, but no negative numbers either
    let agree = i64::from(last) + 1 == i64::from(count) || !from_client;
    if last < 0 || count <= 0 || !agree {
        return Err(InvalidRecords::OffsetRange { last_offset_delta: last, count });
    }
    if from_client && header.is_control() {
        return Err(InvalidRecords::ControlBatch);
    }
    if from_client && header.has_producer_id() && header.base_sequence < 0 {
        return Err(InvalidRecords::Sequence(header.base_sequence));
    }
    Ok(())
}

/// What a walk over the records finds.
struct Survey<'r> {
    rules: &'r ValidationRules,
    now: i64,
    base_timestamp: i64,
    /// The batch's own time, where the producer claims to be a broker.
    append_time: Option<i64>,
    index: i32,
    contiguous: bool,
    max_timestamp: i64,
    invalid: Vec<InvalidRecord>,
}

impl<'r> Survey<'r> {
    fn new(header: &BatchHeader, rules: &'r ValidationRules, now: i64) -> Self {
        let append_time = match header.timestamp_type() {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(header.max_timestamp),
        };
        Self {
            rules,
            now,
            base_timestamp: header.base_timestamp,
            append_time,
            index: 0,
            // holes at the end show in the header already
            contiguous: true,
            max_timestamp: NO_TIMESTAMP,
            invalid: Vec::new(),
        }
        .expecting(header)
    }

    fn expecting(mut self, header: &BatchHeader) -> Self {
        self.contiguous = header.last_offset_delta == header.records_count - 1;
        self
    }

    fn run(mut self, section: &[u8], count: i32) -> Result<Self, InvalidRecords> {
        walk(section, count, |record| self.record(&record)).map_err(InvalidRecords::Unreadable)?;
        if self.invalid.is_empty() { Ok(self) } else { Err(InvalidRecords::Records(self.invalid)) }
    }

    fn record(&mut self, record: &RawRecord<'_>) {
        let index = self.index;
        self.index += 1;
        self.contiguous &= record.offset_delta == index;
        let claimed = self.base_timestamp.saturating_add(record.timestamp_delta);
        let timestamp = self.append_time.unwrap_or(claimed);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        if self.rules.compacted && record.key.is_none() {
            self.invalid.push(InvalidRecord::NoKey { index });
        } else if self.rules.timestamp_type == TimestampType::CreateTime
            && timestamp != NO_TIMESTAMP
        {
            self.invalid.extend(self.out_of_range(index, record.offset_delta, timestamp));
        } else if self.append_time.is_some() {
            self.invalid.push(InvalidRecord::TimestampType {
                index,
                offset: i64::from(record.offset_delta),
                timestamp,
                key: record.key.map_or(0, <[u8]>::len),
                value: record.value.map_or(0, <[u8]>::len),
            });
        }
    }

    fn out_of_range(&self, index: i32, offset: i32, timestamp: i64) -> Option<InvalidRecord> {
        let earliest = self.now.saturating_sub(self.rules.timestamp_before_max_ms);
        let latest = self.now.saturating_add(self.rules.timestamp_after_max_ms);
        let offset = i64::from(offset);
        (timestamp < earliest || timestamp > latest).then_some(InvalidRecord::Timestamp {
            index,
            offset,
            timestamp,
            earliest,
            latest,
        })
    }
}

/// The records as they are; only their header may change.
fn in_place(
    payload: Bytes,
    header: BatchHeader,
    rules: &ValidationRules,
    max_timestamp: i64,
    now: i64,
) -> Validated {
    let mut wanted = header;
    let log_append_time = match rules.timestamp_type {
        TimestampType::LogAppendTime => {
            wanted.attributes |= LOG_APPEND_TIME;
            wanted.max_timestamp = now;
            now
        }
        TimestampType::CreateTime => {
            // a producer may have written anything here, and the time index relies on it
            wanted.attributes &= !LOG_APPEND_TIME;
            wanted.max_timestamp = max_timestamp;
            NO_TIMESTAMP
        }
    };
    if wanted != header {
        wanted.crc = crc_of_parts(&wanted.encode(), &payload);
    }
    Validated { header: wanted, payload, log_append_time }
}

/// The same records in a batch written anew: another codec, or offsets without holes.
fn rebuild(
    header: &BatchHeader,
    section: &[u8],
    target: Compression,
    level: Option<i32>,
    rules: &ValidationRules,
) -> Result<Bytes, InvalidRecords> {
    let mut builder = BatchBuilder::new()
        .producer(header.producer_id, header.producer_epoch, header.base_sequence)
        .timestamp_type(rules.timestamp_type);
    if header.is_transactional() {
        builder = builder.transactional();
    }
    if header.is_control() {
        builder = builder.control();
    }
    if let Some(level) = level {
        builder = builder.compression_level(level);
    }
    let mut index = 0;
    walk(section, header.records_count, |record| {
        let timestamp = header.base_timestamp.saturating_add(record.timestamp_delta);
        builder.push_at(index, timestamp, record.key, record.value, record.headers);
        index += 1;
    })
    .map_err(InvalidRecords::Unreadable)?;
    Ok(builder.build(Offset::ZERO, LeaderEpoch::NONE, target))
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
