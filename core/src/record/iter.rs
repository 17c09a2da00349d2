//! Walking the batches of a buffer.

use super::{BatchHeader, RecordError};

/// One complete batch of a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Its parsed header.
    pub header: BatchHeader,
    /// Where it starts in the buffer.
    pub position: usize,
    /// All its bytes, the header included.
    pub bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The record section: everything behind the header, still compressed.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(BatchHeader::SIZE..).unwrap_or_default()
    }
}

/// Yields the batches of a buffer in order. A batch that is cut short or unreadable comes out as
/// one error, after which there is nothing more; [`BatchIter::position`] then says where it begins.
#[derive(Clone, Debug)]
pub struct BatchIter<'a> {
    buffer: &'a [u8],
    position: usize,
    failed: bool,
}

impl<'a> BatchIter<'a> {
    /// Walks `buffer` from its first byte.
    #[must_use]
    pub fn new(buffer: &'a [u8]) -> Self {
        Self { buffer, position: 0, failed: false }
    }

    /// Bytes of complete batches seen so far.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    fn step(&self) -> Result<Batch<'a>, RecordError> {
        let rest = self.buffer.get(self.position..).unwrap_or_default();
        let header = BatchHeader::parse(rest)?;
        let size = header.size_in_bytes();
        match rest.get(..size) {
            Some(bytes) => Ok(Batch { header, position: self.position, bytes }),
            None => Err(RecordError::Truncated { needed: size, available: rest.len() }),
        }
    }
}

impl<'a> Iterator for BatchIter<'a> {
    type Item = Result<Batch<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.position >= self.buffer.len() {
            return None;
        }
        let step = self.step();
        match &step {
            Ok(batch) => self.position += batch.bytes.len(),
            Err(_) => self.failed = true,
        }
        Some(step)
    }
}
