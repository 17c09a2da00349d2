//! When offsets are committed on their own (`enable.auto.commit`).

use std::collections::BTreeMap;

use crate::base::{Tick, TopicPartition};
use crate::client::fetcher::Position;

/// Commits in turns of `auto.commit.interval.ms` what has changed since the last.
#[derive(Clone, Debug)]
pub struct AutoCommit {
    interval_ms: u64,
    next_at: u64,
    committed: BTreeMap<TopicPartition, Position>,
}

impl AutoCommit {
    /// The first turn is one interval from now.
    #[must_use]
    pub fn new(interval_ms: u64, now: Tick) -> Self {
        let next_at = now.monotonic_ms.saturating_add(interval_ms);
        Self { interval_ms, next_at, committed: BTreeMap::new() }
    }

    /// When the next turn is, in monotonic milliseconds.
    #[must_use]
    pub fn next_deadline(&self) -> u64 {
        self.next_at
    }

    /// What is to be committed now, of what is `done`; none if it is not time, or nothing is new.
    pub fn due(
        &mut self,
        now: Tick,
        done: BTreeMap<TopicPartition, Position>,
    ) -> Option<BTreeMap<TopicPartition, Position>> {
        if now.monotonic_ms < self.next_at {
            return None;
        }
        self.next_at = now.monotonic_ms.saturating_add(self.interval_ms);
        let due = done.iter().filter(|(partition, at)| self.committed.get(partition) != Some(at));
        let due: BTreeMap<_, _> = due.map(|(partition, at)| (partition.clone(), *at)).collect();
        self.committed = done;
        (!due.is_empty()).then_some(due)
    }

    /// Lets a turn pass, if it is time: there is nobody to commit to.
    pub fn skip(&mut self, now: Tick) {
        if now.monotonic_ms >= self.next_at {
            self.next_at = now.monotonic_ms.saturating_add(self.interval_ms);
        }
    }

    /// What was given out was not committed: the next turn has all of it again.
    pub fn on_failed(&mut self) {
        self.committed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Offset;

    #[test]
    fn what_is_new_is_committed_when_it_is_time() {
        let done = |offset| {
            BTreeMap::from([
                (TopicPartition::new("t", 0), Position::at(Offset(offset))),
                (TopicPartition::new("t", 1), Position::at(Offset(9))),
            ])
        };
        let mut auto = AutoCommit::new(100, Tick::at(0));
        assert_eq!(auto.due(Tick::at(99), done(1)), None);
        assert_eq!(auto.due(Tick::at(100), done(1)), Some(done(1)));
        assert_eq!(auto.next_deadline(), 200);
        assert_eq!(auto.due(Tick::at(200), done(1)), None);
        let new = auto.due(Tick::at(300), done(2)).unwrap();
        assert_eq!(new.into_values().collect::<Vec<_>>(), [Position::at(Offset(2))]);
        auto.on_failed();
        auto.skip(Tick::at(350));
        assert_eq!(auto.due(Tick::at(399), done(2)), None);
        auto.skip(Tick::at(400));
        assert_eq!(auto.due(Tick::at(500), done(2)), Some(done(2)));
    }
}
