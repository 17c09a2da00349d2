//! Appending, rolling and reading, on real files.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::storage::{BatchMeta, Disk, RealDisk, names};

/// A batch that is a header and `filler` bytes: the log itself looks no further.
fn batch(base: i64, records: i32, timestamp: i64, filler: usize) -> (Vec<u8>, BatchMeta) {
    let mut bytes = Vec::new();
    let length = i32::try_from(49 + filler).unwrap();
    bytes.extend_from_slice(&base.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&(records - 1).to_be_bytes());
    bytes.extend_from_slice(&timestamp.to_be_bytes());
    bytes.extend_from_slice(&timestamp.to_be_bytes());
    bytes.extend_from_slice(&[0xff; 14]);
    bytes.extend_from_slice(&records.to_be_bytes());
    bytes.resize(61 + filler, 0xab);
    let meta = BatchMeta {
        size: u32::try_from(bytes.len()).unwrap(),
        base_offset: Offset(base),
        last_offset: Offset(base + i64::from(records) - 1),
        max_timestamp: timestamp,
    };
    (bytes, meta)
}

fn log(dir: &Path, config: LogConfig) -> Log {
    let env = LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(dir) };
    let partition = TopicPartition::new("t", 0);
    Log::create(env, &dir.join("t-0"), partition, Arc::new(config), Tick::at(1)).unwrap()
}

fn fill(log: &mut Log, batches: i64) {
    for at in 0..batches {
        let (bytes, meta) = batch(log.log_end_offset().0, 3, 1000 + at, 100);
        log.append(Tick::at(1), &bytes, &[meta]).unwrap();
    }
}

#[test]
fn what_is_appended_is_read_in_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), LogConfig::default());
    fill(&mut log, 1000);
    assert_eq!(log.log_end_offset(), Offset(3000));
    for start in (0..3000).step_by(7) {
        let slice = log.read(Offset(start), 1000, Offset(3000), true).unwrap();
        let bytes = slice.read_to_vec().unwrap();
        let whole = (1000 / 161 * 161).min(483_000 / 3 - slice.position as usize);
        assert_eq!(bytes.len(), whole, "start {start}");
        assert_eq!(i64::from_be_bytes(bytes[..8].try_into().unwrap()), start / 3 * 3);
    }
}

#[test]
fn the_upper_bound_leaves_out_the_batch_that_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), LogConfig::default());
    fill(&mut log, 100);
    assert_eq!(log.read(Offset(0), 100_000, Offset(8), true).unwrap().length, 322);
    assert_eq!(log.read(Offset(0), 100_000, Offset(9), true).unwrap().length, 483);
    assert_eq!(log.read(Offset(297), 100_000, Offset(300), true).unwrap().length, 161);
    assert!(log.read(Offset(300), 100_000, Offset(300), true).unwrap().is_empty());
    assert!(log.read(Offset(0), 10, Offset(300), false).unwrap().is_empty());
    assert_eq!(log.read(Offset(0), 10, Offset(300), true).unwrap().length, 161);
    assert!(matches!(
        log.read(Offset(301), 10, Offset(400), true),
        Err(StorageError::OffsetOutOfRange { .. })
    ));
}

#[test]
fn a_full_segment_is_rolled_and_old_ones_are_still_read() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { segment_bytes: 1610, ..LogConfig::default() };
    let mut log = log(dir.path(), config);
    fill(&mut log, 200);
    assert_eq!(log.segment_count(), 20);
    for start in 0..600 {
        let slice = log.read(Offset(start), 1 << 20, Offset(600), true).unwrap();
        let bytes = slice.read_to_vec().unwrap();
        assert_eq!(i64::from_be_bytes(bytes[..8].try_into().unwrap()), start / 3 * 3);
        assert_eq!(slice.segment_base_offset, Offset(start / 30 * 30));
    }
    assert!(dir.path().join("t-0").join(names::segment_file(Offset(570), "log")).exists());
}

#[test]
fn a_sync_that_a_deletion_overtakes_is_no_failing_disk() {
    let dir = tempfile::tempdir().unwrap();
    let renamed = dir.path().join("t-0.0-delete");
    let mut deleted = log(dir.path(), LogConfig::default());
    fill(&mut deleted, 1);
    let job = deleted.take_flush_job(Tick::at(1), Offset(3)).unwrap().unwrap();
    deleted.dir_moves();
    RealDisk.rename(&dir.path().join("t-0"), &renamed).unwrap();
    assert_eq!(job.run().unwrap(), Offset(3));

    let mut lost = log(dir.path(), LogConfig::default());
    fill(&mut lost, 1);
    let job = lost.take_flush_job(Tick::at(1), Offset(3)).unwrap().unwrap();
    RealDisk.remove_dir_all(&dir.path().join("t-0")).unwrap();
    job.run().unwrap_err();
    assert!(lost.env.health.check().is_err());
}

#[test]
fn a_log_whose_files_were_closed_goes_on_and_is_closed_in_order() {
    let (held, released) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = LogConfig { segment_bytes: 200_000, ..LogConfig::default() };
    let files = |dir: &Path, release: bool| {
        let mut log = log(dir, config.clone());
        for _ in 0..20 {
            fill(&mut log, 100);
            if release {
                log.release_handles();
                assert_eq!(log.open_handles(), 0);
                assert_eq!(log.read(Offset(0), 100, Offset(300), true).unwrap().length, 161);
            }
        }
        assert!(log.open_handles() > 0);
        log.close(Tick::at(1)).unwrap().unwrap().run().unwrap();
        let mut files: Vec<_> = RealDisk.list(&dir.join("t-0")).unwrap();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files.into_iter().map(|file| (file.name, file.len)).collect::<Vec<_>>()
    };
    let wanted = files(held.path(), false);
    assert!(wanted.iter().filter(|(name, len)| name.ends_with("index") && *len > 0).count() >= 4);
    assert_eq!(files(released.path(), true), wanted);
}

/// Bytes that the file system holds for a file, its size.
fn held(dir: &Path) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(dir.join("t-0/00000000000000000000.log")).unwrap();
    (found.blocks() * 512, found.len())
}

#[test]
fn room_taken_ahead_does_not_show_and_is_given_back() {
    const SLACK: u64 = 64 << 10;
    for crash in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut log = log(dir.path(), LogConfig::default());
        assert!(log.take_reserve_job().is_none());
        fill(&mut log, 8_000);
        log.take_reserve_job().unwrap().run();
        assert!(log.take_reserve_job().is_none());
        let (taken, len) = held(dir.path());
        assert_eq!(len, log.size_in_bytes());
        // a file system that cannot take room has nothing to give back
        assert!(taken <= 2 * len + SLACK);
        fill(&mut log, 10);
        let end = log.log_end_offset();
        if crash {
            drop(log);
            let open = OpenLog {
                env: LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(dir.path()) },
                dir: &dir.path().join("t-0"),
                partition: TopicPartition::new("t", 0),
                config: Arc::new(LogConfig::default()),
                state: LogState::default(),
                now: Tick::at(2),
                progress: &RecoveryProgress::default(),
            };
            // these batches have no checksum: the scan cuts the file, as it does a good one's end
            drop(Log::open(&open, &mut ()).unwrap());
        } else {
            log.close(Tick::at(1)).unwrap().unwrap().run().unwrap();
            assert_eq!(log.log_end_offset(), end);
        }
        let (left, len) = held(dir.path());
        assert!(left <= len + SLACK, "{left} bytes are held for {len}");
    }
}

fn cold(log: &mut Log, start: Offset) -> Option<ColdRange> {
    log.cold_read(Tick::at(1), start, 1000, Appending::default()).unwrap().range
}

#[test]
fn an_index_is_brought_into_memory_before_the_records_it_finds() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), LogConfig { segment_bytes: 20_000, ..LogConfig::default() });
    fill(&mut log, 1000);
    let mut index = cold(&mut log, Offset(0)).expect("nobody has looked at it yet");
    index.warm().unwrap();
    assert!(log.warmed(&index));
    // the records have just been written
    assert!(cold(&mut log, Offset(0)).is_none());
    assert!(cold(&mut log, Offset(2_999)).is_none());
    log.release_handles();
    assert!(cold(&mut log, Offset(0)).is_some());
}
