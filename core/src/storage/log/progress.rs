//! How far the opening of a log directory is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Recovery;

/// A line is logged whenever so many bytes more have been scanned: some seconds' work.
const LINE_EVERY: u64 = 4 << 30;

/// Counters of a log directory's recovery, for whoever wants to show them. Says itself how far it
/// is when it takes long, and what it did when the last log is open.
#[derive(Debug, Default)]
pub struct RecoveryProgress {
    /// Logs to open.
    logs_total: AtomicU64,
    /// Logs opened.
    logs_done: AtomicU64,
    /// Logs that had to be scanned.
    logs_scanned: AtomicU64,
    /// Bytes that have to be scanned, as far as known: grows as logs are opened.
    bytes_total: AtomicU64,
    /// Bytes scanned, and those before a recovery point that need no scan.
    bytes_done: AtomicU64,
    /// Bytes cut off.
    bytes_cut: AtomicU64,
}

impl RecoveryProgress {
    /// For a directory with so many logs.
    #[must_use]
    pub fn of_logs(count: usize) -> Self {
        Self { logs_total: AtomicU64::new(count as u64), ..Self::default() }
    }

    /// Bytes scanned so far, and bytes to scan as far as known.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (get(&self.bytes_done), get(&self.bytes_total))
    }

    /// Logs opened so far, and logs to open.
    #[must_use]
    pub fn logs(&self) -> (u64, u64) {
        (get(&self.logs_done), get(&self.logs_total))
    }

    pub(super) fn will_scan(&self, bytes: u64) {
        self.bytes_total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn scanned(&self, bytes: u64) {
        let before = self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
        if before / LINE_EVERY != (before + bytes) / LINE_EVERY {
            tracing::info!("recovering logs: {self}");
        }
    }

    pub(super) fn log_is_open(&self, recovery: &Recovery) {
        self.bytes_cut.fetch_add(recovery.truncated_bytes, Ordering::Relaxed);
        if recovery.segments > 0 {
            self.logs_scanned.fetch_add(1, Ordering::Relaxed);
        }
        let done = self.logs_done.fetch_add(1, Ordering::Relaxed) + 1;
        if done == get(&self.logs_total) && get(&self.logs_scanned) > 0 {
            tracing::info!("recovered logs: {self}");
        }
    }
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl fmt::Display for RecoveryProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} logs open, {} of them scanned, {} of {} MiB done, {} bytes cut off",
            get(&self.logs_done),
            get(&self.logs_total),
            get(&self.logs_scanned),
            get(&self.bytes_done) >> 20,
            get(&self.bytes_total) >> 20,
            get(&self.bytes_cut)
        )
    }
}
