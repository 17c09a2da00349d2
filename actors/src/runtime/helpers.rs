//! Threads of one core that may block.
//!
//! A core never waits for one of them. The pool of the runtime's own does make it wait: its lock is
//! handed over to the helper that was woken last, which on a busy machine has to wait for a
//! processor first, and the core with it (0.1 to 1 ms, several hundred times a second beside a
//! reader of old records).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A helper with nothing to do ends after so long.
const IDLE: Duration = Duration::from_secs(2);
/// Helpers of one core; more work than that waits.
const MOST: usize = 512;

type Work = Box<dyn FnOnce() + Send>;

/// The helpers of one core. Dropped, it waits until all work has been done.
pub(super) struct Helpers {
    shared: Arc<Shared>,
    idle: Duration,
    most: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    /// Helpers that wait for work, those included that have been woken and do not run yet.
    waiting: usize,
    threads: usize,
    /// No more work comes.
    closed: bool,
}

impl Default for Helpers {
    fn default() -> Self {
        Self { shared: Arc::default(), idle: IDLE, most: MOST }
    }
}

impl Helpers {
    /// Has `work` done, soon. Work that panics ends alone.
    pub(super) fn run(&self, work: impl FnOnce() + Send + 'static) {
        let mut state = self.shared.lock();
        state.queue.push_back(Box::new(work));
        let add = state.queue.len() > state.waiting && state.threads < self.most;
        state.threads += usize::from(add);
        drop(state);
        if add {
            self.start();
        } else {
            self.shared.work.notify_one();
        }
    }

    /// Has them end once all work has been done, and does not wait for it.
    pub(super) fn let_go(&self) {
        self.shared.close();
    }

    fn start(&self) {
        let (shared, idle) = (Arc::clone(&self.shared), self.idle);
        let thread = std::thread::Builder::new().name("ottla-helper".into());
        if let Err(error) = thread.spawn(move || shared.serve(idle)) {
            tracing::error!(%error, "cannot start a thread");
            let mut state = self.shared.lock();
            state.threads -= 1;
            // who waits for them learns that they were not done
            let lost = (state.threads == 0).then(|| std::mem::take(&mut state.queue));
            drop(state);
            drop(lost);
        }
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        if !self.shared.close() {
            // let go before
            return;
        }
        let mut state = self.shared.lock();
        while state.threads > 0 {
            state = self.shared.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if that was done before.
    fn close(&self) -> bool {
        let before = std::mem::replace(&mut self.lock().closed, true);
        self.work.notify_all();
        !before
    }

    fn serve(&self, idle: Duration) {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.queue.pop_front() {
                drop(state);
                // the hook has told of a panic
                drop(catch_unwind(AssertUnwindSafe(work)));
                state = self.lock();
                continue;
            }
            if state.closed {
                break;
            }
            state.waiting += 1;
            let waited = self.work.wait_timeout(state, idle);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.waiting -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        drop(state);
        self.ended.notify_all();
    }
}

#[cfg(test)]
#[path = "helpers_tests.rs"]
mod tests;
