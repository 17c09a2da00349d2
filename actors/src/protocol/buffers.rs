//! Buffers that requests are received into, kept for each core and used again.
//!
//! A request's frame is a part of such a buffer until its last byte has been dealt with; the
//! buffer then goes back to the core that received it, whichever core drops it. Its pages are
//! warm: nothing is allocated, zeroed or faulted in for the next request.

use std::sync::Arc;

use parking_lot::Mutex;

/// Bytes of the smallest buffer that is kept: what is read in one go.
pub(super) const SMALLEST: usize = 64 * 1024;
/// Room beside a round number of bytes, for what stands around the records of a request.
const SLACK: usize = 4 * 1024;
/// Sizes of buffers, each twice the one before.
const SIZES: usize = 6;
/// The largest buffer that is kept: frames beyond it are rare, and get one of their own.
pub(super) const LARGEST: usize = (SMALLEST << (SIZES - 1)) + SLACK;
/// Bytes that one core keeps at most while nothing uses them.
const KEPT: usize = 32 * 1024 * 1024;

thread_local! {
    static POOL: Arc<Pool> = Arc::default();
}

/// The unused buffers of one core.
#[derive(Debug, Default)]
struct Pool(Mutex<Shelves>);

#[derive(Debug, Default)]
struct Shelves {
    free: [Vec<Vec<u8>>; SIZES],
    /// The fewest of each size that lay here since the last [`tidy`].
    least: [usize; SIZES],
    bytes: usize,
}

/// The size that holds `bytes`, if there is one.
fn size_for(bytes: usize) -> Option<usize> {
    (0..SIZES).find(|size| bytes <= (SMALLEST << size) + SLACK)
}

impl Shelves {
    fn take(&mut self, size: usize) -> Option<Vec<u8>> {
        let buffer = self.free.get_mut(size)?.pop()?;
        self.bytes -= buffer.capacity();
        let left = self.free.get(size).map_or(0, Vec::len);
        if let Some(least) = self.least.get_mut(size) {
            *least = left.min(*least);
        }
        Some(buffer)
    }

    fn put(&mut self, buffer: Vec<u8>) {
        let size = size_for(buffer.capacity());
        let shelf = size.and_then(|size| self.free.get_mut(size));
        let Some(shelf) = shelf.filter(|_| self.bytes + buffer.capacity() <= KEPT) else { return };
        self.bytes += buffer.capacity();
        shelf.push(buffer);
    }

    /// Takes out what nobody has needed since the last time.
    fn tidy(&mut self) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        for (shelf, least) in self.free.iter_mut().zip(&mut self.least) {
            // the front has lain here longest
            out.extend(shelf.drain(..(*least).min(shelf.len())));
            *least = shelf.len();
        }
        self.bytes -= out.iter().map(Vec::capacity).sum::<usize>();
        out
    }
}

/// Bytes received; goes back to its core when dropped.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    home: Option<Arc<Pool>>,
}

impl Buffer {
    /// An empty buffer of this core with room for `bytes`.
    pub(super) fn with_room(bytes: usize) -> Self {
        let Some(size) = size_for(bytes) else { return Self::exact(bytes) };
        let home = POOL.with(Arc::clone);
        let kept = home.0.lock().take(size);
        let bytes = kept.unwrap_or_else(|| Vec::with_capacity((SMALLEST << size) + SLACK));
        Self { bytes, home: Some(home) }
    }

    /// An empty buffer that is not kept.
    pub(super) fn exact(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), home: None }
    }

    /// The bytes, to be appended to.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// How many bytes fit.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            let mut bytes = std::mem::take(&mut self.bytes);
            bytes.clear();
            home.0.lock().put(bytes);
        }
    }
}

/// Frees the buffers of this core that nobody has needed since the last call.
pub(super) fn tidy() {
    let unused = POOL.with(|pool| pool.0.lock().tidy());
    drop(unused);
}

/// Frees the buffers of this core that nobody uses.
pub(super) fn free_idle() {
    // the thread may be ending
    _ = POOL.try_with(|pool| drop(std::mem::take(&mut *pool.0.lock())));
}

#[cfg(test)]
#[path = "buffers_tests.rs"]
mod tests;
