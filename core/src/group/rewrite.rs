//! The log is kept short: when it has grown far beyond what counts, what counts is written again at
//! its end, and the log starts there.
//!
//! Safe at every point: before the last part is in the log, the old start still stands, and what
//! was written again says no more than what is there already. Only then the start moves up. Parts
//! are taken while nothing is under way and go in front of what is queued, so that a part never
//! undoes a record that stands behind it.

use std::ops::{Bound, Range};
use std::sync::Arc;

use super::{
    AppendFailure, EncodedRecord, GroupCoordinator, GroupId, GroupRecord, OffsetKey, Output,
    Outputs,
};
use crate::base::Offset;

/// How far a rewrite has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// There is none.
    Idle,
    /// Groups behind this one are to be written.
    Groups(Option<GroupId>),
    /// Offsets behind this one are to be written.
    Offsets(Option<OffsetKey>),
    /// The last part is under way.
    Last,
}

/// The extent of the log, and a rewrite that may be going on.
#[derive(Debug)]
pub(super) struct Rewrite {
    log: Range<i64>,
    stage: Stage,
    /// A part is in the append under way.
    in_flight: bool,
    /// Where the first part went.
    first: Option<Offset>,
}

impl Default for Rewrite {
    fn default() -> Self {
        Self { log: 0..0, stage: Stage::Idle, in_flight: false, first: None }
    }
}

impl Rewrite {
    pub(super) fn set_log(&mut self, log: Range<i64>) {
        self.log = log;
    }
}

impl GroupCoordinator {
    /// How many records it takes to say what counts.
    fn live_records(&self) -> usize {
        let groups = self.groups.values().filter(|group| group.stored().is_some());
        groups.count() + self.offsets.len()
    }

    /// Starts a rewrite when the log has grown far beyond what counts.
    pub(super) fn maybe_rewrite(&mut self, out: &mut Outputs) {
        let length = self.rewrite.log.end.saturating_sub(self.rewrite.log.start);
        if self.rewrite.stage != Stage::Idle || length <= self.settings.rewrite_min_records {
            return;
        }
        let live = i64::try_from(self.live_records()).unwrap_or(i64::MAX);
        if live == 0 {
            self.rewrite.log.start = self.rewrite.log.end;
            out.push(Output::TrimLog(Offset(self.rewrite.log.end)));
        } else if length / self.settings.rewrite_ratio.max(1) > live {
            tracing::info!(records = length, live, "offsets log is rewritten");
            self.rewrite.stage = Stage::Groups(None);
            self.rewrite.first = None;
        }
    }

    /// The next part of a rewrite, at most half a batch.
    pub(super) fn rewrite_part(&mut self) -> Vec<EncodedRecord> {
        let mut room = self.settings.append_max_bytes / 2;
        let mut part = Vec::new();
        let mut stage = std::mem::replace(&mut self.rewrite.stage, Stage::Idle);
        if let Stage::Groups(after) = stage {
            stage = self.part_of_groups(after, &mut room, &mut part);
        }
        if let Stage::Offsets(after) = stage {
            stage = self.part_of_offsets(after, &mut room, &mut part);
        }
        self.rewrite.in_flight = !part.is_empty();
        self.rewrite.stage = match (stage, part.is_empty()) {
            // what was left to write is gone by now: the next append tries again
            (Stage::Last, true) => Stage::Idle,
            (stage, _) => stage,
        };
        part
    }

    fn part_of_groups(
        &self,
        after: Option<GroupId>,
        room: &mut usize,
        part: &mut Vec<EncodedRecord>,
    ) -> Stage {
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut last = after.clone();
        for (id, group) in self.groups.range::<GroupId, _>((from, Bound::Unbounded)) {
            if let Some(stored) = group.stored() {
                let record = GroupRecord::Group(Arc::clone(id), Some(stored.clone()));
                if !push(&record, room, part) {
                    return Stage::Groups(last);
                }
            }
            last = Some(Arc::clone(id));
        }
        Stage::Offsets(None)
    }

    fn part_of_offsets(
        &self,
        after: Option<OffsetKey>,
        room: &mut usize,
        part: &mut Vec<EncodedRecord>,
    ) -> Stage {
        let mut last = after.clone();
        for (key, offset) in self.offsets.after(after.as_ref()) {
            let record = GroupRecord::Offset(key.clone(), Some(offset.clone()));
            if !push(&record, room, part) {
                return Stage::Offsets(last);
            }
            last = Some(key);
        }
        Stage::Last
    }

    /// The append under way is over; if it had a part of a rewrite, that goes on, ends or fails.
    pub(super) fn rewrite_appended(
        &mut self,
        result: &Result<(Offset, i64), AppendFailure>,
        out: &mut Outputs,
    ) {
        let had_part = std::mem::replace(&mut self.rewrite.in_flight, false);
        let Ok((base, count)) = result else {
            if had_part {
                self.rewrite.stage = Stage::Idle;
            }
            return;
        };
        self.rewrite.log.end = base.plus(*count).0;
        if !had_part {
            return;
        }
        let first = *self.rewrite.first.get_or_insert(*base);
        if self.rewrite.stage == Stage::Last {
            self.rewrite.stage = Stage::Idle;
            self.rewrite.log.start = first.0;
            out.push(Output::TrimLog(first));
        }
    }
}

/// Adds a record if there is room for it, or nothing else in the part. One that cannot be encoded
/// was never stored.
fn push(record: &GroupRecord, room: &mut usize, part: &mut Vec<EncodedRecord>) -> bool {
    let Ok(encoded) = record.encode() else { return true };
    let size = encoded.size();
    if size > *room && !part.is_empty() {
        return false;
    }
    *room = room.saturating_sub(size);
    part.push(encoded);
    true
}
