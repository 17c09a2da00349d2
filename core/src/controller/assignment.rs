//! Which brokers hold a partition: checks of what a request asks for, and the record of a new one.

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;
use uuid::Uuid;

use super::Refusal;
use super::image::MetadataImage;
use super::record::PartitionRecord;
use crate::base::{BrokerId, LeaderEpoch, TopicId};

fn invalid<T>(text: String) -> Result<T, Refusal> {
    Err(Refusal::new(ResponseError::InvalidReplicaAssignment, text))
}

/// Whether a request may put a partition on `replicas`; `replication_factor` is that of the
/// partitions before it.
pub(super) fn validate_manual(
    image: &MetadataImage,
    replicas: &[BrokerId],
    replication_factor: Option<usize>,
) -> Result<(), Refusal> {
    if replicas.is_empty() {
        return invalid("The manual partition assignment includes an empty replica list.".into());
    }
    let sorted: Vec<BrokerId> = {
        let mut sorted = replicas.to_vec();
        sorted.sort();
        sorted
    };
    let mut seen = BTreeSet::new();
    for id in &sorted {
        if image.broker(*id).is_none() {
            return invalid(format!(
                "The manual partition assignment includes broker {id}, but no such broker is \
                 registered."
            ));
        }
        if !seen.insert(*id) {
            return invalid(format!(
                "The manual partition assignment includes the broker {id} more than once."
            ));
        }
    }
    match replication_factor {
        Some(expected) if expected != replicas.len() => invalid(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is \
             not consistent with previous partitions, which have {expected} replica(s).",
            replicas.len()
        )),
        _ => Ok(()),
    }
}

/// The record of a new partition on `replicas`: in sync are those that may be, the first leads.
pub(super) fn new_partition(
    image: &MetadataImage,
    topic_id: TopicId,
    partition_id: i32,
    replicas: Vec<BrokerId>,
) -> Result<PartitionRecord, Refusal> {
    let active = |id: &BrokerId| image.broker(*id).is_some_and(|b| b.is_active());
    let isr: Vec<BrokerId> = replicas.iter().copied().filter(active).collect();
    let Some(leader) = isr.first().copied() else {
        return invalid(format!(
            "All brokers specified in the manual partition assignment for partition \
             {partition_id} are fenced or in controlled shutdown."
        ));
    };
    let directories = replicas.iter().map(|id| directory_of(image, *id)).collect();
    Ok(PartitionRecord {
        partition_id,
        topic_id,
        replicas,
        isr,
        removing_replicas: Vec::new(),
        adding_replicas: Vec::new(),
        leader,
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(0),
        partition_epoch: 0,
        directories,
    })
}

/// A broker with one log directory holds its replicas there; one with several says later where
/// (nil means not assigned yet, KIP-858).
fn directory_of(image: &MetadataImage, broker: BrokerId) -> Uuid {
    match image.broker(broker).map(|b| b.log_dirs.as_slice()) {
        Some([only]) => *only,
        _ => Uuid::nil(),
    }
}
