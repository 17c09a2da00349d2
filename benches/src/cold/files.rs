//! The files of a topic, below the broker's log directory: written out, dropped from the page
//! cache, read as fast as they come.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Advice, fadvise, statvfs};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use crate::error::BenchError;

/// Read at a time.
const PIECE: usize = 256 * 1024;
/// Places of a file that are looked at.
const PLACES: u64 = 16;
/// Pages that a core holds back for a moment go when they are asked for again.
const ATTEMPTS: usize = 3;

/// The log files of a topic.
pub(super) struct Files(Vec<PathBuf>);

impl Files {
    /// Finds them; a partition without a folder is an error.
    pub(super) fn find(dir: &Path, topic: &str, partitions: u16) -> Result<Self, BenchError> {
        let mut found = Vec::new();
        for partition in 0..partitions {
            let folder = dir.join(format!("{topic}-{partition}"));
            let entries = std::fs::read_dir(&folder).map_err(|error| {
                let folder = folder.display();
                BenchError::options(format!("{folder}: {error}; is --log-dir the broker's?"))
            })?;
            let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
            found.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "log")));
        }
        found.sort();
        Ok(Self(found))
    }

    /// Writes them out and drops them from the page cache. Comes back with the share of the places
    /// that were looked at and are still in it; none where the system cannot tell.
    pub(super) fn drop_pages(&self) -> io::Result<Option<f64>> {
        let mut cached = None;
        for _ in 0..ATTEMPTS {
            for path in &self.0 {
                let file = File::open(path)?;
                file.sync_all()?;
                fadvise(&file, 0, None, Advice::DontNeed)?;
            }
            cached = self.cached()?;
            if cached == Some(0.0) {
                break;
            }
        }
        Ok(cached)
    }

    fn cached(&self) -> io::Result<Option<f64>> {
        let (mut there, mut all) = (0_u32, 0_u32);
        for path in &self.0 {
            let file = File::open(path)?;
            // or a look at one page would fetch its neighbours
            fadvise(&file, 0, None, Advice::Random)?;
            let length = file.metadata()?.len();
            for place in 0..PLACES.min(length) {
                let (mut byte, at) = ([0], length / PLACES * place);
                let mut into = [IoSliceMut::new(&mut byte)];
                match preadv2(&file, &mut into, at, ReadWriteFlags::NOWAIT) {
                    Ok(_) => there += 1,
                    Err(Errno::AGAIN) => {}
                    Err(Errno::OPNOTSUPP) => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
                all += 1;
            }
        }
        Ok(Some(f64::from(there) / f64::from(all.max(1))))
    }

    /// Reads all of them once, or until it is to end; returns the bytes.
    pub(super) fn read(&self, ended: &AtomicBool) -> io::Result<u64> {
        let mut buffer = vec![0; PIECE];
        let mut bytes = 0;
        for path in &self.0 {
            let mut file = File::open(path)?;
            while !ended.load(Ordering::Relaxed) {
                match file.read(&mut buffer)? {
                    0 => break,
                    length => bytes += length as u64,
                }
            }
        }
        Ok(bytes)
    }
}

/// Refuses to fill a disk.
pub(super) fn check_space(dir: &Path, wanted: u64) -> Result<(), BenchError> {
    let shown = dir.display();
    let disk = statvfs(dir).map_err(|e| BenchError::options(format!("--log-dir {shown}: {e}")))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= wanted {
        return Ok(());
    }
    let gb = |bytes: u64| crate::report::count(crate::histogram::as_f64(bytes));
    let what = format!(
        "{shown} has {}B free and this takes {}B: give a smaller --fill",
        gb(free),
        gb(wanted)
    );
    Err(BenchError::options(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_a_file_are_dropped_and_read_again() {
        // beside the test program: the temporary folder may be memory, which drops nothing
        let own = std::env::current_exe().unwrap();
        let dir = own.parent().unwrap().join(format!("ottla-cold-{}", std::process::id()));
        let folder = dir.join("t-0");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("0.log"), vec![7; 3 << 20]).unwrap();
        std::fs::write(folder.join("0.index"), [1]).unwrap();
        let files = Files::find(&dir, "t", 1).unwrap();
        let before = files.cached().unwrap();
        let dropped = files.drop_pages().unwrap();
        let read = files.read(&AtomicBool::new(false)).unwrap();
        let after = files.cached().unwrap();
        let none = files.read(&AtomicBool::new(true)).unwrap();
        let missing = Files::find(&dir, "t", 2);
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!((before, dropped, after), (Some(1.0), Some(0.0), Some(1.0)));
        assert_eq!((read, none), (3 << 20, 0), "the log alone");
        let error = missing.err().unwrap().to_string();
        assert!(error.contains("t-1") && error.contains("--log-dir"), "{error}");
    }

    #[test]
    fn a_disk_that_is_too_small_is_named() {
        let dir = std::env::temp_dir();
        check_space(&dir, 0).unwrap();
        let error = check_space(&dir, u64::MAX).unwrap_err().to_string();
        assert!(error.contains("--fill") && error.contains("GB free"), "{error}");
    }
}
