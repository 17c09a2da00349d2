//! The seam between logs and the operating system.
//!
//! Two implementations: [`RealDisk`](super::RealDisk), with a variant that never syncs
//! ([`ScratchDisk`](super::ScratchDisk)), and [`CrashDisk`](super::crash::CrashDisk) for tests,
//! which keeps written and synced bytes apart and can lose power at any call.

use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::Mapped;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Must exist; only read.
    Read,
    /// Must exist; read and written.
    Write,
    /// Created if missing; read and written.
    Create,
    /// Created if missing, emptied if not; read and written.
    Truncate,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name, without its directory. Names that are not UTF-8 are not listed.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Size in bytes of a file.
    pub len: u64,
}

/// What the file system knows of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Size in bytes.
    pub len: u64,
    /// Last modification, in milliseconds since the Unix epoch.
    pub modified_ms: i64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// A held lock file; dropping it releases the lock.
pub trait DirLock: Send + Sync + fmt::Debug {}

/// A file system, as far as logs need one. All calls block and may come from any thread.
pub trait Disk: Send + Sync + fmt::Debug + 'static {
    /// Creates `dir` and its missing parents.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Lists `dir`, in no particular order.
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>>;
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file or directory, replacing a file that is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with all that is in it.
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Makes the names in `dir` durable (`fsync` of a directory).
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Size and time of a file or directory; `None` if there is none of that name.
    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>>;
    /// Takes the lock file `path`; `None` if another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DirLock>>>;

    /// Whether [`Disk::sync_file_system`] works and reports what failed.
    fn syncs_file_system(&self) -> bool {
        false
    }

    /// Makes everything durable that the file system of `dir` holds (`syncfs`): cheaper than a sync
    /// for each of thousands of files.
    fn sync_file_system(&self, dir: &Path) -> io::Result<()> {
        let path = dir.display();
        Err(io::Error::new(io::ErrorKind::Unsupported, format!("syncing all of {path}")))
    }

    /// Whether there is a file or directory of that name.
    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.stat(path)?.is_some())
    }

    /// The whole content of a small file; `None` if there is none, an error beyond `limit` bytes.
    fn read_small(&self, path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match self.open(path, OpenMode::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        if len > limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let mut content = vec![0; len];
        let read = file.read_at(&mut content, 0)?;
        content.truncate(read);
        Ok(Some(content))
    }
}

/// An open file. Reads and writes name their position, so one handle serves many threads.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Reads until `buf` is full or the file ends; returns the bytes read.
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize>;
    /// Writes all of `bufs` at `position`, one after the other.
    fn write_at(&self, bufs: &[IoSlice<'_>], position: u64) -> io::Result<()>;
    /// The file's size.
    fn len(&self) -> io::Result<u64>;
    /// Cuts or extends the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Takes room on the disk for bytes behind the file's end, whose size stays (`fallocate`).
    fn reserve(&self, from: u64, len: u64) -> io::Result<()> {
        let _ = (from, len);
        Ok(())
    }
    /// Makes content and size durable (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;
    /// The descriptor, for `sendfile`; `None` if the file is not the operating system's.
    fn fd(&self) -> Option<BorrowedFd<'_>>;
    /// The first `len` bytes for look-up. They must not be cut off while the map lives.
    fn map(&self, len: usize) -> io::Result<Mapped>;

    /// Whether the byte at `position` can be had without waiting for a device. True where that
    /// cannot be told.
    fn is_resident(&self, _position: u64) -> bool {
        true
    }

    /// What is read of this file is all that is wanted: the system need not read on behind it.
    fn no_read_ahead(&self) {}

    /// Reads past the system's cache until `buf` is full or the file ends; returns the bytes read.
    /// Address and length of `buf` and the position are multiples of 4,096.
    ///
    /// # Errors
    /// When the file cannot be read, or not in this way.
    fn read_direct(&self, _buf: &mut [u8], _position: u64) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    /// These bytes, if they are in this process's memory.
    fn held(&self, _position: u64, _len: usize) -> Option<Bytes> {
        None
    }

    /// Begins to bring bytes that will be wanted soon into memory, and does not wait for them.
    fn will_need(&self, _position: u64, _len: u64) {}

    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}
