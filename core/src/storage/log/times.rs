//! From a timestamp to an offset (ListOffsets).

use bytes::Bytes;

use super::Log;
use crate::base::{LeaderEpoch, Offset};
use crate::record::{BatchHeader, RecordIter, TimestampType, decompress};
use crate::storage::error::Problem;
use crate::storage::index::Place;
use crate::storage::segment::{Segment, Step};
use crate::storage::{StorageError, names};

/// The most a batch may decompress to while a timestamp is looked up in it.
const MAX_DECOMPRESSED: usize = 256 << 20;

/// A record that answers a question about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampHit {
    /// The record's timestamp.
    pub timestamp: i64,
    /// The record's offset.
    pub offset: Offset,
    /// The leader epoch of its batch.
    pub leader_epoch: LeaderEpoch,
}

impl Log {
    /// The first record at or after the log's start whose timestamp is at least `timestamp`
    /// (`UnifiedLog.fetchOffsetByTimestamp`).
    pub fn offset_for_timestamp(
        &mut self,
        timestamp: i64,
    ) -> Result<Option<TimestampHit>, StorageError> {
        let start = self.log_start;
        for at in 0..self.segment_count() {
            let hit = self.ask(at, |place, segment| {
                if segment.largest(place)?.timestamp < timestamp {
                    return Ok(None);
                }
                first_since(place, segment, timestamp, start)
            })?;
            if hit.is_some() {
                return Ok(hit);
            }
        }
        Ok(None)
    }

    /// The first record that has the largest timestamp of the log (KIP-734).
    pub fn offset_of_max_timestamp(&mut self) -> Result<Option<TimestampHit>, StorageError> {
        let mut best: Option<(i64, Offset, usize)> = None;
        for at in 0..self.segment_count() {
            let largest = self.ask(at, |place, segment| segment.largest(place))?;
            if largest.timestamp >= 0 && best.is_none_or(|(time, ..)| largest.timestamp > time) {
                best = Some((largest.timestamp, largest.offset, at));
            }
        }
        let Some((largest, offset, at)) = best else { return Ok(None) };
        self.ask(at, |place, segment| match segment.find_step(place, offset)? {
            Some(step) => first_record(place, segment, step, |time, _| time == largest),
            None => Ok(None),
        })
    }
}

/// The first record of a segment, at or after `start`, whose timestamp is at least `timestamp`.
fn first_since(
    place: Place<'_>,
    segment: &mut Segment,
    timestamp: i64,
    start: Offset,
) -> Result<Option<TimestampHit>, StorageError> {
    let mut from = start;
    while let Some(step) = segment.find_timestamp(place, timestamp, from)? {
        let wanted = |time, offset| time >= timestamp && offset >= start;
        let hit = first_record(place, segment, step, wanted)?;
        if hit.is_some() {
            return Ok(hit);
        }
        from = step.last_offset.plus(1);
    }
    Ok(None)
}

/// The first record of a batch for which `wanted` holds.
fn first_record(
    place: Place<'_>,
    segment: &mut Segment,
    step: Step,
    wanted: impl Fn(i64, Offset) -> bool,
) -> Result<Option<TimestampHit>, StorageError> {
    let file = segment.file(place)?;
    let path = || place.path(segment.base_offset(), names::LOG);
    let corrupt = |problem| StorageError::Corrupt {
        path: path(),
        position: u64::from(step.position),
        problem,
    };
    let mut bytes = vec![0; step.size as usize];
    let read = file.read_at(&mut bytes, u64::from(step.position));
    let read = read.map_err(|error| StorageError::io("read", &path(), error))?;
    if read < bytes.len() {
        return Err(corrupt(Problem::Truncated));
    }
    let header = BatchHeader::parse(&bytes).map_err(|_| corrupt(Problem::Header))?;
    let codec = header.compression().map_err(|_| corrupt(Problem::Records))?;
    let section = Bytes::from(bytes).slice(BatchHeader::SIZE..);
    let section =
        decompress(codec, &section, MAX_DECOMPRESSED).map_err(|_| corrupt(Problem::Records))?;
    for record in RecordIter::new(section, header.records_count) {
        let record = record.map_err(|_| corrupt(Problem::Records))?;
        let offset = header.base_offset.plus(i64::from(record.offset_delta));
        let timestamp = match header.timestamp_type() {
            TimestampType::CreateTime => {
                header.base_timestamp.saturating_add(record.timestamp_delta)
            }
            TimestampType::LogAppendTime => header.max_timestamp,
        };
        if wanted(timestamp, offset) {
            let leader_epoch = header.partition_leader_epoch;
            return Ok(Some(TimestampHit { timestamp, offset, leader_epoch }));
        }
    }
    Ok(None)
}
