//! Pipes that carry the pages of log files to sockets.
//!
//! `sendfile` looks 16 pages up and sends them, then the next 16: a peer that reads as fast as that
//! falls asleep between any two, and each wake-up costs more than sending the pages. Through a pipe
//! of its own a connection looks many pages up first and then sends them in one go. No byte is
//! copied either way.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, SpliceFlags};

/// Bytes a pipe holds, if its pages are full.
const CAPACITY: usize = 1024 * 1024;
/// Pipes of one core, those lent out included. A connection that gets none uses `sendfile`.
const PER_CORE: usize = 16;
/// Pipes that are kept while nobody needs them.
const KEPT: usize = 4;

struct Pool {
    idle: Vec<Ends>,
    lent: usize,
    /// The most that may be lent: less than [`PER_CORE`] once the system has refused one.
    most: usize,
}

thread_local! {
    /// The pipes of this core.
    static POOL: RefCell<Pool> =
        const { RefCell::new(Pool { idle: Vec::new(), lent: 0, most: PER_CORE }) };
}

#[derive(Debug)]
struct Ends {
    read: OwnedFd,
    write: OwnedFd,
}

impl Ends {
    fn new() -> Option<Self> {
        let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).ok()?;
        // a small one is no better than what `sendfile` uses
        let size = rustix::pipe::fcntl_setpipe_size(&write, CAPACITY).ok()?;
        (size >= CAPACITY).then_some(Self { read, write })
    }
}

/// A pipe on loan from its core. It goes back when it is dropped empty; one that still holds bytes
/// is closed.
#[derive(Debug)]
pub(super) struct Pipe {
    ends: Option<Ends>,
    held: usize,
}

impl Pipe {
    /// A pipe of this core; none if too many are out, or the system gives none.
    pub(super) fn borrow() -> Option<Self> {
        POOL.with_borrow_mut(|pool| {
            if pool.lent >= pool.most {
                return None;
            }
            let Some(ends) = pool.idle.pop().or_else(Ends::new) else {
                pool.most = pool.lent;
                return None;
            };
            pool.lent += 1;
            Some(Self { ends: Some(ends), held: 0 })
        })
    }

    /// Bytes in it.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Takes up to `count` bytes of `file` from `position` on. For an empty pipe.
    pub(super) fn fill(
        &mut self,
        file: impl AsFd,
        mut position: u64,
        count: usize,
    ) -> io::Result<usize> {
        let Some(ends) = &self.ends else { return Ok(0) };
        let write = &ends.write;
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let count = count.min(CAPACITY);
        let taken = rustix::pipe::splice(file, Some(&mut position), write, None, count, flags)?;
        self.held += taken;
        Ok(taken)
    }

    /// Sends what it holds; with `more`, other bytes follow at once.
    pub(super) fn drain(&mut self, socket: impl AsFd, more: bool) -> io::Result<usize> {
        let Some(ends) = &self.ends else { return Ok(0) };
        let mut flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        flags.set(SpliceFlags::MORE, more);
        let sent = rustix::pipe::splice(&ends.read, None, socket, None, self.held, flags)?;
        self.held = self.held.saturating_sub(sent);
        Ok(sent)
    }
}

/// Closes the pipes of this core that nobody uses.
pub(super) fn close_idle() {
    // the thread may be ending
    _ = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        pool.idle.clear();
        pool.most = PER_CORE;
    });
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take() else { return };
        // the thread may be ending
        _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            pool.lent = pool.lent.saturating_sub(1);
            if self.held == 0 && pool.idle.len() < KEPT {
                pool.idle.push(ends);
            }
        });
    }
}

#[cfg(test)]
#[path = "pipe_tests.rs"]
mod tests;
