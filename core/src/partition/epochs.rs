//! At which offset each leader epoch began: Kafka's `LeaderEpochFileCache` (KIP-101, KIP-279).
//!
//! The checkpoint file `leader-epoch-checkpoint` is text: `0`, the number of entries, then one
//! line `epoch offset` for each.

use std::fmt;

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

/// Why a checkpoint file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochCheckpointError {
    /// The first line is not version 0.
    Version,
    /// A line is not what it should be; lines count from 1.
    Line(usize),
    /// The second line promises another number of entries than follow.
    Count {
        /// What the second line says.
        expected: usize,
        /// How many follow.
        found: usize,
    },
}

impl fmt::Display for EpochCheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => write!(f, "unknown version of the leader epoch checkpoint"),
            Self::Line(line) => write!(f, "malformed line {line} in the leader epoch checkpoint"),
            Self::Count { expected, found } => {
                write!(f, "leader epoch checkpoint has {found} entries instead of {expected}")
            }
        }
    }
}

impl std::error::Error for EpochCheckpointError {}

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

    /// The text of the checkpoint file.
    #[must_use]
    pub fn to_checkpoint(&self) -> String {
        use fmt::Write as _;
        let mut text = format!("0\n{}\n", self.entries.len());
        for entry in &self.entries {
            // writing to a String cannot fail
            let _ = writeln!(text, "{} {}", entry.epoch, entry.start_offset);
        }
        text
    }

    /// Reads the checkpoint file.
    ///
    /// # Errors
    /// When the text is not such a file.
    pub fn from_checkpoint(text: &str) -> Result<Self, EpochCheckpointError> {
        let mut lines = text.lines().enumerate();
        let mut number = |what: EpochCheckpointError| match lines.next() {
            Some((_, line)) => line.trim().parse::<usize>().map_err(|_| what),
            None => Err(what),
        };
        if number(EpochCheckpointError::Version)? != 0 {
            return Err(EpochCheckpointError::Version);
        }
        let expected = number(EpochCheckpointError::Line(2))?;
        let mut cache = Self::default();
        let mut found = 0;
        for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let malformed = EpochCheckpointError::Line(index + 1);
            let (epoch, offset) = line.trim().split_once(' ').ok_or(malformed)?;
            let epoch = epoch.parse().map_err(|_| malformed)?;
            let offset = offset.trim().parse().map_err(|_| malformed)?;
            cache.assign(LeaderEpoch(epoch), Offset(offset));
            found += 1;
        }
        if found == expected {
            Ok(cache)
        } else {
            Err(EpochCheckpointError::Count { expected, found })
        }
    }
}

#[cfg(test)]
#[path = "epochs_tests.rs"]
mod tests;
