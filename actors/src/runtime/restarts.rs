//! How often and how soon a panicked actor is started again. Pure: time comes in as milliseconds.

use std::collections::VecDeque;

/// The limits of one guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// The pause before the first restart; doubled for each further one.
    pub first_pause_ms: u64,
    /// The longest pause.
    pub longest_pause_ms: u64,
    /// Restarts allowed within the window; the next panic takes the actor's part offline.
    pub limit: usize,
    /// The window.
    pub window_ms: u64,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self { first_pause_ms: 10, longest_pause_ms: 5_000, limit: 5, window_ms: 60_000 }
    }
}

/// What to do about a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Start the actor again after a pause.
    RestartAfter(u64),
    /// It panicked too often.
    GiveUp,
}

/// The panics of one actor that still count.
#[derive(Clone, Debug, Default)]
pub struct Restarts {
    recent: VecDeque<u64>,
}

impl Restarts {
    /// Judges a panic at `now_ms`.
    pub fn on_panic(&mut self, now_ms: u64, policy: &RestartPolicy) -> Verdict {
        while self.recent.front().is_some_and(|at| now_ms.saturating_sub(*at) >= policy.window_ms) {
            self.recent.pop_front();
        }
        if self.recent.len() >= policy.limit {
            return Verdict::GiveUp;
        }
        let doublings = u32::try_from(self.recent.len()).unwrap_or(u32::MAX).min(32);
        self.recent.push_back(now_ms);
        let pause = policy.first_pause_ms.saturating_mul(1 << doublings);
        Verdict::RestartAfter(pause.min(policy.longest_pause_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_then_the_guardian_gives_up() {
        let policy = RestartPolicy { longest_pause_ms: 60, ..RestartPolicy::default() };
        let mut restarts = Restarts::default();
        let pauses: Vec<_> = (0..6).map(|i| restarts.on_panic(i, &policy)).collect();
        let expected = [10, 20, 40, 60, 60].map(Verdict::RestartAfter);
        assert_eq!(pauses[..5], expected);
        assert_eq!(pauses[5], Verdict::GiveUp);
    }

    #[test]
    fn old_panics_are_forgotten() {
        let policy = RestartPolicy::default();
        let mut restarts = Restarts::default();
        for i in 0..20 {
            let verdict = restarts.on_panic(i * 60_000, &policy);
            assert_eq!(verdict, Verdict::RestartAfter(10));
        }
    }
}
