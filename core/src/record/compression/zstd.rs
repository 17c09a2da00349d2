//! Zstandard. Decoding goes straight into the output, because a streaming decoder would set aside
//! the window that the frame asks for, up to 128 MiB for a frame of a dozen bytes.

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

use super::{Compression, RecordError};

/// Kafka's default level.
const DEFAULT_LEVEL: i32 = 3;
/// The first guess at how far the input unpacks.
const FIRST_RATIO: usize = 8;
/// The least room to start with.
const FIRST_ROOM: usize = 16 * 1024;

const BROKEN: RecordError = RecordError::Codec(Compression::Zstd);

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Vec<u8>, RecordError> {
    let guess = input.len().saturating_mul(FIRST_RATIO).max(FIRST_ROOM);
    // one frame that says its size needs one attempt; the word is believed only below the guess
    let mut room = match zstd_safe::get_frame_content_size(input) {
        Ok(Some(size)) => usize::try_from(size).unwrap_or(usize::MAX).clamp(64, guess),
        Ok(None) => guess,
        Err(_) => return Err(BROKEN),
    }
    .min(limit);
    let mut decompressor = Decompressor::new().map_err(|_| BROKEN)?;
    loop {
        let mut out = Vec::with_capacity(room);
        match decompressor.decompress_to_buffer(input, &mut out) {
            Ok(_) => return Ok(out),
            Err(error) if !is_too_small(&error) => return Err(BROKEN),
            Err(_) if room >= limit => return Err(RecordError::DecompressedTooLarge { limit }),
            Err(_) => room = room.saturating_mul(4).min(limit),
        }
    }
}

/// The library tells errors apart by their text alone.
fn is_too_small(error: &std::io::Error) -> bool {
    // ZSTD_error_dstSize_tooSmall, negated as zstd returns errors
    const TOO_SMALL: usize = 0usize.wrapping_sub(70);
    error.to_string() == zstd_safe::get_error_name(TOO_SMALL)
}

pub(super) fn compress(input: &[u8], level: Option<i32>) -> Result<Vec<u8>, RecordError> {
    let mut compressor = Compressor::new(level.unwrap_or(DEFAULT_LEVEL)).map_err(|_| BROKEN)?;
    compressor.compress(input).map_err(|_| BROKEN)
}
