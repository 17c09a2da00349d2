//! How fast records go: Kafka's `ThroughputThrottler`.

use std::time::Duration;

/// Waits shorter than this are added up.
const MIN_SLEEP_NS: i128 = 2_000_000;

/// Keeps to a rate by saying how long to rest.
#[derive(Debug)]
pub(crate) struct Throttle {
    target: f64,
    sleep_time_ns: i128,
    deficit_ns: i128,
    started_ms: i64,
}

impl Throttle {
    /// `target` records a second, counted from `started_ms`; a negative one is no limit.
    pub(crate) fn new(target: f64, started_ms: i64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a rest of nanoseconds")]
        let sleep_time_ns =
            if target > 0.0 { (1e9 / target) as i128 } else { i128::from(i64::MAX) };
        Self { target, sleep_time_ns, deficit_ns: 0, started_ms }
    }

    /// How long to rest before the next record, when `so_far` were sent by `now_ms`.
    pub(crate) fn rest(&mut self, so_far: u64, now_ms: i64) -> Option<Duration> {
        if self.target < 0.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds and records of one run")]
        let (elapsed, so_far) = ((now_ms - self.started_ms).max(1) as f64 / 1000.0, so_far as f64);
        // in the first millisecond too: Java's producer is slower, its first record awaits metadata
        let ahead = so_far / elapsed > self.target;
        // with a target of nothing the first record is the last
        if self.target == 0.0 {
            return Some(Duration::MAX);
        }
        if !ahead {
            return None;
        }
        self.deficit_ns += self.sleep_time_ns;
        if self.deficit_ns < MIN_SLEEP_NS {
            return None;
        }
        let rest = u64::try_from(self.deficit_ns).unwrap_or(u64::MAX);
        self.deficit_ns = 0;
        Some(Duration::from_nanos(rest))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Throttle;

    #[test]
    fn short_rests_are_added_up() {
        let mut throttle = Throttle::new(1000.0, 0);
        assert_eq!(throttle.rest(1, 0), None);
        assert_eq!(throttle.rest(5, 10), None);
        assert_eq!(throttle.rest(11, 10), None);
        assert_eq!(throttle.rest(12, 10), Some(Duration::from_millis(2)));
        let mut slow = Throttle::new(10.0, 0);
        assert_eq!(slow.rest(2, 100), Some(Duration::from_millis(100)));
        // nor does a burst go out before the clock has moved
        let mut begins = Throttle::new(10.0, 0);
        assert_eq!(begins.rest(0, 0), None);
        assert_eq!(begins.rest(1, 0), Some(Duration::from_millis(100)));
    }

    #[test]
    fn a_negative_rate_is_no_limit() {
        let mut throttle = Throttle::new(-1.0, 0);
        assert_eq!(throttle.rest(1_000_000, 1), None);
        assert_eq!(Throttle::new(0.0, 0).rest(1, 1), Some(Duration::MAX));
    }
}
