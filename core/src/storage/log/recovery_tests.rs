//! Opening logs that were not closed, whose indexes are wrong, or that Kafka left half cleaned.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::base::LeaderEpoch;
use crate::record::{BatchBuilder, BatchHeader, Compression};
use crate::storage::{
    BatchMeta, BatchVisitor, Disk, OpenLog, OpenMode, RealDisk, Recovery, RecoveryProgress, names,
};

fn config() -> Arc<LogConfig> {
    Arc::new(LogConfig { segment_bytes: 8000, index_interval_bytes: 500, ..LogConfig::default() })
}

fn append(log: &mut Log, timestamp: i64) {
    let mut builder = BatchBuilder::new();
    builder.push(timestamp, None, Some(&[7; 100]), &[]);
    builder.push(timestamp, None, Some(&[8; 20]), &[]);
    let bytes = builder.build(log.log_end_offset(), LeaderEpoch(3), Compression::None);
    let meta = BatchMeta::from(&BatchHeader::parse(&bytes).unwrap());
    log.append(Tick::at(1), &bytes, &[meta]).unwrap();
}

/// A log of 100 batches of 2 records, three segments, in a directory of its own.
struct Fixture {
    _dir: tempfile::TempDir,
    path: PathBuf,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    from: Option<Offset>,
    batches: Vec<Offset>,
}

impl BatchVisitor for Seen {
    fn begin(&mut self, from: Offset) {
        self.from = Some(from);
    }

    fn visit(&mut self, header: &BatchHeader) {
        assert_eq!(header.partition_leader_epoch, LeaderEpoch(3));
        self.batches.push(header.base_offset);
    }
}

impl Fixture {
    fn new() -> (Self, Log) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t-0");
        let env = LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(dir.path()) };
        let partition = TopicPartition::new("t", 0);
        let mut log = Log::create(env, &path, partition, config(), Tick::at(1)).unwrap();
        (0..100).for_each(|at| append(&mut log, 1000 + at));
        assert_eq!(log.segment_count(), 3);
        (Self { _dir: dir, path, seen: Seen::default() }, log)
    }

    fn open(&mut self, recovery_point: i64, clean: bool) -> (Log, Recovery) {
        let open = OpenLog {
            env: LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(&self.path) },
            dir: &self.path,
            partition: TopicPartition::new("t", 0),
            config: config(),
            state: LogState {
                recovery_point: Offset(recovery_point),
                log_start: Offset::ZERO,
                clean,
            },
            now: Tick::at(1),
            progress: &RecoveryProgress::default(),
        };
        self.seen = Seen::default();
        Log::open(&open, &mut self.seen).unwrap()
    }

    fn segment(&self, base: Offset, suffix: &str) -> PathBuf {
        self.path.join(names::segment_file(base, suffix))
    }

    fn read(&self, path: &Path) -> Vec<u8> {
        RealDisk.read_small(path, 1 << 20).unwrap().unwrap()
    }

    fn write(&self, path: &Path, at: usize, bytes: &[u8]) {
        let file = RealDisk.open(path, OpenMode::Create).unwrap();
        file.write_at(&[IoSlice::new(bytes)], at as u64).unwrap();
    }
}

/// Every record's batch is found, by offset and by time.
fn check(log: &mut Log, end: i64) {
    assert_eq!(log.log_end_offset(), Offset(end));
    for offset in 0..end {
        let slice = log.read(Offset(offset), 1, Offset(end), true).unwrap();
        let header = BatchHeader::parse(&slice.read_to_vec().unwrap()).unwrap();
        assert_eq!(header.base_offset.0, offset / 2 * 2);
        let hit = log.offset_for_timestamp(1000 + offset / 2).unwrap().unwrap();
        assert_eq!(hit.offset.0, offset / 2 * 2);
        assert_eq!(hit.leader_epoch, LeaderEpoch(3));
    }
    assert_eq!(log.offset_for_timestamp(5000).unwrap(), None);
    let newest = log.offset_of_max_timestamp().unwrap().unwrap();
    assert_eq!((newest.timestamp, newest.offset.0), (1000 + end / 2 - 1, end - 2));
}

#[test]
fn a_killed_log_is_scanned_from_its_recovery_point_only() {
    let (mut fixture, mut log) = Fixture::new();
    let middle = log.active_base_offset();
    let job = log.take_flush_job(Tick::at(1), Offset(190)).unwrap().unwrap();
    assert_eq!(job.run().unwrap(), Offset(190));
    drop(log);

    let (mut log, recovery) = fixture.open(190, false);
    assert_eq!(recovery.segments, 1);
    assert!(recovery.batches < 20, "{recovery:?}");
    assert!(fixture.seen.from.unwrap() >= middle);
    assert_eq!(fixture.seen.batches.first().copied(), fixture.seen.from);
    check(&mut log, 200);
    drop(log);

    let (mut log, recovery) = fixture.open(0, false);
    assert_eq!((recovery.segments, recovery.batches), (3, 100));
    assert_eq!(fixture.seen.from, Some(Offset(0)));
    assert_eq!(fixture.seen.batches.len(), 100);
    check(&mut log, 200);
    assert_eq!(log.recovery_point(), Offset(0), "nothing was synced");
}

#[test]
fn recovery_cuts_at_the_first_bad_batch_and_removes_what_follows() {
    for damage in ["flip", "zeros", "short"] {
        let (mut fixture, log) = Fixture::new();
        let bases: Vec<Offset> = log.closed.iter().map(Segment::base_offset).collect();
        let second = fixture.segment(bases[1], names::LOG);
        let size = usize::try_from(log.closed[1].size()).unwrap();
        drop(log);
        let batch = size - 2 * (size / 40);
        match damage {
            "flip" => fixture.write(&second, batch, &[0xff]),
            "zeros" => fixture.write(&second, batch - 60, &[0; 500]),
            _ => RealDisk.open(&second, OpenMode::Write).unwrap().set_len(batch as u64).unwrap(),
        }
        let (mut log, recovery) = fixture.open(0, false);
        assert_eq!(log.segment_count(), 2, "{damage}");
        assert_eq!(recovery.removed_segments, 1);
        assert!(recovery.truncated_bytes > 0);
        let end = log.log_end_offset().0;
        assert!(end > bases[1].0 && end < 200);
        check(&mut log, end);
        append(&mut log, 1000 + end / 2);
        check(&mut log, end + 2);
    }
}

#[test]
fn missing_and_wrong_indexes_are_built_anew() {
    let (mut fixture, mut log) = Fixture::new();
    log.close(Tick::at(2)).unwrap().unwrap().run().unwrap();
    let bases: Vec<Offset> = log.closed.iter().map(Segment::base_offset).collect();
    drop(log);
    let first = fixture.segment(bases[0], names::INDEX);
    let second = fixture.segment(bases[1], names::TIME_INDEX);
    let good = (fixture.read(&first), fixture.read(&second));
    assert!(!good.0.is_empty() && good.0.len() % 8 == 0);

    // missing and of odd size are seen when the log is opened, wrong content when it is used
    type Damage = fn(&Fixture, &Path);
    let damages: [Damage; 3] = [
        |_, path| RealDisk.remove_file(path).unwrap(),
        |fixture, path| fixture.write(path, 1, &[9, 9, 9, 9]),
        |_, path| RealDisk.open(path, OpenMode::Write).unwrap().set_len(13).unwrap(),
    ];
    for damage in damages {
        damage(&fixture, &first);
        damage(&fixture, &second);
        let (mut log, _) = fixture.open(200, true);
        check(&mut log, 200);
        log.close(Tick::at(2)).unwrap();
        drop(log);
        assert_eq!((fixture.read(&first), fixture.read(&second)), good.clone());
    }
}

#[test]
fn a_clean_log_is_not_read() {
    let (mut fixture, mut log) = Fixture::new();
    log.close(Tick::at(2)).unwrap().unwrap().run().unwrap();
    drop(log);
    let (mut log, recovery) = fixture.open(200, true);
    assert_eq!(recovery, Recovery::default());
    assert_eq!(fixture.seen.from, None);
    assert!(log.closed.iter().all(|segment| !segment.is_open()));
    check(&mut log, 200);
    assert_eq!(log.recovery_point(), Offset(200));
}

#[test]
fn the_zeros_of_a_preallocated_index_are_ignored() {
    let (mut fixture, mut log) = Fixture::new();
    log.close(Tick::at(2)).unwrap();
    let active = log.active_base_offset();
    drop(log);
    for (suffix, size) in [(names::INDEX, 8000), (names::TIME_INDEX, 12_000)] {
        let path = fixture.segment(active, suffix);
        RealDisk.open(&path, OpenMode::Write).unwrap().set_len(size).unwrap();
    }
    for clean in [true, false] {
        let (mut log, _) = fixture.open(200, clean);
        check(&mut log, 200);
    }
}

#[test]
fn what_cleaning_and_deletion_left_is_cleared() {
    let (mut fixture, mut log) = Fixture::new();
    log.close(Tick::at(2)).unwrap();
    let bases: Vec<Offset> = log.closed.iter().map(Segment::base_offset).collect();
    drop(log);
    // the first two segments as one, which was about to take their place
    let mut joined = fixture.read(&fixture.segment(bases[0], names::LOG));
    joined.extend(fixture.read(&fixture.segment(bases[1], names::LOG)));
    fixture.write(&fixture.path.join("00000000000000000000.log.swap"), 0, &joined);
    fixture.write(&fixture.path.join("00000000000000000009.log.deleted"), 0, &[1]);
    fixture.write(&fixture.path.join("00000000000000000500.index"), 0, &[1]);
    let (mut log, _) = fixture.open(0, false);
    assert_eq!(log.segment_count(), 2);
    check(&mut log, 200);
    drop(log);
    let names: Vec<String> =
        RealDisk.list(&fixture.path).unwrap().into_iter().map(|entry| entry.name).collect();
    let left = |name: &&String| name.contains(".swap") || name.contains(".deleted");
    assert_eq!(names.iter().find(left), None);
    assert!(!names.contains(&"00000000000000000500.index".to_owned()));

    // a swap behind a file that was still being written did not get that far
    fixture.write(&fixture.path.join("00000000000000000000.log.cleaned"), 0, &[1]);
    fixture.write(&fixture.path.join("00000000000000000000.log.swap"), 0, &[1]);
    let (mut log, _) = fixture.open(0, false);
    check(&mut log, 200);
}

#[test]
fn a_log_that_ends_before_its_start_is_emptied() {
    let (mut fixture, log) = Fixture::new();
    drop(log);
    let path = fixture.path.clone();
    let open = OpenLog {
        env: LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(&path) },
        dir: &path,
        partition: TopicPartition::new("t", 0),
        config: config(),
        state: LogState { recovery_point: Offset(0), log_start: Offset(500), clean: false },
        now: Tick::at(1),
        progress: &RecoveryProgress::default(),
    };
    let (log, _) = Log::open(&open, &mut fixture.seen).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(500), Offset(500)));
    assert_eq!(log.size_in_bytes(), 0);
}

#[test]
fn a_visitor_sees_every_batch_from_an_offset_on() {
    let (mut fixture, mut log) = Fixture::new();
    log.visit(Offset(51), &mut fixture.seen).unwrap();
    assert_eq!(fixture.seen.batches.first(), Some(&Offset(50)));
    assert_eq!(fixture.seen.batches.last(), Some(&Offset(198)));
    assert_eq!(fixture.seen.batches.len(), 75);
}

#[test]
fn messages_of_an_old_format_are_not_cut_off() {
    let (fixture, log) = Fixture::new();
    let active = fixture.segment(log.active_base_offset(), names::LOG);
    let end = usize::try_from(log.active.size()).unwrap();
    drop(log);
    // offset, length, crc, magic 1, attributes, timestamp, no key, a value of one byte
    let mut message = Vec::from(200_i64.to_be_bytes());
    message.extend(23_i32.to_be_bytes());
    let mut covered = vec![1, 0];
    covered.extend(1000_i64.to_be_bytes());
    covered.extend((-1_i32).to_be_bytes());
    covered.extend([0, 0, 0, 1, 9]);
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, &covered);
    message.extend(u32::try_from(crc).unwrap().to_be_bytes());
    message.extend(covered);
    message.extend([0; 40]);
    fixture.write(&active, end, &message);
    let before = fixture.read(&active);
    let open = OpenLog {
        env: LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(&fixture.path) },
        dir: &fixture.path,
        partition: TopicPartition::new("t", 0),
        config: config(),
        state: LogState::default(),
        now: Tick::at(1),
        progress: &RecoveryProgress::default(),
    };
    let error = Log::open(&open, &mut ()).unwrap_err();
    assert!(error.to_string().contains("message format 0 or 1"), "{error}");
    assert_eq!(fixture.read(&active), before);
}

#[test]
fn a_batch_larger_than_a_chunk_is_checked() {
    let (mut fixture, mut log) = Fixture::new();
    let mut builder = BatchBuilder::new();
    builder.push(9000, None, Some(&vec![7; 600_000]), &[]);
    let bytes = builder.build(log.log_end_offset(), LeaderEpoch(3), Compression::None);
    let meta = BatchMeta::from(&BatchHeader::parse(&bytes).unwrap());
    log.append(Tick::at(1), &bytes, &[meta]).unwrap();
    drop(log);
    let (log, recovery) = fixture.open(0, false);
    assert_eq!((recovery.batches, recovery.truncated_bytes), (101, 0));
    let base = log.active_base_offset();
    drop(log);
    fixture.write(&fixture.segment(base, names::LOG), 500_000, &[8]);
    let (log, recovery) = fixture.open(0, false);
    assert_eq!(recovery.truncated_bytes, bytes.len() as u64);
    assert_eq!(log.log_end_offset(), Offset(200));
}
