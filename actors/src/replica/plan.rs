//! From an image and what changed to what has to be done on this broker.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_config::{Settings, topic_config};
use ottla_core::base::{BrokerId, TopicName, TopicPartition};
use ottla_core::controller::{ImageDelta, MetadataImage, ResourceType, TopicImage};
use ottla_core::partition::Leadership;
use uuid::Uuid;

use crate::partition::{PartitionSpec, TopicSpec};

/// What one image asks of this broker.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Partitions to stop and delete, before anything is started.
    pub(super) delete: Vec<TopicPartition>,
    /// Partitions to start, or to change if they run.
    pub(super) host: Vec<Hosted>,
}

/// A replica of this broker.
#[derive(Debug)]
pub(super) struct Hosted {
    pub(super) spec: PartitionSpec,
    /// The log directory it is assigned to; nil if it is not yet.
    pub(super) directory: Uuid,
}

/// Makes plans for one broker.
pub(super) struct Planner<'a> {
    pub(super) broker: BrokerId,
    pub(super) image: &'a MetadataImage,
    pub(super) settings: &'a Settings,
}

impl Planner<'_> {
    /// Everything this broker should host; `running` beyond that is to be deleted.
    pub(super) fn everything(&self, running: &[TopicPartition]) -> Plan {
        let mut host = Vec::new();
        for topic in self.image.topics() {
            self.topic(topic, None, &mut host);
        }
        let wanted: BTreeSet<&TopicPartition> =
            host.iter().map(|hosted| &hosted.spec.partition).collect();
        let delete = running.iter().filter(|p| !wanted.contains(p)).cloned().collect();
        Plan { delete, host }
    }

    /// What `delta` changed.
    pub(super) fn changes(&self, delta: &ImageDelta) -> Plan {
        let mut plan = Plan::default();
        for topic in &delta.deleted_topics {
            let partitions = topic.partitions.iter().zip(0..);
            let ours = partitions.filter(|(p, _)| p.replicas.contains(&self.broker));
            plan.delete.extend(ours.map(|(_, index)| partition(topic, index)));
        }
        for (name, partitions) in &delta.changed_partitions {
            if let Some(topic) = self.image.topic(name) {
                self.topic(topic, Some(partitions), &mut plan.host);
            }
        }
        for name in self.reconfigured(delta) {
            if let Some(topic) = self.image.topic(&name) {
                self.topic(topic, None, &mut plan.host);
            }
        }
        plan
    }

    /// Topics whose settings in force may have changed: all, if a broker's did.
    fn reconfigured(&self, delta: &ImageDelta) -> Vec<TopicName> {
        let changed = &delta.changed_configs;
        if changed.iter().any(|resource| resource.kind == ResourceType::Broker) {
            return self.image.topics().map(|topic| Arc::clone(&topic.name)).collect();
        }
        let topics = changed.iter().filter(|resource| resource.kind == ResourceType::Topic);
        let new = |name: &str| delta.created_topics.contains(name);
        topics
            .filter(|resource| !new(&resource.name))
            .map(|resource| resource.name.as_str().into())
            .collect()
    }

    fn topic(&self, topic: &TopicImage, only: Option<&BTreeSet<i32>>, out: &mut Vec<Hosted>) {
        let config = topic_config(self.settings, &self.image.topic_config(&topic.name));
        let spec = TopicSpec::new(&topic.name, topic.id, &config, self.settings);
        for index in 0..i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX) {
            if only.is_none_or(|only| only.contains(&index)) {
                out.extend(self.hosted(topic, index, &spec));
            }
        }
    }

    fn hosted(&self, topic: &TopicImage, index: i32, spec: &TopicSpec) -> Option<Hosted> {
        let image = topic.partitions.get(usize::try_from(index).ok()?)?;
        let at = image.replicas.iter().position(|id| *id == self.broker)?;
        let leadership = Leadership {
            leader: image.leader,
            epoch: image.leader_epoch,
            replicas: image.replicas.clone(),
            isr: image.isr.clone(),
        };
        let spec = spec.partition(partition(topic, index), leadership);
        Some(Hosted { spec, directory: image.directories.get(at).copied().unwrap_or_default() })
    }
}

fn partition(topic: &TopicImage, index: i32) -> TopicPartition {
    TopicPartition::new(Arc::clone(&topic.name), index)
}
