//! Memory for old records that are read past the page cache.
//!
//! What is read through the page cache takes fresh memory for every byte and pushes out what others
//! use. On a machine that lends its free memory out, fresh memory is what stalls all of its cores.
//! These buffers are used again and again instead.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use bytes::Bytes;
use memmap2::MmapMut;
use parking_lot::Mutex;

use super::{DiskFile, Mapped};

/// What positions, lengths and addresses of a direct read are multiples of.
const BLOCK: u64 = 4096;
/// Buffers in this process, lent or kept. When they are used up reads go through the page cache.
const MOST_BYTES: usize = 64 << 20;
/// Of buffers that nobody uses, these are kept.
const KEPT_BYTES: usize = 16 << 20;
/// A longer read goes through the page cache: one of a consumer whose `max.partition.fetch.bytes`
/// is larger, or of batches as large.
const LARGEST: usize = 8 << 20;
/// Buffers are multiples of this, so that one fits the next read as well.
const STEP: usize = 256 << 10;

static POOL: Mutex<Pool> = Mutex::new(Pool { free: Vec::new(), bytes: 0 });

struct Pool {
    free: Vec<MmapMut>,
    /// All buffers, lent or free.
    bytes: usize,
}

impl Pool {
    /// The shortest free buffer of at least `len` bytes.
    fn fitting(&mut self, len: usize) -> Option<MmapMut> {
        let free = self.free.iter().enumerate().filter(|(_, map)| map.len() >= len);
        let (at, _) = free.min_by_key(|(_, map)| map.len())?;
        Some(self.free.swap_remove(at))
    }

    /// Counts a new buffer of `len` bytes in, for which free ones that are too short may have to
    /// go. False if too many are lent.
    fn reserve(&mut self, len: usize, gone: &mut Vec<MmapMut>) -> bool {
        while self.bytes + len > MOST_BYTES {
            let Some(map) = self.free.pop() else { return false };
            self.bytes -= map.len();
            gone.push(map);
        }
        self.bytes += len;
        true
    }

    /// Keeps a buffer, or returns it if enough are kept.
    fn take_back(&mut self, map: MmapMut) -> Option<MmapMut> {
        let kept: usize = self.free.iter().map(|map| map.len()).sum();
        if kept + map.len() <= KEPT_BYTES {
            self.free.push(map);
            return None;
        }
        self.bytes -= map.len();
        Some(map)
    }
}

/// A buffer of at least `len` bytes, unless too many are out. Memory is mapped and unmapped outside
/// the lock, which the threads of the cores take as well.
fn lend(pool: &Mutex<Pool>, len: usize) -> Option<MmapMut> {
    let size = len.next_multiple_of(STEP);
    let mut gone = Vec::new();
    {
        let mut pool = pool.lock();
        if let Some(map) = pool.fitting(len) {
            return Some(map);
        }
        if !pool.reserve(size, &mut gone) {
            return None;
        }
    }
    drop(gone);
    let map = MmapMut::map_anon(size);
    if map.is_err() {
        pool.lock().bytes -= size;
    }
    map.ok()
}

/// A buffer that goes back to the pool when its last reader is done.
struct Lent {
    map: Option<MmapMut>,
    filled: usize,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.map.as_ref().and_then(|map| map.get(..self.filled)).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(map) = self.map.take() {
            let surplus = POOL.lock().take_back(map);
            drop(surplus);
        }
    }
}

/// A file of which a range is in this process's memory.
pub(super) struct HeldFile {
    file: Arc<dyn DiskFile>,
    from: u64,
    bytes: Bytes,
}

impl HeldFile {
    /// Reads the range past the page cache. `None` where that cannot be done: it is too long, too
    /// much memory is lent, or the file system does not know how.
    pub(super) fn read(file: &Arc<dyn DiskFile>, position: u64, end: u64) -> Option<Self> {
        let from = position - position % BLOCK;
        let wanted = usize::try_from(end.checked_sub(from)?).ok()?;
        let len = wanted.next_multiple_of(usize::try_from(BLOCK).ok()?);
        if len > LARGEST {
            return None;
        }
        let mut lent = Lent { map: Some(lend(&POOL, len)?), filled: 0 };
        let room = lent.map.as_mut().and_then(|map| map.get_mut(..len))?;
        let read = file.read_direct(room, from).ok()?;
        if read < wanted {
            return None;
        }
        lent.filled = wanted;
        Some(Self { file: Arc::clone(file), from, bytes: Bytes::from_owner(lent) })
    }

    /// What is held from `position` on; empty if that is not in the range.
    fn held_from(&self, position: u64) -> &[u8] {
        let at = position.checked_sub(self.from).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.bytes.get(at..)).unwrap_or_default()
    }
}

impl fmt::Debug for HeldFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldFile({} bytes at {} of {:?})", self.bytes.len(), self.from, self.file)
    }
}

impl DiskFile for HeldFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let held = self.held_from(position);
        let count = held.len().min(buf.len());
        let (front, rest) = buf.split_at_mut(count);
        front.copy_from_slice(held.get(..count).unwrap_or_default());
        if rest.is_empty() {
            return Ok(count);
        }
        Ok(count + self.file.read_at(rest, position + count as u64)?)
    }

    fn write_at(&self, bufs: &[io::IoSlice<'_>], position: u64) -> io::Result<()> {
        self.file.write_at(bufs, position)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.file.fd()
    }

    fn map(&self, len: usize) -> io::Result<Mapped> {
        self.file.map(len)
    }

    fn held(&self, position: u64, len: usize) -> Option<Bytes> {
        let at = usize::try_from(position.checked_sub(self.from)?).ok()?;
        let end = at.checked_add(len)?;
        (end <= self.bytes.len()).then(|| self.bytes.slice(at..end))
    }
}

#[cfg(test)]
#[path = "direct_tests.rs"]
mod tests;
