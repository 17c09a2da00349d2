//! What can be wrong with a record batch.

use std::fmt;

use kafka_protocol::error::ResponseError;

use super::Compression;

/// Why bytes are not a readable record batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The buffer ends before the batch does.
    Truncated {
        /// Bytes the batch needs.
        needed: usize,
        /// Bytes there are.
        available: usize,
    },
    /// The length field is smaller than the fixed header.
    BatchLength(i32),
    /// A message format other than 2.
    Magic(i8),
    /// The bytes are not the ones the producer sent.
    Crc {
        /// The checksum in the batch.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// Attribute bits that name no codec.
    UnknownCompression(u8),
    /// The compressed bytes do not decode.
    Codec(Compression),
    /// Decompressing would give more bytes than allowed.
    DecompressedTooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// A varint that runs over its width or over the end of the record.
    Varint,
    /// A length in a record that is negative or longer than the record.
    RecordLength(i64),
    /// Bytes left inside a record after its last field.
    RecordTrailing(usize),
    /// The number of records in the header is not the number of records.
    RecordsCount {
        /// What the header says.
        header: i32,
        /// What the records say.
        found: i32,
    },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, available } => {
                write!(f, "batch needs {needed} bytes, {available} are there")
            }
            Self::BatchLength(length) => write!(f, "batch length {length} is too small"),
            Self::Magic(magic) => write!(f, "message format {magic} is not supported"),
            Self::Crc { stored, computed } => {
                write!(f, "batch has checksum {stored:#010x}, its bytes have {computed:#010x}")
            }
            Self::UnknownCompression(id) => write!(f, "compression type {id} is not known"),
            Self::Codec(codec) => write!(f, "{} data does not decode", codec.name()),
            Self::DecompressedTooLarge { limit } => {
                write!(f, "records take more than {limit} bytes when decompressed")
            }
            Self::Varint => f.write_str("varint does not end"),
            Self::RecordLength(length) => write!(f, "length {length} in a record is impossible"),
            Self::RecordTrailing(left) => write!(f, "record has {left} bytes behind its end"),
            Self::RecordsCount { header, found } => {
                write!(f, "batch announces {header} records, {found} are there")
            }
        }
    }
}

impl std::error::Error for RecordError {}

impl RecordError {
    /// The code a client sees.
    #[must_use]
    pub fn response_error(&self) -> ResponseError {
        match self {
            Self::Magic(_) => ResponseError::UnsupportedForMessageFormat,
            Self::RecordsCount { .. } => ResponseError::InvalidRecord,
            _ => ResponseError::CorruptMessage,
        }
    }
}
