//! What an answer brought for one partition, read record by record.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;

use super::config::{FetcherConfig, IsolationLevel};
use super::record::ConsumerRecord;
use crate::base::{LeaderEpoch, Offset, ProducerId, TopicPartition};
use crate::record::{Batch, BatchHeader, BatchIter, RecordError, RecordIter, verify_crc};

/// What one batch may take when it is unpacked.
const LARGEST_SECTION: usize = 1 << 30;

/// The kind of a control record that ends a transaction without effect.
const ABORT: i16 = 0;

/// The records of one partition in one answer.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) partition: TopicPartition,
    bytes: Bytes,
    /// Where in `bytes` the next batch begins.
    at: usize,
    open: Option<(BatchHeader, RecordIter)>,
    /// The next offset that is wanted, and the epoch of the last record before it.
    pub(super) next: Offset,
    pub(super) epoch: LeaderEpoch,
    /// Aborted transactions, by their first offsets (KIP-98).
    aborted: VecDeque<(Offset, ProducerId)>,
    aborting: HashSet<ProducerId>,
}

/// The offset behind the last whole batch of `bytes`, if there is one, and how many bytes those
/// batches have.
pub(super) fn reach(bytes: &[u8]) -> (Option<Offset>, usize) {
    let mut batches = BatchIter::new(bytes);
    let last = batches.by_ref().map_while(Result::ok).last();
    (last.map(|batch| batch.header.next_offset()), batches.position())
}

impl Fetched {
    pub(super) fn new(
        partition: TopicPartition,
        from: Offset,
        bytes: Bytes,
        mut aborted: Vec<(Offset, ProducerId)>,
    ) -> Self {
        aborted.sort_unstable();
        Self {
            partition,
            bytes,
            at: 0,
            open: None,
            next: from,
            epoch: LeaderEpoch::NONE,
            aborted: aborted.into(),
            aborting: HashSet::new(),
        }
    }

    /// Bytes that it holds until it is read to its end.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The next record that the application is to see. After an error it stays where it is.
    pub(super) fn next_record(
        &mut self,
        config: &FetcherConfig,
    ) -> Option<Result<ConsumerRecord, RecordError>> {
        loop {
            while let Some((header, records)) = &mut self.open {
                match records.next() {
                    Some(Ok(record)) => {
                        let offset = header.base_offset.plus(i64::from(record.offset_delta));
                        // a batch is sent whole, also when it begins before what was asked for
                        if offset < self.next {
                            continue;
                        }
                        self.next = offset.plus(1);
                        self.epoch = header.partition_leader_epoch;
                        return Some(Ok(ConsumerRecord::new(&self.partition, header, record)));
                    }
                    Some(Err(error)) => {
                        self.open = None;
                        return Some(Err(error));
                    }
                    None => {
                        let header = *header;
                        self.open = None;
                        self.pass(&header);
                    }
                }
            }
            match self.open_next(config) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Opens the next batch that has something to read; false at the end.
    fn open_next(&mut self, config: &FetcherConfig) -> Result<bool, RecordError> {
        let bytes = self.bytes.clone();
        while let Some(rest) = bytes.get(self.at..).filter(|rest| !rest.is_empty()) {
            let batch = match BatchIter::new(rest).next() {
                Some(Ok(batch)) => batch,
                // the last batch may be cut short, but not the only one
                Some(Err(RecordError::Truncated { .. })) if self.at > 0 => break,
                Some(Err(error)) => return Err(error),
                None => break,
            };
            let header = batch.header;
            if header.next_offset() <= self.next {
                self.at += batch.bytes.len();
                continue;
            }
            if config.check_crcs {
                verify_crc(batch.bytes)?;
            }
            if !self.is_wanted(&bytes, &batch, config)? {
                self.pass(&header);
                continue;
            }
            let records = RecordIter::of_batch(&bytes, &batch, LARGEST_SECTION)?;
            self.open = Some((header, records));
            return Ok(true);
        }
        self.at = bytes.len();
        Ok(false)
    }

    /// Moves behind a batch: also where compaction has removed its last records.
    fn pass(&mut self, header: &BatchHeader) {
        self.at += header.size_in_bytes();
        if header.next_offset() > self.next {
            self.next = header.next_offset();
            self.epoch = header.partition_leader_epoch;
        }
    }

    /// Whether the application sees the records of a batch: markers of transactions never, those
    /// of aborted ones only where everything is read.
    fn is_wanted(
        &mut self,
        bytes: &Bytes,
        batch: &Batch<'_>,
        config: &FetcherConfig,
    ) -> Result<bool, RecordError> {
        let header = &batch.header;
        let committed = config.isolation == IsolationLevel::ReadCommitted;
        if committed && header.has_producer_id() {
            let begun = |(first, _): &mut (Offset, ProducerId)| *first <= header.last_offset();
            while let Some((_, producer)) = self.aborted.pop_front_if(begun) {
                self.aborting.insert(producer);
            }
            if header.is_control() {
                if marker(bytes, batch)? == Some(ABORT) {
                    self.aborting.remove(&header.producer_id);
                }
            } else if header.is_transactional() && self.aborting.contains(&header.producer_id) {
                return Ok(false);
            }
        }
        Ok(!header.is_control())
    }
}

/// The kind of a control batch: what its first record's key says.
fn marker(bytes: &Bytes, batch: &Batch<'_>) -> Result<Option<i16>, RecordError> {
    let mut records = RecordIter::of_batch(bytes, batch, LARGEST_SECTION)?;
    let Some(first) = records.next() else { return Ok(None) };
    let key = first?.key.unwrap_or_default();
    let kind = key.get(2..).and_then(|rest| rest.first_chunk::<2>());
    Ok(kind.map(|kind| i16::from_be_bytes(*kind)))
}

#[cfg(test)]
#[path = "fetched_tests.rs"]
mod tests;
