//! Directories that are whole, and the same with damage done to them.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::cell::Cell;
use std::io::IoSlice;
use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::base::{LeaderEpoch, Tick};
use crate::partition::{ProducerStates, encode_snapshot};
use crate::record::{BatchBuilder, BatchHeader, Compression};
use crate::storage::{BatchMeta, EpochStart, Log, LogConfig, OpenMode, Owner, Problem, RealDisk};

/// A log directory with topic `t` of one partition: 100 batches of 2 records in several segments.
struct Fixture {
    dir: tempfile::TempDir,
    segments: Vec<Offset>,
}

impl Fixture {
    fn new(clean: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let owner = Owner { node_id: 1, cluster_id: "_kEcQe8aRgTnBkpKyQG8VQ".to_owned() };
        let disk = Arc::new(RealDisk);
        let opened =
            LogDir::open(disk, dir.path(), &owner, Uuid::from_u128(7), Tick::at(1)).unwrap();
        let partition = TopicPartition::new("t", 0);
        let config =
            LogConfig { segment_bytes: 8000, index_interval_bytes: 500, ..LogConfig::default() };
        let path = opened.partition_dir(&partition);
        let env = opened.env().clone();
        let mut log = Log::create(env, &path, partition, Arc::new(config), Tick::at(1)).unwrap();
        for at in 0..100 {
            append(&mut log, 1_000 + at);
        }
        let epoch = EpochStart { epoch: LeaderEpoch(3), start_offset: Offset::ZERO };
        log.write_leader_epochs(&[epoch]).unwrap();
        log.write_snapshot(Offset(200), &encode_snapshot(&ProducerStates::new(1_000))).unwrap();
        let segments = log.base_offsets().collect();
        if let Some(job) = log.close(Tick::at(2)).unwrap() {
            job.run().unwrap();
        }
        for which in Checkpoint::ALL.into_iter().filter(|which| *which != Checkpoint::LogStart) {
            opened.note(which, log.partition(), Some(log.log_end_offset()));
        }
        opened.write_checkpoints().unwrap();
        if clean {
            opened.mark_clean(-1).unwrap();
        }
        Self { dir, segments }
    }

    fn file(&self, base: Offset, suffix: &str) -> PathBuf {
        self.dir.path().join("t-0").join(names::segment_file(base, suffix))
    }

    fn write(&self, path: &Path, at: u64, bytes: &[u8]) {
        let file = RealDisk.open(path, OpenMode::Create).unwrap();
        file.write_at(&[IoSlice::new(bytes)], at).unwrap();
    }

    /// Looks, and is told about every byte once.
    fn check(&self) -> Checked {
        let read = Cell::new(0);
        let add = |bytes| read.set(read.get() + bytes);
        let checked = check_dir_with(&RealDisk, self.dir.path(), &add);
        assert_eq!(read.get(), segment_bytes(&RealDisk, self.dir.path()));
        assert!(read.get() >= checked.bytes && read.get() > 0);
        checked
    }
}

fn append(log: &mut Log, timestamp: i64) {
    let mut builder = BatchBuilder::new();
    builder.push(timestamp, None, Some(&[7; 100]), &[]);
    builder.push(timestamp, None, Some(&[8; 20]), &[]);
    let bytes = builder.build(log.log_end_offset(), LeaderEpoch(3), Compression::None);
    let meta = BatchMeta::from(&BatchHeader::parse(&bytes).unwrap());
    log.append(Tick::at(1), &bytes, &[meta]).unwrap();
}

fn errors(checked: &Checked) -> Vec<String> {
    let worth = checked.findings.iter().filter(|finding| finding.severity > Severity::Note);
    worth.map(|finding| format!("{}: {}", finding.severity.name(), finding.wrong)).collect()
}

#[test]
fn a_directory_that_was_closed_is_whole() {
    let fixture = Fixture::new(true);
    let checked = fixture.check();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!(checked.meta.as_ref().map(|meta| meta.node_id), Some(1));
    assert_eq!(checked.partitions, [TopicPartition::new("t", 0)]);
    assert_eq!(checked.segments, fixture.segments.len() as u64);
    assert_eq!(checked.batches, 100);
    // nothing was written: the mark of the orderly stop is still there
    assert!(RealDisk.exists(&fixture.dir.path().join(CLEAN_SHUTDOWN)).unwrap());
}

#[test]
fn an_unclean_stop_is_no_damage() {
    let fixture = Fixture::new(false);
    let checked = fixture.check();
    assert!(matches!(checked.findings[..], [Finding { wrong: Wrong::Unclean, .. }]));
    let last = *fixture.segments.last().unwrap();
    let log = fixture.file(last, names::LOG);
    let len = RealDisk.stat(&log).unwrap().unwrap().len;
    fixture.write(&log, len, &[9; 30]);
    let torn = errors(&fixture.check());
    assert_eq!(
        torn,
        [format!(
            "warning: the file ends inside a batch at byte {len}; 30 bytes from there to the end"
        )]
    );
}

#[test]
fn damage_in_a_segment_is_found_where_it_is() {
    let fixture = Fixture::new(true);
    let first = fixture.file(fixture.segments[0], names::LOG);
    // inside the records of the second batch
    let batch =
        BatchHeader::parse(&RealDisk.read_small(&first, 1 << 20).unwrap().unwrap()).unwrap();
    let second = batch.size_in_bytes() as u64;
    fixture.write(&first, second + 90, &[0xff]);
    let checked = fixture.check();
    let Wrong::Batches { position, problem, torn, .. } = checked.findings[0].wrong else {
        panic!("{:?}", checked.findings)
    };
    assert_eq!((position, problem, torn), (second, Problem::Checksum, false));
    assert_eq!(checked.findings[0].severity, Severity::Error);
    assert_eq!(checked.findings[0].path, first);
}

#[test]
fn indexes_must_lead_to_their_batches() {
    let fixture = Fixture::new(true);
    let index = fixture.file(fixture.segments[0], names::INDEX);
    let good = RealDisk.read_small(&index, 1 << 20).unwrap().unwrap();
    assert!(good.len() >= 24, "too few entries to damage");
    // the position of the second entry, moved by a byte
    let position = u32::from_be_bytes(good[12..16].try_into().unwrap()) + 1;
    fixture.write(&index, 12, &position.to_be_bytes());
    assert_eq!(errors(&fixture.check()), ["warning: entry 1 does not lead to its batch"]);
    fixture.write(&index, 12, &good[..4]);
    let back = errors(&fixture.check());
    assert!(back[0].contains("index entries are out of order"), "{back:?}");
    RealDisk.remove_file(&index).unwrap();
    assert_eq!(errors(&fixture.check()), ["warning: the index is missing"]);
}

#[test]
fn segments_must_not_overlap_nor_vanish_under_a_checkpoint() {
    let fixture = Fixture::new(true);
    let [first, second] = fixture.segments[..2] else { panic!("two segments") };
    let copy = RealDisk.read_small(&fixture.file(first, names::LOG), 1 << 20).unwrap().unwrap();
    let between = Offset(second.0 - 2);
    fixture.write(&fixture.file(between, names::LOG), 0, &copy);
    let found = errors(&fixture.check());
    assert!(found[0].starts_with(&format!("error: begins at offset {between}")), "{found:?}");
    RealDisk.remove_file(&fixture.file(between, names::LOG)).unwrap();

    let last = *fixture.segments.last().unwrap();
    for suffix in [names::LOG, names::INDEX, names::TIME_INDEX] {
        RealDisk.remove_file(&fixture.file(last, suffix)).unwrap();
    }
    let found = errors(&fixture.check());
    let says = |text: &str| found.iter().any(|found| found.contains(text));
    assert!(says("says 200 of t-0"), "{found:?}");
    assert!(says("is about offset 200, but the log ends at"), "{found:?}");
}

#[test]
fn small_files_are_read_as_the_broker_reads_them() {
    let fixture = Fixture::new(true);
    let dir = fixture.dir.path();
    fixture.write(&dir.join("meta.properties"), 0, b"version=7\n#");
    fixture.write(&dir.join("replication-offset-checkpoint"), 0, b"x");
    fixture.write(&dir.join("t-0").join("leader-epoch-checkpoint"), 0, b"0\n9\n");
    fixture.write(&fixture.file(Offset(200), names::SNAPSHOT), 2, &[1, 2, 3]);
    let found = errors(&fixture.check());
    for part in ["meta.properties", "replication-offset", "leader-epoch", "snapshot is corrupt"] {
        assert!(found.iter().any(|found| found.contains(part)), "{part}: {found:?}");
    }
    let nowhere = check_dir(&RealDisk, &dir.join("nowhere"));
    assert_eq!(errors(&nowhere).len(), 1);
}

#[test]
fn a_directory_in_use_is_said_to_be() {
    let fixture = Fixture::new(true);
    let _held = RealDisk.lock(&fixture.dir.path().join(LOCK)).unwrap().unwrap();
    let checked = fixture.check();
    assert!(matches!(checked.findings[..], [Finding { wrong: Wrong::InUse, .. }]));
}
