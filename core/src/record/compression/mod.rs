//! The five codecs of a batch, each with a bound against bombs.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use std::io::Read;

use bytes::Bytes;

use super::RecordError;

/// How the records of a batch are packed (`compression.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy in the Java library's framing.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard (KIP-110).
    Zstd,
}

impl Compression {
    /// Every codec, in the order of their ids.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec that attribute bits `id` name.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.id() == id)
    }

    /// The codec's attribute bits.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// The codec with a name as in `compression.type`; `uncompressed` is another word for `none`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "uncompressed" {
            return Some(Self::None);
        }
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// The codec's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Unpacks a record section into at most `limit` bytes. Nothing is reserved on the word of the
/// input: the output grows as it is written, or its length is checked against what the codec can
/// reach.
pub fn decompress(codec: Compression, input: &[u8], limit: usize) -> Result<Bytes, RecordError> {
    match codec {
        Compression::None if input.len() > limit => {
            Err(RecordError::DecompressedTooLarge { limit })
        }
        Compression::None => Ok(Bytes::copy_from_slice(input)),
        Compression::Gzip => gzip::decompress(input, limit).map(Bytes::from),
        Compression::Snappy => snappy::decompress(input, limit).map(Bytes::from),
        Compression::Lz4 => lz4::decompress(input, limit).map(Bytes::from),
        Compression::Zstd => zstd::decompress(input, limit).map(Bytes::from),
    }
}

/// Packs a record section. `level` is the codec's own scale (`compression.gzip.level` and so on);
/// none means Kafka's default. Snappy has no levels, and LZ4 is always written at its fast level.
pub fn compress(
    codec: Compression,
    level: Option<i32>,
    input: &[u8],
) -> Result<Vec<u8>, RecordError> {
    match codec {
        Compression::None => Ok(input.to_vec()),
        Compression::Gzip => gzip::compress(input, level),
        Compression::Snappy => snappy::compress(input),
        Compression::Lz4 => lz4::compress(input),
        Compression::Zstd => zstd::compress(input, level),
    }
}

/// Reads a decoder to its end, or to one byte past `limit`.
fn read_bounded(
    reader: impl Read,
    limit: usize,
    input: usize,
    codec: Compression,
) -> Result<Vec<u8>, RecordError> {
    // a first guess only, and bounded by bytes that are really there
    let mut out = Vec::with_capacity(input.saturating_mul(2).min(limit));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(most).read_to_end(&mut out).map_err(|_| RecordError::Codec(codec))?;
    if out.len() > limit {
        return Err(RecordError::DecompressedTooLarge { limit });
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
