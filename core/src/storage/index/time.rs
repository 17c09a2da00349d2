//! The time index: the largest timestamp up to an offset.
//!
//! ```text
//! 0                                8               12
//! +--------------------------------+----------------+
//! | timestamp, i64                 | offset - base  |   big-endian, offset i32
//! +--------------------------------+----------------+
//! ```
//!
//! An entry says: no record before this offset's batch end is younger than this timestamp. Both
//! columns rise. The last entry of a rolled segment is its largest timestamp (`TimeIndex`).

use super::file::{Entry, IndexFile, Place};
use crate::base::Offset;
use crate::storage::StorageError;
use crate::storage::names;

/// One entry of a time index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    /// The largest timestamp so far.
    pub(crate) timestamp: i64,
    /// Last offset of the batch that has it, less the segment's base offset.
    pub(crate) relative_offset: u32,
}

impl Entry for TimeEntry {
    const SIZE: usize = 12;
    const SUFFIX: &'static str = names::TIME_INDEX;

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.relative_offset.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (timestamp, rest) = bytes.split_first_chunk()?;
        let offset = rest.first_chunk()?;
        Some(Self {
            timestamp: i64::from_be_bytes(*timestamp),
            relative_offset: u32::from_be_bytes(*offset),
        })
    }

    fn is_blank(self) -> bool {
        self.timestamp == 0 && self.relative_offset == 0
    }

    fn follows(self, previous: Self) -> bool {
        self.timestamp > previous.timestamp && self.relative_offset >= previous.relative_offset
    }

    fn is_sane(self) -> bool {
        self.timestamp >= 0 && self.relative_offset <= i32::MAX as u32
    }
}

impl IndexFile<TimeEntry> {
    /// The offset from which to look for a record of at least `timestamp`: that of the last entry
    /// that is older, or the segment's base offset.
    pub(crate) fn offset_before(
        &mut self,
        place: Place<'_>,
        base: Offset,
        timestamp: i64,
    ) -> Result<Offset, StorageError> {
        let entry = self.last_where(place, base, |entry| entry.timestamp <= timestamp)?;
        Ok(entry.map_or(base, |entry| base.plus(i64::from(entry.relative_offset))))
    }

    /// Adds an entry if it is younger than the last one (`TimeIndex.maybeAppend`).
    pub(crate) fn maybe_push(&mut self, entry: TimeEntry) {
        if entry.timestamp > self.last().map_or(-1, |last| last.timestamp) {
            self.push(entry);
        }
    }
}
