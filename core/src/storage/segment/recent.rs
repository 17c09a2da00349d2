//! Where the last few batches are, so that a consumer at the tail is answered without a look-up.

use super::BatchMeta;
use crate::base::Offset;

const BATCHES: usize = 16;

/// A ring of the last appended batches of a segment.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    ring: [Entry; BATCHES],
    count: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    base_offset: Offset,
    last_offset: Offset,
    position: u32,
    size: u32,
}

/// A batch that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Offset of the batch's first record.
    pub(crate) base_offset: Offset,
    /// Where the batch starts.
    pub(crate) position: u32,
    /// Bytes of the batch.
    pub(crate) size: u32,
}

impl Recent {
    /// Notes a batch at `position`, after all noted before.
    pub(crate) fn push(&mut self, batch: &BatchMeta, position: u32) {
        if let Some(slot) = self.ring.get_mut(self.count % BATCHES) {
            *slot = Entry {
                base_offset: batch.base_offset,
                last_offset: batch.last_offset,
                position,
                size: batch.size,
            };
            self.count += 1;
        }
    }

    /// The first batch that ends at or after `offset`; `None` if that may be an older one.
    pub(crate) fn find(&self, offset: Offset) -> Option<Found> {
        let kept = self.count.min(BATCHES);
        // newest first: the tail is what is asked for
        let mut found = None;
        for back in 1..=kept {
            let entry = self.ring.get((self.count - back) % BATCHES)?;
            if entry.last_offset < offset {
                return found;
            }
            found = Some(Found {
                base_offset: entry.base_offset,
                position: entry.position,
                size: entry.size,
            });
            if entry.base_offset <= offset {
                return found;
            }
        }
        None
    }
}
