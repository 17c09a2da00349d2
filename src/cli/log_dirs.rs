//! `kafka-log-dirs`: what lies in the log directories of the brokers, as JSON.

use std::collections::BTreeSet;

use ottla_actors::client::Admin;
use ottla_actors::client::admin::LogDirDescription;
use serde_json::Value;

use super::kit::java::{hash_order, partition_hash, string_hash};
use super::kit::{Given, Kind, Out, Spec, Stop, Tool, block_on, exception};

/// The command.
pub(super) const TOOL: Tool = Tool {
    name: "log-dirs",
    about: "Says how much lies in the log directories of brokers, by partition",
    spec,
    run,
};

fn spec() -> Spec {
    Spec::joptsimple("This tool helps to query log directory usage on the specified brokers.")
        .value(
            "bootstrap-server",
            Kind::Text,
            "The server(s) to use for bootstrapping",
            "REQUIRED: the server(s) to use for bootstrapping",
        )
        .value(
            "command-config",
            Kind::File,
            "Admin client property file",
            "Property file containing configs to be passed to Admin Client.",
        )
        .flag("describe", "Describe the specified log directories on the specified brokers.")
        .value(
            "topic-list",
            Kind::Text,
            "Topic list",
            "The list of topics to be queried in the form \"topic1,topic2,topic3\". All topics \
             will be queried if no topic list is specified",
        )
        .default("")
        .value(
            "broker-list",
            Kind::Text,
            "Broker list",
            "The list of brokers to be queried in the form \"0,1,2\". All brokers in the cluster \
             will be queried if no broker list is specified",
        )
        .default("")
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    given.require(&["bootstrap-server", "describe"])?;
    let topics: BTreeSet<&str> = parts(given.value("topic-list")?).collect();
    block_on(async {
        let mut config = given.client("command-config")?;
        config.client_id = "log-dirs-tool".to_owned();
        let admin = Admin::start(config)?;
        let brokers = parts(given.value("broker-list")?).map(|id| {
            id.parse::<i32>().map_err(|_| Stop::error(format!("For input string: \"{id}\"")))
        });
        let asked: BTreeSet<i32> = brokers.collect::<Result<_, _>>()?;
        let brokers = admin.describe_cluster().await?.brokers;
        let known: BTreeSet<i32> = brokers.iter().map(|broker| broker.broker_id.0).collect();
        let unknown: BTreeSet<i32> = asked.difference(&known).copied().collect();
        if !unknown.is_empty() {
            return Err(Stop::error(format!(
                "ERROR: The given brokers do not exist from --broker-list: {}. Current existent \
                 brokers: {}",
                listed(&unknown),
                listed(&known)
            )));
        }
        let chosen = if asked.is_empty() { known } else { asked };
        out.line("Querying brokers for log directories information")?;
        let mut found = Vec::new();
        for broker in in_order(&chosen) {
            found.push((broker, admin.describe_log_dirs(broker).await?));
        }
        out.line(format!("Received log directory information from brokers {}", listed(&chosen)))?;
        out.line(json(found, &topics))
    })
}

/// The parts of a list, without those that are empty.
fn parts(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default().split(',').filter(|part| !part.is_empty())
}

/// Ids in the order of Java's hash set.
fn in_order(ids: &BTreeSet<i32>) -> Vec<i32> {
    hash_order(16, ids.iter().copied().collect(), |id| *id)
}

fn listed(ids: &BTreeSet<i32>) -> String {
    in_order(ids).iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The document, with fields and entries where Java's hash maps have them.
fn json(brokers: Vec<(i32, Vec<LogDirDescription>)>, topics: &BTreeSet<&str>) -> String {
    let brokers: Vec<String> = brokers
        .into_iter()
        .map(|(broker, dirs)| {
            let dirs = hash_order(dirs.len(), dirs, |dir| string_hash(&dir.path));
            let dirs: Vec<String> = dirs.into_iter().map(|dir| dir_json(dir, topics)).collect();
            format!("{{\"broker\":{broker},\"logDirs\":[{}]}}", dirs.join(","))
        })
        .collect();
    format!("{{\"brokers\":[{}],\"version\":1}}", brokers.join(","))
}

fn dir_json(dir: LogDirDescription, topics: &BTreeSet<&str>) -> String {
    let mut replicas = dir.replicas;
    replicas.retain(|replica| topics.is_empty() || topics.contains(&*replica.partition.topic));
    let replicas = hash_order(16, replicas, |replica| partition_hash(&replica.partition));
    let replicas: Vec<String> = replicas
        .iter()
        .map(|replica| {
            format!(
                "{{\"partition\":{},\"size\":{},\"offsetLag\":{},\"isFuture\":{}}}",
                quoted(&replica.partition.to_string()),
                replica.size,
                replica.offset_lag,
                replica.is_future
            )
        })
        .collect();
    let error = dir.error.map_or("null".to_owned(), |error| quoted(&exception::class_name(error)));
    format!(
        "{{\"partitions\":[{}],\"error\":{error},\"logDir\":{}}}",
        replicas.join(","),
        quoted(&dir.path)
    )
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use kafka_protocol::error::ResponseError;
    use ottla_actors::client::admin::ReplicaInfo;
    use ottla_core::base::TopicPartition;

    use super::*;

    fn replica(topic: &str, index: i32, size: i64) -> ReplicaInfo {
        let partition = TopicPartition::new(topic, index);
        ReplicaInfo { partition, size, offset_lag: 0, is_future: false }
    }

    fn dir(
        path: &str,
        error: Option<ResponseError>,
        replicas: Vec<ReplicaInfo>,
    ) -> LogDirDescription {
        LogDirDescription {
            path: path.to_owned(),
            error,
            total_bytes: None,
            usable_bytes: None,
            replicas,
        }
    }

    #[test]
    fn the_document_is_kafkas_byte_for_byte() {
        let replicas = vec![
            replica("t1", 0, 0),
            replica("t1", 1, 106),
            replica("empty", 0, 0),
            replica("u", 0, 1),
        ];
        let found = vec![(1, vec![dir("/tmp/g/data", None, replicas)])];
        assert_eq!(
            json(found, &BTreeSet::from(["t1", "empty"])),
            "{\"brokers\":[{\"broker\":1,\"logDirs\":[{\"partitions\":[\
             {\"partition\":\"empty-0\",\"size\":0,\"offsetLag\":0,\"isFuture\":false},\
             {\"partition\":\"t1-1\",\"size\":106,\"offsetLag\":0,\"isFuture\":false},\
             {\"partition\":\"t1-0\",\"size\":0,\"offsetLag\":0,\"isFuture\":false}],\
             \"error\":null,\"logDir\":\"/tmp/g/data\"}]}],\"version\":1}"
        );
    }

    #[test]
    fn a_failed_directory_names_its_error() {
        let dir = dir("/d", Some(ResponseError::KafkaStorageError), Vec::new());
        assert_eq!(
            dir_json(dir, &BTreeSet::new()),
            "{\"partitions\":[],\
             \"error\":\"org.apache.kafka.common.errors.KafkaStorageException\",\"logDir\":\"/d\"}"
        );
    }

    #[test]
    fn lists_may_have_empty_parts() {
        assert_eq!(parts(Some("a,,b,")).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(parts(None).count(), 0);
        assert_eq!(listed(&BTreeSet::from([2, 1, 17])), "1,17,2");
    }
}
