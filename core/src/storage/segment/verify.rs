//! Reading a segment from front to back without changing anything.

use std::io;
use std::sync::Arc;

use super::recover::{Checked, Reader};
use crate::base::Offset;
use crate::storage::DiskFile;
use crate::storage::error::Problem;

/// What a look at a segment has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// One past the last offset of the whole batches.
    pub(crate) end_offset: Offset,
    /// The whole batches.
    pub(crate) batches: u64,
    /// Their bytes: where the first batch begins that is not whole.
    pub(crate) good: u32,
    /// What is wrong with that one.
    pub(crate) problem: Option<Problem>,
}

/// Checks every batch as recovery does: size, checksum, rising offsets. `each` is told where a
/// whole batch begins and its last offset.
pub(crate) fn verify(
    file: Arc<dyn DiskFile>,
    base: Offset,
    size: u32,
    each: &mut dyn FnMut(u32, Offset),
) -> io::Result<Verified> {
    let mut reader = Reader::new(file, 0, size);
    let mut found = Verified { end_offset: base, batches: 0, good: 0, problem: None };
    loop {
        let header = match reader.next()? {
            Checked::Good(header) => header,
            Checked::Bad(problem) => {
                found.problem = Some(problem);
                return Ok(found);
            }
            Checked::End => return Ok(found),
        };
        let last = header.last_offset();
        if header.base_offset < found.end_offset || last < header.base_offset {
            found.problem = Some(Problem::Offsets);
            return Ok(found);
        }
        let relative = last.0.saturating_sub(base.0);
        if !(0..=i64::from(i32::MAX)).contains(&relative) {
            found.problem = Some(Problem::OffsetOverflow);
            return Ok(found);
        }
        each(found.good, last);
        let size = u32::try_from(header.size_in_bytes()).unwrap_or(u32::MAX);
        found.good = found.good.saturating_add(size);
        found.end_offset = last.plus(1);
        found.batches += 1;
    }
}
