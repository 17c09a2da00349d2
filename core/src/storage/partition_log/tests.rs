//! A partition's log through appends, rolls, retention, truncation, crashes and orderly stops:
//! what it knows of producers and epochs is what its records say.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::base::{ProducerEpoch, ProducerId, TopicPartition};
use crate::partition::{EpochEntry, ProducerBatch, SequenceError};
use crate::record::{BatchBuilder, BatchHeader, BatchIter, Compression};
use crate::storage::crash::{CrashDisk, Survival};
use crate::storage::names::LEADER_EPOCH_CHECKPOINT;
use crate::storage::{
    BatchVisitor, DirHealth, Disk, LogEnv, LogState, OpenLog, OpenMode, RecoveryProgress,
};

const DIR: &str = "/logs/t-0";

fn rules() -> PartitionLogRules {
    PartitionLogRules { validation: Arc::default(), producer_expiration_ms: 86_400_000 }
}

fn config() -> Arc<LogConfig> {
    let config = LogConfig { segment_bytes: 700, retention_ms: -1, ..LogConfig::default() };
    Arc::new(LogConfig { retention_bytes: 1_500, ..config })
}

fn open(disk: &CrashDisk, state: LogState) -> PartitionLog {
    let env = LogEnv { disk: Arc::new(disk.clone()), health: DirHealth::new(Path::new("/logs")) };
    let open = OpenLog {
        env,
        dir: Path::new(DIR),
        partition: TopicPartition::new("t", 0),
        config: config(),
        state,
        now: Tick::at(1000),
        progress: &RecoveryProgress::default(),
    };
    PartitionLog::open(&open, rules()).expect("opens").0
}

fn fresh() -> (CrashDisk, PartitionLog) {
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new(DIR)).expect("made");
    for dir in ["/", "/logs"] {
        disk.sync_dir(Path::new(dir)).expect("synced");
    }
    let log = open(&disk, LogState::default());
    (disk, log)
}

fn batch(id: i64, epoch: i16, sequence: i32, records: i32) -> Bytes {
    let mut builder = BatchBuilder::new().producer(ProducerId(id), ProducerEpoch(epoch), sequence);
    for _ in 0..records {
        builder.push(1000, None, Some(b"some value"), &[]);
    }
    builder.build(Offset(0), LeaderEpoch::NONE, Compression::None)
}

fn append(log: &mut PartitionLog, epoch: i32, records: Bytes) -> Result<AppendInfo, AppendError> {
    let leader_epoch = LeaderEpoch(epoch);
    let context = AppendContext { leader_epoch, origin: AppendOrigin::Client };
    log.append_as_leader(Tick::at(1000), records, context)
}

#[test]
fn offsets_and_epochs_are_stamped() {
    let (_, mut log) = fresh();
    append(&mut log, 3, batch(-1, -1, -1, 2)).expect("appended");
    let info = append(&mut log, 5, batch(-1, -1, -1, 3)).expect("appended");
    assert_eq!((info.first_offset, info.last_offset), (Offset(2), Offset(4)));
    let bytes = log.read(Offset(0), u32::MAX, Offset(5)).expect("read").read_to_vec();
    let bytes = bytes.expect("read");
    let headers: Vec<BatchHeader> =
        BatchIter::new(&bytes).map(|batch| batch.expect("whole").header).collect();
    let stamped = headers.iter().map(|h| (h.base_offset.0, h.partition_leader_epoch.0));
    assert_eq!(stamped.collect::<Vec<_>>(), [(0, 3), (2, 5)]);
    let epochs: Vec<_> =
        log.epochs().entries().iter().map(|e| (e.epoch.0, e.start_offset.0)).collect();
    assert_eq!(epochs, [(3, 0), (5, 2)]);
}

#[test]
fn a_duplicate_is_answered_with_its_offsets_and_not_written() {
    let (_, mut log) = fresh();
    append(&mut log, 0, batch(7, 0, 0, 2)).expect("appended");
    append(&mut log, 0, batch(7, 0, 2, 2)).expect("appended");
    let again = append(&mut log, 0, batch(7, 0, 0, 2)).expect("known");
    assert!(again.duplicate);
    assert_eq!((again.first_offset, again.last_offset), (Offset(0), Offset(1)));
    assert_eq!(log.log().log_end_offset(), Offset(4));
    let gap = append(&mut log, 0, batch(7, 0, 9, 1));
    assert!(matches!(gap, Err(AppendError::Sequence(SequenceError::OutOfOrder { .. }))));
}

#[test]
fn a_coordinator_may_leave_gaps() {
    let (_, mut log) = fresh();
    let context = AppendContext { leader_epoch: LeaderEpoch(0), origin: AppendOrigin::Coordinator };
    for sequence in [0, 9] {
        log.append_as_leader(Tick::at(1), batch(7, 0, sequence, 1), context).expect("appended");
    }
}

#[test]
fn a_record_set_larger_than_a_segment_is_refused() {
    let (_, mut log) = fresh();
    let large = append(&mut log, 0, batch(-1, -1, -1, 60));
    assert!(matches!(large, Err(AppendError::LargerThanSegment { .. })));
    assert_eq!(log.log().log_end_offset(), Offset(0));
}

#[test]
fn an_orderly_stop_is_followed_by_a_start_without_a_scan() {
    let (disk, mut log) = fresh();
    for sequence in 0..30 {
        append(&mut log, 0, batch(7, 0, sequence, 1)).expect("appended");
    }
    let known = log.producers().get(ProducerId(7)).and_then(|p| p.last_batch().copied());
    log.close(Tick::at(1000)).expect("closed").expect("something to sync").run().expect("synced");
    let disk = disk.restart(Survival::Written);
    let state = LogState { clean: true, ..LogState::default() };
    let log = open(&disk, state);
    assert_eq!(log.log().log_end_offset(), Offset(30));
    assert_eq!(log.producers().get(ProducerId(7)).and_then(|p| p.last_batch().copied()), known);
    // Kafka keeps one for each segment but the first, and the newest
    let mut expected: BTreeSet<Offset> = log.log().base_offsets().skip(1).collect();
    expected.insert(Offset(30));
    assert_eq!(log.snapshots, expected);
}

#[test]
fn a_torn_snapshot_gives_way_to_an_older_one() {
    let (disk, mut log) = fresh();
    for sequence in 0..30 {
        append(&mut log, 0, batch(7, 0, sequence, 1)).expect("appended");
    }
    let newest = *log.snapshots.last().expect("rolled");
    log.log().write_snapshot(newest, b"torn").expect("written");
    drop(log);
    let state = LogState { recovery_point: Offset(30), ..LogState::default() };
    let log = open(&disk.restart(Survival::Written), state);
    let known = log.producers().get(ProducerId(7)).expect("known");
    assert_eq!(known.last_sequence(), 29);
    assert!(!log.snapshots.contains(&newest));
}

#[test]
fn epochs_whose_checkpoint_a_power_loss_left_empty_are_read_from_the_log() {
    let (disk, mut log) = fresh();
    for sequence in 0..30 {
        append(&mut log, 3, batch(7, 0, sequence, 1)).expect("appended");
    }
    log.close(Tick::at(1000)).expect("closed").expect("something to sync").run().expect("synced");
    let point = LogState { recovery_point: Offset(30), ..LogState::default() };
    for content in [&b""[..], b"0\n0\n"] {
        // its new name survived, its bytes did not
        let path = Path::new(DIR).join(LEADER_EPOCH_CHECKPOINT);
        let file = disk.open(&path, OpenMode::Truncate).expect("opened");
        file.write_at(&[std::io::IoSlice::new(content)], 0).expect("written");
        let mut log = open(&disk, point);
        let start = EpochEntry { epoch: LeaderEpoch(3), start_offset: Offset(0) };
        assert_eq!(log.epochs().entries(), [start]);
        log.truncate_to(Tick::at(1000), Offset(2)).expect("healthy");
        assert_eq!(log.epochs().entries(), [start]);
    }
}

#[test]
fn a_log_whose_epochs_and_records_are_gone_can_be_flushed() {
    let (disk, mut log) = fresh();
    append(&mut log, 0, batch(7, 0, 0, 4)).expect("appended");
    log.close(Tick::at(1000)).expect("closed").expect("something to sync").run().expect("synced");
    // a power loss took the file; records before the log's start were deleted
    disk.remove_file(&Path::new(DIR).join(LEADER_EPOCH_CHECKPOINT)).expect("removed");
    let mut log = open(&disk, LogState { log_start: Offset(9), ..LogState::default() });
    assert_eq!((log.log().log_end_offset(), log.epochs().entries()), (Offset(9), &[][..]));
    if let Some(job) = log.take_flush_job(Tick::at(1000)).expect("healthy") {
        job.run().expect("synced");
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Append { producer: i64, records: i32, bump: bool },
    NewLeader,
    Flush,
    DeleteRecords { percent: u8 },
    Retention,
    Truncate { back: i64 },
    Crash(Option<u64>),
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0i64..4, 1i32..4, 0u8..20).prop_map(|(producer, records, bump)| Op::Append {
            producer, records, bump: bump == 0,
        }),
        1 => Just(Op::NewLeader),
        2 => Just(Op::Flush),
        1 => (0u8..=100).prop_map(|percent| Op::DeleteRecords { percent }),
        1 => Just(Op::Retention),
        1 => (0i64..8).prop_map(|back| Op::Truncate { back }),
        1 => proptest::option::of(any::<u64>()).prop_map(Op::Crash),
        1 => Just(Op::Restart),
    ]
}

/// What the records say of producers and epochs.
#[derive(Default)]
struct Oracle {
    producers: Vec<ProducerBatch>,
    epochs: LeaderEpochCache,
}

impl BatchVisitor for Oracle {
    fn begin(&mut self, _: Offset) {}

    fn visit(&mut self, header: &BatchHeader) {
        self.producers.push(ProducerBatch::from(header));
        self.epochs.assign(header.partition_leader_epoch, header.base_offset);
    }
}

struct Play {
    disk: CrashDisk,
    log: PartitionLog,
    leader_epoch: i32,
    producer_epochs: [i16; 4],
}

impl Play {
    fn run(&mut self, op: Op) {
        let now = Tick::at(1000);
        let end = self.log.log().log_end_offset();
        match op {
            Op::Append { producer, records, bump } => {
                let at = usize::try_from(producer).expect("small");
                if bump {
                    self.producer_epochs[at] += 1;
                }
                let epoch = self.producer_epochs[at];
                let known = self.log.producers().get(ProducerId(producer));
                let same = known.filter(|known| known.epoch().0 == epoch);
                let sequence = same.map_or(0, |known| known.last_sequence() + 1);
                let batch = batch(producer, epoch, sequence, records);
                append(&mut self.log, self.leader_epoch, batch).expect("in sequence");
            }
            Op::NewLeader => self.leader_epoch += 1,
            Op::Flush => {
                if let Some(job) = self.log.take_flush_job(now).expect("healthy") {
                    let upto = job.run().expect("synced");
                    self.log.flushed(upto);
                }
            }
            Op::DeleteRecords { percent } => {
                let start = self.log.log().log_start_offset();
                let to = start.plus((end.0 - start.0) * i64::from(percent) / 100);
                self.log.advance_log_start(to).expect("inside");
            }
            Op::Retention => {
                self.log.apply_retention(now, end).expect("healthy");
            }
            Op::Truncate { back } => {
                let start = self.log.log().log_start_offset();
                self.log.truncate_to(now, start.max(end.plus(-back))).expect("healthy");
            }
            Op::Crash(seed) => self.reopen(seed.map_or(Survival::Written, Survival::Random), false),
            Op::Restart => {
                if let Some(job) = self.log.close(now).expect("healthy") {
                    let upto = job.run().expect("synced");
                    self.log.flushed(upto);
                }
                self.reopen(Survival::Written, true);
            }
        }
    }

    fn reopen(&mut self, survival: Survival, clean: bool) {
        self.disk = self.disk.restart(survival);
        let log = self.log.log();
        let state = LogState {
            recovery_point: log.recovery_point(),
            log_start: log.log_start_to_checkpoint().unwrap_or_default(),
            clean,
        };
        self.log = open(&self.disk, state);
    }

    /// Of each producer that has records, the newest batch is known; of each epoch, its start.
    fn check(&mut self) {
        let mut oracle = Oracle::default();
        let start = self.log.log().log_start_offset();
        self.log.log.visit(start, &mut oracle).expect("readable");
        oracle.epochs.truncate_from_start(start);
        let mut newest = std::collections::HashMap::new();
        for batch in oracle.producers.iter().filter(|batch| batch.base_offset >= start) {
            newest.insert(batch.producer_id, *batch);
        }
        for (id, batch) in newest {
            let known = self.log.producers().get(id).expect("it has records");
            assert_eq!(known.epoch(), batch.producer_epoch);
            let last = known.last_batch().expect("it has records");
            assert_eq!(last.last_offset, batch.last_offset());
            assert_eq!(last.last_sequence, batch.last_sequence());
        }
        let known = self.log.epochs().entries();
        let said = oracle.epochs.entries();
        // segments that a power loss brings back are older than the first epoch that is known
        let agrees = said.iter().rev().zip(known.iter().rev()).enumerate().all(|(at, (s, k))| {
            s == k || at + 1 == known.len() && s.epoch == k.epoch && k.start_offset > s.start_offset
        });
        let last = said.last().map(|entry| entry.epoch);
        let same_end = last.is_none() || last == known.last().map(|entry| entry.epoch);
        assert!(agrees && same_end, "{known:?} known, {said:?} written");
    }
}

proptest! {
    /// Live or recovered, by whatever way: state is what the records say.
    #[test]
    fn recovered_state_is_live_state(ops in proptest::collection::vec(op(), 1..80)) {
        let (disk, log) = fresh();
        let mut play = Play { disk, log, leader_epoch: 0, producer_epochs: [0; 4] };
        for op in ops {
            play.run(op);
            play.check();
        }
    }
}
