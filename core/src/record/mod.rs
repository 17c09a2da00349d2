//! Record batches (message format 2): views, checks, stamping, compression.
//!
//! A batch is looked at where it lies: [`BatchHeader`] reads the 61 fixed bytes, [`BatchIter`]
//! walks the batches of a buffer, and the producer's CRC is checked once over the bytes behind it.
//!
//! ```text
//!  0 base offset (8)         stamped by the leader, outside the CRC
//!  8 batch length (4)        bytes behind this field
//! 12 leader epoch (4)        stamped by the leader, outside the CRC
//! 16 magic (1) = 2
//! 17 CRC-32C (4)             over everything from 21 to the end
//! 21 attributes (2)          codec, timestamp type, transactional, control, delete horizon
//! 23 last offset delta (4)
//! 27 base timestamp (8)
//! 35 max timestamp (8)
//! 43 producer id (8)
//! 51 producer epoch (2)
//! 53 base sequence (4)
//! 57 records count (4)
//! 61 records                 compressed as one piece, or plain
//! ```
#![deny(clippy::indexing_slicing)]

mod builder;
mod built;
mod compression;
mod crc;
mod error;
mod header;
mod invalid;
mod iter;
mod raw;
mod records;
mod validate;
pub(crate) mod varint;

pub use builder::BatchBuilder;
pub use built::{BuiltBatch, Records};
pub use compression::{Compression, compress, decompress};
pub use crc::{batch_crc, crc32c, verify_crc};
pub use error::RecordError;
pub use header::{BatchHeader, TimestampType};
pub use invalid::{InvalidRecord, InvalidRecords};
pub use iter::{Batch, BatchIter};
pub use records::{Header, Record, RecordIter};
pub use validate::{
    TargetCompression, Validated, ValidationRules, validate, validate_built, validate_internal,
};

/// No timestamp: what Kafka writes as -1.
pub const NO_TIMESTAMP: i64 = -1;

#[cfg(test)]
mod compat_tests;
