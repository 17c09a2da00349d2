//! A disk for tests that keeps written and synced bytes apart and can lose power at any call.
//!
//! Everything is in memory. Each file remembers what its last sync covered and every write since;
//! each directory remembers which of its names are durable and every change since. Losing power
//! keeps, of each, what was synced and a first part of the rest, the last write of it torn. That is
//! what POSIX promises and no more: data is durable by `sync_data`, a name by `sync_dir` of its
//! directory, and neither by the other.

mod file;
mod tree;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use self::file::CrashFile;
use self::tree::{State, Tree};
use super::disk::{DirEntry, DirLock, Disk, DiskFile, FileStat, OpenMode};

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Power is lost: this call and all after it do nothing and fail.
    PowerLoss,
    /// This call, if it is a write, writes half of its bytes and fails: the disk is full.
    NoSpace,
    /// This call fails and does nothing.
    Error,
}

/// What is found when the machine starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Everything that was written: only the process died (`kill -9`).
    Written,
    /// Only what was synced.
    Synced,
    /// What was synced and, of each file and directory, a part of the rest that this seed picks.
    Random(u64),
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct CrashDisk {
    state: Arc<Mutex<State>>,
}

impl CrashDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls have changed or synced something so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// Lets the call with this number, counted from 0 as [`CrashDisk::calls`] does, go wrong.
    pub fn fault_at(&self, call: u64, fault: Fault) {
        self.state.lock().faults.insert(call, fault);
    }

    /// The disk as it is found after the power came back. This one is dead from now on.
    #[must_use]
    pub fn restart(&self, survival: Survival) -> Self {
        let mut state = self.state.lock();
        state.dead = true;
        let mut dice = Dice(match survival {
            Survival::Random(seed) => seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            _ => 1,
        });
        let tree = state.tree.survive(survival, &mut dice);
        let state = State { tree, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Counts a call that changes something; fails if it is to fail.
    fn call<T>(&self, run: impl FnOnce(&mut Tree) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock();
        match state.next_fault()? {
            None => run(&mut state.tree),
            Some(_) => Err(io::Error::from(io::ErrorKind::Other)),
        }
    }

    /// A call that only looks.
    fn look<T>(&self, run: impl FnOnce(&Tree) -> io::Result<T>) -> io::Result<T> {
        let state = self.state.lock();
        if state.dead { Err(power_lost()) } else { run(&state.tree) }
    }
}

impl State {
    fn next_fault(&mut self) -> io::Result<Option<Fault>> {
        if self.dead {
            return Err(power_lost());
        }
        let fault = self.faults.remove(&self.calls);
        self.calls += 1;
        if fault == Some(Fault::PowerLoss) {
            self.dead = true;
            return Err(power_lost());
        }
        Ok(fault)
    }
}

fn power_lost() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the power is off")
}

/// A small generator (xorshift), so that a seed tells all.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// A number from 0 to `most`, both included.
    fn upto(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let span = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        usize::try_from((self.0 >> 11) % span).unwrap_or(0)
    }
}

#[derive(Debug)]
struct CrashLock {
    disk: CrashDisk,
    path: std::path::PathBuf,
}

impl DirLock for CrashLock {}

impl Drop for CrashLock {
    fn drop(&mut self) {
        self.disk.state.lock().locks.remove(&self.path);
    }
}

impl Disk for CrashDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        if self.look(|tree| Ok(tree.is_dir(dir)))? {
            return Ok(());
        }
        self.call(|tree| tree.create_dir_all(dir))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.look(|tree| tree.list(dir))
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let found = self.look(|tree| Ok(tree.file(path)))?;
        let inode = match (found, mode) {
            (Some(inode), OpenMode::Truncate) => {
                self.call(|tree| tree.set_len(inode, 0))?;
                inode
            }
            (Some(inode), _) => inode,
            (None, OpenMode::Read | OpenMode::Write) => {
                return Err(io::Error::from(io::ErrorKind::NotFound));
            }
            (None, OpenMode::Create | OpenMode::Truncate) => {
                self.call(|tree| tree.create_file(path))?
            }
        };
        Ok(Arc::new(CrashFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(|tree| tree.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.call(|tree| tree.remove(path))
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.call(|tree| tree.remove(dir))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.call(|tree| tree.sync_dir(dir))
    }

    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>> {
        self.look(|tree| Ok(tree.stat(path)))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DirLock>>> {
        self.open(path, OpenMode::Create)?;
        let fresh = self.state.lock().locks.insert(path.to_owned(), ()).is_none();
        let lock = || CrashLock { disk: self.clone(), path: path.to_owned() };
        Ok(fresh.then(|| Box::new(lock()) as Box<dyn DirLock>))
    }
}

/// Locks held, by path.
type Locks = HashMap<std::path::PathBuf, ()>;

#[cfg(test)]
#[path = "crash_tests.rs"]
mod tests;
