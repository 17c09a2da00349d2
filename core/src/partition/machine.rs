//! One partition's decisions: who leads, what is committed, who is answered when.
//!
//! The machine holds no records. Its actor asks it before an append ([`PartitionMachine::admit`])
//! or a read ([`PartitionMachine::plan_read`]), lets the storage actor do the work, and tells it
//! the outcome ([`PartitionMachine::on_appended`]). Replies of type `A` and watchers of type `W`
//! are parked here and come back as [`Output`]s, each exactly once.

use std::collections::BTreeMap;

use super::purgatory::Purgatory;
use super::refusal::Refusal;
use crate::base::{BrokerId, LeaderEpoch, Offset, Tick};

/// What an actor carries out for its partition machine.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<A, W> {
    /// Answer a parked produce.
    Acked {
        /// The reply.
        port: A,
        /// Committed, or why not.
        result: Result<(), Refusal>,
    },
    /// Tell a long poll about something.
    Wake {
        /// The long poll.
        watcher: W,
        /// What about.
        reason: WakeReason,
    },
}

/// Why a long poll is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// That many more bytes can be read at the offset it watched; watch again from `from` if
    /// that is not enough.
    Data {
        /// Bytes that became readable.
        bytes: u64,
        /// The new limit of what can be read.
        from: Offset,
    },
    /// The partition has no room for it or changed hands: it should read again at once.
    Moved,
    /// Its deadline has passed.
    Expired,
}

/// Who leads a partition, as the metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// The leader's id; -1 if there is none.
    pub leader: BrokerId,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// All replicas.
    pub replicas: Vec<BrokerId>,
    /// Those in sync.
    pub isr: Vec<BrokerId>,
}

/// The settings a partition machine obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRules {
    /// `min.insync.replicas`.
    pub min_insync_replicas: usize,
    /// `cleanup.policy` contains `delete`.
    pub deletes: bool,
    /// The topic is Kafka's own (`__consumer_offsets` …).
    pub internal: bool,
}

impl Default for PartitionRules {
    fn default() -> Self {
        Self { min_insync_replicas: 1, deletes: true, internal: false }
    }
}

/// Where a log begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogBounds {
    /// First offset that can be read.
    pub log_start: Offset,
    /// The next offset to be written.
    pub log_end: Offset,
    /// What was committed, as far as the checkpoint tells.
    pub high_watermark: Offset,
}

/// What an append did, as far as the machine cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendEffect {
    /// The next offset to be written.
    pub log_end: Offset,
    /// First offset that can be read.
    pub log_start: Offset,
    /// Bytes written; 0 for a duplicate.
    pub bytes: u64,
}

/// A read as a client asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// First offset wanted.
    pub fetch_offset: Offset,
    /// The leader epoch the client believes in; -1 if it does not say.
    pub current_leader_epoch: LeaderEpoch,
    /// The epoch of the last record the client has; -1 if it does not say.
    pub last_fetched_epoch: LeaderEpoch,
    /// How far to read.
    pub isolation: Isolation,
}

/// How far a reader may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Up to the high watermark.
    #[default]
    ReadUncommitted,
    /// Up to the last stable offset.
    ReadCommitted,
    /// Up to the end of the log: replicas, and this broker's own coordinators.
    LogEnd,
}

impl Isolation {
    /// From the wire: 1 is `read_committed`.
    #[must_use]
    pub fn from_wire(level: i8) -> Self {
        if level == 1 { Self::ReadCommitted } else { Self::ReadUncommitted }
    }
}

/// What may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    /// The first offset that may not be read.
    pub limit: Offset,
    /// For the answer.
    pub high_watermark: Offset,
    /// For the answer.
    pub last_stable_offset: Offset,
    /// For the answer.
    pub log_start: Offset,
    /// There is something to look up; if false the answer is empty.
    pub lookup: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogState {
    Opening,
    Ready,
    Failed,
}

/// The decisions of one partition.
pub struct PartitionMachine<A, W> {
    local: BrokerId,
    leadership: Leadership,
    rules: PartitionRules,
    log: LogState,
    bounds: LogBounds,
    /// Where the followers are; empty while a partition has one replica.
    followers: BTreeMap<BrokerId, Offset>,
    purgatory: Purgatory<A, W>,
}

impl<A, W> PartitionMachine<A, W> {
    /// A partition on broker `local` whose log is not open yet.
    #[must_use]
    pub fn new(
        local: BrokerId,
        leadership: Leadership,
        rules: PartitionRules,
        max_waiters: usize,
    ) -> Self {
        Self {
            local,
            leadership,
            rules,
            log: LogState::Opening,
            bounds: LogBounds::default(),
            followers: BTreeMap::new(),
            purgatory: Purgatory::new(max_waiters),
        }
    }

    /// Where the log begins and ends, and what is committed.
    #[must_use]
    pub fn bounds(&self) -> LogBounds {
        self.bounds
    }

    /// The leader epoch in force.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leadership.epoch
    }

    /// True once the log is open and this broker leads.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.log == LogState::Ready && self.leads()
    }

    /// When [`Self::on_tick`] next has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        self.purgatory.next_deadline()
    }

    /// How many acks and watchers are parked.
    #[must_use]
    pub fn parked(&self) -> (usize, usize) {
        self.purgatory.len()
    }

    fn leads(&self) -> bool {
        self.leadership.leader == self.local
    }

    fn last_stable_offset(&self) -> Offset {
        // no transactions yet: nothing below the high watermark is undecided
        self.bounds.high_watermark
    }

    /// The log is open.
    pub fn on_attached(&mut self, bounds: LogBounds, out: &mut Vec<Output<A, W>>) {
        self.log = LogState::Ready;
        let committed = bounds.high_watermark.max(self.bounds.high_watermark);
        self.bounds = LogBounds {
            high_watermark: committed.clamp(bounds.log_start, bounds.log_end.max(bounds.log_start)),
            ..bounds
        };
        self.advance_high_watermark(0, out);
    }

    /// The log is gone for now: its storage actor died and opens it anew.
    pub fn on_detached(&mut self, out: &mut Vec<Output<A, W>>) {
        self.log = LogState::Opening;
        self.release_all(self.not_leader(), out);
    }

    /// The log cannot be opened or its directory is offline.
    pub fn on_log_failed(&mut self, out: &mut Vec<Output<A, W>>) {
        self.log = LogState::Failed;
        self.release_all(Refusal::StorageError, out);
    }

    /// The metadata names a leader. An epoch older than the known one is stale and ignored.
    pub fn on_leadership(&mut self, leadership: Leadership, out: &mut Vec<Output<A, W>>) {
        if leadership.epoch < self.leadership.epoch {
            return;
        }
        let new_epoch = leadership.epoch > self.leadership.epoch;
        self.leadership = leadership;
        self.followers.retain(|id, _| self.leadership.replicas.contains(id));
        if new_epoch {
            self.followers.clear();
            self.release_all(self.not_leader(), out);
        }
        self.advance_high_watermark(0, out);
    }

    /// The settings changed.
    pub fn on_rules(&mut self, rules: PartitionRules) {
        self.rules = rules;
    }

    /// The log now begins at `log_start`: retention, or deleted records.
    pub fn on_log_start(&mut self, log_start: Offset, out: &mut Vec<Output<A, W>>) {
        self.bounds.log_start = self.bounds.log_start.max(log_start);
        if self.bounds.high_watermark < log_start {
            self.bounds.high_watermark = log_start;
        }
        // who waits below the new start must learn that its offset is out of range
        while let Some((_, watcher)) = self.purgatory.pop_watcher(log_start) {
            out.push(Output::Wake { watcher, reason: WakeReason::Moved });
        }
    }

    /// KIP-320: is the client's view of the leader the one in force?
    ///
    /// # Errors
    /// When the epochs differ, when another broker leads, or when the log is not open.
    pub fn check_leader(&self, client_epoch: LeaderEpoch) -> Result<(), Refusal> {
        let current = self.leadership.epoch;
        if client_epoch.0 >= 0 && client_epoch < current {
            return Err(Refusal::FencedLeaderEpoch { current });
        }
        if client_epoch.0 >= 0 && client_epoch > current {
            return Err(Refusal::UnknownLeaderEpoch { current });
        }
        match self.log {
            LogState::Failed => Err(Refusal::StorageError),
            LogState::Opening => Err(self.not_leader()),
            LogState::Ready if !self.leads() => Err(self.not_leader()),
            LogState::Ready => Ok(()),
        }
    }

    /// May an append with these `acks` begin? Returns the epoch to stamp.
    ///
    /// # Errors
    /// As [`Self::check_leader`], or when too few replicas are in sync.
    pub fn admit(&self, acks: i16) -> Result<LeaderEpoch, Refusal> {
        if !(-1..=1).contains(&acks) {
            return Err(Refusal::InvalidRequiredAcks);
        }
        self.check_leader(LeaderEpoch::NONE)?;
        if acks == -1 && self.in_sync() < self.min_in_sync() {
            return Err(Refusal::NotEnoughReplicas);
        }
        Ok(self.leadership.epoch)
    }

    /// Records were written. With acks=all the reply comes as [`Output::Acked`], now or later;
    /// otherwise pass no reply.
    pub fn on_appended(
        &mut self,
        effect: AppendEffect,
        ack: Option<(Offset, u64, A)>,
        out: &mut Vec<Output<A, W>>,
    ) {
        self.bounds.log_end = self.bounds.log_end.max(effect.log_end);
        self.bounds.log_start = self.bounds.log_start.max(effect.log_start);
        self.advance_high_watermark(effect.bytes, out);
        let Some((required, deadline_ms, port)) = ack else { return };
        if self.bounds.high_watermark >= required {
            out.push(Output::Acked { port, result: self.committed() });
        } else if let Err(port) = self.purgatory.park_ack(required, deadline_ms, port) {
            out.push(Output::Acked { port, result: Err(Refusal::Busy) });
        }
    }

    /// What may be read at an offset.
    ///
    /// # Errors
    /// As [`Self::check_leader`], or when the offset lies outside the log.
    pub fn plan_read(&self, request: &ReadRequest) -> Result<ReadPlan, Refusal> {
        self.check_leader(request.current_leader_epoch)?;
        let from = request.fetch_offset;
        if from < self.bounds.log_start || from > self.bounds.log_end {
            let log_start = self.bounds.log_start;
            return Err(Refusal::OffsetOutOfRange { requested: from, log_start });
        }
        let limit = self.limit(request.isolation);
        Ok(ReadPlan {
            limit,
            high_watermark: self.bounds.high_watermark,
            last_stable_offset: self.last_stable_offset(),
            log_start: self.bounds.log_start,
            lookup: from < limit || request.last_fetched_epoch.0 >= 0,
        })
    }

    /// The first offset a reader may not see.
    #[must_use]
    pub fn limit(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.bounds.high_watermark,
            Isolation::ReadCommitted => self.last_stable_offset(),
            Isolation::LogEnd => self.bounds.log_end,
        }
    }

    /// Wakes `watcher` when something can be read at `offset`, which has been read up to `seen`.
    pub fn on_watch(&mut self, seen: Offset, deadline: u64, w: W, out: &mut Vec<Output<A, W>>) {
        let refused = if self.serves() && seen >= self.bounds.high_watermark {
            self.purgatory.park_watcher(seen, deadline, w)
        } else {
            Err(w)
        };
        if let Err(watcher) = refused {
            out.push(Output::Wake { watcher, reason: WakeReason::Moved });
        }
    }

    /// Up to where DeleteRecords may delete: -1 means the high watermark.
    ///
    /// # Errors
    /// As [`Self::check_leader`]; when the policy keeps records; when the offset is not committed.
    pub fn plan_delete(&self, offset: Offset) -> Result<Offset, Refusal> {
        if self.rules.internal {
            return Err(Refusal::InternalTopic);
        }
        self.check_leader(LeaderEpoch::NONE)?;
        if !self.rules.deletes {
            return Err(Refusal::PolicyViolation);
        }
        self.plan_trim(offset)
    }

    /// Up to where the partition's own coordinator may delete: -1 means the high watermark.
    ///
    /// # Errors
    /// As [`Self::check_leader`]; when the offset is not committed.
    pub fn plan_trim(&self, offset: Offset) -> Result<Offset, Refusal> {
        self.check_leader(LeaderEpoch::NONE)?;
        let high_watermark = self.bounds.high_watermark;
        let target = if offset == Offset::NONE { high_watermark } else { offset };
        if target.0 < 0 || target > high_watermark {
            let log_start = self.bounds.log_start;
            return Err(Refusal::OffsetOutOfRange { requested: offset, log_start });
        }
        Ok(target)
    }

    /// Time has passed.
    pub fn on_tick(&mut self, now: Tick, out: &mut Vec<Output<A, W>>) {
        let (mut acks, mut watchers) = (Vec::new(), Vec::new());
        self.purgatory.expire(now.monotonic_ms, &mut acks, &mut watchers);
        let late = |port| Output::Acked { port, result: Err(Refusal::TimedOut) };
        out.extend(acks.into_iter().map(late));
        let old = |watcher| Output::Wake { watcher, reason: WakeReason::Expired };
        out.extend(watchers.into_iter().map(old));
    }

    /// A follower has everything below `log_end`.
    pub fn on_follower(&mut self, id: BrokerId, log_end: Offset, out: &mut Vec<Output<A, W>>) {
        if self.leadership.replicas.contains(&id) && id != self.local {
            self.followers.insert(id, log_end);
            self.advance_high_watermark(0, out);
        }
    }

    fn not_leader(&self) -> Refusal {
        Refusal::NotLeader { leader: self.leadership.leader, epoch: self.leadership.epoch }
    }

    fn in_sync(&self) -> usize {
        self.leadership.isr.len()
    }

    /// Kafka's `effectiveMinIsr`: one replica cannot be asked for more than itself.
    fn min_in_sync(&self) -> usize {
        self.rules.min_insync_replicas.min(self.leadership.replicas.len())
    }

    fn committed(&self) -> Result<(), Refusal> {
        if self.in_sync() >= self.min_in_sync() {
            Ok(())
        } else {
            Err(Refusal::NotEnoughReplicasAfterAppend)
        }
    }

    /// The high watermark is what every in-sync replica has; it never goes back.
    fn advance_high_watermark(&mut self, bytes: u64, out: &mut Vec<Output<A, W>>) {
        if !self.serves() {
            return;
        }
        let mut committed = self.bounds.log_end;
        for id in self.leadership.isr.iter().filter(|id| **id != self.local) {
            let follower = self.followers.get(id).copied().unwrap_or(Offset::ZERO);
            committed = committed.min(follower);
        }
        if committed <= self.bounds.high_watermark {
            return;
        }
        self.bounds.high_watermark = committed;
        while let Some(port) = self.purgatory.pop_acked(committed) {
            out.push(Output::Acked { port, result: self.committed() });
        }
        while let Some((_, watcher)) = self.purgatory.pop_watcher(committed) {
            let reason = WakeReason::Data { bytes, from: committed };
            out.push(Output::Wake { watcher, reason });
        }
    }

    fn release_all(&mut self, refusal: Refusal, out: &mut Vec<Output<A, W>>) {
        let end = Offset(i64::MAX);
        while let Some(port) = self.purgatory.pop_acked(end) {
            out.push(Output::Acked { port, result: Err(refusal) });
        }
        while let Some((_, watcher)) = self.purgatory.pop_watcher(end) {
            out.push(Output::Wake { watcher, reason: WakeReason::Moved });
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
