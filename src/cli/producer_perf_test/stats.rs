//! What is counted during a run, and the lines that are printed about it.

use crate::cli::producing::number;

/// Latencies that are kept for the percentiles.
const KEPT: u64 = 500_000;
const MIB: f64 = 1024.0 * 1024.0;

/// Counts of a run, and of the time since the last line.
#[derive(Debug)]
pub(super) struct Stats {
    started_ms: i64,
    interval_ms: i64,
    steady: bool,
    silent: bool,
    sampling: u64,
    latencies: Vec<i32>,
    all: Counts,
    window: Counts,
    window_ms: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    records: u64,
    bytes: u64,
    latency: i64,
    max_latency: i32,
}

impl Counts {
    fn add(&mut self, latency: i32, bytes: usize) {
        self.records += 1;
        self.bytes += bytes as u64;
        self.latency += i64::from(latency);
        self.max_latency = self.max_latency.max(latency);
    }

    /// Records and MiB a second, and the average latency.
    #[expect(clippy::cast_precision_loss, reason = "counts of one run, printed with few digits")]
    fn rates(self, elapsed_ms: i64) -> [f64; 3] {
        let elapsed = elapsed_ms as f64;
        let records = 1000.0 * self.records as f64 / elapsed;
        let mib = 1000.0 * self.bytes as f64 / elapsed / MIB;
        [records, mib, self.latency as f64 / self.records as f64]
    }
}

impl Stats {
    /// Counts that begin now, for this many records; `steady` for those behind the warm-up.
    pub(super) fn new(records: u64, interval_ms: i64, steady: bool, now_ms: i64) -> Self {
        Self {
            started_ms: now_ms,
            interval_ms,
            steady,
            silent: false,
            sampling: (records / records.clamp(1, KEPT)).max(1),
            latencies: Vec::new(),
            all: Counts::default(),
            window: Counts::default(),
            window_ms: now_ms,
        }
    }

    /// Nothing is printed any more but the total.
    pub(super) fn silence(&mut self) {
        self.silent = true;
    }

    /// Counts a record; gives the lines to print.
    pub(super) fn record(&mut self, latency: i32, bytes: usize, now_ms: i64) -> Vec<String> {
        if self.all.records.is_multiple_of(self.sampling) {
            self.latencies.push(latency);
        }
        self.all.add(latency, bytes);
        self.window.add(latency, bytes);
        let mut lines = Vec::new();
        if now_ms - self.window_ms >= self.interval_ms {
            if self.steady && self.all.records == self.window.records {
                lines.push("In steady state.".to_owned());
            }
            if !self.silent {
                lines.push(self.window_line(now_ms));
            }
            self.window = Counts::default();
            self.window_ms = now_ms;
        }
        lines
    }

    fn window_line(&self, now_ms: i64) -> String {
        let [records, mib, latency] = self.window.rates(now_ms - self.window_ms);
        format!(
            "{} records sent, {} records/sec ({} MB/sec), {} ms avg latency, {} ms max latency.",
            self.window.records,
            number(records, 1),
            number(mib, 2),
            number(latency, 1),
            number(f64::from(self.window.max_latency), 1),
        )
    }

    /// How many records were counted.
    pub(super) fn records(&self) -> u64 {
        self.all.records
    }

    /// The line at the end.
    pub(super) fn total(&mut self, now_ms: i64) -> String {
        let [records, mib, latency] = self.all.rates(now_ms - self.started_ms);
        self.latencies.sort_unstable();
        let [p50, p95, p99, p999] = [0.5, 0.95, 0.99, 0.999].map(|part| self.percentile(part));
        format!(
            "{}{} records sent, {} records/sec ({} MB/sec), {} ms avg latency, {} ms max \
             latency, {p50} ms 50th, {p95} ms 95th, {p99} ms 99th, {p999} ms 99.9th.",
            self.all.records,
            if self.steady { " steady state" } else { "" },
            number(records, 6),
            number(mib, 2),
            number(latency, 2),
            number(f64::from(self.all.max_latency), 2),
        )
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list of at most a million"
    )]
    fn percentile(&self, part: f64) -> i32 {
        let at = (part * self.latencies.len() as f64) as usize;
        self.latencies.get(at).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Stats;

    #[test]
    fn lines_are_kafkas() {
        let mut stats = Stats::new(4, 1000, false, 0);
        assert!(stats.record(2, 1 << 20, 10).is_empty());
        let line = stats.record(5, 1 << 20, 2000);
        let wanted = "2 records sent, 1.0 records/sec (1.00 MB/sec), 3.5 ms avg latency, 5.0 ms \
                      max latency.";
        assert_eq!(line, [wanted]);
        stats.silence();
        assert!(stats.record(9, 0, 4000).is_empty());
        let wanted = "3 records sent, 0.750000 records/sec (0.50 MB/sec), 5.33 ms avg latency, \
                      9.00 ms max latency, 5 ms 50th, 9 ms 95th, 9 ms 99th, 9 ms 99.9th.";
        assert_eq!(stats.total(4000), wanted);
    }

    #[test]
    fn the_steady_state_says_so_once() {
        let mut stats = Stats::new(9, 10, true, 0);
        assert_eq!(stats.record(1, 1, 10).first().map(String::as_str), Some("In steady state."));
        assert_eq!(stats.record(1, 1, 20).len(), 1);
        assert!(stats.total(20).starts_with("2 steady state records sent, "));
    }

    #[test]
    fn nothing_sent_is_no_number() {
        let total = Stats::new(1, 10, false, 0).total(0);
        let wanted = "0 records sent, NaN records/sec (NaN MB/sec), NaN ms avg latency, 0.00 ms \
                      max latency, 0 ms 50th, 0 ms 95th, 0 ms 99th, 0 ms 99.9th.";
        assert_eq!(total, wanted);
    }
}
