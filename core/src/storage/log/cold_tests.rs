//! Which reads wait for the disk, on a file that is or is not in memory.

use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::base::{LeaderEpoch, TopicPartition};
use crate::record::{BatchBuilder, Compression};
use crate::storage::{BatchMeta, DirHealth, LogConfig, LogEnv, Mapped, RealDisk};

/// A file of zeros that is in memory once it has been read.
#[derive(Debug)]
struct Slow {
    /// So much of it is there from the beginning.
    front: u64,
    resident: AtomicBool,
    read: AtomicU64,
}

impl Slow {
    fn new(front: u64) -> Arc<Self> {
        Arc::new(Self { front, resident: AtomicBool::new(false), read: AtomicU64::new(0) })
    }
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
        position < self.front || self.resident.load(Ordering::Relaxed)
    }
}

fn range(file: Arc<dyn DiskFile>, position: u64, end: u64) -> ColdRange {
    let base = Offset::ZERO;
    let history = Arc::default();
    ColdRange { file, position, end, base, is_index: false, direct: false, history, held: None }
}

#[test]
fn a_range_is_cold_until_it_has_been_read_through() {
    let file = Slow::new(STRIDE);
    let shared: Arc<dyn DiskFile> = file.clone();
    let front = range(Arc::clone(&shared), 100, 5_000);
    assert!(!front.is_cold());
    let mut range = range(shared, 100, 700_000);
    assert!(range.is_cold());
    range.warm().unwrap();
    assert!(!range.is_cold());
    assert_eq!(file.read.load(Ordering::Relaxed), 699_900);
}

#[test]
fn a_range_that_was_cut_off_meanwhile_ends_early() {
    let file = Slow::new(STRIDE);
    let mut range = range(file.clone(), 900_000, 2_000_000);
    range.warm().unwrap();
    assert_eq!(file.read.load(Ordering::Relaxed), 100_000);
}

#[test]
fn one_reader_goes_past_the_cache_and_who_follows_it_does_not() {
    let mut reads = DirectReads::default();
    assert!(reads.goes_direct(0, Offset(500)));
    assert!(reads.goes_direct(1, Offset(900)));
    // the same again, and another reader behind it
    assert!(!reads.goes_direct(2, Offset(900)));
    assert!(!reads.goes_direct(3, Offset(100)));
    assert!(reads.goes_direct(4, Offset(7_000)));
    assert!(!reads.goes_direct(3 + RECENT_MS, Offset(7_000)));
    assert!(reads.goes_direct(4 + RECENT_MS, Offset(100)));
}

/// A log in segments of so many bytes, without any batch.
fn empty(dir: &Path, segment_bytes: u32) -> Log {
    let env = LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(dir) };
    let config = Arc::new(LogConfig { segment_bytes, ..LogConfig::default() });
    let partition = TopicPartition::new("t", 0);
    Log::create(env, &dir.join("t-0"), partition, config, Tick::at(1)).unwrap()
}

/// A log of batches of 3 records in segments of 20 kB.
fn log(dir: &Path) -> Log {
    let mut log = empty(dir, 20_000);
    append(&mut log, 400, b"a value of a record");
    log
}

fn append(log: &mut Log, batches: i32, value: &[u8]) {
    for _ in 0..batches {
        let at = log.log_end_offset();
        let mut builder = BatchBuilder::new();
        for _ in 0..3 {
            builder.push(1000, None, Some(value), &[]);
        }
        let bytes = builder.build(at, LeaderEpoch(0), Compression::None);
        let size = u32::try_from(bytes.len()).unwrap();
        let meta =
            BatchMeta { size, base_offset: at, last_offset: at.plus(2), max_timestamp: 1000 };
        log.append(Tick::at(1), &bytes, &[meta]).unwrap();
    }
}

/// The range that a read touches, brought into memory directly; none where the temporary
/// directory's file system has no direct reads.
fn brought(log: &mut Log, start: Offset, max_bytes: u32) -> Option<ColdRange> {
    let mut range = log.range_of(start, max_bytes).unwrap();
    range.warm().unwrap();
    if log.warmed(&range) {
        return brought(log, start, max_bytes);
    }
    range.direct = true;
    range.warm().unwrap();
    range.held.is_some().then_some(range)
}

#[test]
fn a_read_finds_what_was_brought_into_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path());
    for start in [0, 5, 500, 1_199].map(Offset) {
        let Some(range) = brought(&mut log, start, 3_000) else { return };
        let plain = log.read(start, 3_000, Offset(1_200), true).unwrap();
        assert!(plain.held().is_none());
        log.release_handles();
        let own = log.put_in_place(&range).unwrap();
        assert!(own.is_none());
        let slice = log.read(start, 3_000, Offset(1_200), true).unwrap();
        log.put_back(&range, own);
        assert_eq!(slice.held().unwrap(), plain.read_to_vec().unwrap());
        assert_eq!((slice.position, slice.length), (plain.position, plain.length));
        assert!(log.read(start, 3_000, Offset(1_200), true).unwrap().held().is_none());
    }
}

#[test]
fn what_was_brought_into_memory_is_of_no_use_once_the_log_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path());
    let start = Offset(1_190);
    let Some(range) = brought(&mut log, start, 3_000) else { return };
    // other records come to stand at the same place
    log.truncate_to(Tick::at(2), Offset(1_180)).unwrap();
    append(&mut log, 20, b"another");
    assert!(log.put_in_place(&range).is_none());
    let Some(range) = brought(&mut log, start, 3_000) else { return };
    log.truncate_fully(Tick::at(2), log.first_base_offset()).unwrap();
    append(&mut log, 400, b"another");
    assert!(log.put_in_place(&range).is_none());
    // nor to another log of the same partition
    let Some(range) = brought(&mut log, start, 3_000) else { return };
    let other = tempfile::tempdir().unwrap();
    assert!(self::log(other.path()).put_in_place(&range).is_none());
}

#[test]
fn a_read_of_large_batches_finds_them_all_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = empty(dir.path(), 3_000_000);
    for value in [60_000, 10, 5_000, 140_000] {
        append(&mut log, 9, &vec![7; value]);
    }
    let end = log.log_end_offset();
    for max_bytes in [10, 100_000, 1 << 20] {
        for start in (0..end.0).map(Offset) {
            let Some(range) = brought(&mut log, start, max_bytes) else { return };
            let own = log.put_in_place(&range).unwrap();
            let slice = log.read(start, max_bytes, end, true).unwrap();
            log.put_back(&range, own);
            assert!(slice.held().is_some(), "{max_bytes} bytes from {start}");
            assert!(range.missed(&slice).is_none());
        }
    }
}

#[test]
fn a_segment_that_is_written_to_is_read_through_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = empty(dir.path(), 20_000);
    let long = |base| ColdRange { base, ..range(Slow::new(STRIDE), 0, 1_000_000) };
    // nothing was appended since it was opened
    assert!(log.directed(Tick::at(1), Offset(0), long(Offset(0))).direct);
    append(&mut log, 400, b"a value of a record");
    let appended = Tick::at(1).monotonic_ms;
    let active = log.active.base_offset();
    let at = |after_ms| Tick { monotonic_ms: appended + after_ms, ..Tick::at(1) };
    assert!(!log.directed(at(STILL_MS - 1), Offset(900), long(active)).direct);
    assert!(log.directed(at(STILL_MS - 1), Offset(500), long(Offset(0))).direct);
    assert!(log.directed(at(STILL_MS), Offset(900), long(active)).direct);
}

#[test]
fn a_reader_of_old_records_comes_in_small_steps_while_others_append() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = empty(dir.path(), 1_000_000);
    append(&mut log, 90, &[7; 5_000]);
    let index = log.cold_read(Tick::at(1), Offset(0), 1 << 20, Appending::default()).unwrap();
    let mut index = index.range.unwrap();
    index.warm().unwrap();
    assert!(log.warmed(&index));
    let second = Tick { monotonic_ms: STILL_MS, ..Tick::at(1) };
    let (idle, mut busy) = (Appending::default(), Appending::default());
    busy.note(Tick { monotonic_ms: 1, ..second });
    assert!(busy.goes_on(second) && !idle.goes_on(second));
    assert!(!busy.goes_on(Tick { monotonic_ms: 1 + STILL_MS, ..second }));
    let mut ask = |front, max_bytes, appending| {
        log.closed.front_mut().unwrap().replace_file(Some(Slow::new(front)));
        let read = log.cold_read(second, Offset(0), max_bytes, appending).unwrap();
        (read.max_bytes, read.range.map(|range| range.end))
    };
    let (most, end) = ask(0, 1 << 20, idle);
    assert!(most == 1 << 20 && end.unwrap() > 900_000);
    let (most, end) = ask(0, 1 << 20, busy);
    assert!(most == STEP && end.unwrap() < 400_000);
    // all that is in memory is read at once, and a part of it without waiting for the rest
    assert_eq!(ask(1_000_000, 1 << 20, busy), (1 << 20, None));
    assert_eq!(ask(400_000, 1 << 20, busy), (STEP, None));
    // who asks for little gets it
    let (most, end) = ask(0, 1_000, busy);
    assert!(most == 1_000 && end.is_some());
}

#[test]
fn what_was_not_brought_into_memory_is_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path());
    let Some(range) = brought(&mut log, Offset(0), 3_000) else { return };
    let longer = log.read(Offset(300), 3_000, Offset(1_200), true).unwrap();
    let mut missed = range.missed(&longer).unwrap();
    let end = longer.position + u64::from(longer.length) + SLACK;
    assert_eq!((missed.position, missed.end), (0, end));
    missed.warm().unwrap();
    assert!(missed.held.is_none() && missed.missed(&longer).is_none());
    // of another segment: that one's file, from where the records are
    let other = log.read(Offset(1_100), 3_000, Offset(1_200), true).unwrap();
    assert!(other.segment_base_offset > Offset(0));
    let missed = range.missed(&other).unwrap();
    assert_eq!((missed.base, missed.position), (other.segment_base_offset, other.position));
    assert!(Arc::ptr_eq(&missed.file, &other.file));
}
