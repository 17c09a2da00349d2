//! A file of a [`CrashDisk`].

use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

use super::{CrashDisk, Fault};
use crate::storage::disk::DiskFile;
use crate::storage::mapped::Mapped;

/// An open file.
pub(super) struct CrashFile {
    pub(super) disk: CrashDisk,
    pub(super) inode: u64,
}

impl fmt::Debug for CrashFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CrashFile({})", self.inode)
    }
}

impl DiskFile for CrashFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        self.disk.look(|tree| {
            let start = usize::try_from(position).unwrap_or(usize::MAX);
            let content = tree.content(self.inode).get(start..).unwrap_or_default();
            let count = content.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..count), content.get(..count)) {
                to.copy_from_slice(from);
            }
            Ok(count)
        })
    }

    fn write_at(&self, bufs: &[IoSlice<'_>], position: u64) -> io::Result<()> {
        let mut bytes = Vec::new();
        bufs.iter().for_each(|buf| bytes.extend_from_slice(buf));
        let mut state = self.disk.state.lock();
        match state.next_fault()? {
            None => state.tree.write(self.inode, position, bytes),
            Some(Fault::NoSpace) => {
                bytes.truncate(bytes.len() / 2);
                state.tree.write(self.inode, position, bytes)?;
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            Some(_) => Err(io::Error::from(io::ErrorKind::Other)),
        }
    }

    fn len(&self) -> io::Result<u64> {
        self.disk.look(|tree| Ok(tree.content(self.inode).len() as u64))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.call(|tree| tree.set_len(self.inode, len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.call(|tree| tree.sync_data(self.inode))
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn map(&self, len: usize) -> io::Result<Mapped> {
        self.disk.look(|tree| {
            let content = tree.content(self.inode).get(..len);
            let content = content.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            Ok(Mapped::Copy(content.to_vec()))
        })
    }
}
