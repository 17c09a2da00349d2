//! Decides CreatePartitions.

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use kafka_protocol::protocol::StrBytes;

use super::Refusal;
use super::assignment::{new_partition, validate_manual};
use super::decision::{Decision, MAX_PARTITIONS_PER_REQUEST, World};
use super::placement::Placer;
use super::record::MetadataRecord;
use crate::base::BrokerId;

/// Decides `request`; with validate-only nothing is written.
pub fn create_partitions(
    world: &mut World<'_>,
    request: &CreatePartitionsRequest,
) -> Decision<CreatePartitionsResponse> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for topic in &request.topics {
        if !seen.insert(&*topic.name) {
            twice.insert(&*topic.name);
        }
    }
    let mut records = Vec::new();
    let mut results = Vec::new();
    for name in &twice {
        let refusal = Refusal::new(ResponseError::InvalidRequest, "Duplicate topic name.");
        results.push(answer(name, Err(refusal)));
    }
    for topic in request.topics.iter().filter(|t| !twice.contains(&*t.name)) {
        let room = MAX_PARTITIONS_PER_REQUEST - records.len();
        let outcome = add(world, topic, room).map(|mut added| records.append(&mut added));
        results.push(answer(&topic.name, outcome));
    }
    if request.validate_only {
        records.clear();
    }
    Decision { records, response: CreatePartitionsResponse::default().with_results(results) }
}

fn answer(name: &str, outcome: Result<(), Refusal>) -> CreatePartitionsTopicResult {
    let result = CreatePartitionsTopicResult::default()
        .with_name(StrBytes::from_string(name.to_owned()).into());
    match outcome {
        Ok(()) => result,
        Err(refusal) => result
            .with_error_code(refusal.code.code())
            .with_error_message(refusal.message.map(StrBytes::from_string)),
    }
}

fn add(
    world: &mut World<'_>,
    request: &CreatePartitionsTopic,
    room: usize,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let unknown = || Refusal::bare(ResponseError::UnknownTopicOrPartition);
    let topic = world.image.topic(&request.name).cloned().ok_or_else(unknown)?;
    let existing = topic.partitions.len();
    let wanted = usize::try_from(request.count).unwrap_or(0);
    if wanted == existing {
        let text = format!("Topic already has {existing} partition(s).");
        return Err(Refusal::new(ResponseError::InvalidPartitions, text));
    }
    if wanted < existing {
        let text = format!(
            "The topic {} currently has {existing} partition(s); {} would not be an increase.",
            topic.name, request.count
        );
        return Err(Refusal::new(ResponseError::InvalidPartitions, text));
    }
    let additional = wanted - existing;
    if let Some(assignments) = &request.assignments
        && assignments.len() != additional
    {
        let text = format!(
            "Attempted to add {additional} additional partition(s), but only {} assignment(s) \
             were specified.",
            assignments.len()
        );
        return Err(Refusal::new(ResponseError::InvalidReplicaAssignment, text));
    }
    if additional > room {
        let text = "Excessively large number of partitions per request.";
        return Err(Refusal::new(ResponseError::PolicyViolation, text));
    }
    let factor = topic.partitions.first().map_or(1, |p| p.replicas.len());
    let replicas = replicas(world, request, factor, additional)?;
    let first = i32::try_from(existing).unwrap_or(i32::MAX);
    replicas
        .into_iter()
        .zip(first..)
        .map(|(replicas, index)| new_partition(world.image, topic.id, index, replicas))
        .map(|record| record.map(MetadataRecord::Partition))
        .collect()
}

fn replicas(
    world: &mut World<'_>,
    request: &CreatePartitionsTopic,
    factor: usize,
    additional: usize,
) -> Result<Vec<Vec<BrokerId>>, Refusal> {
    let Some(assignments) = &request.assignments else {
        let mut placer = Placer::new(world.image, world.dice);
        return (0..additional).map(|_| placer.place(factor, world.dice)).collect();
    };
    assignments
        .iter()
        .map(|assignment| {
            let replicas: Vec<BrokerId> =
                assignment.broker_ids.iter().map(|id| BrokerId(id.0)).collect();
            validate_manual(world.image, &replicas, Some(factor))?;
            Ok(replicas)
        })
        .collect()
}
