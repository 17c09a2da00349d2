//! Reading, and finding offsets by time and by epoch.

use super::{PartitionLog, StorageError};
use crate::base::{LeaderEpoch, Offset, Tick};
use crate::storage::{Appending, ColdRange, ColdRead, LogSlice};

/// What a read found.
#[derive(Debug)]
pub enum LogRead {
    /// Whole batches, perhaps none.
    Records(LogSlice),
    /// The reader's history parted from this log's: the largest epoch not above the reader's, and
    /// where it ends (KIP-595).
    Diverging {
        /// The epoch.
        epoch: LeaderEpoch,
        /// Where it ends.
        end_offset: Offset,
    },
}

/// What ListOffsets asks a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetQuery {
    /// The log's start.
    Earliest,
    /// The first record at or after a moment.
    Timestamp(i64),
    /// The first record with the largest timestamp (KIP-734).
    MaxTimestamp,
}

/// What ListOffsets answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// The record's timestamp; -1 if that was not asked for.
    pub timestamp: i64,
    /// The offset.
    pub offset: Offset,
    /// The leader epoch of the record; -1 if not known.
    pub leader_epoch: LeaderEpoch,
}

impl PartitionLog {
    /// The batches from the one that holds `start`, whole ones up to `max_bytes`, all below
    /// `limit`; the first one even if it is larger.
    ///
    /// # Errors
    /// When `start` is outside the log, or the file cannot be read.
    pub fn read(
        &mut self,
        start: Offset,
        max_bytes: u32,
        limit: Offset,
    ) -> Result<LogSlice, StorageError> {
        self.log.read(start, max_bytes, limit, true)
    }

    /// As [`Log::cold_read`](crate::storage::Log::cold_read).
    ///
    /// # Errors
    /// When a file or an index cannot be read.
    pub fn cold_read(
        &mut self,
        now: Tick,
        start: Offset,
        max_bytes: u32,
        appending: Appending,
    ) -> Result<ColdRead, StorageError> {
        self.log.cold_read(now, start, max_bytes, appending)
    }

    /// Whether records that were found lie in an older segment than `limit`, up to which could be
    /// read. A fetch does not wait behind them (Kafka's `LogOffsetMetadata.onOlderSegment`).
    #[must_use]
    pub fn is_older(&self, found: &LogSlice, limit: Offset) -> bool {
        found.segment_base_offset < self.log.segment_base(limit)
    }

    /// Carries out a read for which `range` was brought into memory.
    pub fn read_held<T>(&mut self, range: &ColdRange, read: impl FnOnce(&mut Self) -> T) -> T {
        let Some(own) = self.log.put_in_place(range) else { return read(self) };
        let answer = read(self);
        self.log.put_back(range, own);
        answer
    }

    /// As [`Log::warmed`](crate::storage::Log::warmed).
    pub fn warmed(&mut self, range: &ColdRange) -> bool {
        self.log.warmed(range)
    }

    /// As [`Self::read`], checking first that the reader's last epoch is part of this history.
    ///
    /// # Errors
    /// As [`Self::read`]; also when nothing is known of the epoch.
    pub fn read_after(
        &mut self,
        start: Offset,
        last_fetched: LeaderEpoch,
        max_bytes: u32,
        limit: Offset,
    ) -> Result<LogRead, StorageError> {
        if last_fetched.0 >= 0 {
            let end = self.log.log_end_offset();
            let Some((epoch, end_offset)) = self.epochs.end_offset_for(last_fetched, end) else {
                let log_start = self.log.log_start_offset();
                return Err(StorageError::OffsetOutOfRange {
                    requested: start,
                    start: log_start,
                    end,
                });
            };
            if epoch < last_fetched || end_offset < start {
                return Ok(LogRead::Diverging { epoch, end_offset });
            }
        }
        self.read(start, max_bytes, limit).map(LogRead::Records)
    }

    /// Answers ListOffsets; none if no record is like that.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn find_offset(&mut self, query: OffsetQuery) -> Result<Option<FoundOffset>, StorageError> {
        let hit = match query {
            OffsetQuery::Earliest => {
                let offset = self.log.log_start_offset();
                let leader_epoch = self.epochs.epoch_for_offset(offset);
                let leader_epoch = leader_epoch.unwrap_or(LeaderEpoch::NONE);
                return Ok(Some(FoundOffset { timestamp: -1, offset, leader_epoch }));
            }
            OffsetQuery::Timestamp(at) => self.log.offset_for_timestamp(at)?,
            OffsetQuery::MaxTimestamp => self.log.offset_of_max_timestamp()?,
        };
        Ok(hit.map(|hit| FoundOffset {
            timestamp: hit.timestamp,
            offset: hit.offset,
            leader_epoch: hit.leader_epoch,
        }))
    }
}
