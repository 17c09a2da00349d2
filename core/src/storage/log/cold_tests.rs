//! Which reads wait for the disk, on a file that is or is not in memory.

use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::storage::Mapped;

/// A file of zeros that is in memory once it has been read.
#[derive(Debug, Default)]
struct Slow {
    resident: AtomicBool,
    read: AtomicU64,
}

impl DiskFile for Slow {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let count = buf.len().min(usize::try_from(self.len()? - position).unwrap());
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        self.resident.store(true, Ordering::Relaxed);
        Ok(count)
    }

    fn write_at(&self, _: &[IoSlice<'_>], _: u64) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn len(&self) -> io::Result<u64> {
        Ok(1_000_000)
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn map(&self, _: usize) -> io::Result<Mapped> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn is_resident(&self, position: u64) -> bool {
        // the front is there: the rest decides
        position < STRIDE || self.resident.load(Ordering::Relaxed)
    }
}

#[test]
fn a_range_is_cold_until_it_has_been_read_through() {
    let file = Arc::new(Slow::default());
    let shared: Arc<dyn DiskFile> = file.clone();
    let front = ColdRange { file: Arc::clone(&shared), position: 100, end: 5_000, index_of: None };
    assert!(!front.is_cold());
    let range = ColdRange { file: shared, position: 100, end: 700_000, index_of: None };
    assert!(range.is_cold());
    range.warm().unwrap();
    assert!(!range.is_cold());
    assert_eq!(file.read.load(Ordering::Relaxed), 699_900);
}

#[test]
fn a_range_that_was_cut_off_meanwhile_ends_early() {
    let file = Arc::new(Slow::default());
    let range = ColdRange { file: file.clone(), position: 900_000, end: 2_000_000, index_of: None };
    range.warm().unwrap();
    assert_eq!(file.read.load(Ordering::Relaxed), 100_000);
}
