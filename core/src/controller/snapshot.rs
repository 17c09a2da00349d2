//! An image as records: what a snapshot of the metadata log holds.

use super::image::{BrokerImage, MetadataImage, PartitionImage, TopicImage};
use super::record::{
    ClientQuotaRecord, ConfigRecord, MetadataRecord, PartitionRecord, RegisterBrokerRecord,
    TopicRecord,
};
use crate::base::{BrokerId, ProducerId};

impl MetadataImage {
    /// Records that build this image from nothing. Features come first, as KRaft demands of a
    /// snapshot; the order is the same for equal images.
    #[must_use]
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let mut out = Vec::new();
        for (name, level) in self.features() {
            out.push(MetadataRecord::FeatureLevel { name: name.clone(), level: *level });
        }
        out.extend(self.brokers().map(|broker| broker_record(broker)));
        let mut topics: Vec<_> = self.topics().collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        for topic in topics {
            topic_records(topic, &mut out);
        }
        for (resource, settings) in self.configs() {
            out.extend(settings.iter().map(|(name, value)| {
                MetadataRecord::Config(ConfigRecord {
                    resource_type: resource.kind.code(),
                    resource_name: resource.name.clone(),
                    name: name.clone(),
                    value: Some(value.clone()),
                })
            }));
        }
        for (entity, keys) in self.quotas() {
            out.extend(keys.iter().map(|(key, value)| {
                MetadataRecord::ClientQuota(ClientQuotaRecord {
                    entity: entity.clone(),
                    key: key.clone(),
                    value: *value,
                    remove: false,
                })
            }));
        }
        if self.next_producer_id() != ProducerId(0) {
            out.push(MetadataRecord::ProducerIds {
                broker_id: BrokerId(-1),
                broker_epoch: -1,
                next_producer_id: self.next_producer_id(),
            });
        }
        out
    }
}

fn broker_record(broker: &BrokerImage) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBrokerRecord {
        broker_id: broker.id,
        incarnation_id: broker.incarnation_id,
        broker_epoch: broker.epoch,
        endpoints: broker.endpoints.clone(),
        features: broker.features.clone(),
        rack: broker.rack.clone(),
        fenced: broker.fenced,
        in_controlled_shutdown: broker.in_controlled_shutdown,
        log_dirs: broker.log_dirs.clone(),
    })
}

fn topic_records(topic: &TopicImage, out: &mut Vec<MetadataRecord>) {
    out.push(MetadataRecord::Topic(TopicRecord { name: topic.name.clone(), topic_id: topic.id }));
    let record = |(partition, index): (&PartitionImage, i32)| {
        MetadataRecord::Partition(PartitionRecord {
            partition_id: index,
            topic_id: topic.id,
            replicas: partition.replicas.clone(),
            isr: partition.isr.clone(),
            removing_replicas: partition.removing_replicas.clone(),
            adding_replicas: partition.adding_replicas.clone(),
            leader: partition.leader,
            leader_recovery_state: partition.leader_recovery_state,
            leader_epoch: partition.leader_epoch,
            partition_epoch: partition.partition_epoch,
            directories: partition.directories.clone(),
        })
    };
    out.extend(topic.partitions.iter().zip(0..).map(record));
}
