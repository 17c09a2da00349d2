//! Appending as the leader.

use std::fmt;
use std::io::IoSlice;

use super::{BatchMeta, PartitionLog, StorageError};
use crate::base::{LeaderEpoch, Offset, Tick};
use crate::partition::{ProducerBatch, SequenceError, SequenceVerdict};
use crate::record::{
    InvalidRecords, Records, Validated, validate, validate_built, validate_internal,
};

/// Who appends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A client: everything is checked.
    #[default]
    Client,
    /// This broker's own coordinator: sequences are not checked.
    Coordinator,
}

/// What an append needs beside the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendContext {
    /// The epoch to stamp.
    pub leader_epoch: LeaderEpoch,
    /// Who appends.
    pub origin: AppendOrigin,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendInfo {
    /// Offset of the first record.
    pub first_offset: Offset,
    /// Offset of the last record.
    pub last_offset: Offset,
    /// The broker's time, if records carry it; else -1.
    pub log_append_time: i64,
    /// First offset of the log.
    pub log_start: Offset,
    /// The next offset to be written.
    pub log_end: Offset,
    /// Bytes written; 0 for a duplicate.
    pub bytes: u64,
    /// The records were in the log already.
    pub duplicate: bool,
    /// A new segment was started: the older ones should be synced.
    pub rolled: bool,
}

/// Why an append is refused.
#[derive(Debug)]
pub enum AppendError {
    /// The records are not what Kafka takes.
    Invalid(InvalidRecords),
    /// The producer's sequence or epoch is wrong.
    Sequence(SequenceError),
    /// More than a segment may hold.
    LargerThanSegment {
        /// The records' size.
        size: usize,
        /// `segment.bytes`.
        limit: u32,
    },
    /// The records are part of a transaction, and no transaction is open.
    NoTransaction,
    /// The log could not be written.
    Storage(StorageError),
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::Sequence(error) => error.fmt(f),
            Self::LargerThanSegment { size, limit } => {
                write!(f, "records of {size} bytes exceed the segment size of {limit}")
            }
            Self::NoTransaction => f.write_str("no transaction is open"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AppendError {}

impl From<StorageError> for AppendError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// A batch that nothing stands against.
pub(super) enum Examined {
    /// It is to be written.
    Fresh(Validated, ProducerBatch),
    /// It is in the log.
    Duplicate(AppendInfo),
}

impl PartitionLog {
    /// Validates the records, gives them offsets and writes them.
    ///
    /// # Errors
    /// When they are refused, or the directory fails. Nothing is written then.
    pub fn append_as_leader(
        &mut self,
        now: Tick,
        records: impl Into<Records>,
        context: AppendContext,
    ) -> Result<AppendInfo, AppendError> {
        self.log.health().check()?;
        match self.examine(now, records.into(), context)? {
            Examined::Fresh(mut checked, producer) => {
                self.write(now, &mut checked, producer, context.leader_epoch)
            }
            Examined::Duplicate(info) => Ok(info),
        }
    }

    /// All checks, before anything is changed.
    pub(super) fn examine(
        &mut self,
        now: Tick,
        records: Records,
        context: AppendContext,
    ) -> Result<Examined, AppendError> {
        let rules = &self.rules.validation;
        let checked = match (records, context.origin) {
            (Records::Built(batch), AppendOrigin::Client) => {
                validate_built(batch, rules, now.wall_ms)
            }
            (Records::Foreign(bytes), AppendOrigin::Client) => validate(bytes, rules, now.wall_ms),
            (Records::Foreign(bytes), AppendOrigin::Coordinator) => {
                validate_internal(bytes, rules, now.wall_ms)
            }
            (Records::Built(batch), AppendOrigin::Coordinator) => {
                validate_internal(batch.to_bytes(), rules, now.wall_ms)
            }
        };
        let checked = checked.map_err(AppendError::Invalid)?;
        let size = checked.size();
        let limit = self.log.config().segment_bytes;
        if u32::try_from(size).is_ok_and(|size| size > limit) {
            return Err(AppendError::LargerThanSegment { size, limit });
        }
        let producer = ProducerBatch::from(&checked.header);
        if context.origin == AppendOrigin::Client {
            if producer.transactional {
                return Err(AppendError::NoTransaction);
            }
            let batches = std::slice::from_ref(&producer);
            let verdict = self.producers.check(batches).map_err(AppendError::Sequence)?;
            if let SequenceVerdict::Duplicate(seen) = verdict {
                let info = self.duplicate(seen.first_offset(), seen.last_offset, seen.timestamp);
                return Ok(Examined::Duplicate(info));
            }
        }
        Ok(Examined::Fresh(checked, producer))
    }

    fn duplicate(&self, first: Offset, last: Offset, timestamp: i64) -> AppendInfo {
        AppendInfo {
            first_offset: first,
            last_offset: last,
            // Kafka answers with the batch's own timestamp here, whatever its type
            log_append_time: timestamp,
            log_start: self.log.log_start_offset(),
            log_end: self.log.log_end_offset(),
            bytes: 0,
            duplicate: true,
            rolled: false,
        }
    }

    pub(super) fn write(
        &mut self,
        now: Tick,
        checked: &mut Validated,
        mut producer: ProducerBatch,
        epoch: LeaderEpoch,
    ) -> Result<AppendInfo, AppendError> {
        let meta = place(checked, &mut producer, self.log.log_end_offset(), epoch);
        self.changed = true;
        let header = checked.header.encode();
        let parts = [IoSlice::new(&header), IoSlice::new(&checked.payload)];
        let written = self.log.append_parts(now, &parts, &[meta])?;
        if let Some(base) = written.rolled {
            self.snapshot_at(base)?;
        }
        self.assign_epoch(epoch, written.first_offset)?;
        self.producers.apply(&producer);
        Ok(AppendInfo {
            first_offset: written.first_offset,
            last_offset: written.last_offset,
            log_append_time: checked.log_append_time,
            log_start: self.log.log_start_offset(),
            log_end: self.log.log_end_offset(),
            bytes: u64::from(meta.size),
            duplicate: false,
            rolled: written.rolled.is_some(),
        })
    }
}

/// Gives a batch its place in the log, which begins at `first`.
pub(super) fn place(
    checked: &mut Validated,
    producer: &mut ProducerBatch,
    first: Offset,
    epoch: LeaderEpoch,
) -> BatchMeta {
    checked.stamp(first, epoch);
    producer.base_offset = first;
    BatchMeta {
        size: u32::try_from(checked.size()).unwrap_or(u32::MAX),
        base_offset: first,
        last_offset: producer.last_offset(),
        max_timestamp: checked.header.max_timestamp,
    }
}
