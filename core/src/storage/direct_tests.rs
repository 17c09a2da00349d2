//! Ranges of a real file in memory of our own.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::path::Path;

use super::*;
use crate::storage::{Disk, OpenMode, RealDisk};

fn file(dir: &Path, len: usize) -> (Arc<dyn DiskFile>, Vec<u8>) {
    let content: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let file = RealDisk.open(&dir.join("segment"), OpenMode::Create).unwrap();
    file.write_at(&[io::IoSlice::new(&content)], 0).unwrap();
    (file, content)
}

/// None where the temporary directory's file system has no direct reads.
fn held(file: &Arc<dyn DiskFile>, position: u64, end: u64) -> Option<HeldFile> {
    let mut block = MmapMut::map_anon(4096).unwrap();
    file.read_direct(&mut block, 0).ok()?;
    Some(HeldFile::read(file, position, end).expect("the file system can"))
}

#[test]
fn a_range_is_held_and_the_rest_is_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let (file, content) = file(dir.path(), 700_001);
    for (position, end) in [(0, 4096), (5_000, 300_000), (4_096, 700_001), (700_000, 700_001)] {
        let Some(held) = held(&file, position, end) else { return };
        let range = usize::try_from(position).unwrap()..usize::try_from(end).unwrap();
        assert_eq!(held.held(position, range.len()).unwrap(), content[range.clone()]);
        assert!(held.held(position, range.len() + 1).is_none());
        assert!(position < 4096 || held.held(position - 4096, range.len()).is_none());
        // reads that begin before it, and end behind it
        let from = range.start.saturating_sub(10_000);
        for from in [from, range.start, range.end - 1] {
            let mut buf = vec![0; content.len()];
            let read = held.read_at(&mut buf, from as u64).unwrap();
            assert!(buf[..read] == content[from..], "{from} of {range:?}");
        }
        assert_eq!(held.len().unwrap(), 700_001);
    }
}

#[test]
fn what_is_too_long_or_not_there_is_not_held() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = file(dir.path(), 10_000);
    assert!(HeldFile::read(&file, 9_000, 10_001).is_none());
    assert!(HeldFile::read(&file, 0, LARGEST as u64 + 1).is_none());
}

/// How many buffers are free, and the bytes of all.
fn state(pool: &Mutex<Pool>) -> (usize, usize) {
    let pool = pool.lock();
    (pool.free.len(), pool.bytes)
}

#[test]
fn the_pool_has_a_bound_and_uses_buffers_again() {
    let pool = Mutex::new(Pool { free: Vec::new(), bytes: 0 });
    let large = 20 * STEP;
    let mut out: Vec<MmapMut> = std::iter::from_fn(|| lend(&pool, large)).collect();
    assert_eq!((out.len(), state(&pool)), (12, (0, 240 * STEP)));
    let last = out.pop().unwrap();
    let address = last.as_ptr();
    assert!(pool.lock().take_back(last).is_none());
    let again = lend(&pool, large - STEP + 1).unwrap();
    assert_eq!(again.as_ptr(), address);
    out.push(again);
    // only so many are kept
    let gone = out.drain(..).filter_map(|map| pool.lock().take_back(map)).count();
    assert_eq!((gone, state(&pool)), (9, (3, 60 * STEP)));
    // free ones that are too short give way
    pool.lock().bytes = MOST_BYTES;
    assert_eq!(lend(&pool, large + 1).unwrap().len(), large + STEP);
    assert_eq!(state(&pool), (1, MOST_BYTES - 19 * STEP));
    // the shortest that fits
    pool.lock().free.push(MmapMut::map_anon(2 * STEP).unwrap());
    assert_eq!(lend(&pool, STEP).unwrap().len(), 2 * STEP);
}
