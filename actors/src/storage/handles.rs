//! Bounds the files that the logs of one storage actor keep open: whichever log was not used for
//! longest closes its files first, and opens them again when it needs them.

use std::collections::VecDeque;

use super::messages::LogId;
use super::slot::{Slot, Slots};

/// The least a storage actor may keep open, whatever the process may.
const LEAST: usize = 16;

/// Who has files open, in the order of a second-chance clock.
pub(super) struct Handles {
    open: usize,
    limit: usize,
    order: VecDeque<LogId>,
}

/// What the clock knows of one log.
#[derive(Default)]
pub(super) struct HandleUse {
    /// Files it had open when it was looked at last.
    counted: usize,
    /// Whether it was used since the hand passed.
    used: bool,
    /// Whether it is in the clock's order.
    listed: bool,
}

impl Slot {
    /// Notes a use; true if the number of open files has changed by it.
    fn note_use(&mut self) -> bool {
        self.handles.used = true;
        self.log.log().open_handles() != self.handles.counted
    }
}

impl Handles {
    pub(super) fn new(limit: usize) -> Self {
        Self { open: 0, limit: limit.max(LEAST), order: VecDeque::new() }
    }

    /// A log was used, and may have opened files.
    pub(super) fn used(&mut self, id: LogId, slots: &mut Slots) {
        let Some(slot) = slots.get_mut(id) else { return };
        if !slot.note_use() {
            return;
        }
        let now = slot.log.log().open_handles();
        self.open = (self.open + now).saturating_sub(slot.handles.counted);
        slot.handles.counted = now;
        if !std::mem::replace(&mut slot.handles.listed, true) {
            self.order.push_back(id);
        }
        while self.open > self.limit && self.close_oldest(slots) {}
    }

    /// A log is given up, and its files with it.
    pub(super) fn gone(&mut self, slot: &Slot) {
        self.open = self.open.saturating_sub(slot.handles.counted);
    }

    fn close_oldest(&mut self, slots: &mut Slots) -> bool {
        let Some(oldest) = self.order.pop_front() else { return false };
        let Some(slot) = slots.get_mut(oldest) else { return true };
        if std::mem::take(&mut slot.handles.used) {
            self.order.push_back(oldest);
            return true;
        }
        self.open = self.open.saturating_sub(slot.handles.counted);
        slot.log.release_handles();
        slot.handles = HandleUse::default();
        true
    }
}
