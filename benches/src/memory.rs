//! Memory that is there before a measurement begins.
//!
//! A virtual machine gives memory that it does not use back to its host, and gets it page by page
//! when it is touched again: a microsecond or more a page, ten times what an append to it costs.
//! The first of two brokers would pay for the other. So both find it touched; or, where there is
//! time, in use: the page cache is filled with pages that nobody wants, as it is on a server that
//! has been up for a while, and what is appended takes their place. Memory in use stays.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

/// Touched at a time.
const PIECE: usize = 64 << 20;
/// Within a page.
const STRIDE: usize = 4096;

/// Touches `megabytes` of memory, at most a third of what is available, and gives it back to the
/// system, where what a broker appends to the page cache will find it.
pub(crate) fn touch(megabytes: u64) {
    let wanted = megabytes.min(available_mb() / 3) << 20;
    let pieces = usize::try_from(wanted).unwrap_or(0) / PIECE;
    let mut held = Vec::with_capacity(pieces);
    for _ in 0..pieces {
        let mut piece = vec![0_u8; PIECE];
        for byte in piece.iter_mut().step_by(STRIDE) {
            *byte = 1;
        }
        held.push(std::hint::black_box(piece));
    }
}

/// How memory is prepared.
#[derive(Clone)]
pub(crate) enum Memory {
    /// So many megabytes are touched.
    Touched(u64),
    /// The page cache is filled.
    Full(Arc<Mutex<Filler>>),
}

impl Memory {
    /// To be full, with a file in `dir`; touched where that file cannot be made.
    pub(crate) fn full(dir: &Path) -> Self {
        Filler::new(dir).map_or(Self::Touched(8_000), |filler| Self::Full(Arc::new(filler.into())))
    }

    /// Prepares it, which takes up to a minute. What cannot be prepared is met by the row.
    pub(crate) async fn prepare(&self) {
        let this = self.clone();
        let work = tokio::task::spawn_blocking(move || match this {
            Self::Touched(megabytes) => touch(megabytes),
            Self::Full(filler) => _ = filler.lock().fill(),
        });
        _ = work.await;
    }
}

/// Fills the page cache with pages of a file that is one hole, which costs no space and no access
/// to the disk. The file goes when this is dropped.
pub(crate) struct Filler {
    path: PathBuf,
    file: File,
    /// Up to where it has been read; pages further on are new ones.
    at: u64,
}

impl Filler {
    /// Makes the file in `dir`.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn new(dir: &Path) -> io::Result<Self> {
        let path = dir.join("hole");
        let file =
            File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
        Ok(Self { path, file, at: 0 })
    }

    /// Reads as much of the hole as there is memory without use; returns how much, in bytes. The
    /// pages read longest ago go first when memory is wanted.
    ///
    /// # Errors
    /// The file cannot be read or made longer.
    pub(crate) fn fill(&mut self) -> io::Result<u64> {
        self.read_on(meminfo_mb("MemFree:") << 20)
    }

    fn read_on(&mut self, bytes: u64) -> io::Result<u64> {
        let (begun, end) = (self.at, self.at + bytes);
        self.file.set_len(end)?;
        let mut piece = vec![0; 1 << 20];
        while self.at < end {
            let read = self.file.read_at(&mut piece, self.at)?;
            if read == 0 {
                break;
            }
            self.at += read as u64;
        }
        Ok(self.at - begun)
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        // it takes no space
        _ = fs::remove_file(&self.path);
    }
}

fn available_mb() -> u64 {
    meminfo_mb("MemAvailable:")
}

fn meminfo_mb(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_known_and_touched() {
        assert!(available_mb() > 0);
        touch(64);
    }

    #[test]
    fn a_hole_is_read_on_where_the_last_fill_ended() {
        let dir = std::env::temp_dir().join(format!("ottla-hole-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let mut filler = Filler::new(&dir).unwrap();
        assert_eq!(filler.read_on(3 << 20).unwrap(), 3 << 20);
        assert_eq!(filler.read_on(5 << 20).unwrap(), 5 << 20);
        assert_eq!(filler.at, 8 << 20);
        drop(filler);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        fs::remove_dir(&dir).unwrap();
    }
}
