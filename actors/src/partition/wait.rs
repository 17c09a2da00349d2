//! A long poll: one per fetch request, shared by the partitions it watches.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// What one fetch request waits for: that many bytes, over all its partitions.
#[derive(Debug)]
pub struct FetchWait(Mutex<State>);

#[derive(Debug)]
struct State {
    missing: u64,
    /// Partitions of the request that have news, by index.
    dirty: Vec<u32>,
    wake: Option<oneshot::Sender<()>>,
}

impl FetchWait {
    /// Waits for `missing` more bytes; the receiver resolves when they are there, or when a
    /// partition says that waiting is over.
    #[must_use]
    pub fn new(missing: u64) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (wake, woken) = oneshot::channel();
        let state = State { missing, dirty: Vec::new(), wake: Some(wake) };
        (Arc::new(Self(Mutex::new(state))), woken)
    }

    /// Ends the wait and returns which partitions have news, each once.
    #[must_use]
    pub fn close(&self) -> Vec<u32> {
        let mut state = self.0.lock();
        state.wake = None;
        let mut dirty = std::mem::take(&mut state.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        dirty
    }

    fn note(&self, index: u32, bytes: Option<u64>) -> bool {
        let mut state = self.0.lock();
        if state.wake.is_none() {
            return false;
        }
        state.dirty.push(index);
        state.missing = bytes.map_or(0, |bytes| state.missing.saturating_sub(bytes));
        if state.missing > 0 {
            return true;
        }
        if let Some(wake) = state.wake.take() {
            // the request may have given up meanwhile
            let _ = wake.send(());
        }
        false
    }
}

/// A fetch request's eye on one partition.
#[derive(Clone, Debug)]
pub struct FetchWatcher {
    /// The request.
    pub wait: Arc<FetchWait>,
    /// Which of its partitions.
    pub index: u32,
    /// When it gives up, in monotonic milliseconds.
    pub deadline_ms: u64,
}

impl FetchWatcher {
    /// That many bytes have become readable; true if the request waits for more.
    #[must_use]
    pub fn more(&self, bytes: u64) -> bool {
        self.wait.note(self.index, Some(bytes))
    }

    /// The partition is not what it was: the request must look at once.
    pub fn moved(&self) {
        self.wait.note(self.index, None);
    }
}
