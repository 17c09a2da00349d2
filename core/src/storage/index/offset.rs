//! The offset index: where in the segment a batch starts.
//!
//! ```text
//! 0                4                8
//! +----------------+----------------+
//! | offset - base  | position       |   both i32, big-endian
//! +----------------+----------------+
//! ```
//!
//! The offset is the *last* of the batch at that position (`LogSegment.append`), so the batch that
//! holds an offset starts at or after the entry with the greatest offset not above it.

use super::file::{Entry, IndexFile, Place};
use crate::base::Offset;
use crate::storage::StorageError;
use crate::storage::names;

/// One entry of an offset index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    /// Last offset of the batch, less the segment's base offset.
    pub(crate) relative_offset: u32,
    /// Where the batch starts.
    pub(crate) position: u32,
}

impl Entry for OffsetEntry {
    const SIZE: usize = 8;
    const SUFFIX: &'static str = names::INDEX;

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.relative_offset.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (offset, rest) = bytes.split_first_chunk()?;
        let position = rest.first_chunk()?;
        Some(Self {
            relative_offset: u32::from_be_bytes(*offset),
            position: u32::from_be_bytes(*position),
        })
    }

    fn is_blank(self) -> bool {
        self.position == 0 && self.relative_offset == 0
    }

    fn follows(self, previous: Self) -> bool {
        self.relative_offset > previous.relative_offset && self.position > previous.position
    }

    fn is_sane(self) -> bool {
        // both are i32 on disk; `OffsetIndex.sanityCheck` refuses an entry at the base offset
        self.relative_offset <= i32::MAX as u32 && self.position <= i32::MAX as u32
    }
}

impl IndexFile<OffsetEntry> {
    /// The position from which to look for `offset`: that of the last entry not after it, or 0.
    pub(crate) fn position_before(
        &mut self,
        place: Place<'_>,
        base: Offset,
        offset: Offset,
    ) -> Result<u32, StorageError> {
        let target = offset.0.saturating_sub(base.0);
        let entry =
            self.last_where(place, base, |entry| i64::from(entry.relative_offset) <= target)?;
        Ok(entry.map_or(0, |entry| entry.position))
    }

    /// Where a read from `offset` ends at the latest: behind the batch that holds it, and behind
    /// `max_bytes` from its start. None if that may be behind the last entry.
    pub(crate) fn reach(
        &mut self,
        place: Place<'_>,
        base: Offset,
        offset: Offset,
        max_bytes: u32,
    ) -> Result<Option<u64>, StorageError> {
        let target = offset.0.saturating_sub(base.0);
        let before = |entry: &OffsetEntry| i64::from(entry.relative_offset) < target;
        // older Kafkas made one entry for a set of batches, at its start: so it is the second one
        // before which the batch begins and ends
        let second = self.beyond(place, base, 1, before)?;
        Ok(second.map(|second| u64::from(second.position) + u64::from(max_bytes)))
    }

    /// The last known batch start that is not after `position`, or 0.
    pub(crate) fn boundary_before(
        &mut self,
        place: Place<'_>,
        base: Offset,
        position: u32,
    ) -> Result<u32, StorageError> {
        let entry = self.last_where(place, base, |entry| entry.position <= position)?;
        Ok(entry.map_or(0, |entry| entry.position))
    }
}
