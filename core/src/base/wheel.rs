//! A hierarchical timer wheel: many deadlines, one armed timer.
//!
//! Eleven levels of 64 slots cover every `u64` millisecond. A deadline lives on the level of the
//! highest bit in which it differs from the wheel's present, so inserting and cancelling are O(1)
//! and a timer moves down at most once a level before it fires. Levels are allocated when first
//! used, and an empty wheel owns nothing.

/// Bits of a deadline that one level resolves.
const BITS: u32 = 6;
/// Slots on one level.
const SLOTS: usize = 1 << BITS;
/// No entry: the end of a slot's list.
const NIL: u32 = u32::MAX;

/// Names one timer of a [`TimerWheel`], so that it can be cancelled; stale ids are harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

/// Deadlines in milliseconds, each with a key that comes back when its time has come.
#[derive(Debug)]
pub struct TimerWheel<K> {
    now: u64,
    levels: Vec<Option<Box<Level>>>,
    due: Slot,
    entries: Vec<Entry<K>>,
    free: u32,
    len: usize,
    /// Counts every timer ever armed, so that an id is not used twice.
    armed: u32,
}

#[derive(Debug)]
struct Level {
    occupied: u64,
    slots: [Slot; SLOTS],
}

/// A doubly linked list of entries; `earliest` is a lower bound of their deadlines.
#[derive(Clone, Copy, Debug)]
struct Slot {
    head: u32,
    earliest: u64,
}

#[derive(Debug)]
struct Entry<K> {
    deadline: u64,
    generation: u32,
    next: u32,
    previous: u32,
    place: Place,
    key: Option<K>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Free,
    Due,
    Slot { level: u8, slot: u8 },
}

impl Slot {
    const EMPTY: Self = Self { head: NIL, earliest: u64::MAX };
}

impl<K> Default for TimerWheel<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> TimerWheel<K> {
    /// An empty wheel whose present is 0.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: 0,
            levels: Vec::new(),
            due: Slot::EMPTY,
            entries: Vec::new(),
            free: NIL,
            len: 0,
            armed: 0,
        }
    }

    /// How many timers wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no timer waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Arms a timer; a deadline already past fires at the next [`TimerWheel::advance`].
    pub fn insert(&mut self, deadline_ms: u64, key: K) -> TimerId {
        let index = self.allocate();
        self.armed = self.armed.wrapping_add(1);
        let generation = self.armed;
        if let Some(entry) = self.entry_mut(index) {
            entry.deadline = deadline_ms;
            entry.generation = generation;
            entry.key = Some(key);
        }
        self.link(index, deadline_ms);
        self.len += 1;
        TimerId { index, generation }
    }

    /// Disarms a timer and gives its key back; `None` when it has fired or was cancelled before.
    pub fn cancel(&mut self, id: TimerId) -> Option<K> {
        let entry = self.entries.get(id.index as usize)?;
        if entry.generation != id.generation || entry.place == Place::Free {
            return None;
        }
        self.unlink(id.index);
        self.release(id.index)
    }

    /// Moves the present to `now_ms` and appends the keys that are due, earliest slot first.
    /// A present that goes back is ignored.
    pub fn advance(&mut self, now_ms: u64, fired: &mut Vec<K>) {
        self.fire_due(fired);
        while let Some((level, slot, start)) = self.first_occupied() {
            if start > now_ms {
                break;
            }
            self.now = self.now.max(start);
            let head = self.take_slot(level, slot);
            self.drain(head, fired);
        }
        self.now = self.now.max(now_ms);
        if self.len == 0 {
            self.entries = Vec::new();
            self.free = NIL;
        }
    }

    /// When to call [`TimerWheel::advance`] next: never later than the earliest deadline, and
    /// earlier only after that deadline was cancelled. `None` when nothing waits.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        if self.due.head != NIL {
            return Some(self.due.earliest);
        }
        let (level, slot, _) = self.first_occupied()?;
        self.slot(level, slot).map(|slot| slot.earliest)
    }

    /// Fires what was already late when it was inserted.
    fn fire_due(&mut self, fired: &mut Vec<K>) {
        let mut index = std::mem::replace(&mut self.due, Slot::EMPTY).head;
        while let Some(entry) = self.entries.get(index as usize) {
            let next = entry.next;
            fired.extend(self.release(index));
            index = next;
        }
    }

    /// Fires or moves down every entry of a detached list.
    fn drain(&mut self, head: u32, fired: &mut Vec<K>) {
        let mut index = head;
        while let Some(entry) = self.entries.get(index as usize) {
            let (next, deadline) = (entry.next, entry.deadline);
            if deadline <= self.now {
                fired.extend(self.release(index));
            } else {
                self.link(index, deadline);
            }
            index = next;
        }
    }

    /// The occupied slot whose time comes first, and when it begins. Slots of a lower level come
    /// before those of a higher one, because a deadline's level is where it leaves the present.
    fn first_occupied(&self) -> Option<(usize, usize, u64)> {
        for (index, level) in self.levels.iter().enumerate() {
            let Some(level) = level.as_ref().filter(|level| level.occupied != 0) else { continue };
            let shift = BITS * u32::try_from(index).ok()?;
            let slot = level.occupied.trailing_zeros();
            let above = shift + BITS;
            let base = if above >= u64::BITS { 0 } else { (self.now >> above) << above };
            return Some((index, slot as usize, base | (u64::from(slot) << shift)));
        }
        None
    }

    fn link(&mut self, index: u32, deadline: u64) {
        let place = self.place_of(deadline);
        let head = match place {
            Place::Slot { level, slot } => {
                self.level_mut(level as usize).occupied |= 1 << slot;
                self.push_front(place, index, deadline)
            }
            Place::Due | Place::Free => self.push_front(Place::Due, index, deadline),
        };
        if let Some(entry) = self.entry_mut(index) {
            entry.place = place;
            entry.previous = NIL;
            entry.next = head;
        }
        if let Some(next) = self.entry_mut(head) {
            next.previous = index;
        }
    }

    /// Makes `index` the head of a slot and returns the head before it.
    fn push_front(&mut self, place: Place, index: u32, deadline: u64) -> u32 {
        let Some(slot) = self.slot_mut(place) else { return NIL };
        let head = std::mem::replace(&mut slot.head, index);
        slot.earliest = slot.earliest.min(deadline);
        head
    }

    fn unlink(&mut self, index: u32) {
        let Some(entry) = self.entries.get(index as usize) else { return };
        let (place, previous, next) = (entry.place, entry.previous, entry.next);
        if let Some(after) = self.entry_mut(next) {
            after.previous = previous;
        }
        if let Some(before) = self.entry_mut(previous) {
            before.next = next;
            return;
        }
        let Some(slot) = self.slot_mut(place) else { return };
        slot.head = next;
        if next == NIL {
            *slot = Slot::EMPTY;
            if let Place::Slot { level, slot } = place {
                self.level_mut(level as usize).occupied &= !(1 << slot);
            }
        }
    }

    fn place_of(&self, deadline: u64) -> Place {
        if deadline <= self.now {
            return Place::Due;
        }
        let level = (u64::BITS - 1 - (deadline ^ self.now).leading_zeros()) / BITS;
        let slot = (deadline >> (level * BITS)) & (SLOTS as u64 - 1);
        match (u8::try_from(level), u8::try_from(slot)) {
            (Ok(level), Ok(slot)) => Place::Slot { level, slot },
            _ => Place::Due,
        }
    }

    fn take_slot(&mut self, level: usize, slot: usize) -> u32 {
        let level = self.level_mut(level);
        level.occupied &= !(1 << slot);
        match level.slots.get_mut(slot) {
            Some(slot) => std::mem::replace(slot, Slot::EMPTY).head,
            None => NIL,
        }
    }

    fn slot(&self, level: usize, slot: usize) -> Option<&Slot> {
        self.levels.get(level)?.as_ref()?.slots.get(slot)
    }

    fn slot_mut(&mut self, place: Place) -> Option<&mut Slot> {
        match place {
            Place::Free => None,
            Place::Due => Some(&mut self.due),
            Place::Slot { level, slot } => {
                self.levels.get_mut(level as usize)?.as_mut()?.slots.get_mut(slot as usize)
            }
        }
    }

    fn level_mut(&mut self, level: usize) -> &mut Level {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, || None);
        }
        let fresh = || Box::new(Level { occupied: 0, slots: [Slot::EMPTY; SLOTS] });
        #[expect(clippy::indexing_slicing, reason = "resized to hold this level just above")]
        self.levels[level].get_or_insert_with(fresh)
    }

    fn entry_mut(&mut self, index: u32) -> Option<&mut Entry<K>> {
        self.entries.get_mut(index as usize)
    }

    fn allocate(&mut self) -> u32 {
        let index = self.free;
        if let Some(entry) = self.entry_mut(index) {
            self.free = entry.next;
            return index;
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(NIL);
        self.entries.push(Entry {
            deadline: 0,
            generation: 0,
            next: NIL,
            previous: NIL,
            place: Place::Free,
            key: None,
        });
        index
    }

    fn release(&mut self, index: u32) -> Option<K> {
        let free = self.free;
        let entry = self.entry_mut(index)?;
        entry.place = Place::Free;
        entry.next = free;
        entry.previous = NIL;
        let key = entry.key.take();
        self.free = index;
        self.len -= 1;
        key
    }
}

#[cfg(test)]
#[path = "wheel_tests.rs"]
mod tests;
