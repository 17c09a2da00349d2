//! What a fetch came to.

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::FetchResponse;
use kafka_protocol::messages::fetch_response::PartitionData;

use super::fetched::{Fetched, reach};
use super::partition::{Phase, SeekTo};
use super::{FetchError, Fetcher, Output, Outputs};
use crate::base::{LeaderEpoch, Offset, ProducerId, Tick, TopicName, TopicPartition};

impl Fetcher {
    /// A broker has answered; whether there is something for the application.
    pub fn on_fetched(
        &mut self,
        now: Tick,
        id: u64,
        answer: &FetchResponse,
        out: &mut Outputs,
    ) -> bool {
        let node = self.under_way.get(&id).and_then(|request| request.node);
        let asked = self.answered(id);
        let mut answered = BTreeSet::new();
        for topic in &answer.responses {
            let name = TopicName::from(topic.topic.as_str());
            let partitions = topic.partitions.iter().map(|data| data.partition_index);
            answered.extend(partitions.map(|p| TopicPartition::new(TopicName::clone(&name), p)));
        }
        let later = self.later(now);
        let Some(known) = node.and_then(|node| self.nodes.get_mut(&node)) else { return false };
        known.fetching = false;
        if !known.session.on_answer(answer.error_code, answer.session_id, &answered) {
            // a session that is gone is opened anew at once, anything else a little later
            let gone = ResponseError::FetchSessionIdNotFound.code();
            known.not_before = if answer.error_code == gone { 0 } else { later };
            return false;
        }
        for topic in &answer.responses {
            let name = TopicName::from(topic.topic.as_str());
            for data in &topic.partitions {
                let partition = TopicPartition::new(TopicName::clone(&name), data.partition_index);
                if let Some(from) = asked.get(&partition) {
                    self.on_partition(now, partition, *from, data, out);
                }
            }
        }
        self.has_records()
    }

    fn on_partition(
        &mut self,
        now: Tick,
        partition: TopicPartition,
        from: Offset,
        data: &PartitionData,
        out: &mut Outputs,
    ) {
        if let Some(error) = ResponseError::try_from_code(data.error_code) {
            return self.on_fetch_refused(now, &partition, from, error, out);
        }
        let Some(state) = self.partitions.get_mut(&partition) else { return };
        state.high_watermark = Offset(data.high_watermark);
        state.last_stable = Offset(data.last_stable_offset);
        state.log_start = Offset(data.log_start_offset);
        let bytes = data.records.clone().unwrap_or_default();
        // a position under validation is fetched again once it is known to be good
        if bytes.is_empty() || state.phase != Phase::Ready || state.next_fetch != from {
            return;
        }
        let (end, _) = reach(&bytes);
        let aborted = data.aborted_transactions.iter().flatten();
        let aborted = aborted.map(|a| (Offset(a.first_offset), ProducerId(a.producer_id.0)));
        match end.filter(|end| *end > from) {
            Some(end) => state.next_fetch = end,
            // nothing that could be read: to ask again would bring the same
            None => state.halted = true,
        }
        state.buffered = state.buffered.saturating_add(bytes.len());
        let fetched = Fetched::new(partition, from, bytes, aborted.collect());
        self.fetched.push_back(fetched);
    }

    fn on_fetch_refused(
        &mut self,
        now: Tick,
        partition: &TopicPartition,
        from: Offset,
        error: ResponseError,
        out: &mut Outputs,
    ) {
        use ResponseError as E;
        let (later, stamp) = (self.later(now), self.stamp());
        let Some(state) = self.partitions.get_mut(partition) else { return };
        state.not_before = later;
        match error {
            E::OffsetOutOfRange => {
                // what was fetched before is still good; only an empty buffer decides
                if state.buffered > 0 || state.next_fetch != from {
                    return;
                }
                let may_reset = SeekTo::by(self.config.reset, now).is_some();
                state.jump(if may_reset { Phase::Policy } else { Phase::Lost }, stamp);
                if !may_reset {
                    let (partition, offset) = (partition.clone(), from);
                    self.errors.push_back(FetchError::OffsetOutOfRange { partition, offset });
                }
            }
            E::TopicAuthorizationFailed | E::CorruptMessage => {
                let partition = partition.clone();
                let told = FetchError::Refused { partition, error };
                // the broker says so each time it is asked
                if !self.errors.contains(&told) {
                    self.errors.push_back(told);
                }
            }
            E::UnknownServerError | E::OffsetNotAvailable => {}
            // whatever else it is, the leader may have moved
            _ => {
                if error == E::FencedLeaderEpoch {
                    state.leader_epoch = LeaderEpoch::NONE;
                }
                out.push(Output::NeedMetadata(TopicName::clone(&partition.topic)));
            }
        }
    }

    /// A fetch was not answered.
    pub fn on_fetch_lost(&mut self, now: Tick, id: u64, out: &mut Outputs) {
        let node = self.under_way.get(&id).and_then(|request| request.node);
        let topics: BTreeSet<TopicName> =
            self.answered(id).into_keys().map(|partition| partition.topic).collect();
        let later = self.later(now);
        if let Some(known) = node.and_then(|node| self.nodes.get_mut(&node)) {
            known.fetching = false;
            known.not_before = later;
            known.session.on_lost();
        }
        // whoever led these partitions may be gone
        out.extend(topics.into_iter().map(Output::NeedMetadata));
    }
}
