//! Appending what has come together with one write.
//!
//! A write costs the kernel much the same whether it brings one small batch or many, and pages that
//! are filled at once cost half of what pages cost that are filled a piece at a time.

use std::io::IoSlice;
use std::sync::Arc;

use bytes::Bytes;

use super::append::{Examined, place};
use super::{AppendContext, AppendError, AppendInfo, BatchMeta, PartitionLog, StorageError};
use crate::base::{LeaderEpoch, Offset, Tick};
use crate::partition::ProducerBatch;
use crate::record::{BatchHeader, Records, Validated};

/// The most bytes that are written at once, unless one batch alone is larger.
const MOST_BYTES: usize = 1 << 20;

/// What came of an append.
pub type AppendOutcome = Result<AppendInfo, AppendError>;

/// Batches that have their offsets and are not written yet.
struct Staged {
    batches: Vec<(BatchMeta, [u8; BatchHeader::SIZE], Bytes)>,
    bytes: usize,
    epoch: LeaderEpoch,
    /// How many outcomes there were before the first of them.
    from: usize,
}

impl Staged {
    fn new() -> Self {
        Self { batches: Vec::new(), bytes: 0, epoch: LeaderEpoch::NONE, from: 0 }
    }

    fn end(&self) -> Option<Offset> {
        self.batches.last().map(|(meta, _, _)| meta.last_offset.plus(1))
    }

    fn push(&mut self, checked: Validated, meta: BatchMeta) {
        self.bytes += checked.size();
        self.batches.push((meta, checked.header.encode(), checked.payload));
    }
}

impl PartitionLog {
    /// [`append_as_leader`](Self::append_as_leader) of several in a row, in as few writes as can
    /// be; adds what came of each to `outcomes`, in the same order. Where a write fails, all are
    /// refused that it would have brought.
    pub fn append_gathered(
        &mut self,
        now: Tick,
        appends: impl IntoIterator<Item = (Records, AppendContext)>,
        outcomes: &mut Vec<AppendOutcome>,
    ) {
        let mut staged = Staged::new();
        for (records, context) in appends {
            let epoch = context.leader_epoch;
            let examined = match self.log.health().check() {
                Ok(()) => self.examine(now, records, context),
                Err(error) => Err(error.into()),
            };
            let outcome = match examined {
                Err(refused) => Err(refused),
                Ok(Examined::Duplicate(info)) => {
                    let log_end = staged.end().unwrap_or(info.log_end);
                    Ok(AppendInfo { log_end, ..info })
                }
                Ok(Examined::Fresh(mut checked, producer)) => {
                    if !self.joins(now, &staged, &checked, epoch) {
                        self.write_staged(now, &mut staged, outcomes);
                    }
                    if self.joins(now, &staged, &checked, epoch) {
                        Ok(self.stage(&mut staged, checked, producer, epoch, outcomes.len()))
                    } else {
                        // it is the first of a segment
                        self.write(now, &mut checked, producer, epoch)
                    }
                }
            };
            outcomes.push(outcome);
        }
        self.write_staged(now, &mut staged, outcomes);
    }

    /// Whether a batch goes into the same segment and the same write as those before it.
    fn joins(&self, now: Tick, staged: &Staged, checked: &Validated, epoch: LeaderEpoch) -> bool {
        let bytes = staged.bytes + checked.size();
        let end = staged.end().unwrap_or(self.log.log_end_offset());
        let last = end.plus(i64::from(checked.header.last_offset_delta));
        let (count, timestamp) = (staged.batches.len(), checked.header.max_timestamp);
        let alike = count == 0 || (staged.epoch == epoch && bytes <= MOST_BYTES);
        alike && self.log.has_room(now, (bytes, count), timestamp, last)
    }

    /// Gives a batch its place behind those that are staged.
    fn stage(
        &mut self,
        staged: &mut Staged,
        mut checked: Validated,
        mut producer: ProducerBatch,
        epoch: LeaderEpoch,
        from: usize,
    ) -> AppendInfo {
        let first = staged.end().unwrap_or(self.log.log_end_offset());
        if staged.batches.is_empty() {
            (staged.epoch, staged.from) = (epoch, from);
        }
        let meta = place(&mut checked, &mut producer, first, epoch);
        let log_append_time = checked.log_append_time;
        staged.push(checked, meta);
        // before it is written, for those behind it: should that fail, the directory is offline and
        // what is known here is of no more use
        self.producers.apply(&producer);
        AppendInfo {
            first_offset: first,
            last_offset: meta.last_offset,
            log_append_time,
            log_start: self.log.log_start_offset(),
            log_end: meta.last_offset.plus(1),
            bytes: u64::from(meta.size),
            duplicate: false,
            rolled: false,
        }
    }

    fn write_staged(&mut self, now: Tick, staged: &mut Staged, outcomes: &mut [AppendOutcome]) {
        let written = self.write_parts(now, staged);
        let from = staged.from;
        *staged = Staged::new();
        let Err(error) = written else { return };
        let (dir, reason) = (self.log.health().dir(), Arc::<str>::from(error.to_string()));
        let offline = || StorageError::Offline { dir: dir.to_owned(), reason: Arc::clone(&reason) };
        let mut error = Some(error);
        // those that were refused for a reason of their own keep it
        for outcome in outcomes.iter_mut().skip(from).filter(|outcome| outcome.is_ok()) {
            *outcome = Err(error.take().unwrap_or_else(offline).into());
        }
    }

    fn write_parts(&mut self, now: Tick, staged: &Staged) -> Result<(), StorageError> {
        let Some((first, _, _)) = staged.batches.first() else { return Ok(()) };
        let mut parts = Vec::with_capacity(staged.batches.len() * 2);
        let mut metas = Vec::with_capacity(staged.batches.len());
        for (meta, header, payload) in &staged.batches {
            parts.extend([IoSlice::new(header), IoSlice::new(payload)]);
            metas.push(*meta);
        }
        self.changed = true;
        let written = self.log.append_parts(now, &parts, &metas)?;
        if let Some(base) = written.rolled {
            self.snapshot_at(base)?;
        }
        self.assign_epoch(staged.epoch, first.base_offset)
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
