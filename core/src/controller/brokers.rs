//! Decides what a broker's coming, and the loss of a log directory, mean for its partitions.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::image::{MetadataImage, PartitionImage, ResourceType};
use super::record::{
    BrokerRegistrationChangeRecord, ConfigRecord, MetadataRecord, PartitionChangeRecord,
    RegisterBrokerRecord,
};
use crate::base::{BrokerId, TopicId};

/// The level of `metadata.version` whose record forms are written: 4.3-IV0.
const METADATA_VERSION: i16 = 30;

/// A broker registers: its record, and on a new cluster the metadata version before it.
///
/// After an unclean stop what it led may have lost its end, so those partitions get a new leader
/// epoch: clients then find out by themselves where histories part (KIP-320).
#[must_use]
pub fn register_broker(
    image: &MetadataImage,
    mut registration: RegisterBrokerRecord,
    unclean: bool,
    min_insync_replicas: i32,
) -> Vec<MetadataRecord> {
    let broker = registration.broker_id;
    registration.broker_epoch = image.offset().0.saturating_add(1);
    let mut records = Vec::new();
    if image.features().is_empty() {
        records.push(MetadataRecord::FeatureLevel {
            name: "metadata.version".to_owned(),
            level: METADATA_VERSION,
        });
        // Kafka 4 pins it for the whole cluster when that is formatted (KIP-966)
        records.push(MetadataRecord::Config(ConfigRecord {
            resource_type: ResourceType::Broker.code(),
            resource_name: String::new(),
            name: "min.insync.replicas".to_owned(),
            value: Some(min_insync_replicas.to_string()),
        }));
    }
    let log_dirs = registration.log_dirs.clone();
    records.push(MetadataRecord::RegisterBroker(registration));
    for_each_replica(image, broker, |topic, index, partition, directory| {
        let usable = directory.is_nil() || log_dirs.contains(&directory);
        let leads = partition.leader == broker;
        let may_lead = !partition.has_leader() && partition.isr.contains(&broker);
        let change = match (usable, leads, may_lead) {
            (true, true, _) if unclean => Some(broker),
            (true, false, true) => Some(broker),
            (false, true, _) => Some(other_leader(image, partition, broker)),
            _ => None,
        };
        if let Some(leader) = change {
            let mut record = PartitionChangeRecord::new(topic, index);
            record.leader = Some(leader);
            records.push(MetadataRecord::PartitionChange(record));
        }
    });
    records
}

/// Log directories of `broker` failed; `usable` are those that are left. Partitions it led there
/// go to another replica in sync, or have no leader.
#[must_use]
pub fn log_dirs_failed(
    image: &MetadataImage,
    broker: BrokerId,
    usable: Vec<Uuid>,
) -> Vec<MetadataRecord> {
    let Some(registered) = image.broker(broker) else { return Vec::new() };
    let mut records =
        vec![MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
            broker_id: broker,
            broker_epoch: registered.epoch,
            fenced: None,
            in_controlled_shutdown: false,
            // an empty list means no change on disk: a broker without a directory is on its way out
            log_dirs: (!usable.is_empty()).then(|| usable.clone()),
        })];
    for_each_replica(image, broker, |topic, index, partition, directory| {
        if partition.leader == broker && !directory.is_nil() && !usable.contains(&directory) {
            let mut record = PartitionChangeRecord::new(topic, index);
            record.leader = Some(other_leader(image, partition, broker));
            records.push(MetadataRecord::PartitionChange(record));
        }
    });
    records
}

/// A broker has chosen log directories for its replicas (KIP-858).
#[must_use]
pub fn assign_directories(
    image: &MetadataImage,
    broker: BrokerId,
    chosen: &[(TopicId, i32, Uuid)],
) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for (topic_id, index, directory) in chosen {
        let partition = image
            .topic_by_id(*topic_id)
            .and_then(|topic| topic.partitions.get(usize::try_from(*index).ok()?));
        let Some(partition) = partition else { continue };
        let mut directories: Vec<Uuid> = partition
            .replicas
            .iter()
            .enumerate()
            .map(|(at, _)| partition.directories.get(at).copied().unwrap_or_default())
            .collect();
        let at = partition.replicas.iter().position(|id| *id == broker);
        let Some(slot) = at.and_then(|at| directories.get_mut(at)) else { continue };
        if slot == directory {
            continue;
        }
        *slot = *directory;
        let mut record = PartitionChangeRecord::new(*topic_id, *index);
        record.directories = Some(directories);
        records.push(MetadataRecord::PartitionChange(record));
    }
    records
}

fn other_leader(image: &MetadataImage, partition: &PartitionImage, not: BrokerId) -> BrokerId {
    let mut candidates = partition.isr.iter().filter(|id| **id != not && image.is_alive(**id));
    candidates.next().copied().unwrap_or(BrokerId(-1))
}

/// Calls `f` with each partition that has a replica on `broker`, and the directory it lies in.
fn for_each_replica(
    image: &MetadataImage,
    broker: BrokerId,
    mut f: impl FnMut(TopicId, i32, &PartitionImage, Uuid),
) {
    let topics: BTreeMap<_, _> = image.topics().map(|topic| (&topic.name, topic)).collect();
    for topic in topics.into_values() {
        for (partition, index) in topic.partitions.iter().zip(0..) {
            if let Some(at) = partition.replicas.iter().position(|id| *id == broker) {
                let directory = partition.directories.get(at).copied().unwrap_or_default();
                f(topic.id, index, partition, directory);
            }
        }
    }
}

/// How many producer ids are handed out at a time (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
pub const PRODUCER_ID_BLOCK: i64 = 1000;

/// A broker asks for a block of producer ids: its first id, and the record that takes it.
#[must_use]
pub fn allocate_producer_ids(image: &MetadataImage, broker: BrokerId) -> (i64, MetadataRecord) {
    let first = image.next_producer_id().0;
    let record = MetadataRecord::ProducerIds {
        broker_id: broker,
        broker_epoch: image.broker(broker).map_or(-1, |b| b.epoch),
        next_producer_id: crate::base::ProducerId(first.saturating_add(PRODUCER_ID_BLOCK)),
    };
    (first, record)
}

#[cfg(test)]
#[path = "brokers_tests.rs"]
mod tests;
