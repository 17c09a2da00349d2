//! One partition that is read: where it stands and what it waits for.

use super::FetchError;
use super::config::ResetPolicy;
use crate::base::{LeaderEpoch, Offset, Tick};

/// The next offset that is read, and the epoch of the record before it, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The next offset.
    pub offset: Offset,
    /// The epoch of the record before it; none if it is not known.
    pub epoch: LeaderEpoch,
}

impl Position {
    /// An offset about which nothing else is known.
    #[must_use]
    pub fn at(offset: Offset) -> Self {
        Self { offset, epoch: LeaderEpoch::NONE }
    }
}

/// Where a partition is to be read from, when that is not an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekTo {
    /// The first record.
    Beginning,
    /// The next record that is written.
    End,
    /// The first record with this timestamp or a later one; the end if there is none.
    Timestamp(i64),
}

impl SeekTo {
    /// What ListOffsets calls it.
    pub(super) fn timestamp(self) -> i64 {
        match self {
            Self::End => -1,
            Self::Beginning => -2,
            Self::Timestamp(timestamp) => timestamp,
        }
    }

    /// What a policy means now; none if the application must say.
    pub(super) fn by(policy: ResetPolicy, now: Tick) -> Option<Self> {
        match policy {
            ResetPolicy::Earliest => Some(Self::Beginning),
            ResetPolicy::Latest => Some(Self::End),
            ResetPolicy::None => None,
            ResetPolicy::ByDuration(ms) => {
                let age = i64::try_from(ms).unwrap_or(i64::MAX);
                Some(Self::Timestamp(now.wall_ms.saturating_sub(age).max(0)))
            }
        }
    }
}

/// What a partition needs before it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// What its group has committed.
    Committed,
    /// The policy that says where to begin.
    Policy,
    /// The offset that this stands for.
    Seek(SeekTo),
    /// The word of the leader that the log before the position is what it was.
    Validate,
    /// Nothing: it is read.
    Ready,
    /// The word of the application: it has no position and gets none.
    Lost,
}

#[derive(Debug)]
pub(super) struct Partition {
    pub(super) phase: Phase,
    /// Grows with every jump: what was asked before is of no use.
    pub(super) stamp: u64,
    pub(super) paused: bool,
    /// Where the application is; known in the phases `Validate` and `Ready`.
    pub(super) position: Position,
    /// As far as the application had come when it last asked for more.
    pub(super) done: Option<Position>,
    /// Behind what was fetched and is not read yet.
    pub(super) next_fetch: Offset,
    /// Bytes fetched and not read yet.
    pub(super) buffered: usize,
    /// A request about it is under way.
    pub(super) asking: bool,
    /// Not asked about before this time, in monotonic milliseconds.
    pub(super) not_before: u64,
    /// Its bytes cannot be read: not fetched until the application seeks.
    pub(super) broken: Option<FetchError>,
    /// What came last has no whole batch: not fetched until that is read.
    pub(super) halted: bool,
    /// The leader epoch that the position was last seen under.
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) high_watermark: Offset,
    pub(super) last_stable: Offset,
    pub(super) log_start: Offset,
}

impl Partition {
    pub(super) fn new(phase: Phase, stamp: u64) -> Self {
        Self {
            phase,
            stamp,
            paused: false,
            position: Position::at(Offset::NONE),
            done: None,
            next_fetch: Offset::NONE,
            buffered: 0,
            asking: false,
            not_before: 0,
            broken: None,
            halted: false,
            leader_epoch: LeaderEpoch::NONE,
            high_watermark: Offset::NONE,
            last_stable: Offset::NONE,
            log_start: Offset::NONE,
        }
    }

    /// Leaves everything behind that belongs to the position so far.
    pub(super) fn jump(&mut self, phase: Phase, stamp: u64) {
        self.phase = phase;
        self.stamp = stamp;
        self.buffered = 0;
        self.asking = false;
        self.not_before = 0;
        self.broken = None;
        self.halted = false;
        if !matches!(phase, Phase::Ready | Phase::Validate) {
            self.done = None;
        }
    }

    /// Jumps to a position, which is validated if its epoch is known and older than the leader's.
    pub(super) fn move_to(&mut self, position: Position, leader: LeaderEpoch, stamp: u64) {
        let doubtful = position.epoch.0 >= 0 && leader > position.epoch;
        self.jump(if doubtful { Phase::Validate } else { Phase::Ready }, stamp);
        self.position = position;
        self.done = Some(position);
        self.next_fetch = position.offset;
        self.leader_epoch = leader;
    }

    /// Whether its records are asked for.
    pub(super) fn is_fetched(&self) -> bool {
        let readable = self.broken.is_none() && !self.halted;
        self.phase == Phase::Ready && !self.paused && readable
    }

    /// The position, if there is one.
    pub(super) fn known(&self) -> Option<Position> {
        matches!(self.phase, Phase::Ready | Phase::Validate).then_some(self.position)
    }
}
