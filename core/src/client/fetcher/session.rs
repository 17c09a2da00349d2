//! The consumer's end of a fetch session (KIP-227): after the first request, only what changed is
//! said.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::FetchRequest;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::protocol::StrBytes;

use crate::base::{LeaderEpoch, Offset, TopicName, TopicPartition};

/// What is asked of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// The offset to begin with.
    pub offset: Offset,
    /// The epoch of the leader that is asked, as far as known.
    pub leader_epoch: LeaderEpoch,
    /// Bytes at most.
    pub max_bytes: i32,
}

/// One session with one broker.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    id: i32,
    /// That of the next request; 0 opens a new session.
    epoch: i32,
    partitions: BTreeMap<TopicPartition, Ask>,
}

impl Session {
    /// The request that asks for these partitions, and no others.
    pub(super) fn request(&mut self, asks: BTreeMap<TopicPartition, Ask>) -> FetchRequest {
        let full = self.epoch == 0;
        let said = |partition: &TopicPartition, ask: &Ask| {
            full || self.partitions.get(partition) != Some(ask)
        };
        let mut topics: BTreeMap<&TopicName, Vec<FetchPartition>> = BTreeMap::new();
        for (partition, ask) in asks.iter().filter(|(partition, ask)| said(partition, ask)) {
            let asked = FetchPartition::default()
                .with_partition(partition.partition)
                .with_current_leader_epoch(ask.leader_epoch.0)
                .with_fetch_offset(ask.offset.0)
                .with_partition_max_bytes(ask.max_bytes);
            topics.entry(&partition.topic).or_default().push(asked);
        }
        let mut forgotten: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
        if !full {
            for gone in self.partitions.keys().filter(|known| !asks.contains_key(known)) {
                forgotten.entry(&gone.topic).or_default().push(gone.partition);
            }
        }
        let text = |name: &TopicName| StrBytes::from_string(name.to_string());
        let topics = topics.into_iter().map(|(topic, partitions)| {
            FetchTopic::default().with_topic(text(topic).into()).with_partitions(partitions)
        });
        let forgotten = forgotten.into_iter().map(|(topic, partitions)| {
            ForgottenTopic::default().with_topic(text(topic).into()).with_partitions(partitions)
        });
        let request = FetchRequest::default()
            .with_session_id(self.id)
            .with_session_epoch(self.epoch)
            .with_topics(topics.collect())
            .with_forgotten_topics_data(forgotten.collect());
        self.partitions = asks;
        request
    }

    /// Takes note of an answer; whether it can be used.
    pub(super) fn on_answer(
        &mut self,
        code: i16,
        id: i32,
        answered: &BTreeSet<TopicPartition>,
    ) -> bool {
        if code != 0 {
            let gone = ResponseError::FetchSessionIdNotFound.code();
            self.id = if code == gone { 0 } else { self.id };
            self.epoch = 0;
            return false;
        }
        if self.epoch == 0 {
            // an answer to a full request is about every partition of it
            let complete = self.partitions.keys().all(|partition| answered.contains(partition));
            (self.id, self.epoch) = if complete && id != 0 { (id, 1) } else { (0, 0) };
            return complete;
        }
        if answered.iter().any(|partition| !self.partitions.contains_key(partition)) {
            self.epoch = 0;
            return false;
        }
        (self.id, self.epoch) = match id {
            0 => (0, 0),
            id => (id, self.epoch.checked_add(1).unwrap_or(1)),
        };
        true
    }

    /// The request did not arrive, or its answer did not: the session begins anew, and its old
    /// self is closed by the broker.
    pub(super) fn on_lost(&mut self) {
        self.epoch = 0;
    }

    /// The request that gives the session back to the broker, if there is one.
    pub(super) fn close(&mut self) -> Option<FetchRequest> {
        let id = std::mem::take(&mut self.id);
        self.epoch = 0;
        self.partitions.clear();
        (id != 0).then(|| FetchRequest::default().with_session_id(id).with_session_epoch(-1))
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
