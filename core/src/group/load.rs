//! Reading the log: every batch, in order, into the state. Later records of a key win, which
//! compacts the log in memory.

use std::fmt;

use bytes::Bytes;

use super::{GroupCoordinator, GroupRecord};
use crate::base::Offset;
use crate::record::{self, Batch, BatchIter, RecordIter};

/// The most a batch of the offsets topic may hold unpacked.
const UNPACKED_LIMIT: usize = 128 << 20;

/// Why a part of the log cannot be read.
#[derive(Debug)]
pub enum LoadError {
    /// The batch behind this offset is damaged.
    Damaged(Offset, record::RecordError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(offset, error) => write!(f, "batch at offset {offset}: {error}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl GroupCoordinator {
    /// Applies the whole batches in `bytes`, the first of which has offset `from`; what comes next
    /// is returned, `from` if not even one batch is whole.
    ///
    /// # Errors
    /// A batch cannot be read.
    pub fn load(&mut self, from: Offset, bytes: &[u8]) -> Result<Offset, LoadError> {
        let mut next = from;
        for batch in BatchIter::new(bytes) {
            let batch = match batch {
                Ok(batch) => batch,
                // a read ends where its budget ends
                Err(record::RecordError::Truncated { .. }) if next > from => break,
                Err(error) => return Err(LoadError::Damaged(next, error)),
            };
            if !batch.header.is_control() {
                self.load_batch(&batch).map_err(|error| LoadError::Damaged(next, error))?;
            }
            next = batch.header.next_offset();
        }
        Ok(next)
    }

    fn load_batch(&mut self, batch: &Batch<'_>) -> Result<(), record::RecordError> {
        let codec = batch.header.compression()?;
        let section = record::decompress(codec, batch.payload(), UNPACKED_LIMIT)?;
        for record in RecordIter::new(section, batch.header.records_count) {
            let record = record?;
            let Some(key) = record.key else { continue };
            self.load_record(&key, record.value.as_ref());
        }
        Ok(())
    }

    /// One that cannot be read costs itself only: the rest of the partition's groups live on.
    fn load_record(&mut self, key: &Bytes, value: Option<&Bytes>) {
        match GroupRecord::decode(key, value) {
            Ok(record) => self.apply(record),
            Err(error) => tracing::error!(%error, "record of the offsets topic is skipped"),
        }
    }
}
