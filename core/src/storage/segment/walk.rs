//! Stepping from batch to batch in a segment file, reading headers only.

use std::io;
use std::path::PathBuf;

use super::recent::Found;
use crate::base::Offset;
use crate::storage::error::Problem;
use crate::storage::{DiskFile, StorageError};

/// Read ahead at each step; many small batches then cost one read.
const CHUNK: usize = 4096;
/// Bytes of a batch header in format 2.
const HEADER: usize = 61;
/// Bytes before what the length field counts.
const LOG_OVERHEAD: u32 = 12;

/// One batch, as far as look-ups need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) position: u32,
    pub(crate) size: u32,
    pub(crate) base_offset: Offset,
    pub(crate) last_offset: Offset,
    pub(crate) max_timestamp: i64,
}

impl Step {
    pub(super) fn found(&self) -> Found {
        Found { base_offset: self.base_offset, position: self.position, size: self.size }
    }

    /// Where the next batch starts.
    pub(crate) fn end(&self) -> u32 {
        self.position.saturating_add(self.size)
    }
}

/// Why a walk cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The file could not be read.
    Io(io::Error),
    /// What stands at this position is not a whole batch.
    Bad(u32, Problem),
}

impl Stop {
    /// The error for whoever asked; `path` is the file walked over.
    pub(crate) fn at(self, path: PathBuf) -> StorageError {
        match self {
            Self::Io(source) => StorageError::Io { action: "read", path, source },
            Self::Bad(position, problem) => {
                StorageError::Corrupt { path, position: u64::from(position), problem }
            }
        }
    }
}

/// Walks over the batches of a file up to a known end.
pub(crate) struct Walk<'a> {
    file: &'a dyn DiskFile,
    position: u32,
    end: u32,
    chunk: [u8; CHUNK],
    chunk_at: u32,
    chunk_len: usize,
}

impl<'a> Walk<'a> {
    /// Starts at `position`, where a batch must start, and ends at `end`.
    pub(crate) fn new(file: &'a dyn DiskFile, position: u32, end: u32) -> Self {
        Self { file, position, end, chunk: [0; CHUNK], chunk_at: 0, chunk_len: 0 }
    }

    /// The next batch; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, Stop> {
        if self.position >= self.end {
            return Ok(None);
        }
        let at = self.position;
        let header = self.header().map_err(Stop::Io)?.ok_or(Stop::Bad(at, Problem::Truncated))?;
        let step = parse(header, at).ok_or(Stop::Bad(at, Problem::Header))?;
        if step.end() > self.end {
            return Err(Stop::Bad(at, Problem::Truncated));
        }
        self.position = step.end();
        Ok(Some(step))
    }

    fn header(&mut self) -> io::Result<Option<&[u8; HEADER]>> {
        let in_chunk = self.position.checked_sub(self.chunk_at).map(|at| at as usize);
        let start = match in_chunk {
            Some(start) if start + HEADER <= self.chunk_len => start,
            _ => {
                let rest = (self.end - self.position) as usize;
                let wanted = self.chunk.get_mut(..rest.min(CHUNK)).unwrap_or_default();
                self.chunk_len = self.file.read_at(wanted, u64::from(self.position))?;
                self.chunk_at = self.position;
                0
            }
        };
        let read = self.chunk.get(start..self.chunk_len).unwrap_or_default();
        Ok(read.first_chunk())
    }
}

fn parse(header: &[u8; HEADER], position: u32) -> Option<Step> {
    let base_offset = i64::from_be_bytes(*header.first_chunk()?);
    let length = i32::from_be_bytes(*header.get(8..)?.first_chunk()?);
    let magic = *header.get(16)?;
    let last_delta = i32::from_be_bytes(*header.get(23..)?.first_chunk()?);
    let max_timestamp = i64::from_be_bytes(*header.get(35..)?.first_chunk()?);
    let size = u32::try_from(length).ok()?.checked_add(LOG_OVERHEAD)?;
    if magic != 2 || (size as usize) < HEADER || base_offset < 0 || last_delta < 0 {
        return None;
    }
    Some(Step {
        position,
        size,
        base_offset: Offset(base_offset),
        last_offset: Offset(base_offset).plus(i64::from(last_delta)),
        max_timestamp,
    })
}
