//! CRC-32C (Castagnoli), the checksum of message format 2.

use super::{BatchHeader, RecordError};

/// Where the bytes that the checksum covers begin: the attributes.
pub(super) const CRC_START: usize = 21;

/// The CRC-32C of `bytes`, with the processor's carry-less multiplication where there is one.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// The checksum that belongs into the batch that starts at `batch`, over its bytes as they are.
pub fn batch_crc(batch: &[u8]) -> Result<u32, RecordError> {
    let header = BatchHeader::parse(batch)?;
    let size = header.size_in_bytes();
    match batch.get(CRC_START..size) {
        Some(covered) => Ok(crc32c(covered)),
        None => Err(RecordError::Truncated { needed: size, available: batch.len() }),
    }
}

/// The checksum of a batch that lies in two pieces: its 61 bytes of header, and what is behind.
pub(super) fn crc_of_parts(header: &[u8; BatchHeader::SIZE], payload: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(header.get(CRC_START..).unwrap_or_default());
    digest.update(payload);
    u32::try_from(digest.finalize()).unwrap_or(0)
}

/// Checks that the batch at the start of `batch` has the bytes its producer sent.
pub fn verify_crc(batch: &[u8]) -> Result<(), RecordError> {
    let stored = BatchHeader::parse(batch)?.crc;
    let computed = batch_crc(batch)?;
    if stored == computed { Ok(()) } else { Err(RecordError::Crc { stored, computed }) }
}
