//! Decides CreateTopics: which topics come to be, with which partitions, and what each asker hears.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use kafka_protocol::protocol::StrBytes;

use super::assignment::{new_partition, validate_manual};
use super::decision::{Decision, MAX_PARTITIONS_PER_REQUEST, World};
use super::image::ConfigResource;
use super::names::{CLUSTER_METADATA, validate_topic_name};
use super::placement::Placer;
use super::record::{ConfigRecord, MetadataRecord, PartitionRecord, TopicRecord};
use super::{Refusal, ResourceType};
use crate::base::{BrokerId, TopicId};

struct Planned {
    id: TopicId,
    partitions: Vec<PartitionRecord>,
    replication_factor: usize,
    settings: BTreeMap<String, String>,
}

/// Decides `request`; with validate-only nothing is written, and the answer is what it would be.
pub fn create_topics(
    world: &mut World<'_>,
    request: &CreateTopicsRequest,
) -> Decision<CreateTopicsResponse> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for topic in &request.topics {
        if !seen.insert(&*topic.name) {
            twice.insert(&*topic.name);
        }
    }
    let excessive = total_partitions(world, request) > MAX_PARTITIONS_PER_REQUEST;
    let mut records = Vec::new();
    let mut results = Vec::new();
    for topic in request.topics.iter().filter(|t| !twice.contains(&*t.name)) {
        let planned = if excessive {
            Err(Refusal::new(
                ResponseError::PolicyViolation,
                "Excessively large number of partitions per request.",
            ))
        } else {
            plan(world, topic)
        };
        results.push(match planned {
            Ok(planned) => {
                let result = created(world, topic, &planned);
                write_down(topic, planned, &mut records);
                result
            }
            Err(refusal) => refused(&topic.name, &refusal),
        });
    }
    let duplicate = Refusal::new(ResponseError::InvalidRequest, "Duplicate topic name.");
    results.extend(twice.into_iter().map(|name| refused(name, &duplicate)));
    if request.validate_only {
        records.clear();
    }
    Decision { records, response: CreateTopicsResponse::default().with_topics(results) }
}

fn total_partitions(world: &World<'_>, request: &CreateTopicsRequest) -> usize {
    let count = |topic: &CreatableTopic| match topic.num_partitions {
        _ if !topic.assignments.is_empty() => topic.assignments.len(),
        -1 => usize::try_from(world.defaults.partitions).unwrap_or(0),
        n => usize::try_from(n).unwrap_or(0),
    };
    request.topics.iter().map(count).fold(0, usize::saturating_add)
}

fn plan(world: &mut World<'_>, topic: &CreatableTopic) -> Result<Planned, Refusal> {
    let name: &str = &topic.name;
    if name == CLUSTER_METADATA {
        let text = format!("Creation of internal topic {name} is prohibited.");
        return Err(Refusal::new(ResponseError::InvalidRequest, text));
    }
    validate_topic_name(name)?;
    if world.image.topic(name).is_some() {
        let text = format!("Topic '{name}' already exists.");
        return Err(Refusal::new(ResponseError::TopicAlreadyExists, text));
    }
    if let Some(other) = world.image.colliding_topic(name) {
        let text = format!("Topic '{name}' collides with existing topic: {other}");
        return Err(Refusal::new(ResponseError::InvalidTopicException, text));
    }
    let settings = settings(world, topic)?;
    let id = world.dice.topic_id();
    let partitions = if topic.assignments.is_empty() {
        place(world, topic, id)?
    } else {
        assigned(world, topic, id)?
    };
    let replication_factor = partitions.first().map_or(0, |p| p.replicas.len());
    Ok(Planned { id, partitions, replication_factor, settings })
}

fn settings(
    world: &World<'_>,
    topic: &CreatableTopic,
) -> Result<BTreeMap<String, String>, Refusal> {
    let nulls: Vec<&str> =
        topic.configs.iter().filter(|c| c.value.is_none()).map(|c| &*c.name).collect();
    if !nulls.is_empty() {
        let text = format!("Null value not supported for topic configs: {}", nulls.join(","));
        return Err(Refusal::new(ResponseError::InvalidConfig, text));
    }
    let settings: BTreeMap<String, String> = topic
        .configs
        .iter()
        .filter_map(|c| Some((c.name.to_string(), c.value.as_ref()?.to_string())))
        .collect();
    let resource = ConfigResource::topic(&topic.name);
    world.rules.validate(&resource, &settings, &BTreeMap::new())?;
    Ok(settings)
}

/// Partitions where the request leaves the placement to the controller.
fn place(
    world: &mut World<'_>,
    topic: &CreatableTopic,
    id: TopicId,
) -> Result<Vec<PartitionRecord>, Refusal> {
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        return Err(Refusal::new(
            ResponseError::InvalidReplicationFactor,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        ));
    }
    if topic.num_partitions < -1 || topic.num_partitions == 0 {
        return Err(Refusal::new(
            ResponseError::InvalidPartitions,
            "Number of partitions was set to an invalid non-positive value.",
        ));
    }
    let count = match topic.num_partitions {
        -1 => world.defaults.partitions,
        n => n,
    };
    let replicas = match topic.replication_factor {
        -1 => world.defaults.replication_factor,
        n => n,
    };
    let mut placer = Placer::new(world.image, world.dice);
    (0..count)
        .map(|index| {
            let replicas = placer.place(usize::try_from(replicas).unwrap_or(0), world.dice)?;
            new_partition(world.image, id, index, replicas)
        })
        .collect()
}

/// Partitions where the request says which brokers hold them.
fn assigned(
    world: &World<'_>,
    topic: &CreatableTopic,
    id: TopicId,
) -> Result<Vec<PartitionRecord>, Refusal> {
    let mixed = |what| {
        let text = format!("A manual partition assignment was specified, but {what} to -1.");
        Err(Refusal::new(ResponseError::InvalidRequest, text))
    };
    if topic.replication_factor != -1 {
        return mixed("replication factor was not set");
    }
    if topic.num_partitions != -1 {
        return mixed("numPartitions was not set");
    }
    let invalid = |text| Err(Refusal::new(ResponseError::InvalidReplicaAssignment, text));
    let mut by_index = BTreeMap::new();
    let mut replication_factor = None;
    for assignment in &topic.assignments {
        let index = assignment.partition_index;
        if by_index.contains_key(&index) {
            return invalid(format!(
                "Found multiple manual partition assignments for partition {index}"
            ));
        }
        let replicas: Vec<BrokerId> =
            assignment.broker_ids.iter().map(|id| BrokerId(id.0)).collect();
        validate_manual(world.image, &replicas, replication_factor)?;
        replication_factor = Some(replicas.len());
        by_index.insert(index, new_partition(world.image, id, index, replicas)?);
    }
    let consecutive = by_index.keys().zip(0..).all(|(index, expected)| *index == expected);
    if !consecutive {
        return invalid("partitions should be a consecutive 0-based integer sequence".to_owned());
    }
    Ok(by_index.into_values().collect())
}

fn write_down(topic: &CreatableTopic, planned: Planned, records: &mut Vec<MetadataRecord>) {
    let name = topic.name.to_string();
    let topic = TopicRecord { name: name.as_str().into(), topic_id: planned.id };
    records.push(MetadataRecord::Topic(topic));
    records.extend(planned.settings.into_iter().map(|(key, value)| {
        MetadataRecord::Config(ConfigRecord {
            resource_type: ResourceType::Topic.code(),
            resource_name: name.clone(),
            name: key,
            value: Some(value),
        })
    }));
    records.extend(planned.partitions.into_iter().map(MetadataRecord::Partition));
}

fn created(world: &World<'_>, topic: &CreatableTopic, planned: &Planned) -> CreatableTopicResult {
    let configs = world.rules.effective_topic_config(&planned.settings);
    let configs = configs
        .into_iter()
        .map(|config| {
            CreatableTopicConfigs::default()
                .with_name(StrBytes::from_string(config.name))
                .with_value(config.value.map(StrBytes::from_string))
                .with_read_only(config.read_only)
                .with_config_source(config.source)
                .with_is_sensitive(config.sensitive)
        })
        .collect();
    CreatableTopicResult::default()
        .with_name(topic.name.clone())
        .with_topic_id(planned.id)
        .with_error_message(None)
        .with_num_partitions(i32::try_from(planned.partitions.len()).unwrap_or(i32::MAX))
        .with_replication_factor(i16::try_from(planned.replication_factor).unwrap_or(i16::MAX))
        .with_configs(Some(configs))
}

fn refused(name: &str, refusal: &Refusal) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(StrBytes::from_string(name.to_owned()).into())
        .with_error_code(refusal.code.code())
        .with_error_message(refusal.message.clone().map(StrBytes::from_string))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_configs(Some(Vec::new()))
}

#[cfg(test)]
#[path = "create_topics_tests.rs"]
mod tests;
