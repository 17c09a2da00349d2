//! At which offset each leader epoch began: Kafka's `LeaderEpochFileCache` (KIP-101, KIP-279).

use crate::base::{LeaderEpoch, Offset};

/// One leader epoch and the first offset written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Offset of the first record written in it.
    pub start_offset: Offset,
}

/// The leader epochs of one partition, oldest first; both columns grow strictly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochCache {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochCache {
    /// The epochs, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The newest epoch that has records.
    #[must_use]
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// Notes that `epoch` begins at `start_offset`; true if that is news, to be written down.
    pub fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) -> bool {
        if epoch.0 < 0 || start_offset.0 < 0 {
            return false;
        }
        if let Some(last) = self.entries.last()
            && last.epoch == epoch
            && start_offset >= last.start_offset
        {
            return false;
        }
        while let Some(last) = self.entries.last()
            && (last.epoch >= epoch || last.start_offset >= start_offset)
        {
            self.entries.pop();
        }
        self.entries.push(EpochEntry { epoch, start_offset });
        true
    }

    /// Which epoch holds `offset`.
    #[must_use]
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).and_then(|i| self.entries.get(i)).map(|entry| entry.epoch)
    }

    /// The largest epoch not above `requested`, and where it ends (KIP-279); none if the epoch is
    /// newer than anything known here.
    #[must_use]
    pub fn end_offset_for(
        &self,
        requested: LeaderEpoch,
        log_end: Offset,
    ) -> Option<(LeaderEpoch, Offset)> {
        if requested.0 < 0 {
            return None;
        }
        if self.latest_epoch() == Some(requested) {
            return Some((requested, log_end));
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= requested);
        let next = self.entries.get(higher)?;
        let floor = higher.checked_sub(1).and_then(|i| self.entries.get(i));
        Some((floor.map_or(requested, |entry| entry.epoch), next.start_offset))
    }

    /// Forgets epochs that begin at or behind `end_offset`; true if anything changed.
    pub fn truncate_from_end(&mut self, end_offset: Offset) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.start_offset < end_offset);
        before != self.entries.len()
    }

    /// Forgets what lies before `start_offset`; the epoch in force there begins there from now on.
    pub fn truncate_from_start(&mut self, start_offset: Offset) -> bool {
        let keep = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        let Some(first) = keep.checked_sub(1) else { return false };
        let changed = self.entries.get(first).is_some_and(|e| e.start_offset < start_offset);
        if changed {
            self.entries.drain(..first);
            if let Some(entry) = self.entries.first_mut() {
                entry.start_offset = start_offset;
            }
        }
        changed
    }
}

#[cfg(test)]
#[path = "epochs_tests.rs"]
mod tests;
