//! Decides AlterConfigs and IncrementalAlterConfigs: dynamic settings of topics, brokers, groups
//! and client metrics subscriptions. Broker loggers are not metadata and never come here.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;

use super::Refusal;
use super::decision::{Decision, World};
use super::image::{ConfigResource, ResourceType};
use super::names::validate_topic_name;
use super::record::{ConfigRecord, MetadataRecord};

/// What is asked for one setting (KIP-339).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigOperation {
    /// Set it (0).
    Set(String),
    /// Return to the layer below (1).
    Delete,
    /// Add to a list (2).
    Append(String),
    /// Take out of a list (3).
    Subtract(String),
}

/// How the settings of a resource are to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigAlteration {
    /// Change these, leave the rest.
    Incremental(Vec<(String, ConfigOperation)>),
    /// Afterwards exactly these are set.
    Replace(BTreeMap<String, String>),
}

/// One resource of a request: Kafka's number of its type, its name, and what is asked; or the
/// refusal that reading the request already found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceAlteration {
    /// Kafka's number of the resource's type.
    pub kind: i8,
    /// The resource's name.
    pub name: String,
    /// What is asked.
    pub alteration: Result<ConfigAlteration, Refusal>,
}

/// Decides a whole request; answers stand in the order of the resources.
pub fn alter_configs(
    world: &World<'_>,
    resources: &[ResourceAlteration],
    validate_only: bool,
) -> Decision<Vec<Result<(), Refusal>>> {
    let mut count: BTreeMap<(i8, &str), usize> = BTreeMap::new();
    for resource in resources {
        *count.entry((resource.kind, &resource.name)).or_default() += 1;
    }
    let mut records = Vec::new();
    let mut response = Vec::new();
    for resource in resources {
        let twice = count.get(&(resource.kind, resource.name.as_str())).is_some_and(|n| *n > 1);
        let outcome = if twice {
            invalid("Each resource must appear at most once.")
        } else {
            alter_one(world, resource).map(|mut new| records.append(&mut new))
        };
        response.push(outcome);
    }
    if validate_only {
        records.clear();
    }
    Decision { records, response }
}

fn invalid<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(ResponseError::InvalidRequest, text))
}

fn alter_one(
    world: &World<'_>,
    request: &ResourceAlteration,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let alteration = request.alteration.as_ref().map_err(Clone::clone)?;
    let kind = ResourceType::from_code(request.kind).filter(|k| *k != ResourceType::BrokerLogger);
    let Some(kind) = kind else {
        return invalid(format!("Unknown resource type {}", request.kind));
    };
    let resource = ConfigResource { kind, name: request.name.clone() };
    check_name(world, &resource)?;
    let existing = world.image.config(&resource).cloned().unwrap_or_default();
    let wanted = match alteration {
        ConfigAlteration::Incremental(operations) => {
            incremental(world, kind, &existing, operations)?
        }
        ConfigAlteration::Replace(settings) => {
            let gone = existing.keys().filter(|key| !settings.contains_key(*key));
            let set = settings.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
            set.chain(gone.map(|key| (key.clone(), None))).collect()
        }
    };
    let mut after = existing.as_ref().clone();
    for (key, value) in &wanted {
        match value {
            Some(value) => after.insert(key.clone(), value.clone()),
            None => after.remove(key),
        };
    }
    world.rules.validate(&resource, &after, &existing)?;
    if kind == ResourceType::Topic && world.image.topic(&resource.name).is_none() {
        let text = format!("The topic '{}' does not exist.", resource.name);
        return Err(Refusal::new(ResponseError::UnknownTopicOrPartition, text));
    }
    // a broker's setting is written even when unchanged: that is how a reload of, say, a key store
    // is asked for (KAFKA-14136)
    let changed = |(key, value): &(String, Option<String>)| {
        kind == ResourceType::Broker || existing.get(key) != value.as_ref()
    };
    let record = |(name, value)| {
        MetadataRecord::Config(ConfigRecord {
            resource_type: kind.code(),
            resource_name: resource.name.clone(),
            name,
            value,
        })
    };
    Ok(wanted.into_iter().filter(changed).map(record).collect())
}

fn check_name(world: &World<'_>, resource: &ConfigResource) -> Result<(), Refusal> {
    let name = resource.name.as_str();
    match resource.kind {
        ResourceType::Topic if name.is_empty() => {
            invalid("Default topic resources are not allowed.")
        }
        ResourceType::Topic => Ok(validate_topic_name(name)?),
        ResourceType::Group if name.is_empty() => {
            invalid("Default group resources are not allowed.")
        }
        ResourceType::ClientMetrics if name.is_empty() => {
            invalid("Subscription name can't be empty")
        }
        ResourceType::Broker if !name.is_empty() => match name.parse::<i32>() {
            Ok(id) if id == world.broker.0 => Ok(()),
            Ok(id) => invalid(format!(
                "Unexpected broker id, expected {}, but received {id}",
                world.broker
            )),
            Err(_) => invalid(format!("Node id must be an integer, but it is: {name}")),
        },
        _ => Ok(()),
    }
}

fn incremental(
    world: &World<'_>,
    kind: ResourceType,
    existing: &BTreeMap<String, String>,
    operations: &[(String, ConfigOperation)],
) -> Result<Vec<(String, Option<String>)>, Refusal> {
    operations
        .iter()
        .map(|(key, operation)| {
            let list = |verb: &str| {
                if world.rules.is_list(kind, key) {
                    let value = existing.get(key).cloned();
                    return Ok(parts(value.or_else(|| world.rules.default_value(kind, key))));
                }
                let text = format!("Can't {verb} to key {key} because its type is not LIST.");
                Err(Refusal::new(ResponseError::InvalidConfig, text))
            };
            let value = match operation {
                ConfigOperation::Set(value) => Some(value.clone()),
                ConfigOperation::Delete => None,
                ConfigOperation::Append(more) => {
                    let mut items = list("APPEND")?;
                    for item in more.split(',') {
                        if !items.iter().any(|have| have == item) {
                            items.push(item.to_owned());
                        }
                    }
                    Some(items.join(","))
                }
                ConfigOperation::Subtract(less) => {
                    let mut items = list("SUBTRACT")?;
                    for item in less.split(',') {
                        if let Some(at) = items.iter().position(|have| have == item) {
                            items.remove(at);
                        }
                    }
                    Some(items.join(","))
                }
            };
            Ok((key.clone(), value))
        })
        .collect()
}

fn parts(value: Option<String>) -> Vec<String> {
    let value = value.unwrap_or_default();
    value.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Reads what a request asks for one resource; refuses duplicate keys, missing values and unknown
/// operations, as Kafka's `ConfigAdminManager` does before it looks at the settings.
pub fn read_incremental<'a>(
    configs: impl Iterator<Item = (&'a str, i8, Option<&'a str>)>,
) -> Result<ConfigAlteration, Refusal> {
    let configs: Vec<_> = configs.collect();
    check_keys(configs.iter().map(|(key, op, value)| (*key, value.is_none() && *op != 1)))?;
    let operations = configs.into_iter().map(|(key, op, value)| {
        let value = value.unwrap_or_default().to_owned();
        let operation = match op {
            0 => ConfigOperation::Set(value),
            1 => ConfigOperation::Delete,
            2 => ConfigOperation::Append(value),
            3 => ConfigOperation::Subtract(value),
            _ => return Err(Refusal::bare(ResponseError::UnknownServerError)),
        };
        Ok((key.to_owned(), operation))
    });
    Ok(ConfigAlteration::Incremental(operations.collect::<Result<_, _>>()?))
}

/// As [`read_incremental`], for the older request that replaces all settings.
pub fn read_replace<'a>(
    configs: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<ConfigAlteration, Refusal> {
    let configs: Vec<_> = configs.collect();
    check_keys(configs.iter().map(|(key, value)| (*key, value.is_none())))?;
    let settings =
        configs.into_iter().map(|(key, v)| (key.to_owned(), v.unwrap_or_default().to_owned()));
    Ok(ConfigAlteration::Replace(settings.collect()))
}

fn check_keys<'a>(keys: impl Iterator<Item = (&'a str, bool)>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let mut nulls = Vec::new();
    let mut twice = false;
    for (key, missing) in keys {
        twice |= !seen.insert(key);
        if missing {
            nulls.push(key);
        }
    }
    if twice {
        return invalid("Error due to duplicate config keys");
    }
    if !nulls.is_empty() {
        return invalid(format!("Null value not supported for : {}", nulls.join(",")));
    }
    Ok(())
}

#[cfg(test)]
#[path = "alter_configs_tests.rs"]
mod tests;
