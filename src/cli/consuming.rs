//! What the commands that consume share: a consumer from properties.

use std::time::Duration;

use ottla_actors::client::{
    ClientConfig, ConsumerConfig, IsolationLevel, MembershipConfig, ResetPolicy,
};
use ottla_core::client::assignor::Assignor;

use super::kit::{Properties, Stop};

/// Settings of Kafka's consumer that change nothing here.
const UNDERSTOOD: [&str; 5] = [
    "bootstrap.servers",
    "key.deserializer",
    "value.deserializer",
    "receive.buffer.bytes",
    "send.buffer.bytes",
];

/// The consumer that these properties ask for.
pub(super) fn configure(
    client: ClientConfig,
    properties: &Properties,
) -> Result<ConsumerConfig, Stop> {
    for key in UNDERSTOOD {
        let _ = properties.get(key);
    }
    let mut config = ConsumerConfig { client, ..ConsumerConfig::new("") };
    let fetching = &mut config.fetching;
    properties.into("fetch.min.bytes", &mut fetching.min_bytes)?;
    properties.into("fetch.max.bytes", &mut fetching.max_bytes)?;
    properties.into("max.partition.fetch.bytes", &mut fetching.partition_max_bytes)?;
    properties.into("fetch.max.wait.ms", &mut fetching.max_wait_ms)?;
    properties.into("max.poll.records", &mut config.max_poll_records)?;
    let fetching = &mut config.fetching;
    fetching.check_crcs = properties.flag("check.crcs")?.unwrap_or(fetching.check_crcs);
    let invalid = |key: &str, value: &str| {
        Stop::error(format!("Invalid value {value} for configuration {key}"))
    };
    fetching.isolation = match properties.get("isolation.level") {
        None => fetching.isolation,
        Some("read_committed") => IsolationLevel::ReadCommitted,
        Some("read_uncommitted") => IsolationLevel::ReadUncommitted,
        Some(other) => return Err(invalid("isolation.level", other)),
    };
    if let Some(name) = properties.get("auto.offset.reset") {
        fetching.reset =
            ResetPolicy::from_name(name).map_err(|_| invalid("auto.offset.reset", name))?;
    }
    if properties.flag("enable.auto.commit")? == Some(false) {
        config.auto_commit = None;
    }
    if let Some(every) = &mut config.auto_commit {
        let mut interval: Duration = *every;
        properties.millis("auto.commit.interval.ms", &mut interval)?;
        *every = interval;
    }
    if let Some(exclude) = properties.flag("exclude.internal.topics")? {
        config.exclude_internal_topics = exclude;
    }
    config.group = match properties.get("group.id") {
        Some(group) if group.trim().is_empty() => {
            let why = "The configured group.id should not be an empty string or whitespace.";
            return Err(Stop::error(why));
        }
        Some(group) => Some(membership(group, properties)?),
        None => None,
    };
    Ok(config)
}

fn membership(group: &str, properties: &Properties) -> Result<MembershipConfig, Stop> {
    let mut config = MembershipConfig::new(group);
    config.instance_id = properties.get("group.instance.id").map(str::to_owned);
    config.rack = properties.get("client.rack").map(str::to_owned);
    properties.into("session.timeout.ms", &mut config.session_timeout_ms)?;
    properties.into("heartbeat.interval.ms", &mut config.heartbeat_interval_ms)?;
    properties.into("max.poll.interval.ms", &mut config.max_poll_interval_ms)?;
    properties.into("retry.backoff.ms", &mut config.retry_backoff_ms)?;
    if let Some(names) = properties.get("partition.assignment.strategy") {
        let assignor = |name: &str| {
            // the name of Kafka's class, or librdkafka's word
            let name = name.trim().rsplit('.').next().unwrap_or_default();
            let name = name.strip_suffix("Assignor").unwrap_or(name).to_ascii_lowercase();
            match name.as_str() {
                "range" => Ok(Assignor::Range),
                "roundrobin" => Ok(Assignor::RoundRobin),
                "sticky" => Ok(Assignor::Sticky),
                "cooperativesticky" | "cooperative-sticky" => Ok(Assignor::CooperativeSticky),
                _ => Err(Stop::error(format!(
                    "Invalid value {names} for configuration partition.assignment.strategy"
                ))),
            }
        };
        config.assignors = names.split(',').map(assignor).collect::<Result<_, _>>()?;
    }
    Ok(config)
}
