//! Reading a segment from front to back after an unclean stop.
//!
//! Every batch is checked: size, checksum, rising offsets. The first that is wrong, and all behind
//! it, is cut off; the indexes are built anew as appends would have built them.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::super::log::reserve::{Excess, FIRST};
use super::{BatchMeta, Segment, TimestampOffset, relative, time_entry};
use crate::base::Offset;
use crate::record::{BatchHeader, crc32c};
use crate::storage::error::Problem;
use crate::storage::index::{OffsetEntry, Place};
use crate::storage::{DiskFile, StorageError, names};

/// Read at a time; small enough to stay in a processor's cache between reading and checking.
const CHUNK: usize = 256 * 1024;
/// Where the bytes that a batch's checksum covers begin.
const CRC_START: usize = 21;

/// Sees the headers of the batches that recovery reads, in order and without a gap.
pub trait BatchVisitor {
    /// Recovery starts to read at this offset; the headers follow up to the log's end. Not called
    /// if nothing has to be read.
    fn begin(&mut self, from: Offset);
    /// The next batch.
    fn visit(&mut self, header: &BatchHeader);
}

/// A visitor that does not look.
impl BatchVisitor for () {
    fn begin(&mut self, _from: Offset) {}
    fn visit(&mut self, _header: &BatchHeader) {}
}

/// What a scan needs beside the segment.
pub(crate) struct Scan<'a> {
    pub(crate) place: Place<'a>,
    /// `index.interval.bytes`.
    pub(crate) interval: u32,
    pub(crate) visitor: &'a mut dyn BatchVisitor,
    /// Counts bytes as they are read.
    pub(crate) progress: &'a dyn Fn(u64),
}

/// What a scan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Where the segment ends: one past the last offset.
    pub(crate) end_offset: Offset,
    /// Batches that were read.
    pub(crate) batches: u64,
    /// Bytes that were read.
    pub(crate) bytes: u64,
    /// Bytes that were cut off.
    pub(crate) cut: u32,
    /// Why, and where.
    pub(crate) problem: Option<Problem>,
}

/// A batch in a segment and whether it is whole.
pub(super) enum Checked {
    Good(BatchHeader),
    Bad(Problem),
    End,
}

impl Segment {
    /// Checks the segment from `recovery_point` on, or from its start if the indexes cannot be
    /// trusted up to there; cuts it at the first bad batch and rebuilds its indexes.
    pub(crate) fn recover(
        &mut self,
        scan: &mut Scan<'_>,
        recovery_point: Offset,
    ) -> Result<Scanned, StorageError> {
        let place = scan.place;
        let base = self.base_offset;
        self.recent = None;
        let start = match self.trusted_start(place, recovery_point) {
            Some(entry) => {
                let kept = entry.relative_offset;
                self.offset_index.keep_trusted(place, base, |e| e.relative_offset <= kept)?;
                self.time_index.keep_trusted(place, base, |e| e.relative_offset <= kept)?;
                self.largest = None;
                entry.position
            }
            None => {
                self.offset_index.reset(place, base)?;
                self.time_index.reset(place, base)?;
                self.largest = Some(TimestampOffset { timestamp: -1, offset: base });
                0
            }
        };
        // what is trusted counts as done
        (scan.progress)(u64::from(start));
        let scanned = self.scan(scan, start)?;
        self.dirty = true;
        self.first_timestamp = None;
        if let Some(largest) = self.largest.filter(|largest| largest.timestamp >= 0) {
            self.time_index.maybe_push(time_entry(base, largest));
        }
        self.write_indexes(place)?;
        self.release_indexes();
        Ok(scanned)
    }

    /// Builds the indexes anew from the batches.
    pub(crate) fn rebuild_indexes(
        &mut self,
        place: Place<'_>,
        interval: u32,
    ) -> Result<Scanned, StorageError> {
        let mut scan = Scan { place, interval, visitor: &mut (), progress: &|_| {} };
        self.recover(&mut scan, Offset::ZERO)
    }

    /// The last index entry at or before `recovery_point`, if the indexes and the batch it points
    /// to agree. Everything before the recovery point was synced, so it needs no second look.
    fn trusted_start(&mut self, place: Place<'_>, recovery_point: Offset) -> Option<OffsetEntry> {
        if recovery_point <= self.base_offset {
            return None;
        }
        let base = self.base_offset;
        // an index that cannot be read is rebuilt like one that is wrong
        self.time_index.load(place, base).ok()?;
        let bound = relative(base, recovery_point);
        let entry = self
            .offset_index
            .last_trusted(place, base, |entry| entry.relative_offset < bound)
            .ok()
            .flatten()?;
        let file = self.file(place).ok()?;
        let mut walk = super::Walk::new(&*file, entry.position, self.size);
        let step = walk.next().ok().flatten()?;
        let matches = step.last_offset == base.plus(i64::from(entry.relative_offset))
            && step.base_offset > base;
        matches.then_some(entry)
    }

    /// Reads batches from `start` on.
    fn scan(&mut self, scan: &mut Scan<'_>, start: u32) -> Result<Scanned, StorageError> {
        let path = scan.place.path(self.base_offset, names::LOG);
        let mut reader = Reader::new(self.file(scan.place)?, start, self.size);
        let mut largest = self.largest(scan.place)?;
        let end_of_file = self.size;
        self.size = start;
        self.bytes_since_index = 0;
        let mut expected = self.base_offset;
        let mut batches = 0;
        let problem = loop {
            let checked = reader.next().map_err(|error| StorageError::io("read", &path, error))?;
            let header = match checked {
                Checked::Good(header) => header,
                Checked::Bad(problem @ Problem::OldFormat) => {
                    let position = u64::from(self.size);
                    self.size = end_of_file;
                    return Err(StorageError::Corrupt { path, position, problem });
                }
                Checked::Bad(problem) => break Some(problem),
                Checked::End => break None,
            };
            let last = header.last_offset();
            if header.base_offset < expected || last < header.base_offset {
                break Some(Problem::Offsets);
            }
            if !self.can_hold(last) {
                break Some(Problem::OffsetOverflow);
            }
            scan.visitor.visit(&header);
            self.index_recovered(&meta_of(&header), &mut largest, scan.interval);
            self.write_full_tails(scan.place)?;
            expected = last.plus(1);
            batches += 1;
            (scan.progress)(header.size_in_bytes() as u64);
        };
        self.largest = Some(largest);
        let cut = end_of_file - self.size;
        if cut > 0 {
            self.cut_file(scan.place, self.size)?;
        } else if self.size >= FIRST {
            // a crash leaves room behind the end
            let given_back = Excess { file: self.file(scan.place)?, size: self.size }.give_back();
            given_back.map_err(|error| StorageError::io("truncate", &path, error))?;
        }
        let bytes = u64::from(end_of_file - start);
        Ok(Scanned { end_offset: expected, batches, bytes, cut, problem })
    }

    /// What an append would have noted (`LogSegment.recover`).
    fn index_recovered(&mut self, batch: &BatchMeta, largest: &mut TimestampOffset, interval: u32) {
        if batch.max_timestamp > largest.timestamp {
            *largest =
                TimestampOffset { timestamp: batch.max_timestamp, offset: batch.last_offset };
        }
        if self.bytes_since_index > interval {
            let relative_offset = relative(self.base_offset, batch.last_offset);
            self.offset_index.push(OffsetEntry { relative_offset, position: self.size });
            self.time_index.maybe_push(time_entry(self.base_offset, *largest));
            self.bytes_since_index = 0;
        }
        self.bytes_since_index = self.bytes_since_index.saturating_add(batch.size);
        self.size = self.size.saturating_add(batch.size);
    }

    fn write_full_tails(&mut self, place: Place<'_>) -> Result<(), StorageError> {
        if self.offset_index.tail_is_full() || self.time_index.tail_is_full() {
            self.write_indexes(place)?;
        }
        Ok(())
    }
}

impl From<&BatchHeader> for BatchMeta {
    fn from(header: &BatchHeader) -> Self {
        meta_of(header)
    }
}

fn meta_of(header: &BatchHeader) -> BatchMeta {
    BatchMeta {
        size: u32::try_from(header.size_in_bytes()).unwrap_or(u32::MAX),
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        max_timestamp: header.max_timestamp,
    }
}

/// Reads a file in chunks and checks one batch after the other.
pub(super) struct Reader {
    file: Arc<dyn DiskFile>,
    position: u64,
    end: u64,
    chunk: Vec<u8>,
    chunk_at: u64,
    chunk_len: usize,
}

impl Reader {
    pub(super) fn new(file: Arc<dyn DiskFile>, start: u32, end: u32) -> Self {
        let size = CHUNK.min((end - start) as usize).max(BatchHeader::SIZE);
        Self {
            file,
            position: u64::from(start),
            end: u64::from(end),
            chunk: vec![0; size],
            chunk_at: 0,
            chunk_len: 0,
        }
    }

    /// The next batch, with all of it checked.
    pub(super) fn next(&mut self) -> io::Result<Checked> {
        let left = self.end - self.position;
        if left == 0 {
            return Ok(Checked::End);
        }
        if left < BatchHeader::SIZE as u64 {
            return Ok(Checked::Bad(Problem::Truncated));
        }
        let Ok(header) = BatchHeader::parse(self.at_least(BatchHeader::SIZE)?) else {
            let old = self.is_old_message()?;
            return Ok(Checked::Bad(if old { Problem::OldFormat } else { Problem::Header }));
        };
        let size = header.size_in_bytes();
        if size as u64 > left {
            return Ok(Checked::Bad(Problem::Truncated));
        }
        let crc = if size <= CHUNK {
            self.at_least(size)?.get(CRC_START..size).map(crc32c)
        } else {
            let covered = self.position + CRC_START as u64..self.position + size as u64;
            Some(self.digest(crc_fast::CrcAlgorithm::Crc32Iscsi, covered)?)
        };
        if crc != Some(header.crc) {
            return Ok(Checked::Bad(Problem::Checksum));
        }
        self.position += size as u64;
        Ok(Checked::Good(header))
    }

    /// Whether a whole message of format 0 or 1 stands here: not to be taken for damage and cut
    /// off.
    fn is_old_message(&mut self) -> io::Result<bool> {
        let left = self.end - self.position;
        let header = self.at_least(BatchHeader::SIZE)?;
        let field = |at: usize| header.get(at..).and_then(<[u8]>::first_chunk);
        let (Some(length), Some(crc)) = (field(8), field(12)) else { return Ok(false) };
        let (length, crc) = (u32::from_be_bytes(*length), u32::from_be_bytes(*crc));
        let size = u64::from(length) + BatchHeader::LOG_OVERHEAD as u64;
        let fits = length >= 14 && size <= left;
        if !fits || !matches!(header.get(16), Some(0 | 1)) {
            return Ok(false);
        }
        let covered = self.position + 16..self.position + size;
        Ok(self.digest(crc_fast::CrcAlgorithm::Crc32IsoHdlc, covered)? == crc)
    }

    /// The bytes at the position: at least `count` of them, which the file must have.
    fn at_least(&mut self, count: usize) -> io::Result<&[u8]> {
        let start =
            self.position.checked_sub(self.chunk_at).and_then(|at| usize::try_from(at).ok());
        let start = match start {
            Some(start) if start + count <= self.chunk_len => start,
            _ => {
                self.fill(self.position)?;
                0
            }
        };
        let bytes = self.chunk.get(start..self.chunk_len).unwrap_or_default();
        if bytes.len() < count {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(bytes)
    }

    fn fill(&mut self, position: u64) -> io::Result<()> {
        let rest = usize::try_from(self.end - position).unwrap_or(usize::MAX);
        let size = self.chunk.len().min(rest);
        let chunk = self.chunk.get_mut(..size).unwrap_or_default();
        self.chunk_len = self.file.read_at(chunk, position)?;
        self.chunk_at = position;
        Ok(())
    }

    /// A checksum over bytes of the file, chunk by chunk; a length may be a lie, so no memory is
    /// set aside for it.
    fn digest(&mut self, kind: crc_fast::CrcAlgorithm, bytes: Range<u64>) -> io::Result<u32> {
        let mut digest = crc_fast::Digest::new(kind);
        let mut at = bytes.start;
        while at < bytes.end {
            self.fill(at)?;
            let wanted = usize::try_from(bytes.end - at).unwrap_or(usize::MAX).min(self.chunk_len);
            if wanted == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            digest.update(self.chunk.get(..wanted).unwrap_or_default());
            at += wanted as u64;
        }
        Ok(u32::try_from(digest.finalize()).unwrap_or(0))
    }
}
