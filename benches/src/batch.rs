//! Batches, encoded once.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::record::{BatchBuilder, Compression};

use crate::options::RecordOptions;

/// Milliseconds of the calendar.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Fills `bytes` with random ones. The seed goes on from call to call.
fn randomize(bytes: &mut [u8], seed: &mut u64) {
    for byte in bytes {
        // xorshift: quick, and no codec makes anything of it
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        *byte = (*seed >> 32) as u8;
    }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// The payload of a message that is no record of a batch.
pub(crate) fn random_bytes(size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    randomize(&mut bytes, &mut { SEED });
    bytes.into()
}

/// A batch with a valid checksum, of no particular producer. The values are random bytes; with a
/// codec, random letters of sixteen, so that it has something to do.
pub(crate) fn encode(options: &RecordOptions, timestamp: i64) -> Bytes {
    let mut seed = SEED;
    let mask = if options.compression_type == Compression::None { 0xff } else { 0x0f };
    let mut value = vec![0; options.record_size];
    let mut builder = BatchBuilder::new();
    for _ in 0..options.batch_records {
        randomize(&mut value, &mut seed);
        value.iter_mut().for_each(|byte| *byte &= mask);
        builder.push(timestamp, None, Some(&value), &[]);
    }
    builder.build(Offset(0), LeaderEpoch(-1), options.compression_type)
}

#[cfg(test)]
mod tests {
    use ottla_core::record::{BatchHeader, verify_crc};

    use super::*;

    #[test]
    fn batches_are_valid_in_every_codec() {
        for compression_type in Compression::ALL {
            let options = RecordOptions { record_size: 1000, batch_records: 16, compression_type };
            let batch = encode(&options, 5);
            verify_crc(&batch).unwrap();
            let header = BatchHeader::parse(&batch).unwrap();
            assert_eq!(header.records_count, 16);
            assert_eq!(header.size_in_bytes(), batch.len());
            let plain = compression_type == Compression::None;
            // lz4 and snappy do not code entropy: they find nothing in random letters
            assert!(!plain || batch.len() > 16_000, "{compression_type:?} {}", batch.len());
        }
    }
}
