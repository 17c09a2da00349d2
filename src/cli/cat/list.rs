//! `-L`: what the brokers know.

use std::io::Write;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_actors::client::admin::Admin;
use ottla_actors::client::{ClientConfig, ClientError, Route};

use super::json::Json;
use super::options::Options;
use super::settings::fatal;
use crate::cli::kit::{Out, Stop};

/// librdkafka's words for an error of a broker.
pub(super) fn response_words(error: ResponseError) -> String {
    let text = match error {
        ResponseError::UnknownTopicOrPartition => "Unknown topic or partition",
        ResponseError::LeaderNotAvailable => "Leader not available",
        ResponseError::NotLeaderOrFollower => "Not leader for partition",
        ResponseError::MessageTooLarge => "Message size too large",
        ResponseError::InvalidTopicException => "Invalid topic",
        ResponseError::OffsetOutOfRange => "Offset out of range",
        ResponseError::TopicAuthorizationFailed => "Topic authorization failed",
        ResponseError::GroupAuthorizationFailed => "Group authorization failed",
        ResponseError::ClusterAuthorizationFailed => "Cluster authorization failed",
        ResponseError::NotEnoughReplicas => "Not enough in-sync replicas",
        ResponseError::RequestTimedOut => "Request timed out",
        ResponseError::InvalidRecord => "Broker failed to validate record",
        ResponseError::UnsupportedForMessageFormat => {
            "Unsupported for message format on the broker"
        }
        other => return format!("Broker: {other}"),
    };
    format!("Broker: {text}")
}

/// librdkafka's words for a request without an answer.
pub(super) fn client_words(error: &ClientError) -> String {
    match error {
        ClientError::Refused(error) => response_words(*error),
        ClientError::TimedOut => "Local: Timed out".to_owned(),
        ClientError::Connect { .. } | ClientError::Disconnected | ClientError::NotKnown => {
            "Local: Broker transport failure".to_owned()
        }
        ClientError::NoAddress => "No `bootstrap.servers` configured".to_owned(),
        other => format!("Local: {other}"),
    }
}

/// The topics asked for, or all of them, within `-m` seconds.
pub(super) async fn metadata(
    admin: &Admin,
    topics: Option<&[&str]>,
    timeout: u64,
) -> Result<MetadataResponse, ClientError> {
    let asked = topics.map(|topics| {
        let name = |topic: &&str| Some(StrBytes::from_string((*topic).to_owned()).into());
        topics.iter().map(|topic| MetadataRequestTopic::default().with_name(name(topic))).collect()
    });
    let request =
        MetadataRequest::default().with_topics(asked).with_allow_auto_topic_creation(false);
    let answer = admin.ask(Route::Any, request);
    let answer = tokio::time::timeout(Duration::from_secs(timeout), answer).await;
    answer.unwrap_or(Err(ClientError::Connect {
        address: String::new(),
        kind: std::io::ErrorKind::TimedOut,
    }))
}

/// Lists brokers, topics and partitions.
pub(super) async fn list(
    options: &Options,
    config: ClientConfig,
    out: &mut Out,
) -> Result<(), Stop> {
    let from = config.bootstrap.first().cloned().unwrap_or_default();
    let admin = Admin::start(config)?;
    let topic = options.topic.as_deref();
    let asked = topic.map(|topic| vec![topic]);
    let answer = metadata(&admin, asked.as_deref(), options.timeout).await;
    let answer = answer.map_err(|error| {
        let words = client_words(&error);
        let hint = match error {
            ClientError::Refused(_) => "",
            _ => {
                " (Are the brokers reachable? Also try increasing the metadata timeout with -m \
                  <timeout>?)"
            }
        };
        fatal(&format!("Failed to acquire metadata: {words}{hint}"))
    })?;
    if options.json {
        out.write_all(&as_json(&answer, topic, &from))?;
        return Ok(());
    }
    out.write_all(as_text(&answer, topic, &from).as_bytes())?;
    Ok(())
}

/// Which broker answered, as kcat names it: the only one, or one that listens at the address that
/// was asked; otherwise just that address.
fn origin(answer: &MetadataResponse, from: &str) -> (i32, String) {
    let broker = match answer.brokers.as_slice() {
        [only] => Some(only),
        brokers => brokers.iter().find(|broker| address(broker) == from),
    };
    match broker {
        Some(broker) => (broker.node_id.0, format!("{}/{}", address(broker), broker.node_id.0)),
        None => (-1, format!("{from}/bootstrap")),
    }
}

fn address(broker: &MetadataResponseBroker) -> String {
    format!("{}:{}", broker.host.as_str(), broker.port)
}

pub(super) fn error(code: i16) -> Option<ResponseError> {
    ResponseError::try_from_code(code)
}

fn name(topic: &MetadataResponseTopic) -> &str {
    topic.name.as_ref().map_or("", |name| name.as_str())
}

fn as_text(answer: &MetadataResponse, topic: Option<&str>, from: &str) -> String {
    let (id, broker) = origin(answer, from);
    let mut text = format!(
        "Metadata for {} (from broker {id}: {broker}):\n {} brokers:\n",
        topic.unwrap_or("all topics"),
        answer.brokers.len()
    );
    for broker in &answer.brokers {
        let id = broker.node_id;
        let controller = if answer.controller_id == id { " (controller)" } else { "" };
        text.push_str(&format!("  broker {} at {}{controller}\n", id.0, address(broker)));
    }
    text.push_str(&format!(" {} topics:\n", answer.topics.len()));
    for topic in &answer.topics {
        let count = topic.partitions.len();
        text.push_str(&format!("  topic \"{}\" with {count} partitions:", name(topic)));
        if let Some(error) = error(topic.error_code) {
            text.push_str(&format!(" {}", response_words(error)));
            if error == ResponseError::LeaderNotAvailable {
                text.push_str(" (try again)");
            }
        }
        text.push('\n');
        for partition in &topic.partitions {
            text.push_str(&partition_text(partition));
        }
    }
    text
}

fn partition_text(partition: &MetadataResponsePartition) -> String {
    let ids = |ids: &[kafka_protocol::messages::BrokerId]| {
        ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",")
    };
    let error = error(partition.error_code);
    let error = error.map_or(String::new(), |error| format!(", {}", response_words(error)));
    format!(
        "    partition {}, leader {}, replicas: {}, isrs: {}{error}\n",
        partition.partition_index,
        partition.leader_id.0,
        ids(&partition.replica_nodes),
        ids(&partition.isr_nodes)
    )
}

fn as_json(answer: &MetadataResponse, topic: Option<&str>, from: &str) -> Vec<u8> {
    let mut json = Json::default();
    json.open(b'{');
    json.key("originating_broker");
    json.open(b'{');
    let (id, broker) = origin(answer, from);
    json.integer("id", i64::from(id));
    json.text("name", &broker);
    json.close(b'}');
    json.key("query");
    json.open(b'{');
    json.text("topic", topic.unwrap_or("*"));
    json.close(b'}');
    json.integer("controllerid", i64::from(answer.controller_id.0));
    json.key("brokers");
    json.open(b'[');
    for broker in &answer.brokers {
        json.open(b'{');
        json.integer("id", i64::from(broker.node_id.0));
        json.text("name", &address(broker));
        json.close(b'}');
    }
    json.close(b']');
    json.key("topics");
    json.open(b'[');
    for topic in &answer.topics {
        json.open(b'{');
        json.text("topic", name(topic));
        if let Some(error) = error(topic.error_code) {
            json.text("error", &response_words(error));
        }
        json.key("partitions");
        json.open(b'[');
        for partition in &topic.partitions {
            partition_json(partition, &mut json);
        }
        json.close(b']');
        json.close(b'}');
    }
    json.close(b']');
    json.close(b'}');
    json.into_bytes()
}

fn partition_json(partition: &MetadataResponsePartition, json: &mut Json) {
    json.open(b'{');
    json.integer("partition", i64::from(partition.partition_index));
    if let Some(error) = error(partition.error_code) {
        json.text("error", &response_words(error));
    }
    json.integer("leader", i64::from(partition.leader_id.0));
    for (name, ids) in [("replicas", &partition.replica_nodes), ("isrs", &partition.isr_nodes)] {
        json.key(name);
        json.open(b'[');
        for id in ids {
            json.open(b'{');
            json.integer("id", i64::from(id.0));
            json.close(b'}');
        }
        json.close(b']');
    }
    json.close(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_listed_as_kcat_lists_it() {
        let partition = MetadataResponsePartition::default()
            .with_partition_index(0)
            .with_leader_id(1.into())
            .with_replica_nodes(vec![1.into(), 2.into()])
            .with_isr_nodes(vec![1.into()]);
        let topic = MetadataResponseTopic::default()
            .with_name(Some(StrBytes::from_static_str("t").into()))
            .with_partitions(vec![partition]);
        let broker = MetadataResponseBroker::default()
            .with_node_id(1.into())
            .with_host(StrBytes::from_static_str("h"))
            .with_port(9092);
        let answer = MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_controller_id(1.into())
            .with_topics(vec![topic]);
        let wanted = "Metadata for all topics (from broker 1: h:9092/1):\n 1 brokers:\n  \
                      broker 1 at h:9092 (controller)\n 1 topics:\n  topic \"t\" with 1 \
                      partitions:\n    partition 0, leader 1, replicas: 1,2, isrs: 1\n";
        assert_eq!(as_text(&answer, None, "h:9092"), wanted);
        let json = as_json(&answer, Some("t"), "h:9092");
        let wanted = concat!(
            r#"{"originating_broker":{"id":1,"name":"h:9092/1"},"query":{"topic":"t"},"#,
            r#""controllerid":1,"brokers":[{"id":1,"name":"h:9092"}],"topics":[{"topic":"t","#,
            r#""partitions":[{"partition":0,"leader":1,"replicas":[{"id":1},{"id":2}],"#,
            r#""isrs":[{"id":1}]}]}]}"#,
        );
        assert_eq!(String::from_utf8_lossy(&json), wanted);
    }
}
