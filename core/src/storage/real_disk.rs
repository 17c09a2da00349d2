//! The operating system's file system.
#![expect(
    clippy::disallowed_methods,
    reason = "this file is what the ban on std::fs sends everyone to"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use rustix::fs::{Advice, FallocateFlags, FlockOperation, OFlags, fcntl_lock, flock};
use rustix::io::{Errno, ReadWriteFlags};

use super::{DirEntry, DirLock, Disk, DiskFile, FileStat, Mapped, OpenMode};

/// The most slices handed to one `pwritev`.
const MAX_SLICES: usize = 64;

/// Long writes go out in pieces that end where a multiple of this does.
///
/// A file system with large folios sizes a new folio by what is left to write. Pieces of four pages
/// come from the allocator's per-processor lists, whose pages are warm; a megabyte in one call
/// takes single large blocks, which are cold, and which in a virtual machine the host has taken
/// back and must supply again page by page: five times the cost (`benches/cost.md`).
const PIECE: usize = 16 * 1024;

/// Read directly at once, so that nobody else who needs the device waits long. A short answer to
/// a reader of old records mostly takes one such read.
const DIRECT_CHUNK: usize = 384 * 1024;

/// The operating system's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(File);

#[derive(Debug)]
struct RealLock {
    _file: File,
}

impl DirLock for RealLock {}

impl Disk for RealDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // a file may vanish between the two calls: another thread deletes old segments
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            entries.push(DirEntry { name, is_dir: metadata.is_dir(), len: metadata.len() });
        }
        Ok(entries)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => {}
            OpenMode::Write => {
                options.write(true);
            }
            OpenMode::Create => {
                options.write(true).create(true).truncate(false);
            }
            OpenMode::Truncate => {
                options.write(true).create(true).truncate(true);
            }
        }
        Ok(Arc::new(RealFile(options.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir_all(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // the parent of a path of one name is the empty path
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        File::open(dir)?.sync_all()
    }

    /// Before Linux 5.8 `syncfs` said nothing of a write that failed.
    fn syncs_file_system(&self) -> bool {
        let name = rustix::system::uname();
        let release = name.release().to_string_lossy();
        let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5, 8),
            _ => false,
        }
    }

    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(dir)?)?)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let modified_ms = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|age| i64::try_from(age.as_millis()).ok())
            .unwrap_or(0);
        Ok(Some(FileStat { len: metadata.len(), modified_ms, is_dir: metadata.is_dir() }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DirLock>>> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // two kinds, which do not see each other: Kafka (Java) takes the second, which in turn does
        // not tell two openers in one process apart
        let exclusive = FlockOperation::NonBlockingLockExclusive;
        match flock(&file, exclusive).and_then(|()| fcntl_lock(&file, exclusive)) {
            Ok(()) => Ok(Some(Box::new(RealLock { _file: file }))),
            Err(Errno::WOULDBLOCK | Errno::ACCESS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = buf.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, position + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write_at(&self, bufs: &[IoSlice<'_>], mut position: u64) -> io::Result<()> {
        for mut bufs in bufs.chunks(MAX_SLICES).map(Slices::of) {
            while !bufs.as_slice().is_empty() {
                let piece = bufs.front(piece_at(position, bufs.remaining()));
                let written = match rustix::io::pwritev(&self.0, piece.as_slice(), position) {
                    Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                    Ok(written) => written,
                    Err(Errno::INTR) => continue,
                    Err(error) => return Err(error.into()),
                };
                position += written as u64;
                bufs.advance(written);
            }
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn reserve(&self, from: u64, len: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(&self.0, FallocateFlags::KEEP_SIZE, from, len)?)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }

    fn is_resident(&self, position: u64) -> bool {
        let mut byte = [0];
        let mut bufs = [IoSliceMut::new(&mut byte)];
        let read = rustix::io::preadv2(&self.0, &mut bufs, position, ReadWriteFlags::NOWAIT);
        // any other error is met again by whoever reads
        !matches!(read, Err(Errno::AGAIN))
    }

    fn read_direct(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        // the flag belongs to an open file, and this one is also written to and sent from
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let flag = i32::try_from(OFlags::DIRECT.bits()).unwrap_or(0);
        let file = OpenOptions::new().read(true).custom_flags(flag).open(path)?;
        let mut read = 0;
        for chunk in buf.chunks_mut(DIRECT_CHUNK) {
            let count = file.read_at(chunk, position + read as u64)?;
            read += count;
            if count < chunk.len() {
                // the file's end
                break;
            }
        }
        Ok(read)
    }

    fn no_read_ahead(&self) {
        // advice: a file system may not know it
        _ = rustix::fs::fadvise(&self.0, 0, None, Advice::Random);
    }

    fn will_need(&self, position: u64, len: u64) {
        if let Some(len) = NonZeroU64::new(len) {
            _ = rustix::fs::fadvise(&self.0, position, Some(len), Advice::WillNeed);
        }
    }

    fn map(&self, len: usize) -> io::Result<Mapped> {
        Mapped::of(self.0.as_fd(), len)
    }
}

/// How many of `remaining` bytes to write at `position` with one call.
fn piece_at(position: u64, remaining: usize) -> usize {
    let into = usize::try_from(position % PIECE as u64).unwrap_or(0);
    if remaining < 2 * PIECE { remaining } else { PIECE - into }
}

/// Up to [`MAX_SLICES`] slices on the stack, of which a partial write has taken the front.
struct Slices<'a> {
    slices: [IoSlice<'a>; MAX_SLICES],
    first: usize,
    len: usize,
}

impl<'a> Slices<'a> {
    fn of(bufs: &'a [IoSlice<'a>]) -> Self {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        for (slot, buf) in slices.iter_mut().zip(bufs) {
            *slot = IoSlice::new(buf);
        }
        let mut this = Self { slices, first: 0, len: bufs.len().min(MAX_SLICES) };
        this.advance(0);
        this
    }

    fn as_slice(&self) -> &[IoSlice<'a>] {
        self.slices.get(self.first..self.len).unwrap_or_default()
    }

    fn remaining(&self) -> usize {
        self.as_slice().iter().map(|slice| slice.len()).sum()
    }

    /// The first `count` bytes.
    fn front(&self, mut count: usize) -> Slices<'_> {
        let mut front = Slices { slices: [IoSlice::new(&[]); MAX_SLICES], first: 0, len: 0 };
        for (slot, slice) in front.slices.iter_mut().zip(self.as_slice()) {
            if count == 0 {
                break;
            }
            let taken = slice.len().min(count);
            *slot = IoSlice::new(slice.get(..taken).unwrap_or_default());
            count -= taken;
            front.len += 1;
        }
        front
    }

    /// Forgets the first `count` bytes, and empty slices at the front.
    fn advance(&mut self, mut count: usize) {
        while self.first < self.len {
            let Some(front) = self.slices.get_mut(self.first) else { break };
            if front.len() > count {
                front.advance(count);
                break;
            }
            count -= front.len();
            self.first += 1;
        }
    }
}

#[cfg(test)]
#[path = "real_disk_tests.rs"]
mod tests;
