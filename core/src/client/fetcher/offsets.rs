//! How a partition comes to its position: from its group, from the reset policy, from the leader.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ListOffsetsResponse, OffsetForLeaderEpochResponse};

use super::partition::{Phase, Position, SeekTo};
use super::{EpochAsk, FetchError, Fetcher, OffsetAsk, Output, Outputs, UnderWay};
use crate::base::{BrokerId, LeaderEpoch, Offset, Tick, TopicName, TopicPartition};
use crate::client::Metadata;

impl Fetcher {
    /// Partitions that nobody has given a position begin where the policy says.
    pub(super) fn apply_policy(&mut self, now: Tick) {
        for (partition, state) in &mut self.partitions {
            if state.phase != Phase::Policy {
                continue;
            }
            match SeekTo::by(self.config.reset, now) {
                Some(to) => state.phase = Phase::Seek(to),
                None => {
                    state.phase = Phase::Lost;
                    self.errors.push_back(FetchError::NoOffset(partition.clone()));
                }
            }
        }
    }

    /// A new leader may not have what the position stands on (KIP-320).
    pub(super) fn follow_leaders(&mut self, metadata: &Metadata, out: &mut Outputs) {
        for (partition, state) in &mut self.partitions {
            let known = metadata.partition(partition);
            if known.and_then(|known| known.leader).is_none() {
                // an idle topic without a leader is asked for again after the retry backoff
                out.push(Output::NeedMetadata(TopicName::clone(&partition.topic)));
                continue;
            }
            let epoch = known.map_or(LeaderEpoch::NONE, |known| known.epoch);
            if epoch <= state.leader_epoch {
                continue;
            }
            state.leader_epoch = epoch;
            let doubtful = state.position.epoch.0 >= 0 && state.position.epoch < epoch;
            if state.phase == Phase::Ready && doubtful {
                state.phase = Phase::Validate;
            }
        }
    }

    /// Asks for the positions that are not known, each of whoever knows it.
    pub(super) fn ask_offsets(&mut self, now: Tick, metadata: &Metadata, out: &mut Outputs) {
        let mut committed = Vec::new();
        let mut offsets: BTreeMap<BrokerId, Vec<OffsetAsk>> = BTreeMap::new();
        let mut epochs: BTreeMap<BrokerId, Vec<EpochAsk>> = BTreeMap::new();
        for (partition, state) in &mut self.partitions {
            if state.asking || state.not_before > now.monotonic_ms {
                continue;
            }
            let (leader, leader_epoch) = (metadata.leader(partition), state.leader_epoch);
            let partition = partition.clone();
            match (state.phase, leader) {
                (Phase::Committed, _) => committed.push(partition),
                (Phase::Seek(to), Some(leader)) => {
                    let timestamp = to.timestamp();
                    let ask = OffsetAsk { partition, timestamp, leader_epoch };
                    offsets.entry(leader).or_default().push(ask);
                }
                (Phase::Validate, Some(leader)) => {
                    let epoch = state.position.epoch;
                    epochs.entry(leader).or_default().push(EpochAsk {
                        partition,
                        epoch,
                        leader_epoch,
                    });
                }
                _ => continue,
            }
            state.asking = true;
        }
        if !committed.is_empty() {
            let id = self.note(None, committed.iter());
            out.push(Output::Committed { id, partitions: committed });
        }
        for (node, asks) in offsets {
            let id = self.note(Some(node), asks.iter().map(|ask| &ask.partition));
            out.push(Output::ListOffsets { id, node, asks });
        }
        for (node, asks) in epochs {
            let id = self.note(Some(node), asks.iter().map(|ask| &ask.partition));
            out.push(Output::EpochEnds { id, node, asks });
        }
    }

    fn note<'a>(
        &mut self,
        node: Option<BrokerId>,
        partitions: impl Iterator<Item = &'a TopicPartition>,
    ) -> u64 {
        let id = self.id();
        let noted = partitions.filter_map(|partition| {
            let state = self.partitions.get(partition)?;
            Some((partition.clone(), state.stamp, state.position.offset))
        });
        let partitions = noted.collect();
        self.under_way.insert(id, UnderWay { node, partitions });
        id
    }

    /// The partitions of a request that are still where they were when it was sent, each with the
    /// offset it was asked from.
    pub(super) fn answered(&mut self, id: u64) -> BTreeMap<TopicPartition, Offset> {
        let Some(request) = self.under_way.remove(&id) else { return BTreeMap::new() };
        let mut answered = BTreeMap::new();
        for (partition, stamp, offset) in request.partitions {
            let state = self.partitions.get(&partition);
            if state.is_some_and(|state| state.stamp == stamp) {
                answered.insert(partition, offset);
            }
        }
        answered
    }

    /// [`answered`](Self::answered) for questions about offsets: they may be asked again.
    fn told(&mut self, id: u64) -> BTreeMap<TopicPartition, Offset> {
        let told = self.answered(id);
        for partition in told.keys() {
            if let Some(state) = self.partitions.get_mut(partition) {
                state.asking = false;
            }
        }
        told
    }

    /// What the group has committed: each partition's position, if it has one.
    pub fn on_committed(&mut self, id: u64, offsets: &BTreeMap<TopicPartition, Position>) {
        for partition in self.told(id).into_keys() {
            let stamp = self.stamp();
            let Some(state) = self.partitions.get_mut(&partition) else { continue };
            match offsets.get(&partition) {
                Some(position) => {
                    let leader = state.leader_epoch;
                    state.move_to(*position, leader, stamp);
                }
                None => state.jump(Phase::Policy, stamp),
            }
        }
    }

    /// What a leader says about offsets.
    pub fn on_offsets(
        &mut self,
        now: Tick,
        id: u64,
        answer: &ListOffsetsResponse,
        out: &mut Outputs,
    ) {
        let mut missing = self.told(id);
        for topic in &answer.topics {
            let name = TopicName::from(topic.name.as_str());
            for found in &topic.partitions {
                let partition = TopicPartition::new(TopicName::clone(&name), found.partition_index);
                if missing.remove(&partition).is_none() {
                    continue;
                }
                if let Some(error) = ResponseError::try_from_code(found.error_code) {
                    self.on_refused(now, &partition, error, out);
                    continue;
                }
                let stamp = self.stamp();
                let Some(state) = self.partitions.get_mut(&partition) else { continue };
                if found.offset < 0 {
                    // nothing is so young: what is written next will be
                    state.jump(Phase::Seek(SeekTo::End), stamp);
                    continue;
                }
                let epoch = LeaderEpoch(found.leader_epoch);
                let leader = state.leader_epoch.max(epoch);
                // what the leader itself has just said needs no second word
                state.move_to(Position::at(Offset(found.offset)), leader, stamp);
                state.position.epoch = epoch;
                state.done = Some(state.position);
            }
        }
        self.rest(now, missing.keys());
    }

    /// What a leader says about the ends of epochs.
    pub fn on_epoch_ends(
        &mut self,
        now: Tick,
        id: u64,
        answer: &OffsetForLeaderEpochResponse,
        out: &mut Outputs,
    ) {
        let mut missing = self.told(id);
        for topic in &answer.topics {
            let name = TopicName::from(topic.topic.as_str());
            for found in &topic.partitions {
                let partition = TopicPartition::new(TopicName::clone(&name), found.partition);
                if missing.remove(&partition).is_none() {
                    continue;
                }
                if let Some(error) = ResponseError::try_from_code(found.error_code) {
                    self.on_refused(now, &partition, error, out);
                    continue;
                }
                self.on_epoch_end(&partition, found.leader_epoch, Offset(found.end_offset));
            }
        }
        self.rest(now, missing.keys());
    }

    fn on_epoch_end(&mut self, partition: &TopicPartition, epoch: i32, end: Offset) {
        let stamp = self.stamp();
        let may_reset = SeekTo::by(self.config.reset, Tick::default()).is_some();
        let Some(state) = self.partitions.get_mut(partition) else { return };
        let known = epoch >= 0 && end.0 >= 0;
        if known && end >= state.position.offset {
            state.phase = Phase::Ready;
            return;
        }
        // what was fetched from here on is not what the log has now
        self.left_behind(partition);
        let Some(state) = self.partitions.get_mut(partition) else { return };
        let offset = state.position.offset;
        match (may_reset, known) {
            (true, true) => {
                let leader = state.leader_epoch;
                state.move_to(Position::at(end), leader, stamp);
                state.position.epoch = LeaderEpoch(epoch);
            }
            (true, false) => state.jump(Phase::Policy, stamp),
            (false, _) => {
                state.jump(Phase::Lost, stamp);
                let (partition, diverges_at) = (partition.clone(), known.then_some(end));
                self.errors.push_back(FetchError::Truncated { partition, offset, diverges_at });
            }
        }
    }

    /// A leader refused: it is asked again a little later, unless that is of no use.
    fn on_refused(
        &mut self,
        now: Tick,
        partition: &TopicPartition,
        error: ResponseError,
        out: &mut Outputs,
    ) {
        let (later, stamp) = (self.later(now), self.stamp());
        let Some(state) = self.partitions.get_mut(partition) else { return };
        state.not_before = later;
        // UNSUPPORTED_FOR_MESSAGE_FORMAT and the like will not change
        if !error.is_retriable() && error != ResponseError::UnknownServerError {
            state.jump(Phase::Lost, stamp);
            let partition = partition.clone();
            self.errors.push_back(FetchError::Refused { partition, error });
        } else if error != ResponseError::OffsetNotAvailable {
            out.push(Output::NeedMetadata(TopicName::clone(&partition.topic)));
        }
    }

    /// A request about offsets was not answered.
    pub fn on_offsets_lost(&mut self, now: Tick, id: u64, out: &mut Outputs) {
        let of_leader = self.under_way.get(&id).is_some_and(|request| request.node.is_some());
        let partitions = self.told(id);
        self.rest(now, partitions.keys());
        if of_leader {
            let topics = partitions.into_keys().map(|partition| partition.topic);
            out.extend(topics.map(Output::NeedMetadata));
        }
    }

    fn rest<'a>(&mut self, now: Tick, partitions: impl Iterator<Item = &'a TopicPartition>) {
        let later = self.later(now);
        for partition in partitions {
            if let Some(state) = self.partitions.get_mut(partition) {
                state.not_before = later;
            }
        }
    }

    pub(super) fn later(&self, now: Tick) -> u64 {
        now.monotonic_ms.saturating_add(self.config.retry_backoff_ms)
    }
}
