//! Closing a log, and reading it from front to back.

use super::Log;
use crate::base::{Offset, Tick};
use crate::record::BatchHeader;
use crate::storage::segment::BatchVisitor;
use crate::storage::{FlushJob, StorageError};

impl Log {
    /// Writes what the indexes hold in memory and gives the time index its last entry, as an
    /// orderly stop leaves it. Returns the sync that must succeed before the directory may be
    /// marked clean.
    pub fn close(&mut self, now: Tick) -> Result<Option<FlushJob>, StorageError> {
        self.env.health.check()?;
        let (place, _, active) = self.parts();
        let sealed = active.seal(place);
        self.poison(sealed)?;
        self.flush.sealed();
        self.take_flush_job(now, self.next_offset)
    }

    /// Shows `visitor` the headers of all batches from the one that holds `from` on: how producer
    /// state is brought from a snapshot up to the log's end.
    pub fn visit(
        &mut self,
        from: Offset,
        visitor: &mut dyn BatchVisitor,
    ) -> Result<(), StorageError> {
        let mut next = from.max(self.log_start);
        visitor.begin(next);
        let mut header = [0; BatchHeader::SIZE];
        while next < self.next_offset {
            let slice = self.read(next, u32::MAX, self.next_offset, true)?;
            let mut position = slice.position;
            let end = position + u64::from(slice.length);
            if slice.is_empty() {
                break;
            }
            while position < end {
                let path = self.segment_path(slice.segment_base_offset);
                let read = slice.file.read_at(&mut header, position);
                let read = read.map_err(|error| StorageError::io("read", &path, error))?;
                let parsed = header.get(..read).map(BatchHeader::parse);
                let Some(Ok(parsed)) = parsed else {
                    let problem = crate::storage::Problem::Header;
                    return Err(StorageError::Corrupt { path, position, problem });
                };
                visitor.visit(&parsed);
                position += parsed.size_in_bytes() as u64;
                next = parsed.next_offset();
            }
        }
        Ok(())
    }
}
