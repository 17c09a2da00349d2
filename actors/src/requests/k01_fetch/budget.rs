//! Which of the ranges that were found fit into the answer (KIP-74).

use ottla_core::record::BatchHeader;
use ottla_core::storage::LogSlice;

/// The bytes an answer may still have.
pub(super) struct Budget {
    left: u32,
    /// Nothing is in the answer yet: the first batch comes whole, however large.
    empty: bool,
}

impl Budget {
    pub(super) fn new(max_bytes: u32) -> Self {
        Self { left: max_bytes, empty: true }
    }

    /// As much of a range as fits: whole, cut, or none. A cut may go through the last batch, as
    /// Kafka's does; one through the first batch would be of no use.
    pub(super) fn take(&mut self, mut slice: LogSlice, partition_max: i32) -> Option<LogSlice> {
        let partition_max = u32::try_from(partition_max).unwrap_or(0);
        let limit = self.left.min(partition_max);
        if slice.length > limit && !self.empty {
            if first_batch(&slice)? > limit {
                return None;
            }
            slice.length = limit;
        }
        if slice.length == 0 {
            return None;
        }
        self.empty = false;
        self.left = self.left.saturating_sub(slice.length);
        Some(slice)
    }
}

/// The size of the first batch; none if it cannot be read, which the client will find out.
fn first_batch(slice: &LogSlice) -> Option<u32> {
    let mut header = [0; BatchHeader::SIZE];
    let read = slice.file.read_at(&mut header, slice.position).ok()?;
    let header = BatchHeader::parse(header.get(..read)?).ok()?;
    u32::try_from(header.size_in_bytes()).ok()
}
