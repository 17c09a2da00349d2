//! When and how a new segment is started.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Log;
use crate::base::{Offset, Tick, TopicPartition};
use crate::storage::index::Place;
use crate::storage::segment::{MAX_SIZE, Segment};
use crate::storage::{LogConfig, StorageError};

impl Log {
    /// Kafka's condition (`LogSegment.shouldRoll`): the bytes do not fit, the segment is too old,
    /// an index is full, or an offset is too far from the base offset.
    pub(super) fn must_roll(
        &self,
        now: Tick,
        bytes: usize,
        timestamp: i64,
        last_offset: Offset,
    ) -> bool {
        let active = &self.active;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = self.config.segment_bytes.min(MAX_SIZE).checked_sub(bytes);
        let full = active.size() > 0 && room.is_none_or(|room| active.size() > room);
        let waited = active.time_waited(now.wall_ms, timestamp);
        let old = self.config.segment_ms >= 0
            && active.size() > 0
            && waited > self.config.segment_ms.saturating_sub(active.jitter_ms());
        full || old
            || active.index_is_full(self.config.segment_index_bytes)
            || !active.can_hold(last_offset)
    }

    /// Whether so many bytes go into the active segment, behind so many batches of them that are
    /// not written yet; the last of them is at `last`. The first batch of a segment comes alone.
    pub(in crate::storage) fn has_room(
        &self,
        now: Tick,
        (bytes, batches): (usize, usize),
        timestamp: i64,
        last: Offset,
    ) -> bool {
        /// Bytes of an entry of the time index, the larger ones.
        const ENTRY: usize = 12;
        // each of them may get one
        let taken = u32::try_from(batches.saturating_mul(ENTRY)).unwrap_or(u32::MAX);
        let left = self.config.segment_index_bytes.saturating_sub(taken);
        let begun = self.active.size() > 0;
        begun && !self.active.index_is_full(left) && !self.must_roll(now, bytes, timestamp, last)
    }

    /// Starts a new segment at the log's end, whether or not the active one is full. Does nothing
    /// but return the active segment's base offset if that one is empty.
    pub fn roll(&mut self, now: Tick) -> Result<Offset, StorageError> {
        self.env.health.check()?;
        self.roll_at(now, self.next_offset)
    }

    /// Starts a new segment whose first record will be `first`, at or after the log's end.
    pub(super) fn roll_at(&mut self, now: Tick, first: Offset) -> Result<Offset, StorageError> {
        let base = first.max(self.next_offset);
        if self.active.size() == 0 && self.active.base_offset() == base {
            // only an index that is full without a batch comes here, by an absurd setting
            return Ok(base);
        }
        let (place, _, active) = self.parts();
        let sealed = active.seal(place);
        self.poison(sealed)?;
        let fresh = self.fresh_segment(now, base)?;
        let full = std::mem::replace(&mut self.active, fresh);
        let base_of_full = full.base_offset();
        self.closed.push_back(full);
        self.note_open(base_of_full);
        self.flush.rolled();
        tracing::debug!(partition = %self.partition, base_offset = %base, "rolled a new segment");
        Ok(base)
    }
}

impl Log {
    /// A new segment with its file: once older segments are removed, the name of the active one is
    /// all that tells where the log goes on.
    pub(super) fn fresh_segment(&self, now: Tick, base: Offset) -> Result<Segment, StorageError> {
        let jitter = jitter(&self.config, &self.partition, base);
        let mut fresh = Segment::new(base, now.wall_ms, jitter);
        let place = Place { disk: &*self.env.disk, dir: &self.dir };
        self.poison(fresh.file(place))?;
        Ok(fresh)
    }
}

/// What is taken off `segment.ms` for one segment: spread over `segment.jitter.ms`, so that the
/// segments of many partitions do not roll at once. Kafka draws at random; core has no dice.
pub(super) fn jitter(config: &LogConfig, partition: &TopicPartition, base: Offset) -> i64 {
    let most = config.segment_jitter_ms.min(config.segment_ms);
    if most <= 0 {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    partition.hash(&mut hasher);
    base.hash(&mut hasher);
    (hasher.finish() >> 1).cast_signed() % most
}
