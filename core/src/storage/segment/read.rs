//! Finding positions in a segment.

use std::sync::Arc;

use super::recent::Found;
use super::{Segment, Step, Walk};
use crate::base::Offset;
use crate::storage::index::Place;
use crate::storage::{DiskFile, StorageError, names};

impl Segment {
    /// The first batch that ends at or after `offset`; `None` if there is none in this segment.
    pub(crate) fn find(
        &mut self,
        place: Place<'_>,
        offset: Offset,
    ) -> Result<Option<Found>, StorageError> {
        if let Some(found) = self.recent.as_ref().and_then(|recent| recent.find(offset)) {
            return Ok(Some(found));
        }
        let start = self.offset_index.position_before(place, self.base_offset, offset)?;
        let file = self.file(place)?;
        let mut walk = Walk::new(&*file, start, self.size);
        while let Some(step) = self.next_step(place, &mut walk)? {
            if step.last_offset >= offset {
                return Ok(Some(step.found()));
            }
        }
        Ok(None)
    }

    /// Whether `offset` is in one of the last few batches appended.
    pub(crate) fn is_recent(&self, offset: Offset) -> bool {
        self.recent.as_ref().is_some_and(|recent| recent.find(offset).is_some())
    }

    /// The offset index's file, if a look-up might have to wait for it.
    pub(crate) fn cold_index(
        &self,
        place: Place<'_>,
    ) -> Result<Option<Arc<dyn DiskFile>>, StorageError> {
        self.offset_index.cold_file(place, self.base_offset)
    }

    /// The offset index is in memory now.
    pub(crate) fn index_warmed(&mut self) {
        self.offset_index.warmed();
    }

    /// Where to begin to look for `offset`: no later than its batch.
    pub(crate) fn position_before(
        &mut self,
        place: Place<'_>,
        offset: Offset,
    ) -> Result<u32, StorageError> {
        self.offset_index.position_before(place, self.base_offset, offset)
    }

    /// Where a read of up to `max_bytes` from `offset` ends at the latest.
    pub(crate) fn reach(
        &mut self,
        place: Place<'_>,
        offset: Offset,
        max_bytes: u32,
    ) -> Result<u64, StorageError> {
        let reach = self.offset_index.reach(place, self.base_offset, offset, max_bytes)?;
        Ok(reach.unwrap_or(u64::from(self.size)).min(u64::from(self.size)))
    }

    /// Bytes of whole batches from `start`, where a batch starts, that fit in `max_bytes` and end
    /// by `end`.
    pub(crate) fn whole_batches(
        &mut self,
        place: Place<'_>,
        start: u32,
        end: u32,
        max_bytes: u32,
    ) -> Result<u32, StorageError> {
        let limit = start.saturating_add(max_bytes);
        if end <= limit {
            return Ok(end.saturating_sub(start));
        }
        let boundary = self.offset_index.boundary_before(place, self.base_offset, limit)?;
        let mut last = boundary.max(start);
        let file = self.file(place)?;
        let mut walk = Walk::new(&*file, last, end);
        while let Some(step) = self.next_step(place, &mut walk)? {
            if step.end() > limit {
                break;
            }
            last = step.end();
        }
        Ok(last - start)
    }

    pub(super) fn next_step(
        &self,
        place: Place<'_>,
        walk: &mut Walk<'_>,
    ) -> Result<Option<Step>, StorageError> {
        walk.next().map_err(|stop| stop.at(place.path(self.base_offset, names::LOG)))
    }
}
