//! `--describe`: topics, their partitions, and what is wrong with them.

use std::collections::BTreeMap;

use ottla_actors::client::admin::{
    ConfigEntry, ConfigSource, PartitionDescription, Reassignment, ResourceKind, TopicDescription,
};
use ottla_actors::client::{Admin, ClientError};
use ottla_core::storage::{base64_uuid, parse_base64_uuid};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::kit::{Given, Out, Stop, java};
use super::existing;

/// Partitions of one answer when nothing else is asked for.
const PARTITION_LIMIT: i32 = 2_000;

/// What the options ask to see.
#[derive(Debug)]
struct Wanted {
    under_replicated: bool,
    unavailable: bool,
    under_min_isr: bool,
    at_min_isr: bool,
    overridden: bool,
}

impl Wanted {
    fn new(given: &Given) -> Self {
        Self {
            under_replicated: given.has("under-replicated-partitions"),
            unavailable: given.has("unavailable-partitions"),
            under_min_isr: given.has("under-min-isr-partitions"),
            at_min_isr: given.has("at-min-isr-partitions"),
            overridden: given.has("topics-with-overrides"),
        }
    }

    /// Whether everything is asked for, not only what is wrong.
    fn everything(&self) -> bool {
        !(self.under_replicated || self.unavailable || self.under_min_isr || self.at_min_isr)
    }
}

/// A topic with what else is known about it.
struct Topic {
    description: TopicDescription,
    configs: Vec<ConfigEntry>,
    moving: BTreeMap<i32, Reassignment>,
}

pub(super) async fn describe(admin: &Admin, given: &Given, out: &mut Out) -> Result<(), Stop> {
    let output = given.output()?;
    let topics = described(admin, given).await?;
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    let configs = admin.describe_configs(ResourceKind::Topic, &names, false).await?;
    let cluster = admin.describe_cluster().await?;
    let live: Vec<i32> = cluster.brokers.iter().map(|broker| broker.broker_id.0).collect();
    let moving = match admin.reassignments(&topics).await {
        Err(ClientError::Unsupported { .. }) => Vec::new(),
        moving => moving?,
    };
    let wanted = Wanted::new(given);
    let mut all = Vec::with_capacity(topics.len());
    for (description, configs) in topics.into_iter().zip(configs) {
        let own = moving.iter().filter(|one| *one.partition.topic == *description.name);
        let moving = own.map(|one| (one.partition.partition, one.clone())).collect();
        // Java keeps them in a hash map too
        let configs = java::hash_order(16, configs?, |entry| java::string_hash(&entry.name));
        all.push(Topic { description, configs, moving });
    }
    let shown: Vec<Value> = all.iter().map(|topic| topic.json(&wanted, &live)).collect();
    if output.print(&Value::from(shown), out)? {
        return Ok(());
    }
    all.iter().try_for_each(|topic| topic.print(&wanted, &live, out))
}

/// The topics that the options name, in the order of the hash map in which Java collects them.
async fn described(admin: &Admin, given: &Given) -> Result<Vec<TopicDescription>, Stop> {
    let id = given.value("topic-id")?.map(parse_id).transpose()?.filter(|id| !id.is_nil());
    let results = match id {
        Some(id) => {
            let known = admin.list_topics().await?;
            if !known.iter().any(|topic| topic.topic_id == id) {
                return match given.has("if-exists") {
                    true => Ok(Vec::new()),
                    false => {
                        let id = base64_uuid(id);
                        Err(Stop::error(format!("TopicId '{id}' does not exist as expected")))
                    }
                };
            }
            admin.describe_topic_ids(&[id]).await?
        }
        None => {
            let names = existing(admin, given).await?;
            let limit = given.number("partition-size-limit-per-response")?;
            if names.is_empty() {
                return Ok(Vec::new());
            }
            admin.describe_topics(&names, limit.unwrap_or(PARTITION_LIMIT)).await?
        }
    };
    let mut topics = Vec::with_capacity(results.len());
    for result in results {
        topics.push(result?);
    }
    let hash = |topic: &TopicDescription| java::string_hash(&topic.name);
    Ok(java::hash_order(topics.len(), topics, hash))
}

/// A topic's id as Kafka writes it.
fn parse_id(text: &str) -> Result<Uuid, Stop> {
    if text.len() > 24 {
        let prefix: String = text.chars().take(24).collect();
        return Err(Stop::error(format!(
            "Input string with prefix `{prefix}` is too long to be decoded as a base64 UUID"
        )));
    }
    parse_base64_uuid(text.trim_end_matches('=')).ok_or_else(|| {
        let bytes = text.len() * 6 / 8;
        Stop::error(format!(
            "Input string `{text}` decoded as {bytes} bytes, which is not equal to the expected \
             16 bytes of a base64-encoded UUID"
        ))
    })
}

/// Broker ids, separated by commas.
fn joined(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

impl Topic {
    fn overrides(&self) -> impl Iterator<Item = &ConfigEntry> {
        self.configs.iter().filter(|entry| entry.source != ConfigSource::DEFAULT)
    }

    fn min_isr(&self) -> usize {
        let entry = self.configs.iter().find(|entry| entry.name == "min.insync.replicas");
        let value = entry.and_then(|entry| entry.value.as_deref()?.parse().ok());
        value.unwrap_or(1)
    }

    /// How many replicas a partition has when nothing is on the move.
    fn replication_factor(&self, partition: &PartitionDescription) -> usize {
        let moving = self.moving.get(&partition.partition).filter(|moving| {
            let mut changing = moving.removing.iter().chain(&moving.adding);
            changing.any(|id| partition.replicas.contains(id))
        });
        match moving {
            Some(moving) => moving.replicas.len().saturating_sub(moving.adding.len()),
            None => partition.replicas.len(),
        }
    }

    /// Whether the partition is among what is asked for.
    fn shows(&self, partition: &PartitionDescription, wanted: &Wanted, live: &[i32]) -> bool {
        let (isr, least) = (partition.isr.len(), self.min_isr());
        let led = partition.leader.is_some();
        wanted.everything()
            || wanted.under_replicated && self.replication_factor(partition) > isr
            || wanted.unavailable && !partition.leader.is_some_and(|id| live.contains(&id))
            || wanted.under_min_isr && (!led || isr < least)
            || wanted.at_min_isr && isr == least
    }

    /// Whether the topic itself is shown, and whether its partitions are looked at.
    fn parts(&self, wanted: &Wanted) -> (bool, bool) {
        let overridden = self.overrides().next().is_some();
        let head = wanted.everything() && (!wanted.overridden || overridden);
        (head, !wanted.overridden)
    }

    fn print(&self, wanted: &Wanted, live: &[i32], out: &mut Out) -> Result<(), Stop> {
        let (head, partitions) = self.parts(wanted);
        if head {
            out.line(self.head())?;
        }
        let shown = self.description.partitions.iter().filter(|_| partitions);
        for partition in shown.filter(|partition| self.shows(partition, wanted, live)) {
            out.line(self.row(partition))?;
        }
        Ok(())
    }

    fn head(&self) -> String {
        let topic = &self.description;
        let id = match topic.id.is_nil() {
            true => String::new(),
            false => format!("\tTopicId: {}", base64_uuid(topic.id)),
        };
        let factor = topic.partitions.first().map_or(0, |first| self.replication_factor(first));
        let value = |entry: &ConfigEntry| entry.value.clone().unwrap_or_else(|| "null".to_owned());
        let configs: Vec<String> =
            self.overrides().map(|entry| format!("{}={}", entry.name, value(entry))).collect();
        format!(
            "Topic: {}{id}\tPartitionCount: {}\tReplicationFactor: {factor}\tConfigs: {}",
            topic.name,
            topic.partitions.len(),
            configs.join(",")
        )
    }

    fn row(&self, partition: &PartitionDescription) -> String {
        let leader = partition.leader.map_or("none".to_owned(), |id| id.to_string());
        let moving = self.moving.get(&partition.partition).map(|moving| {
            let (adding, removing) = (joined(&moving.adding), joined(&moving.removing));
            format!("\tAdding Replicas: {adding}\tRemoving Replicas: {removing}")
        });
        let listed = |ids: &Option<Vec<i32>>| ids.as_deref().map_or("N/A".to_owned(), joined);
        format!(
            "\tTopic: {}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}{}\tElr: {}\
             \tLastKnownElr: {}",
            self.description.name,
            partition.partition,
            joined(&partition.replicas),
            joined(&partition.isr),
            moving.unwrap_or_default(),
            listed(&partition.eligible_leaders),
            listed(&partition.last_eligible_leaders)
        )
    }

    fn json(&self, wanted: &Wanted, live: &[i32]) -> Value {
        let topic = &self.description;
        let (_, partitions) = self.parts(wanted);
        let shown = topic.partitions.iter().filter(|_| partitions);
        let shown = shown.filter(|partition| self.shows(partition, wanted, live));
        let partitions: Vec<Value> = shown
            .map(|partition| {
                json!({
                    "partition": partition.partition,
                    "leader": partition.leader,
                    "replicas": partition.replicas,
                    "isr": partition.isr,
                    "elr": partition.eligible_leaders,
                    "lastKnownElr": partition.last_eligible_leaders,
                })
            })
            .collect();
        let configs: serde_json::Map<String, Value> =
            self.overrides().map(|e| (e.name.clone(), Value::from(e.value.clone()))).collect();
        json!({
            "topic": topic.name,
            "topicId": base64_uuid(topic.id),
            "partitionCount": topic.partitions.len(),
            "replicationFactor": topic.partitions.first().map(|p| self.replication_factor(p)),
            "configs": configs,
            "partitions": partitions,
        })
    }
}

#[cfg(test)]
mod tests {
    use ottla_core::base::TopicPartition;

    use super::*;

    fn topic(isr: &[i32], leader: Option<i32>) -> Topic {
        let partition = PartitionDescription {
            partition: 0,
            leader,
            replicas: vec![1, 2],
            isr: isr.to_vec(),
            eligible_leaders: Some(Vec::new()),
            last_eligible_leaders: None,
        };
        let description = TopicDescription {
            name: "t".to_owned(),
            id: Uuid::from_u128(1),
            internal: false,
            partitions: vec![partition],
        };
        Topic { description, configs: Vec::new(), moving: BTreeMap::new() }
    }

    fn rows(topic: &Topic, option: &str) -> usize {
        let words: Vec<String> = ["--describe", option].map(str::to_owned).to_vec();
        let given = super::super::TOOL.given("ottla topics", &words).expect("understood");
        let wanted = Wanted::new(&given);
        let partitions = topic.description.partitions.iter();
        partitions.filter(|partition| topic.shows(partition, &wanted, &[1])).count()
    }

    #[test]
    fn lines_are_kafkas() {
        let topic = topic(&[1], None);
        assert_eq!(
            topic.head(),
            "Topic: t\tTopicId: AAAAAAAAAAAAAAAAAAAAAQ\tPartitionCount: 1\tReplicationFactor: 2\
             \tConfigs: "
        );
        assert_eq!(
            topic.row(&topic.description.partitions[0]),
            "\tTopic: t\tPartition: 0\tLeader: none\tReplicas: 1,2\tIsr: 1\tElr: \
             \tLastKnownElr: N/A"
        );
    }

    #[test]
    fn reports_show_what_is_wrong() {
        let well = topic(&[1, 2], Some(1));
        let ill = topic(&[], Some(2));
        for (option, of_well, of_ill) in [
            ("--under-replicated-partitions", 0, 1),
            ("--unavailable-partitions", 0, 1),
            ("--under-min-isr-partitions", 0, 1),
            ("--at-min-isr-partitions", 0, 0),
            ("--exclude-internal", 1, 1),
        ] {
            assert_eq!((rows(&well, option), rows(&ill, option)), (of_well, of_ill), "{option}");
        }
        assert_eq!(rows(&topic(&[1], Some(1)), "--at-min-isr-partitions"), 1);
    }

    #[test]
    fn replicas_on_the_move_do_not_count() {
        let mut topic = topic(&[1, 2], Some(1));
        let moving = Reassignment {
            partition: TopicPartition::new("t", 0),
            replicas: vec![2, 1],
            adding: vec![2],
            removing: Vec::new(),
        };
        topic.moving.insert(0, moving);
        assert_eq!(topic.replication_factor(&topic.description.partitions[0]), 1);
    }

    #[test]
    fn ids_are_sixteen_bytes() {
        assert_eq!(parse_id("AAAAAAAAAAAAAAAAAAAAAQ").ok(), Some(Uuid::from_u128(1)));
        let said = parse_id("xyz").expect_err("too short");
        assert_eq!(
            said.message(),
            Some(
                "Input string `xyz` decoded as 2 bytes, which is not equal to the expected 16 \
                 bytes of a base64-encoded UUID"
            )
        );
    }
}
