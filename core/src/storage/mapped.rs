//! Read-only memory maps of index files: the one unsafe corner of this crate.
#![expect(unsafe_code, reason = "mapping a file is unsafe by nature; argued at the block")]

use std::fmt;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsRawFd, BorrowedFd};

use memmap2::{Mmap, MmapOptions};

/// The first bytes of a file, mapped or copied.
pub enum Mapped {
    /// Pages of the page cache.
    Map(Mmap),
    /// A copy, where there is no file of the operating system's to map.
    Copy(Vec<u8>),
}

impl Mapped {
    /// Maps the first `len` bytes of `fd`, read only.
    pub(crate) fn of(fd: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        if len == 0 {
            return Ok(Self::Copy(Vec::new()));
        }
        // SAFETY: a map is undefined behaviour if its bytes change, and a fault if they are cut
        // off, while a slice of it is in use. Only index files are mapped, by the one `Log` that
        // owns them; index files are append-only below the length mapped, and the owner drops its
        // map before it cuts the file (`IndexFile::truncate`). Other processes are kept out by the
        // directory's lock file. The length mapped is at most what the owner itself wrote.
        let map = unsafe { MmapOptions::new().len(len).map(fd.as_raw_fd())? };
        Ok(Self::Map(map))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Map(map) => map,
            Self::Copy(copy) => copy,
        }
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapped({} bytes)", self.len())
    }
}
