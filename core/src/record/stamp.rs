//! What the leader writes into a batch it appends.

use super::crc::{CRC_FIELD, batch_crc};
use super::header::LOG_APPEND_TIME;
use super::{BatchHeader, RecordError};
use crate::base::{LeaderEpoch, Offset};

/// Sets base offset and leader epoch, which the checksum does not cover. `batch` must hold a batch
/// header; shorter bytes are left alone.
pub fn stamp(batch: &mut [u8], base_offset: Offset, leader_epoch: LeaderEpoch) {
    put(batch, 0, &base_offset.0.to_be_bytes());
    put(batch, 12, &leader_epoch.0.to_be_bytes());
}

/// Marks the batch as stamped by the broker at `timestamp` and renews its checksum.
pub fn stamp_log_append_time(batch: &mut [u8], timestamp: i64) -> Result<(), RecordError> {
    let header = BatchHeader::parse(batch)?;
    put(batch, 21, &(header.attributes | LOG_APPEND_TIME).to_be_bytes());
    put(batch, 35, &timestamp.to_be_bytes());
    let crc = batch_crc(batch)?;
    put(batch, CRC_FIELD, &crc.to_be_bytes());
    Ok(())
}

fn put(batch: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = batch.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}
