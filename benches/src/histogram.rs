//! Latencies.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Latencies in microseconds, to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

/// Two minutes: nothing waits longer.
const HIGHEST: u64 = 120_000_000;

impl Latencies {
    /// None yet.
    pub(crate) fn new() -> Self {
        match Histogram::new_with_bounds(1, HIGHEST, 3) {
            Ok(histogram) => Self(histogram),
            // the bounds are constants that it takes
            Err(error) => unreachable!("{error:?}"),
        }
    }

    /// Adds what took from `begun` to `ended`, in nanoseconds: for an open loop `begun` is when it
    /// was due, not when it was sent, so that waiting for a slow answer counts.
    pub(crate) fn record(&mut self, begun: u64, ended: u64) {
        self.0.saturating_record(ended.saturating_sub(begun) / 1000);
    }

    /// Adds all of `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        // both have the same bounds
        _ = self.0.add(&other.0);
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that `quantile` (0 to 1) of them do not exceed, in microseconds.
    pub(crate) fn quantile(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }

    /// What goes into a result; nothing if there are none.
    pub(crate) fn to_json(&self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        json!({
            "p50": self.quantile(0.5),
            "p90": self.quantile(0.9),
            "p99": self.quantile(0.99),
            "p99_9": self.quantile(0.999),
            "max": self.0.max(),
            "mean": crate::report::rounded(self.0.mean()),
            "n": self.0.len(),
        })
    }

    /// Points of the curve of percentiles, from the median to the last nines that have samples:
    /// (1 / (1 - quantile), microseconds).
    pub(crate) fn curve(&self) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        let mut inverse = 1.0;
        let samples = as_f64(self.0.len());
        while inverse <= samples {
            let quantile = 1.0 - 1.0 / inverse;
            points.push((inverse, as_f64(self.quantile(quantile))));
            inverse *= 1.25;
        }
        points
    }
}

/// A count as a number to calculate with.
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_in_microseconds() {
        let mut latencies = Latencies::new();
        for microseconds in 1..=1000_u64 {
            latencies.record(5_000, 5_000 + microseconds * 1000);
        }
        let json = latencies.to_json();
        assert_eq!(json["p50"], 500);
        assert_eq!(json["p99"], 990);
        assert_eq!(json["max"], 1000);
        assert_eq!(json["n"], 1000);
    }

    #[test]
    fn what_was_due_before_it_was_sent_counts_from_when_it_was_due() {
        let mut latencies = Latencies::new();
        // due at 1 ms, sent at 4 ms because the broker was slow, answered at 5 ms
        latencies.record(1_000_000, 5_000_000);
        assert!((4000..=4001).contains(&latencies.quantile(0.5)));
    }

    #[test]
    fn none_is_null_and_too_long_is_kept_at_the_top() {
        let mut latencies = Latencies::new();
        assert!(latencies.to_json().is_null());
        assert!(latencies.curve().is_empty());
        latencies.record(0, u64::MAX);
        assert!(latencies.quantile(1.0) >= HIGHEST);
        latencies.record(10, 5);
        assert_eq!(latencies.count(), 2);
    }

    #[test]
    fn two_are_added() {
        let (mut a, mut b) = (Latencies::new(), Latencies::new());
        a.record(0, 1_000_000);
        b.record(0, 3_000_000);
        a.add(&b);
        assert_eq!(a.count(), 2);
        assert!(a.quantile(1.0) >= 3000);
        assert!(!a.curve().is_empty());
    }
}
