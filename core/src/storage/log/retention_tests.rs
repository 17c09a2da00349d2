//! When segments are started, and when they go.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::base::LeaderEpoch;
use crate::record::{BatchBuilder, BatchHeader, Compression};
use crate::storage::{BatchMeta, Disk, RealDisk};

const MINUTE: u64 = 60_000;

fn log(dir: &Path, config: LogConfig) -> Log {
    let env = LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(dir) };
    let partition = TopicPartition::new("t", 0);
    Log::create(env, &dir.join("t-0"), partition, Arc::new(config), Tick::at(0)).unwrap()
}

fn append_at(log: &mut Log, now: Tick, base: Offset, timestamp: i64) {
    let mut builder = BatchBuilder::new();
    builder.push(timestamp, None, Some(&[7; 100]), &[]);
    let bytes = builder.build(base, LeaderEpoch(0), Compression::None);
    let meta = BatchMeta::from(&BatchHeader::parse(&bytes).unwrap());
    log.append(now, &bytes, &[meta]).unwrap();
}

/// Five segments of three records, a minute between segments.
fn five(dir: &Path, config: LogConfig) -> (Log, Tick) {
    let mut log = log(dir, config);
    let mut now = Tick::at(1_000_000);
    for _ in 0..5 {
        log.roll(now).unwrap();
        for _ in 0..3 {
            let end = log.log_end_offset();
            append_at(&mut log, now, end, now.wall_ms);
        }
        now = now.plus_ms(MINUTE);
    }
    assert_eq!(log.segment_count(), 5);
    (log, now)
}

fn files(dir: &Path, part: &str) -> usize {
    let entries = RealDisk.list(&dir.join("t-0")).unwrap();
    entries.iter().filter(|entry| entry.name.contains(part)).count()
}

#[test]
fn age_is_measured_by_the_records_timestamps() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { segment_ms: 1000, ..LogConfig::default() };
    let mut log = log(dir.path(), config);
    // old records do not roll by the clock, only by the distance between them
    let now = Tick::at(900_000_000);
    append_at(&mut log, now, Offset(0), 5000);
    append_at(&mut log, now.plus_ms(50_000), Offset(1), 6000);
    assert_eq!(log.segment_count(), 1);
    append_at(&mut log, now.plus_ms(50_000), Offset(2), 6001);
    assert_eq!(log.segment_count(), 2);
    // without timestamps the clock counts
    log.roll(now).unwrap();
    append_at(&mut log, now, Offset(3), -1);
    append_at(&mut log, now.plus_ms(1000), Offset(4), -1);
    assert_eq!(log.segment_count(), 3);
    append_at(&mut log, now.plus_ms(1001), Offset(5), -1);
    assert_eq!(log.segment_count(), 4);
}

#[test]
fn a_full_index_and_a_far_offset_roll() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        LogConfig { segment_index_bytes: 64, index_interval_bytes: 0, ..LogConfig::default() };
    let mut log = log(dir.path(), config);
    for offset in 0..9 {
        append_at(&mut log, Tick::at(1), Offset(offset), 5);
    }
    assert_eq!(log.segment_count(), 1, "64 bytes hold eight entries, the first batch has none");
    append_at(&mut log, Tick::at(1), Offset(9), 5);
    assert_eq!((log.segment_count(), log.active_base_offset()), (2, Offset(9)));
    let far = Offset(9 + i64::from(i32::MAX));
    append_at(&mut log, Tick::at(1), far, 5);
    assert_eq!(log.segment_count(), 2);
    append_at(&mut log, Tick::at(1), far.plus(1), 5);
    assert_eq!((log.segment_count(), log.active_base_offset()), (3, far.plus(1)));
}

#[test]
fn jitter_is_within_its_bounds() {
    let config = LogConfig { segment_ms: 1000, segment_jitter_ms: 5000, ..LogConfig::default() };
    let partition = TopicPartition::new("t", 0);
    let jitters: Vec<i64> =
        (0..100).map(|at| roll::jitter(&config, &partition, Offset(at))).collect();
    assert!(jitters.iter().all(|jitter| (0..1000).contains(jitter)));
    assert!(jitters.iter().any(|jitter| *jitter > 500));
}

#[test]
fn old_segments_go_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { retention_ms: 150_000, ..LogConfig::default() };
    let (mut log, now) = five(dir.path(), config);
    let end = log.log_end_offset();
    let held = log.read(Offset(0), 1000, end, true).unwrap();
    // 300, 240, 180, 120 and 60 seconds old
    let retired = log.apply_retention(now, end).unwrap();
    assert_eq!(retired.segments, 3);
    assert_eq!(log.log_start_offset(), Offset(9));
    assert!(log.read(Offset(8), 100, end, true).is_err());
    assert_eq!(files(dir.path(), ".deleted"), 9);
    assert!(log.take_deletions(now.plus_ms(59_999)).is_none());
    log.take_deletions(now.plus_ms(60_000)).unwrap().run().unwrap();
    assert_eq!(files(dir.path(), ".deleted"), 0);
    let header = BatchHeader::parse(&held.read_to_vec().unwrap()).unwrap();
    assert_eq!(header.base_offset, Offset(0), "a slice holds its file");
}

#[test]
fn nothing_goes_beyond_the_high_watermark() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, now) = five(dir.path(), LogConfig { retention_ms: 0, ..LogConfig::default() });
    assert_eq!(log.apply_retention(now, Offset(5)).unwrap().segments, 1);
    assert_eq!(log.log_start_offset(), Offset(3));
    // the active segment is rolled when all must go
    assert_eq!(log.apply_retention(now, Offset(15)).unwrap().segments, 4);
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(15), Offset(15)));
    assert_eq!(log.segment_count(), 1);
    assert_eq!(log.apply_retention(now, Offset(15)).unwrap().segments, 0);
    append_at(&mut log, now, Offset(15), 1);
}

#[test]
fn old_segments_go_by_size() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, now) = five(dir.path(), LogConfig::default());
    let segment = i64::try_from(log.size_in_bytes() / 5).unwrap();
    let mut keep = |segments: i64, extra: i64| {
        let retention_bytes = segments * segment + extra;
        log.set_config(Arc::new(LogConfig {
            retention_bytes,
            retention_ms: -1,
            ..LogConfig::default()
        }));
        let end = log.log_end_offset();
        log.apply_retention(now, end).unwrap();
        log.segment_count()
    };
    assert_eq!(keep(5, 0), 5);
    // a segment goes only if what is left is still as large as asked for
    assert_eq!(keep(4, 1), 5);
    assert_eq!(keep(4, 0), 4);
    assert_eq!(keep(1, 5), 2);
}

#[test]
fn deleted_records_are_gone_at_once_and_their_segments_later() {
    let dir = tempfile::tempdir().unwrap();
    let compact = LogConfig { delete: false, retention_ms: 0, ..LogConfig::default() };
    let (mut log, now) = five(dir.path(), compact);
    let end = log.log_end_offset();
    log.advance_log_start(Offset(7)).unwrap();
    assert!(log.read(Offset(6), 100, end, true).is_err());
    assert_eq!(log.segment_count(), 5);
    log.apply_retention(now, end).unwrap();
    assert_eq!((log.segment_count(), log.log_start_offset()), (3, Offset(7)));
    assert_eq!(log.log_start_to_checkpoint(), Some(Offset(7)));
    let hit = log.offset_for_timestamp(0).unwrap().unwrap();
    assert_eq!(hit.offset, Offset(7));
    assert!(log.advance_log_start(Offset(16)).is_err());
    log.advance_log_start(Offset(3)).unwrap();
    assert_eq!(log.log_start_offset(), Offset(7), "it never goes back");
}

#[test]
fn a_sync_is_due_after_so_many_records_or_so_long() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { flush_messages: 3, flush_ms: 1000, ..LogConfig::default() };
    let mut log = log(dir.path(), config);
    assert!(!log.flush_due(Tick::at(5000)), "nothing to sync");
    append_at(&mut log, Tick::at(1), Offset(0), 1);
    assert!(!log.flush_due(Tick::at(999)));
    assert!(log.flush_due(Tick::at(1000)));
    append_at(&mut log, Tick::at(1), Offset(1), 1);
    append_at(&mut log, Tick::at(1), Offset(2), 1);
    assert!(log.flush_due(Tick::at(2)));
    let job = log.take_flush_job(Tick::at(2), Offset(3)).unwrap().unwrap();
    assert!(!log.flush_due(Tick::at(2)), "one sync under way is enough");
    append_at(&mut log, Tick::at(3), Offset(3), 1);
    let upto = job.run().unwrap();
    log.flushed(upto);
    assert_eq!(log.recovery_point(), Offset(3));
    assert_eq!(log.unflushed_records(), 1);
}
