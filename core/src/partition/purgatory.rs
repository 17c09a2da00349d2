//! Who waits for a partition: acks=all replies and long polls, keyed by offset and deadline.
//!
//! Everything parked here is handed out exactly once: released by an offset, by its deadline, or
//! when the partition changes hands. One timer wheel serves all of them.

use std::collections::BTreeMap;

use crate::base::{Offset, TimerId, TimerWheel};

/// How many replies and how many long polls one partition parks at most.
pub const DEFAULT_MAX_WAITERS: usize = 10_000;

type Key = (Offset, u64);

#[derive(Clone, Copy, Debug)]
enum Due {
    Ack(Key),
    Watch(Key),
}

struct Parked<T> {
    item: T,
    timer: TimerId,
}

/// Parked acks of type `A` and long-poll watchers of type `W`.
pub struct Purgatory<A, W> {
    acks: BTreeMap<Key, Parked<A>>,
    watchers: BTreeMap<Key, Parked<W>>,
    timers: TimerWheel<Due>,
    due: Vec<Due>,
    next_id: u64,
    max_waiters: usize,
}

impl<A, W> Purgatory<A, W> {
    /// Nothing parked; at most `max_waiters` of each kind.
    #[must_use]
    pub fn new(max_waiters: usize) -> Self {
        Self {
            acks: BTreeMap::new(),
            watchers: BTreeMap::new(),
            timers: TimerWheel::new(),
            due: Vec::new(),
            next_id: 0,
            max_waiters,
        }
    }

    fn key(&mut self, offset: Offset) -> Key {
        self.next_id += 1;
        (offset, self.next_id)
    }

    /// Parks a reply until the high watermark reaches `required`.
    ///
    /// # Errors
    /// Gives the reply back when no more fit.
    pub fn park_ack(&mut self, required: Offset, deadline_ms: u64, item: A) -> Result<(), A> {
        if self.acks.len() >= self.max_waiters {
            return Err(item);
        }
        let key = self.key(required);
        let timer = self.timers.insert(deadline_ms, Due::Ack(key));
        self.acks.insert(key, Parked { item, timer });
        Ok(())
    }

    /// Parks a watcher until something can be read at `offset`.
    ///
    /// # Errors
    /// Gives the watcher back when no more fit.
    pub fn park_watcher(&mut self, offset: Offset, deadline_ms: u64, item: W) -> Result<(), W> {
        if self.watchers.len() >= self.max_waiters {
            return Err(item);
        }
        let key = self.key(offset);
        let timer = self.timers.insert(deadline_ms, Due::Watch(key));
        self.watchers.insert(key, Parked { item, timer });
        Ok(())
    }

    /// The next reply whose offset the high watermark has reached.
    pub fn pop_acked(&mut self, high_watermark: Offset) -> Option<A> {
        let first = self.acks.first_entry()?;
        if first.key().0 > high_watermark {
            return None;
        }
        let parked = first.remove();
        self.timers.cancel(parked.timer);
        Some(parked.item)
    }

    /// The next watcher that has something to read below `limit`, and the offset it watches.
    pub fn pop_watcher(&mut self, limit: Offset) -> Option<(Offset, W)> {
        let first = self.watchers.first_entry()?;
        if first.key().0 >= limit {
            return None;
        }
        let offset = first.key().0;
        let parked = first.remove();
        self.timers.cancel(parked.timer);
        Some((offset, parked.item))
    }

    /// Takes out what is overdue: replies into `acks`, watchers into `watchers`.
    pub fn expire(&mut self, now_ms: u64, acks: &mut Vec<A>, watchers: &mut Vec<W>) {
        let mut due = std::mem::take(&mut self.due);
        self.timers.advance(now_ms, &mut due);
        for key in due.drain(..) {
            match key {
                Due::Ack(key) => acks.extend(self.acks.remove(&key).map(|parked| parked.item)),
                Due::Watch(key) => {
                    watchers.extend(self.watchers.remove(&key).map(|parked| parked.item));
                }
            }
        }
        self.due = due;
    }

    /// When [`Self::expire`] next has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.next_deadline()
    }

    /// How many replies and watchers are parked.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.acks.len(), self.watchers.len())
    }

    /// True if nothing is parked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.acks.is_empty() && self.watchers.is_empty()
    }
}
