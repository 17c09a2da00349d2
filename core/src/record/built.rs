//! Batches that this process has written itself, and what else may come to be appended.

use bytes::Bytes;

use super::crc::crc_of_parts;
use super::{BatchHeader, TimestampType};

/// A batch that a [`BatchBuilder`](super::BatchBuilder) of this process has finished.
///
/// Nothing else can make one, so that its checksum is right and its records are well formed:
/// neither is looked at again when it is appended. Clones share the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltBatch {
    pub(super) header: BatchHeader,
    /// The records behind the header.
    pub(super) payload: Bytes,
    pub(super) oldest_timestamp: i64,
    /// Some record has no key.
    pub(super) keyless: bool,
    /// The records count their offsets 0, 1, 2….
    pub(super) contiguous: bool,
}

impl BuiltBatch {
    /// Bytes of the batch, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        BatchHeader::SIZE + self.payload.len()
    }

    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.header.records_count).unwrap_or(0)
    }

    /// Whether it holds no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same records with timestamps that are moved so that the newest is of `newest`.
    #[must_use]
    pub fn with_newest(mut self, newest: i64) -> Self {
        let header = &mut self.header;
        if header.records_count > 0 && header.timestamp_type() == TimestampType::CreateTime {
            let by = newest.wrapping_sub(header.max_timestamp);
            header.base_timestamp = header.base_timestamp.wrapping_add(by);
            header.max_timestamp = newest;
            self.oldest_timestamp = self.oldest_timestamp.wrapping_add(by);
            header.crc = crc_of_parts(&header.encode(), &self.payload);
        }
        self
    }

    /// The whole batch in one piece, copied.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.header.with_payload(&self.payload)
    }
}

/// What is to be appended.
#[derive(Clone, Debug)]
pub enum Records {
    /// Bytes of somebody else, in which everything is checked.
    Foreign(Bytes),
    /// A batch that was made here.
    Built(BuiltBatch),
}

impl Records {
    /// Bytes of it.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Foreign(bytes) => bytes.len(),
            Self::Built(batch) => batch.size(),
        }
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self::Foreign(bytes)
    }
}

impl From<BuiltBatch> for Records {
    fn from(batch: BuiltBatch) -> Self {
        Self::Built(batch)
    }
}

#[cfg(test)]
#[path = "built_tests.rs"]
mod tests;
