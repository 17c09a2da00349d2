//! Gzip: one or more members, as Java's reader accepts them.

use std::io::Write;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Compression, RecordError, read_bounded};

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Vec<u8>, RecordError> {
    read_bounded(MultiGzDecoder::new(input), limit, input.len(), Compression::Gzip)
}

pub(super) fn compress(input: &[u8], level: Option<i32>) -> Result<Vec<u8>, RecordError> {
    // -1 is Java's word for the default
    let level = match level.map(u32::try_from) {
        Some(Ok(level)) => flate2::Compression::new(level.min(9)),
        _ => flate2::Compression::default(),
    };
    let mut encoder = GzEncoder::new(Vec::with_capacity(input.len() / 2 + 64), level);
    let written = encoder.write_all(input).and_then(|()| encoder.finish());
    written.map_err(|_| RecordError::Codec(Compression::Gzip))
}
