//! Kafka's `<offset>.snapshot` file: the producers of a partition as they were at an offset.
//!
//! ```text
//! 0        2        6        10
//! +--------+--------+--------+---------------------------------------+ ...
//! | ver i16| crc u32| n  i32 | n entries of 46 bytes                 |
//! +--------+--------+--------+---------------------------------------+ ...
//! entry: producer id i64 · epoch i16 · last sequence i32 · last offset i64 · offset delta i32
//!        · timestamp i64 · coordinator epoch i32 · first offset of the open transaction i64
//! ```
//!
//! Big endian; the CRC is CRC-32C over everything behind it; version is 1. Only the newest batch
//! of each producer is kept, as in Kafka.

use std::fmt;

use bytes::{Buf, BufMut};

use super::producers::{BatchMetadata, ProducerState, ProducerStates};
use crate::base::{Offset, ProducerEpoch, ProducerId};

const VERSION: i16 = 1;
const HEADER: usize = 10;
const ENTRY: usize = 46;
/// Where the bytes begin that the CRC covers.
const CRC_START: usize = 6;

/// Why a snapshot file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// The file ends too early or has bytes too many.
    Length {
        /// Bytes the header promises.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A version this software does not know.
    Version(i16),
    /// The contents do not match their checksum.
    Crc {
        /// What the file says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(f, "snapshot has {found} bytes instead of {expected}")
            }
            Self::Version(version) => write!(f, "unknown snapshot version {version}"),
            Self::Crc { stored, computed } => {
                write!(f, "snapshot is corrupt: crc {stored} stored, {computed} computed")
            }
        }
    }
}

impl std::error::Error for SnapshotError {}

/// The bytes of a snapshot of `states`.
#[must_use]
pub fn encode_snapshot(states: &ProducerStates) -> Vec<u8> {
    let mut entries: Vec<_> = states.iter().collect();
    entries.sort_unstable_by_key(|(id, _)| *id);
    let mut out = Vec::with_capacity(HEADER + ENTRY * entries.len());
    out.put_i16(VERSION);
    out.put_u32(0);
    out.put_i32(i32::try_from(entries.len()).unwrap_or(i32::MAX));
    for (id, state) in entries {
        let last = state.last_batch();
        out.put_i64(id.0);
        out.put_i16(state.epoch().0);
        out.put_i32(last.map_or(-1, |batch| batch.last_sequence));
        out.put_i64(last.map_or(-1, |batch| batch.last_offset.0));
        out.put_i32(last.map_or(0, |batch| batch.offset_delta));
        out.put_i64(state.last_timestamp);
        out.put_i32(state.coordinator_epoch);
        out.put_i64(state.current_txn_first_offset.map_or(-1, |offset| offset.0));
    }
    let crc = crc32c(out.get(CRC_START..).unwrap_or_default());
    if let Some(field) = out.get_mut(2..CRC_START) {
        field.copy_from_slice(&crc.to_be_bytes());
    }
    out
}

/// Reads a snapshot file.
///
/// # Errors
/// When the file is damaged or of another version.
pub fn decode_snapshot(bytes: &[u8]) -> Result<Vec<(ProducerId, ProducerState)>, SnapshotError> {
    let length = |expected: usize| SnapshotError::Length {
        expected: expected as u64,
        found: bytes.len() as u64,
    };
    let mut rest = bytes;
    if rest.len() < HEADER {
        return Err(length(HEADER));
    }
    let version = rest.get_i16();
    if version != VERSION {
        return Err(SnapshotError::Version(version));
    }
    let stored = rest.get_u32();
    let computed = crc32c(rest);
    if stored != computed {
        return Err(SnapshotError::Crc { stored, computed });
    }
    let count = usize::try_from(rest.get_i32()).unwrap_or(0);
    if rest.len() != count.saturating_mul(ENTRY) {
        return Err(length(count.saturating_mul(ENTRY).saturating_add(HEADER)));
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        entries.push(decode_entry(&mut rest));
    }
    Ok(entries)
}

fn decode_entry(rest: &mut &[u8]) -> (ProducerId, ProducerState) {
    let id = ProducerId(rest.get_i64());
    let epoch = ProducerEpoch(rest.get_i16());
    let last_sequence = rest.get_i32();
    let last_offset = Offset(rest.get_i64());
    let offset_delta = rest.get_i32();
    let timestamp = rest.get_i64();
    let coordinator_epoch = rest.get_i32();
    let txn_first = rest.get_i64();
    let last = BatchMetadata { last_sequence, offset_delta, last_offset, timestamp };
    let state = ProducerState::restored(
        epoch,
        (last_offset.0 >= 0).then_some(last),
        timestamp,
        coordinator_epoch,
        (txn_first >= 0).then_some(Offset(txn_first)),
    );
    (id, state)
}

fn crc32c(bytes: &[u8]) -> u32 {
    // a 32-bit checksum in the low half of the answer
    u32::try_from(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes)).unwrap_or(0)
}

#[cfg(test)]
#[path = "producer_snapshot_tests.rs"]
mod tests;
