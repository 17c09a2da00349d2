//! The open logs of one storage actor, by number.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::Addr;
use ottla_core::base::{Offset, TopicId, TopicPartition};
use ottla_core::storage::PartitionLog;

use super::Waiting;
use super::handles::HandleUse;
use super::messages::{AppendLog, HighWatermark, LogId, MoveLogStart};
use crate::partition::PartitionActor;
use crate::partition::messages::LogAppended;

/// One open log.
pub(super) struct Slot {
    pub(super) log: PartitionLog,
    pub(super) topic_id: TopicId,
    pub(super) partition: Arc<Addr<PartitionActor>>,
    pub(super) high_watermark: Arc<HighWatermark>,
    /// A sync is under way: at most one for each log.
    pub(super) flushing: bool,
    /// Another is to follow it.
    pub(super) flush_again: bool,
    pub(super) waiting: Waiting,
    pub(super) handles: HandleUse,
    /// Appends that are to be written together.
    pub(super) inbox: Vec<AppendLog>,
    /// Noted for the next checkpoint.
    pub(super) touched: bool,
    /// Noted for the next look at `flush.ms`.
    pub(super) unsynced: bool,
    /// The start is to be moved when the log is on disk up to an offset.
    pub(super) moving: Option<(Offset, MoveLogStart)>,
}

/// An append that is answered when the log is on disk up to an offset.
pub(super) struct Synced {
    pub(super) upto: Offset,
    pub(super) appended: LogAppended,
}

impl Slot {
    pub(super) fn new(
        log: PartitionLog,
        topic_id: TopicId,
        partition: Arc<Addr<PartitionActor>>,
        high_watermark: Arc<HighWatermark>,
    ) -> Self {
        Self {
            log,
            topic_id,
            partition,
            high_watermark,
            flushing: false,
            flush_again: false,
            waiting: VecDeque::new(),
            handles: HandleUse::default(),
            inbox: Vec::new(),
            touched: false,
            unsynced: false,
            moving: None,
        }
    }

    /// Whether an answer waits for a sync.
    pub(super) fn awaits_sync(&self) -> bool {
        !self.waiting.is_empty() || self.moving.is_some()
    }

    /// The move of the start, if the sync it waited for is done.
    pub(super) fn take_synced_move(&mut self) -> Option<MoveLogStart> {
        let reached = self.log.log().recovery_point();
        self.moving.take_if(|(upto, _)| *upto <= reached).map(|(_, message)| message)
    }

    /// The next append whose sync is done.
    pub(super) fn pop_synced(&mut self) -> Option<LogAppended> {
        let first = self.waiting.front()?;
        if first.upto > self.log.log().recovery_point() {
            return None;
        }
        self.waiting.pop_front().map(|synced| synced.appended)
    }
}

/// Serial numbers never come twice in a process, so that a stale [`LogId`] names nothing.
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(1);

/// Slots by number and by name.
#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Option<(u64, Box<Slot>)>>,
    free: Vec<u32>,
    names: HashMap<TopicPartition, LogId>,
}

impl Slots {
    pub(super) fn insert(&mut self, slot: Slot) -> LogId {
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = slot.log.log().partition().clone();
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(place) = self.slots.get_mut(index as usize) {
            *place = Some((serial, Box::new(slot)));
        }
        let id = LogId { index, serial };
        self.names.insert(name, id);
        id
    }

    pub(super) fn get_mut(&mut self, id: LogId) -> Option<&mut Slot> {
        match self.slots.get_mut(id.index as usize) {
            Some(Some((serial, slot))) if *serial == id.serial => Some(slot),
            _ => None,
        }
    }

    pub(super) fn by_name(&self, partition: &TopicPartition) -> Option<LogId> {
        self.names.get(partition).copied()
    }

    pub(super) fn remove(&mut self, id: LogId) -> Option<Slot> {
        let place = self.slots.get_mut(id.index as usize)?;
        if place.as_ref().is_none_or(|(serial, _)| *serial != id.serial) {
            return None;
        }
        let (_, slot) = place.take()?;
        self.free.push(id.index);
        self.names.remove(slot.log.log().partition());
        Some(*slot)
    }

    pub(super) fn drain(&mut self) -> Vec<Slot> {
        self.names.clear();
        self.free.clear();
        self.slots.drain(..).flatten().map(|(_, slot)| *slot).collect()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (LogId, &mut Slot)> {
        self.slots.iter_mut().enumerate().filter_map(|(index, place)| {
            let (serial, slot) = place.as_mut()?;
            let index = u32::try_from(index).ok()?;
            Some((LogId { index, serial: *serial }, &mut **slot))
        })
    }

    pub(super) fn ids(&self) -> Vec<LogId> {
        self.names.values().copied().collect()
    }
}
