//! Appends in company leave what the same appends leave one by one.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::{AppendContext, AppendOutcome, PartitionLog};
use crate::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Tick, TopicPartition};
use crate::record::{BatchBuilder, Compression, Records};
use crate::storage::crash::{CrashDisk, Fault};
use crate::storage::{
    AppendError, AppendOrigin, DirHealth, Disk, LogConfig, LogEnv, LogState, OpenLog, OpenMode,
    PartitionLogRules, RecoveryProgress, StorageError,
};

const DIR: &str = "/logs/t-0";

fn log_on(disk: &CrashDisk, segment_bytes: u32) -> PartitionLog {
    disk.create_dir_all(Path::new(DIR)).expect("made");
    let env = LogEnv { disk: Arc::new(disk.clone()), health: DirHealth::new(Path::new("/logs")) };
    let config = LogConfig { segment_bytes, index_interval_bytes: 200, ..LogConfig::default() };
    let open = OpenLog {
        env,
        dir: Path::new(DIR),
        partition: TopicPartition::new("t", 0),
        config: Arc::new(config),
        state: LogState::default(),
        now: Tick::at(1_000),
        progress: &RecoveryProgress::default(),
    };
    let rules =
        PartitionLogRules { validation: Arc::default(), producer_expiration_ms: 86_400_000 };
    PartitionLog::open(&open, rules).expect("opens").0
}

fn batch(id: i64, sequence: i32, records: i32) -> BatchBuilder {
    let epoch = if id < 0 { -1 } else { 0 };
    let mut builder = BatchBuilder::new().producer(ProducerId(id), ProducerEpoch(epoch), sequence);
    for _ in 0..records {
        builder.push(1_000, None, Some(b"some value"), &[]);
    }
    builder
}

/// One append: who, in which sequence, in which epoch.
#[derive(Clone, Copy, Debug)]
enum Step {
    Plain { records: i32, built: bool },
    Idempotent { id: i64, sequence: i32 },
    NewLeader,
    Garbage,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..5_i32, any::<bool>()).prop_map(|(records, built)| Step::Plain { records, built }),
        6 => (1..3_i64, 0..6_i32).prop_map(|(id, sequence)| Step::Idempotent { id, sequence }),
        1 => Just(Step::NewLeader),
        1 => Just(Step::Garbage),
    ]
}

fn appends(steps: &[Step]) -> Vec<(Records, AppendContext)> {
    let mut leader_epoch = LeaderEpoch(0);
    let mut out = Vec::new();
    for step in steps {
        let bytes = |builder: BatchBuilder| {
            builder.build(Offset::ZERO, LeaderEpoch::NONE, Compression::None)
        };
        let records: Records = match *step {
            Step::Plain { records, built: true } => {
                batch(-1, -1, records).finish(Compression::None).into()
            }
            Step::Plain { records, .. } => bytes(batch(-1, -1, records)).into(),
            Step::Idempotent { id, sequence } => bytes(batch(id, sequence, 1)).into(),
            Step::NewLeader => {
                leader_epoch = LeaderEpoch(leader_epoch.0 + 1);
                continue;
            }
            Step::Garbage => Bytes::from_static(&[1; 80]).into(),
        };
        out.push((records, AppendContext { leader_epoch, origin: AppendOrigin::Client }));
    }
    out
}

fn told(outcomes: &[AppendOutcome]) -> Vec<String> {
    outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(info) => format!("{info:?}"),
            Err(error) => error.to_string(),
        })
        .collect()
}

/// Every file of a log, by name.
fn files(disk: &CrashDisk) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = disk
        .list(Path::new(DIR))
        .expect("listed")
        .into_iter()
        .map(|entry| {
            let path = Path::new(DIR).join(&entry.name);
            let file = disk.open(&path, OpenMode::Read).expect("opened");
            let mut bytes = vec![0; usize::try_from(entry.len).expect("small")];
            file.read_at(&mut bytes, 0).expect("read");
            (entry.name, bytes)
        })
        .collect();
    files.sort();
    files
}

proptest! {
    #[test]
    fn the_same_answers_and_the_same_files(
        steps in prop::collection::vec(step(), 1..60),
        together in 1..12_usize,
        segment_bytes in 300..2_000_u32,
    ) {
        let (first, second) = (CrashDisk::new(), CrashDisk::new());
        let (mut one_by_one, mut gathered) =
            (log_on(&first, segment_bytes), log_on(&second, segment_bytes));
        let now = Tick::at(1_000);
        let expected: Vec<AppendOutcome> = appends(&steps)
            .into_iter()
            .map(|(records, context)| one_by_one.append_as_leader(now, records, context))
            .collect();
        let mut outcomes = Vec::new();
        for company in appends(&steps).chunks(together) {
            gathered.append_gathered(now, company.to_vec(), &mut outcomes);
        }
        prop_assert_eq!(told(&outcomes), told(&expected));
        for log in [&mut one_by_one, &mut gathered] {
            log.close(now).expect("closed");
        }
        prop_assert_eq!(files(&first), files(&second));
    }
}

#[test]
fn company_is_written_at_once_and_lost_at_once() {
    let disk = CrashDisk::new();
    let mut log = log_on(&disk, 1 << 20);
    let plain = Step::Plain { records: 1, built: true };
    let mut outcomes = Vec::new();
    log.append_gathered(Tick::at(1_000), appends(&[plain]), &mut outcomes);
    let before = disk.calls();
    log.append_gathered(Tick::at(1_000), appends(&[plain; 20]), &mut outcomes);
    assert_eq!(disk.calls() - before, 1);
    assert!(outcomes.iter().all(Result::is_ok));

    outcomes.clear();
    disk.fault_at(disk.calls(), Fault::Error);
    let mut company = appends(&[plain, Step::Garbage, plain]);
    company.extend(appends(&[plain]));
    log.append_gathered(Tick::at(1_000), company, &mut outcomes);
    let refused: Vec<&AppendError> =
        outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(matches!(
        refused[..],
        [
            AppendError::Storage(_),
            AppendError::Invalid(_),
            AppendError::Storage(StorageError::Offline { .. }),
            AppendError::Storage(StorageError::Offline { .. })
        ]
    ));
}
