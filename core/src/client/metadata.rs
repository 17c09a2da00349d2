//! Who leads what: the client's picture of the cluster.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::messages::MetadataResponse;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;

use crate::base::{BrokerId, LeaderEpoch, TopicId, TopicName, TopicPartition};

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// One partition as the brokers last described it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The leader's epoch; -1 from brokers that do not say.
    pub epoch: LeaderEpoch,
}

/// One topic as the brokers last described it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its id; nil from brokers that do not say.
    pub id: TopicId,
    /// Whether it is one of Kafka's own.
    pub internal: bool,
    /// Its partitions, by index.
    pub partitions: Vec<PartitionMetadata>,
}

/// A leader that a response to something else named (KIP-951).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderHint {
    /// The partition it leads.
    pub partition: TopicPartition,
    /// The leader.
    pub leader: BrokerId,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// Where it listens, if the response said so.
    pub endpoint: Option<Endpoint>,
}

/// The client's picture of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    cluster_id: Option<String>,
    controller: Option<BrokerId>,
    brokers: BTreeMap<BrokerId, Endpoint>,
    topics: BTreeMap<TopicName, TopicMetadata>,
    names: HashMap<TopicId, TopicName>,
}

impl Metadata {
    /// Takes over what a broker answered and returns, for each topic it could not describe, the
    /// error code. With `all`, the answer was about every topic: what it leaves out is gone.
    pub fn update(&mut self, response: &MetadataResponse, all: bool) -> Vec<(TopicName, i16)> {
        self.cluster_id = response.cluster_id.as_ref().map(|id| id.as_str().to_owned());
        self.controller =
            (response.controller_id.0 >= 0).then_some(BrokerId(response.controller_id.0));
        if !response.brokers.is_empty() {
            let brokers = response.brokers.iter().filter_map(|broker| {
                let port = u16::try_from(broker.port).ok()?;
                let host = broker.host.as_str().to_owned();
                Some((BrokerId(broker.node_id.0), Endpoint { host, port }))
            });
            self.brokers = brokers.collect();
        }
        if all {
            self.topics.clear();
        }
        let mut failed = Vec::new();
        for topic in &response.topics {
            let Some(name) = &topic.name else { continue };
            let name = TopicName::from(name.as_str());
            // without a leader for now: the partitions are known all the same
            if topic.error_code != 0 && topic.partitions.is_empty() {
                self.topics.remove(&name);
                failed.push((name, topic.error_code));
                continue;
            }
            let described = self.describe(&name, topic);
            self.topics.insert(name, described);
        }
        let ids = self.topics.iter().filter(|(_, topic)| !topic.id.is_nil());
        self.names = ids.map(|(name, topic)| (topic.id, TopicName::clone(name))).collect();
        failed
    }

    fn describe(&self, name: &TopicName, topic: &MetadataResponseTopic) -> TopicMetadata {
        // a topic made anew under its old name starts with small epochs again
        let known = self.topics.get(name).filter(|known| known.id == topic.topic_id);
        let count = topic.partitions.iter().map(|p| p.partition_index).max().unwrap_or(-1);
        let count = usize::try_from(count + 1).unwrap_or(0).min(topic.partitions.len());
        let nobody = PartitionMetadata { leader: None, epoch: LeaderEpoch::NONE };
        let mut partitions = vec![nobody; count];
        for partition in &topic.partitions {
            let index = usize::try_from(partition.partition_index).unwrap_or(usize::MAX);
            let Some(place) = partitions.get_mut(index) else { continue };
            let leader = partition.leader_id.0;
            *place = PartitionMetadata {
                leader: (leader >= 0).then_some(BrokerId(leader)),
                epoch: LeaderEpoch(partition.leader_epoch),
            };
            // what is known may be newer than what a broker that lags behind says
            let known = known.and_then(|known| known.partitions.get(index));
            if let Some(known) = known.filter(|known| known.epoch > place.epoch)
                && partition.leader_epoch >= 0
            {
                *place = *known;
            }
        }
        TopicMetadata { id: topic.topic_id, internal: topic.is_internal, partitions }
    }

    /// Takes over a leader that a response named, if it is newer than the one known; whether it
    /// was.
    pub fn hint(&mut self, hint: &LeaderHint) -> bool {
        if hint.leader.0 < 0 {
            return false;
        }
        if let Some(endpoint) = &hint.endpoint {
            self.brokers.insert(hint.leader, endpoint.clone());
        }
        if !self.brokers.contains_key(&hint.leader) {
            return false;
        }
        let topic = self.topics.get_mut(&hint.partition.topic);
        let index = usize::try_from(hint.partition.partition).unwrap_or(usize::MAX);
        let Some(known) = topic.and_then(|topic| topic.partitions.get_mut(index)) else {
            return false;
        };
        let newer = hint.epoch > known.epoch;
        if newer {
            *known = PartitionMetadata { leader: Some(hint.leader), epoch: hint.epoch };
        }
        newer
    }

    /// Forgets a topic, so that it is asked for again.
    pub fn forget(&mut self, topic: &TopicName) {
        self.topics.remove(topic);
    }

    /// What is known of a topic.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&TopicMetadata> {
        self.topics.get(name)
    }

    /// What is known of a topic, and its name as it is shared by whoever writes to it.
    #[must_use]
    pub fn named_topic(&self, name: &str) -> Option<(&TopicName, &TopicMetadata)> {
        self.topics.get_key_value(name)
    }

    /// Every topic known, by name.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicName, &TopicMetadata)> {
        self.topics.iter()
    }

    /// The name of the topic with this id.
    #[must_use]
    pub fn name_of(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(&id)
    }

    /// What is known of a partition.
    #[must_use]
    pub fn partition(&self, partition: &TopicPartition) -> Option<PartitionMetadata> {
        let index = usize::try_from(partition.partition).ok()?;
        self.topics.get(&partition.topic)?.partitions.get(index).copied()
    }

    /// Who leads a partition, if that is known.
    #[must_use]
    pub fn leader(&self, partition: &TopicPartition) -> Option<BrokerId> {
        self.partition(partition)?.leader
    }

    /// Where a broker listens.
    #[must_use]
    pub fn endpoint(&self, broker: BrokerId) -> Option<&Endpoint> {
        self.brokers.get(&broker)
    }

    /// Every broker known.
    pub fn brokers(&self) -> impl Iterator<Item = (BrokerId, &Endpoint)> {
        self.brokers.iter().map(|(id, endpoint)| (*id, endpoint))
    }

    /// The broker that takes requests for the controller, if it is known.
    #[must_use]
    pub fn controller(&self) -> Option<BrokerId> {
        self.controller
    }

    /// The cluster's id.
    #[must_use]
    pub fn cluster_id(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
