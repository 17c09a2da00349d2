//! The batches of a segment file, read in large pieces.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ottla_core::record::{Batch, BatchHeader, RecordError, RecordIter};

use super::error::DumpError;

/// Read at least this much at a time.
const PIECE: u64 = 256 << 10;
/// Bytes of a batch up to its format number; with fewer there is no batch.
const UP_TO_MAGIC: u64 = 17;
/// The shortest thing that Kafka takes for a batch, of any format.
const LEAST: i32 = 14;
/// The most bytes that the records of a batch may unpack to.
const MOST_UNPACKED: usize = 1 << 30;

/// A segment file.
pub(super) struct Segment {
    path: PathBuf,
    file: File,
    /// Where reading ends.
    end: u64,
    piece: Bytes,
    piece_at: u64,
}

/// A batch and its bytes.
pub(super) struct Found {
    pub(super) header: BatchHeader,
    pub(super) bytes: Bytes,
}

impl Found {
    /// The records, read one by one.
    pub(super) fn records(&self) -> Result<RecordIter, RecordError> {
        let batch = Batch { header: self.header, position: 0, bytes: &self.bytes };
        RecordIter::of_batch(&self.bytes, &batch, MOST_UNPACKED)
    }

    /// Where the next batch begins.
    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl Segment {
    /// Opens a file, of which only the first `most` bytes are looked at.
    pub(super) fn open(path: &Path, most: u64) -> Result<Self, DumpError> {
        let file = File::open(path).map_err(DumpError::read(path))?;
        let length = file.metadata().map_err(DumpError::read(path))?.len();
        let end = length.min(most);
        Ok(Self { path: path.to_owned(), file, end, piece: Bytes::new(), piece_at: 0 })
    }

    /// How many bytes there are to look at.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The batch at `position`, none if no whole one lies before `end`.
    pub(super) fn batch_at(&mut self, position: u64, end: u64) -> Result<Option<Found>, DumpError> {
        let end = end.min(self.end);
        let Some(head) = self.bytes(position, UP_TO_MAGIC, end)? else { return Ok(None) };
        let length = head.get(8..).and_then(|rest| rest.first_chunk().copied());
        let length = i32::from_be_bytes(length.unwrap_or_default());
        let wrong = |error| DumpError::Batch { path: self.path.clone(), position, error };
        if length < LEAST {
            return Err(wrong(RecordError::BatchLength(length)));
        }
        let size = BatchHeader::LOG_OVERHEAD as u64 + u64::from(length.unsigned_abs());
        let path = self.path.clone();
        let Some(bytes) = self.bytes(position, size, end)? else { return Ok(None) };
        let wrong = |error| DumpError::Batch { path, position, error };
        let header = BatchHeader::parse(&bytes).map_err(wrong)?;
        Ok(Some(Found { header, bytes }))
    }

    /// An error about the batch at `position`.
    pub(super) fn fault(&self, position: u64) -> impl FnOnce(RecordError) -> DumpError + use<> {
        let path = self.path.clone();
        move |error| DumpError::Batch { path, position, error }
    }

    fn bytes(&mut self, at: u64, size: u64, end: u64) -> Result<Option<Bytes>, DumpError> {
        if at.checked_add(size).is_none_or(|after| after > end) {
            return Ok(None);
        }
        if let Some(found) = self.held(at, size) {
            return Ok(Some(found));
        }
        let wanted = size.max(PIECE).min(self.end.saturating_sub(at));
        let mut buffer = vec![0; usize::try_from(wanted).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut buffer, at).map_err(DumpError::read(&self.path))?;
        self.piece = Bytes::from(buffer);
        self.piece_at = at;
        Ok(self.held(at, size))
    }

    fn held(&self, at: u64, size: u64) -> Option<Bytes> {
        let from = usize::try_from(at.checked_sub(self.piece_at)?).ok()?;
        let to = from.checked_add(usize::try_from(size).ok()?)?;
        (to <= self.piece.len()).then(|| self.piece.slice(from..to))
    }
}
