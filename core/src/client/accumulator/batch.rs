//! One batch, from its first record to its result.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;

use super::{AccumulatorConfig, NewRecord};
use crate::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use crate::record::{BatchBuilder, BatchIter, Record, RecordIter};

/// The place of a batch in the order of an idempotent producer's batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) id: ProducerId,
    pub(super) epoch: ProducerEpoch,
    pub(super) base: i32,
}

/// Records of one partition that travel together.
pub(super) struct Batch<W> {
    /// The number of its first record, and the place of that record in the batch it was split from.
    key: (u64, usize),
    pub(super) created_ms: u64,
    builder: BatchBuilder,
    /// What was sent last; the builder is empty from then on.
    encoded: Option<(Bytes, Option<Sequence>)>,
    waiters: Vec<(W, i64)>,
    pub(super) is_open: bool,
    pub(super) sequence: Option<Sequence>,
    pub(super) attempts: u32,
    pub(super) retry_at: u64,
    pub(super) last_error: Option<ResponseError>,
}

impl<W> Batch<W> {
    pub(super) fn open(number: u64, created_ms: u64) -> Self {
        Self {
            key: (number, 0),
            created_ms,
            builder: BatchBuilder::new(),
            encoded: None,
            waiters: Vec::new(),
            is_open: true,
            sequence: None,
            attempts: 0,
            retry_at: 0,
            last_error: None,
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.key.0
    }

    /// Batches of a partition are sent in the order of their keys.
    pub(super) fn key(&self) -> (u64, usize) {
        self.key
    }

    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(super) fn size(&self) -> usize {
        self.encoded.as_ref().map_or(self.builder.size_in_bytes(), |(bytes, _)| bytes.len())
    }

    pub(super) fn append(&mut self, record: &NewRecord, timestamp: i64, waiter: W) {
        let headers = record.headers.iter().map(|h| (h.key.as_ref(), h.value.as_deref()));
        let delta = i32::try_from(self.len()).unwrap_or(i32::MAX);
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        self.builder.push_at(delta, timestamp, key, value, headers);
        self.waiters.push((waiter, timestamp));
    }

    /// The bytes to send, with the batch's sequence in them.
    pub(super) fn encode(&mut self, config: &AccumulatorConfig) -> Bytes {
        if let Some((bytes, sequence)) = &self.encoded {
            if *sequence == self.sequence {
                return bytes.clone();
            }
            self.builder = builder_of(&records_of(bytes));
        }
        let mut builder = std::mem::take(&mut self.builder);
        if let Some(Sequence { id, epoch, base }) = self.sequence {
            builder = builder.producer(id, epoch, base);
        }
        if let Some(level) = config.compression_level {
            builder = builder.compression_level(level);
        }
        let bytes = builder.build(Offset::ZERO, LeaderEpoch::NONE, config.compression);
        self.encoded = Some((bytes.clone(), self.sequence));
        bytes
    }

    /// Whether there is anything to halve.
    pub(super) fn can_split(&self) -> bool {
        self.len() > 1 && self.encoded.is_some()
    }

    /// Two batches of half the records each, in order.
    pub(super) fn split(self) -> [Self; 2] {
        let records = self.encoded.as_ref().map(|(bytes, _)| records_of(bytes)).unwrap_or_default();
        let middle = self.len() / 2;
        let (first, second) = records.split_at(middle.min(records.len()));
        let mut left = self.waiters;
        let right = left.split_off(middle);
        let part = |records: &[(Record, i64)], waiters, skipped: usize| Self {
            key: (self.key.0, self.key.1 + skipped),
            created_ms: self.created_ms,
            builder: builder_of(records),
            encoded: None,
            waiters,
            is_open: false,
            sequence: self.sequence.map(|sequence| after(sequence, skipped)),
            attempts: self.attempts,
            retry_at: 0,
            last_error: self.last_error,
        };
        [part(first, left, 0), part(second, right, middle)]
    }

    pub(super) fn into_waiters(self) -> Vec<(W, i64)> {
        self.waiters
    }
}

/// The sequence `count` records further on; past the largest it goes on from zero.
pub(super) fn after(sequence: Sequence, count: usize) -> Sequence {
    let sum = i64::from(sequence.base) + i64::try_from(count).unwrap_or(0);
    let base = i32::try_from(sum.rem_euclid(i64::from(i32::MAX) + 1)).unwrap_or(0);
    Sequence { base, ..sequence }
}

/// The records of a batch that this producer encoded, with their timestamps.
fn records_of(bytes: &Bytes) -> Vec<(Record, i64)> {
    let Some(Ok(batch)) = BatchIter::new(bytes).next() else { return Vec::new() };
    let base = batch.header.base_timestamp;
    let records = RecordIter::of_batch(bytes, &batch, usize::MAX).into_iter().flatten();
    let records = records.filter_map(Result::ok);
    records
        .map(|record| {
            let at = base + record.timestamp_delta;
            (record, at)
        })
        .collect()
}

fn builder_of(records: &[(Record, i64)]) -> BatchBuilder {
    let mut builder = BatchBuilder::new();
    for (delta, (record, timestamp)) in (0..).zip(records) {
        let headers = record.headers.iter().map(|h| (h.key.as_ref(), h.value.as_deref()));
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.push_at(delta, *timestamp, key, value, headers);
    }
    builder
}
