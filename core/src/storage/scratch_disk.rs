//! The operating system's file system, for data that nobody wants after a loss of power.

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;

use super::{DirEntry, DirLock, Disk, DiskFile, FileStat, Mapped, OpenMode, RealDisk};

/// [`RealDisk`] without a sync: what a test's broker writes outlives its process, as the kernel has
/// it, and is gone with its directory soon.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScratchDisk;

#[derive(Debug)]
struct ScratchFile(Arc<dyn DiskFile>);

impl Disk for ScratchDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir_all(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        RealDisk.list(dir)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(ScratchFile(RealDisk.open(path, mode)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove_file(path)
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        RealDisk.remove_dir_all(dir)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>> {
        RealDisk.stat(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DirLock>>> {
        RealDisk.lock(path)
    }
}

impl DiskFile for ScratchFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        self.0.read_at(buf, position)
    }

    fn write_at(&self, bufs: &[IoSlice<'_>], position: u64) -> io::Result<()> {
        self.0.write_at(bufs, position)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn reserve(&self, from: u64, len: u64) -> io::Result<()> {
        self.0.reserve(from, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.fd()
    }

    fn map(&self, len: usize) -> io::Result<Mapped> {
        self.0.map(len)
    }

    fn is_resident(&self, position: u64) -> bool {
        self.0.is_resident(position)
    }

    fn no_read_ahead(&self) {
        self.0.no_read_ahead();
    }

    fn will_need(&self, position: u64, len: u64) {
        self.0.will_need(position, len);
    }
}
