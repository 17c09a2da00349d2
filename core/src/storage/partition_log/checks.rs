//! What an appended batch must be like.

use bytes::{Bytes, BytesMut};

use crate::record::{BatchHeader, BatchIter, RecordError, verify_crc};

/// The settings an appended batch is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidationRules {
    /// `max.message.bytes`.
    pub max_message_bytes: usize,
}

/// One batch of checked records.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) position: usize,
    pub(super) len: usize,
    pub(super) header: BatchHeader,
}

/// Records that may be appended.
#[derive(Debug)]
pub(super) struct Validated {
    pub(super) bytes: BytesMut,
    pub(super) batches: Vec<Checked>,
    pub(super) log_append_time: i64,
}

/// Checks framing and checksum of every batch.
pub(super) fn validate(records: Bytes) -> Result<Validated, RecordError> {
    let mut batches = Vec::new();
    let mut position = 0;
    for batch in BatchIter::new(&records) {
        let header = batch?.header;
        let len = header.size_in_bytes();
        verify_crc(records.get(position..).unwrap_or_default())?;
        batches.push(Checked { position, len, header });
        position += len;
    }
    Ok(Validated { bytes: BytesMut::from(records), batches, log_append_time: -1 })
}
