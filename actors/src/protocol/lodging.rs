//! Which core a connection should live on.
//!
//! A client that talks to one partition and waits for each answer pays for two wake-ups of a
//! sleeping thread a request if its connection lives on another core than the partition. Such a
//! connection moves there. One that keeps many requests in flight stays: for it a hop costs
//! little, and two cores do more than one.

use std::time::Duration;

use crate::runtime::monotonic_ms;

/// Answers in a row from one other core after which a connection thinks of moving there.
const STREAK: u32 = 16;
/// Every move and every refusal doubles the streak that is needed, up to this many times.
const MOST_DOUBLINGS: u32 = 8;
/// The load of the other core is measured over at least this long.
const SAMPLE_MS: u64 = 5;

/// Where a connection lives, and where its answers come from.
#[derive(Debug, Default)]
pub(super) struct Lodging {
    home: usize,
    /// The core of the last answer, if it is another.
    other: usize,
    streak: u32,
    doublings: u32,
    /// A time, and how long `other` had been busy by then.
    sample: Option<(u64, Duration)>,
}

impl Lodging {
    /// A connection on core `home` that has moved so many times.
    pub(super) fn new(home: usize, moves: u32) -> Self {
        Self { home, doublings: moves, ..Self::default() }
    }

    /// Notes an answer given on `core`; none is an answer that says nothing about it.
    pub(super) fn note(&mut self, core: Option<usize>) {
        match core {
            Some(core) if core != self.home && core == self.other => self.streak += 1,
            Some(core) if core != self.home => {
                (self.other, self.streak, self.sample) = (core, 1, None);
            }
            _ => (self.streak, self.sample) = (0, None),
        }
    }

    /// Whether it is time to [`decide`](Self::decide).
    pub(super) fn wants_to_move(&self) -> bool {
        self.streak >= STREAK << self.doublings.min(MOST_DOUBLINGS)
    }

    /// The core to move to: the other one, if it is idle for more than half of the time. `busy`
    /// says how long a core has been busy in all.
    pub(super) fn decide(&mut self, busy: impl Fn(usize) -> Duration) -> Option<usize> {
        if !self.wants_to_move() {
            return None;
        }
        let (now, spent) = (monotonic_ms(), busy(self.other));
        let Some((since, before)) = self.sample else {
            (self.streak, self.sample) = (0, Some((now, spent)));
            return None;
        };
        let passed = now.saturating_sub(since);
        if passed < SAMPLE_MS {
            self.streak = 0;
            return None;
        }
        if spent.saturating_sub(before) * 2 < Duration::from_millis(passed) {
            return Some(self.other);
        }
        self.doublings += 1;
        (self.streak, self.sample) = (0, None);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::ZERO;

    fn answers(lodging: &mut Lodging, core: usize, count: u32) {
        (0..count).for_each(|_| lodging.note(Some(core)));
    }

    /// Asks once to take a sample, and again when it is old enough.
    fn decide(lodging: &mut Lodging, core: usize, busy: Duration, count: u32) -> Option<usize> {
        answers(lodging, core, count);
        assert_eq!(lodging.decide(|_| IDLE), None);
        let since = monotonic_ms();
        while monotonic_ms() < since + 2 * SAMPLE_MS {
            std::thread::yield_now();
        }
        answers(lodging, core, count);
        lodging.decide(|_| busy)
    }

    #[test]
    fn a_streak_of_answers_from_an_idle_core_moves_a_connection() {
        let mut lodging = Lodging::new(0, 0);
        assert_eq!(decide(&mut lodging, 1, IDLE, STREAK), Some(1));
    }

    #[test]
    fn a_busy_core_takes_nobody_and_is_asked_less_often() {
        let mut lodging = Lodging::new(0, 0);
        assert_eq!(decide(&mut lodging, 1, Duration::from_secs(9), STREAK), None);
        answers(&mut lodging, 1, STREAK);
        assert!(!lodging.wants_to_move());
        answers(&mut lodging, 1, STREAK);
        assert!(lodging.wants_to_move());
    }

    #[test]
    fn answers_from_home_or_from_several_cores_keep_it() {
        let mut lodging = Lodging::new(0, 0);
        for core in [0, 1, 2].into_iter().cycle().take(100) {
            lodging.note(Some(core));
            assert!(!lodging.wants_to_move());
        }
        answers(&mut lodging, 1, STREAK - 1);
        lodging.note(None);
        answers(&mut lodging, 1, 1);
        assert!(!lodging.wants_to_move());
    }

    #[test]
    fn each_move_needs_a_longer_streak() {
        let mut lodging = Lodging::new(1, 2);
        answers(&mut lodging, 0, STREAK * 4 - 1);
        assert!(!lodging.wants_to_move());
        answers(&mut lodging, 0, 1);
        assert!(lodging.wants_to_move());
        let mut old = Lodging::new(1, 1_000);
        answers(&mut old, 0, STREAK << MOST_DOUBLINGS);
        assert!(old.wants_to_move());
    }
}
