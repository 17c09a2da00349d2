//! Whatever a log does, power may be lost at any call, and any call may fail.
//!
//! A model keeps the batches a log must have. For every call that a random run of operations makes,
//! the run is repeated with that call going wrong; what is then found on the disk must open, must
//! be a prefix of what was written, and must have all that was synced.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::base::LeaderEpoch;
use crate::record::{BatchBuilder, Compression};
use crate::storage::crash::{CrashDisk, Fault, Survival};
use crate::storage::{BatchMeta, LogDir, OpenLog, Owner};

#[derive(Clone, Copy, Debug)]
enum Op {
    Append { batches: u8, records: u8, filler: u16 },
    Roll,
    FlushRolled,
    FlushAll,
    WriteCheckpoints,
    AdvanceStart { percent: u8 },
    Retention,
    Deletions,
    Truncate { back: u8 },
    TruncateFully,
    WriteEpochs,
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (1..4_u8, 1..5_u8, 0..300_u16).prop_map(|(batches, records, filler)| Op::Append {
            batches,
            records,
            filler
        }),
        1 => Just(Op::Roll),
        2 => Just(Op::FlushRolled),
        2 => Just(Op::FlushAll),
        2 => Just(Op::WriteCheckpoints),
        1 => (0..100_u8).prop_map(|percent| Op::AdvanceStart { percent }),
        1 => Just(Op::Retention),
        1 => Just(Op::Deletions),
        1 => (0..20_u8).prop_map(|back| Op::Truncate { back }),
        1 => Just(Op::WriteEpochs),
        1 => Just(Op::Reopen),
        1 => Just(Op::TruncateFully),
    ]
}

/// The batches of a log, by base offset.
type History = BTreeMap<i64, (i64, Bytes)>;

/// What the log must have.
#[derive(Clone, Debug, Default)]
struct Model {
    /// What was appended and not truncated since; may end with a batch whose append failed.
    history: History,
    /// What it was before truncations that may not have reached the disk.
    older: Vec<History>,
    /// Everything before this offset is on disk.
    flushed: i64,
    /// The log's start in the checkpoint file.
    start_on_disk: i64,
    serial: u64,
    ms: u32,
}

struct Run {
    disk: CrashDisk,
    dir: LogDir,
    log: Log,
    model: Model,
}

const ROOT: &str = "/data";

fn config() -> Arc<LogConfig> {
    Arc::new(LogConfig {
        segment_bytes: 1500,
        index_interval_bytes: 200,
        segment_index_bytes: 120,
        retention_bytes: 3000,
        file_delete_delay_ms: 3,
        ..LogConfig::default()
    })
}

fn open(disk: &CrashDisk, now: Tick) -> Result<(LogDir, Log), StorageError> {
    let owner = Owner { node_id: 1, cluster_id: "c".to_owned() };
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let dir = LogDir::open(disk, Path::new(ROOT), &owner, Uuid::from_u128(1), now)?;
    let partition = TopicPartition::new("t", 0);
    let path = dir.partition_dir(&partition);
    let open = OpenLog {
        env: dir.env().clone(),
        dir: &path,
        state: dir.state_of(&partition),
        partition,
        config: config(),
        now,
        progress: dir.progress(),
    };
    let (log, _) = Log::open(&open, &mut ())?;
    Ok((dir, log))
}

impl Run {
    fn start(disk: &CrashDisk, model: Model) -> Result<Self, StorageError> {
        let (dir, log) = open(disk, Tick::at(model.ms))?;
        Ok(Self { disk: disk.clone(), dir, log, model })
    }

    fn now(&mut self) -> Tick {
        self.model.ms += 1;
        Tick::at(self.model.ms)
    }

    fn step(&mut self, op: Op) -> Result<(), StorageError> {
        let now = self.now();
        match op {
            Op::Append { batches, records, filler } => {
                self.append(now, batches, records, filler)?
            }
            Op::Roll => {
                self.log.roll(now)?;
            }
            Op::FlushRolled => self.flush(now, self.log.active_base_offset())?,
            Op::FlushAll => self.flush(now, self.log.log_end_offset())?,
            Op::WriteCheckpoints => {
                let start = self.log.log_start_offset().0;
                self.dir.note_log(&self.log);
                self.dir.write_checkpoints()?;
                self.model.start_on_disk = self.model.start_on_disk.max(start);
            }
            Op::AdvanceStart { percent } => {
                let (start, end) = (self.log.log_start_offset().0, self.log.log_end_offset().0);
                let to = start + (end - start) * i64::from(percent) / 100;
                self.log.advance_log_start(Offset(to))?;
            }
            Op::Retention => {
                let end = self.log.log_end_offset();
                self.log.apply_retention(now, end)?;
            }
            Op::Deletions => {
                if let Some(job) = self.log.take_deletions(now) {
                    job.run()?;
                }
            }
            Op::Truncate { back } => {
                let to = (self.log.log_end_offset().0 - i64::from(back)).max(0);
                self.truncate(to, |dir, log| dir.truncate(log, now, Offset(to)).map(|_| ()))?;
            }
            Op::TruncateFully => {
                let to = self.log.log_end_offset().0 + 10;
                self.truncate(0, |dir, log| dir.truncate_fully(log, now, Offset(to)))?;
            }
            Op::WriteEpochs => self.log.write_leader_epochs(&[])?,
            Op::Reopen => self.reopen()?,
        }
        Ok(())
    }

    fn append(
        &mut self,
        now: Tick,
        batches: u8,
        records: u8,
        filler: u16,
    ) -> Result<(), StorageError> {
        let mut bytes = Vec::new();
        let mut metas = Vec::new();
        let mut base = self.log.log_end_offset().0;
        let mut added = Vec::new();
        for _ in 0..batches {
            self.model.serial += 1;
            let value = vec![(self.model.serial % 251) as u8; usize::from(filler)];
            let mut builder = BatchBuilder::new();
            for _ in 0..records {
                let time = now.wall_ms * 10;
                builder.push(time, Some(&self.model.serial.to_be_bytes()), Some(&value), &[]);
            }
            let batch = builder.build(Offset(base), LeaderEpoch(0), Compression::None);
            let header = crate::record::BatchHeader::parse(&batch).unwrap();
            metas.push(BatchMeta::from(&header));
            bytes.extend_from_slice(&batch);
            added.push((base, (base + i64::from(records), batch)));
            base += i64::from(records);
        }
        // before the call: a failed append may still be found whole
        self.model.history.extend(added.clone());
        let result = self.log.append(now, &bytes, &metas);
        if let Err(error) = result {
            assert_eq!(self.log.log_end_offset().0, added[0].0, "{error}");
            return Err(error);
        }
        Ok(())
    }

    fn flush(&mut self, now: Tick, upto: Offset) -> Result<(), StorageError> {
        if let Some(job) = self.log.take_flush_job(now, upto)? {
            let upto = job.run()?;
            self.log.flushed(upto);
            self.model.flushed = upto.0;
            if upto == self.log.log_end_offset() {
                self.model.older.clear();
            }
        }
        Ok(())
    }

    fn truncate(
        &mut self,
        to: i64,
        run: impl FnOnce(&LogDir, &mut Log) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        self.model.older.push(self.model.history.clone());
        self.model.history.retain(|_, (end, _)| *end <= to);
        let end = self.model.history.last_key_value().map_or(0, |(_, (end, _))| *end);
        self.model.flushed = self.model.flushed.min(end);
        self.model.start_on_disk = self.model.start_on_disk.min(end);
        run(&self.dir, &mut self.log)
    }

    fn reopen(&mut self) -> Result<(), StorageError> {
        let now = self.now();
        let end = self.log.log_end_offset();
        if let Some(job) = self.log.close(now)? {
            self.log.flushed(job.run()?);
        }
        self.model.flushed = end.0;
        self.model.older.clear();
        self.dir.note_log(&self.log);
        let start = self.log.log_start_offset();
        self.dir.mark_clean(1)?;
        self.model.start_on_disk = start.0;
        let disk = self.disk.clone();
        // the lock is released before the directory is opened again
        let nowhere = CrashDisk::new();
        (self.dir, self.log) = open(&nowhere, now)?;
        (self.dir, self.log) = open(&disk, now)?;
        assert_eq!(self.log.log_end_offset(), end);
        assert_eq!(self.log.log_start_offset(), start);
        Ok(())
    }
}

/// Every batch from the log's start to its end, as a consumer reads them.
fn content(log: &mut Log) -> History {
    let mut next = log.log_start_offset();
    let mut found = History::new();
    while next < log.log_end_offset() {
        let end = log.log_end_offset();
        let slice = log.read(next, 1, end, true).unwrap();
        let bytes = Bytes::from(slice.read_to_vec().unwrap());
        let header = crate::record::BatchHeader::parse(&bytes).unwrap();
        crate::record::verify_crc(&bytes).unwrap();
        assert!(header.base_offset <= next, "a hole at {next}");
        found.insert(header.base_offset.0, (header.next_offset().0, bytes));
        next = header.next_offset();
    }
    found
}

/// Checks that every way to look something up gives the same.
fn check_lookups(log: &mut Log, content: &History, context: &str) {
    let end = log.log_end_offset();
    for (base, (next, bytes)) in content {
        let last = log.read(Offset(next - 1).max(log.log_start_offset()), 1, end, true).unwrap();
        assert!(last.read_to_vec().unwrap() == *bytes, "{context}: look-up of {base}");
        let header = crate::record::BatchHeader::parse(bytes).unwrap();
        let hit = log.offset_for_timestamp(header.max_timestamp).unwrap().unwrap();
        let fits = hit.offset.0 < *next && hit.timestamp >= header.max_timestamp;
        assert!(
            fits,
            "{context}: look-up of {} ({base}..{next}) gives {hit:?}",
            header.max_timestamp
        );
    }
    let all = log.read(log.log_start_offset(), u32::MAX, end, true).unwrap();
    assert!(content.is_empty() || !all.is_empty());
}

fn check_found(disk: &CrashDisk, model: &Model, context: &str) {
    let now = Tick::at(model.ms + 1);
    let (dir, mut log) = open(disk, now).unwrap_or_else(|error| panic!("{context}: {error}"));
    let found = content(&mut log);
    let (start, end) = (log.log_start_offset().0, log.log_end_offset().0);
    let prefix = |history: &History| {
        let same = found.iter().all(|(base, batch)| history.get(base) == Some(batch));
        same && found.len()
            == history.values().filter(|(next, _)| *next > start && *next <= end).count()
    };
    let fits = std::iter::once(&model.history).chain(&model.older).any(prefix);
    assert!(fits, "{context}: found {start}..{end}, not a prefix of what was written");
    assert!(end >= model.flushed, "{context}: ends at {end}, flushed to {}", model.flushed);
    assert!(start >= model.start_on_disk, "{context}: starts at {start}");
    check_lookups(&mut log, &found, context);

    // and it goes on from there, through an orderly stop
    let mut model = Model { history: found, ms: model.ms + 1, ..Model::default() };
    model.serial = 1 << 32;
    let mut run = Run { disk: disk.clone(), dir, log, model };
    run.step(Op::Append { batches: 3, records: 2, filler: 100 }).unwrap();
    run.step(Op::Reopen).unwrap();
    let goes_on = content(&mut run.log) == run.model.history;
    assert!(goes_on, "{context}: not the same after going on");
}

/// Runs `ops` with `fault` at `call`, then looks at what is left in each way it may be left.
fn run_with_fault(ops: &[Op], call: Option<(u64, Fault)>) -> u64 {
    let disk = CrashDisk::new();
    if let Some((call, fault)) = call {
        disk.fault_at(call, fault);
    }
    let mut model = Model::default();
    let failed = match Run::start(&disk, model.clone()) {
        Err(_) => true,
        Ok(mut run) => {
            let failed = ops.iter().any(|op| run.step(*op).is_err());
            if failed && call.is_some_and(|(_, fault)| fault != Fault::PowerLoss) {
                check_offline(&mut run);
            }
            model = run.model;
            failed
        }
    };
    assert!(!failed || call.is_some(), "failed without a fault");
    let calls = disk.calls();
    let seed = call.map_or(0, |(call, _)| call);
    let survivals =
        [Survival::Written, Survival::Synced, Survival::Random(seed), Survival::Random(seed + 999)];
    for survival in survivals {
        let left = disk.restart(survival);
        check_found(&left, &model, &format!("{call:?} {survival:?}"));
    }
    calls
}

/// After a failed call nothing torn is served, and nothing more is written.
fn check_offline(run: &mut Run) {
    if !run.dir.health().is_offline() {
        return;
    }
    let history = run.model.history.clone();
    let refused = run.step(Op::Append { batches: 1, records: 1, filler: 1 });
    assert!(matches!(refused, Err(StorageError::Offline { .. })));
    run.model.history = history;
    let end = run.log.log_end_offset();
    let start = run.log.log_start_offset();
    if start < end {
        let slice = run.log.read(start, u32::MAX, end, true).unwrap();
        let bytes = slice.read_to_vec().unwrap();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            crate::record::verify_crc(rest).unwrap();
            let header = crate::record::BatchHeader::parse(rest).unwrap();
            rest = &rest[header.size_in_bytes()..];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn power_may_be_lost_at_any_call(ops in prop::collection::vec(op(), 1..25)) {
        let calls = run_with_fault(&ops, None);
        for call in 0..calls {
            run_with_fault(&ops, Some((call, Fault::PowerLoss)));
        }
    }

    #[test]
    fn any_call_may_fail(ops in prop::collection::vec(op(), 1..25)) {
        let calls = run_with_fault(&ops, None);
        for call in 0..calls {
            run_with_fault(&ops, Some((call, Fault::NoSpace)));
            run_with_fault(&ops, Some((call, Fault::Error)));
        }
    }
}
