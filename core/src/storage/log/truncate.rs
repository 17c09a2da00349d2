//! Cutting off a log's end, as a follower does when its leader has another history.

use std::sync::Arc;

use super::Log;
use crate::base::{Offset, Tick};
use crate::storage::StorageError;

impl Log {
    /// Cuts off the batch that holds `offset` and all that follow; returns whether there were any.
    ///
    /// The log's end is then `offset`, or the start of the batch that held it. The recovery point
    /// on disk must not lie behind it: [`LogDir::truncate`](crate::storage::LogDir::truncate) sees
    /// to that.
    pub fn truncate_to(&mut self, now: Tick, offset: Offset) -> Result<bool, StorageError> {
        self.env.health.check()?;
        if offset >= self.next_offset {
            return Ok(false);
        }
        let first = self.closed.front().unwrap_or(&self.active).base_offset();
        if offset < first {
            self.truncate_fully(now, offset)?;
            return Ok(true);
        }
        self.history = Arc::default();
        let removes = self.active.base_offset() > offset;
        // from the back, so that what is left is a prefix of the log at every moment
        while self.active.base_offset() > offset {
            let Some(previous) = self.closed.pop_back() else { break };
            self.open_files.retain(|base| *base != previous.base_offset());
            let mut last = std::mem::replace(&mut self.active, previous);
            self.retire(now, &mut last)?;
        }
        let (place, _, active) = self.parts();
        let cut = active.truncate_to(place, offset);
        let end = self.poison(cut)?.unwrap_or(offset).min(offset);
        self.ended_at(end);
        self.sync_cut()?;
        if removes {
            self.sync_names()?;
        }
        tracing::info!(partition = %self.partition, log_end_offset = %end, "truncated the log");
        Ok(true)
    }

    /// The base offset of the batch that holds `offset`; `offset` itself if none does.
    pub(crate) fn batch_start(&mut self, offset: Offset) -> Result<Offset, StorageError> {
        let at = self.closed.partition_point(|segment| segment.base_offset() <= offset);
        let (place, closed, active) = self.parts();
        let segment = if active.base_offset() <= offset {
            active
        } else {
            match at.checked_sub(1).and_then(|at| closed.get_mut(at)) {
                Some(segment) => segment,
                None => return Ok(offset),
            }
        };
        let found = segment.find(place, offset)?;
        Ok(found.map_or(offset, |found| found.base_offset.min(offset)))
    }

    /// Removes everything and goes on at `offset`; see
    /// [`LogDir::truncate_fully`](crate::storage::LogDir::truncate_fully).
    pub fn truncate_fully(&mut self, now: Tick, offset: Offset) -> Result<(), StorageError> {
        self.env.health.check()?;
        self.history = Arc::default();
        let fresh = self.fresh_segment(now, offset)?;
        let mut last = std::mem::replace(&mut self.active, fresh);
        self.retire(now, &mut last)?;
        while let Some(mut segment) = self.closed.pop_back() {
            self.retire(now, &mut segment)?;
        }
        self.open_files.clear();
        self.flush.rolled();
        self.ended_at(offset);
        self.log_start = offset;
        self.sync_names()
    }

    /// Makes the cut durable. Were it lost after the next segment was started, old records would
    /// stand before the new ones of the same offsets.
    fn sync_cut(&mut self) -> Result<(), StorageError> {
        let mut files = Vec::new();
        let (place, _, active) = self.parts();
        let taken = active.take_unsynced(place, &mut files);
        self.poison(taken)?;
        let synced = files.iter().try_for_each(|file| file.sync_data());
        self.poison(synced.map_err(|error| StorageError::io("sync", &self.dir, error)))
    }

    /// Makes removed names durable: a removed segment that came back after a loss of power would
    /// continue, with old records, the new ones that were written in its place. Truncation is rare.
    fn sync_names(&self) -> Result<(), StorageError> {
        let synced = self.env.disk.sync_dir(&self.dir);
        self.poison(synced.map_err(|error| StorageError::io("sync", &self.dir, error)))
    }

    fn ended_at(&mut self, end: Offset) {
        self.next_offset = end;
        self.log_start = self.log_start.min(end);
        self.flush.truncated(end);
    }
}
