//! Finding batches by timestamp.

use super::{Segment, Step, Walk};
use crate::base::Offset;
use crate::storage::StorageError;
use crate::storage::index::Place;

impl Segment {
    /// The first batch from `from` on that has a record of at least `timestamp`.
    pub(crate) fn find_timestamp(
        &mut self,
        place: Place<'_>,
        timestamp: i64,
        from: Offset,
    ) -> Result<Option<Step>, StorageError> {
        let base = self.base_offset;
        let hint = self.time_index.offset_before(place, base, timestamp)?.max(from);
        let start = self.offset_index.position_before(place, base, hint)?;
        let file = self.file(place)?;
        let mut walk = Walk::new(&*file, start, self.size);
        while let Some(step) = self.next_step(place, &mut walk)? {
            if step.max_timestamp >= timestamp && step.last_offset >= from {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// The batch that ends at `last_offset`, or the first after.
    pub(crate) fn find_step(
        &mut self,
        place: Place<'_>,
        last_offset: Offset,
    ) -> Result<Option<Step>, StorageError> {
        let start = self.offset_index.position_before(place, self.base_offset, last_offset)?;
        let file = self.file(place)?;
        let mut walk = Walk::new(&*file, start, self.size);
        while let Some(step) = self.next_step(place, &mut walk)? {
            if step.last_offset >= last_offset {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }
}
