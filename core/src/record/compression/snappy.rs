//! Snappy, raw or in the framing of the Java library (xerial), which is what Java writes:
//!
//! ```text
//! 82 'S' 'N' 'A' 'P' 'P' 'Y' 00   version (4)   compatible since (4)
//! then chunks: length (4, big-endian), that many bytes of raw snappy
//! ```

use snap::raw::{Decoder, Encoder};

use super::{Compression, RecordError};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const HEADER: usize = 16;
/// What Java's `SnappyOutputStream` puts into one chunk.
const CHUNK: usize = 32 * 1024;
/// No snappy element of n bytes gives more than this times n.
const LARGEST_RATIO: usize = 32;

const BROKEN: RecordError = RecordError::Codec(Compression::Snappy);

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Vec<u8>, RecordError> {
    let mut out = Vec::new();
    if !input.starts_with(&MAGIC) {
        append(&mut out, input, limit)?;
        return Ok(out);
    }
    let mut rest = input;
    while !rest.is_empty() {
        // a writer that was closed and opened again leaves a header in the middle
        if rest.starts_with(&MAGIC) {
            rest = rest.get(HEADER..).ok_or(BROKEN)?;
            continue;
        }
        let (length, tail) = rest.split_first_chunk::<4>().ok_or(BROKEN)?;
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| BROKEN)?;
        let (chunk, tail) = tail.split_at_checked(length).ok_or(BROKEN)?;
        append(&mut out, chunk, limit)?;
        rest = tail;
    }
    Ok(out)
}

/// Decodes one raw block behind what is there.
fn append(out: &mut Vec<u8>, block: &[u8], limit: usize) -> Result<(), RecordError> {
    let length = snap::raw::decompress_len(block).map_err(|_| BROKEN)?;
    if length > limit.saturating_sub(out.len()) {
        return Err(RecordError::DecompressedTooLarge { limit });
    }
    if length > block.len().saturating_mul(LARGEST_RATIO) {
        return Err(BROKEN);
    }
    let start = out.len();
    out.resize(start + length, 0);
    let place = out.get_mut(start..).ok_or(BROKEN)?;
    let written = Decoder::new().decompress(block, place).map_err(|_| BROKEN)?;
    if written == length { Ok(()) } else { Err(BROKEN) }
}

pub(super) fn compress(input: &[u8]) -> Result<Vec<u8>, RecordError> {
    let mut out = Vec::with_capacity(HEADER + input.len() / 2 + 64);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&1i32.to_be_bytes());
    out.extend_from_slice(&1i32.to_be_bytes());
    let mut encoder = Encoder::new();
    for chunk in input.chunks(CHUNK) {
        let start = out.len() + 4;
        out.resize(start + snap::raw::max_compress_len(chunk.len()), 0);
        let place = out.get_mut(start..).ok_or(BROKEN)?;
        let written = encoder.compress(chunk, place).map_err(|_| BROKEN)?;
        let length = i32::try_from(written).map_err(|_| BROKEN)?;
        out.truncate(start + written);
        out.get_mut(start - 4..start).ok_or(BROKEN)?.copy_from_slice(&length.to_be_bytes());
    }
    Ok(out)
}
