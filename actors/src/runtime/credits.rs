//! Memory permits: what bounds the requests a broker holds at once.
//!
//! A connection takes permits for the bytes that have arrived, never for the length a peer
//! promises. Above the limit no connection starts to read another frame; frames already under way
//! may go on up to twice the limit, so that a crowd of half-read frames cannot lock each other
//! out, and past that the connection that needs more is closed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Instant;

use parking_lot::Mutex;

/// The memory that requests may hold, shared by all connections.
#[derive(Debug)]
pub struct Credits {
    limit: u64,
    used: AtomicU64,
    waiting: Mutex<VecDeque<Waker>>,
}

impl Credits {
    /// Credits for `limit` bytes of requests.
    #[must_use]
    pub fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit: limit.max(1),
            used: AtomicU64::new(0),
            waiting: Mutex::new(VecDeque::new()),
        })
    }

    /// Bytes now held.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// The limit above which no new frame is read.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether a new frame may be read now; if not, `waker` is woken when that may have changed.
    pub fn admits(&self, waker: &Waker) -> bool {
        if self.used() < self.limit {
            return true;
        }
        let mut waiting = self.waiting.lock();
        if !waiting.iter().any(|w| w.will_wake(waker)) {
            waiting.push_back(waker.clone());
        }
        drop(waiting);
        // what was freed between the two looks has woken nobody
        self.used() < self.limit
    }

    /// An empty permit, to be grown.
    #[must_use]
    pub fn permit(self: &Arc<Self>) -> MemoryPermit {
        MemoryPermit { credits: Arc::clone(self), bytes: 0 }
    }

    fn free(&self, bytes: u64) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        if before >= self.limit && before - bytes < self.limit {
            let woken = std::mem::take(&mut *self.waiting.lock());
            woken.into_iter().for_each(Waker::wake);
        }
    }
}

/// Bytes taken from [`Credits`]; given back on drop.
#[derive(Debug)]
pub struct MemoryPermit {
    credits: Arc<Credits>,
    bytes: u64,
}

impl MemoryPermit {
    /// Takes permits up to `bytes` in all. False, and nothing changed, past twice the limit.
    pub fn grow_to(&mut self, bytes: usize) -> bool {
        let more = (bytes as u64).saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let before = self.credits.used.fetch_add(more, Ordering::Relaxed);
        // a single frame is always let in: `socket.request.max.bytes` bounds it
        if before > 0 && before + more > self.credits.limit.saturating_mul(2) {
            self.credits.free(more);
            return false;
        }
        self.bytes += more;
        true
    }

    /// Gives back what is held above `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes as u64);
        if less > 0 {
            self.bytes -= less;
            self.credits.free(less);
        }
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// What a request uses: its memory, its place among the requests in flight on its connection,
/// and the instant it arrived. Freed after the last byte of its reply has left.
#[derive(Debug)]
pub struct RequestTicket {
    memory: Option<MemoryPermit>,
    arrived: Instant,
}

impl RequestTicket {
    /// A ticket for a request whose frame is paid for by `memory`.
    #[must_use]
    pub fn new(memory: MemoryPermit) -> Self {
        Self { memory: Some(memory), arrived: Instant::now() }
    }

    /// A ticket for a request that came from inside the process and holds no frame.
    #[must_use]
    pub fn free() -> Self {
        Self { memory: None, arrived: Instant::now() }
    }

    /// When the last byte of the request arrived.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// Bytes of request memory the ticket holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.memory.as_ref().map_or(0, MemoryPermit::bytes)
    }
}

#[cfg(test)]
#[path = "credits_tests.rs"]
mod tests;
