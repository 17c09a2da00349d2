//! `-Q`: offsets by time.

use std::io::Write;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use ottla_actors::client::admin::{Admin, OffsetSpec};
use ottla_actors::client::{ClientConfig, ClientError};
use ottla_core::base::TopicPartition;

use super::json::Json;
use super::list::{client_words, error, metadata, response_words};
use super::options::{Options, Query};
use super::settings::fatal;
use crate::cli::kit::{Out, Stop};

/// librdkafka's word for what the metadata does not have.
const UNKNOWN: &str = "Local: Unknown partition";

/// What came of one `-t`.
struct Found<'a> {
    topic: &'a str,
    partition: i32,
    /// What was asked for where there is an error.
    offset: i64,
    error: Option<String>,
}

/// Prints the offset of each partition and time that was asked for, by topic and partition.
pub(super) async fn query(
    options: &Options,
    config: ClientConfig,
    out: &mut Out,
) -> Result<(), Stop> {
    let admin = Admin::start(config)?;
    let mut found = Vec::with_capacity(options.queries.len());
    let mut known = 0;
    for query in &options.queries {
        let (offset, error) = match offset(&admin, query, options.timeout).await {
            Ok(offset) => (offset, None),
            Err(ClientError::Refused(ResponseError::UnknownTopicOrPartition)) => {
                (query.timestamp, Some(unknown(&admin, &query.topic, options.timeout).await))
            }
            Err(ClientError::Refused(error)) => (query.timestamp, Some(response_words(error))),
            Err(error) => {
                let words = client_words(&error);
                return Err(fatal(&format!("offsets_for_times failed: {words}")));
            }
        };
        known += usize::from(error.is_none());
        let (topic, partition) = (query.topic.as_str(), query.partition);
        found.push(Found { topic, partition, offset, error });
    }
    if known == 0 {
        return Err(fatal(&format!("offsets_for_times failed: {UNKNOWN}")));
    }
    found.sort_by_key(|found| (found.topic, found.partition));
    if options.json {
        out.write_all(&as_json(&found))?;
        return Ok(());
    }
    for Found { topic, partition, offset, error } in &found {
        let error = error.as_ref().map_or(String::new(), |error| format!(": {error}"));
        out.line(format!("{topic} [{partition}] offset {offset}{error}"))?;
    }
    Ok(())
}

/// The offset; -1 if there is no record that young.
async fn offset(admin: &Admin, query: &Query, timeout: u64) -> Result<i64, ClientError> {
    let partition = TopicPartition::new(query.topic.as_str(), query.partition);
    let spec = match query.timestamp {
        -1 => OffsetSpec::Latest,
        -2 => OffsetSpec::Earliest,
        timestamp => OffsetSpec::At(timestamp),
    };
    let answer = admin.offset(&partition, spec);
    let answer = tokio::time::timeout(Duration::from_secs(timeout), answer).await;
    let offset = answer.unwrap_or(Err(ClientError::TimedOut))?;
    Ok(offset.map_or(-1, |(offset, _)| offset.0))
}

/// Whose word it is that there is no such partition: the broker's where there is no such topic.
async fn unknown(admin: &Admin, topic: &str, timeout: u64) -> String {
    let answer = metadata(admin, Some(&[topic]), timeout).await;
    let refused = |answer: kafka_protocol::messages::MetadataResponse| {
        answer.topics.first().and_then(|topic| error(topic.error_code))
    };
    answer.ok().and_then(refused).map_or_else(|| UNKNOWN.to_owned(), response_words)
}

fn as_json(found: &[Found<'_>]) -> Vec<u8> {
    let mut json = Json::default();
    json.open(b'{');
    let mut last: Option<&str> = None;
    for Found { topic, partition, offset, error } in found {
        if last != Some(topic) {
            if last.is_some() {
                json.close(b'}');
            }
            json.key(topic);
            json.open(b'{');
            json.text("topic", topic);
            last = Some(topic);
        }
        json.key(&partition.to_string());
        json.open(b'{');
        json.integer("partition", i64::from(*partition));
        json.integer("offset", *offset);
        if let Some(error) = error {
            json.text("error", error);
        }
        json.close(b'}');
    }
    if last.is_some() {
        json.close(b'}');
    }
    json.close(b'}');
    json.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_listed_by_topic() {
        let error = Some("Broker: Unknown topic or partition".to_owned());
        let found = [("a", 0, 5, None), ("a", 0, 5, None), ("a", 1, -1, error), ("b", 0, 7, None)];
        let found = found.map(|(topic, partition, offset, error)| Found {
            topic,
            partition,
            offset,
            error,
        });
        let wanted = concat!(
            r#"{"a":{"topic":"a","0":{"partition":0,"offset":5},"0":{"partition":0,"offset":5},"#,
            r#""1":{"partition":1,"offset":-1,"error":"Broker: Unknown topic or partition"}},"#,
            r#""b":{"topic":"b","0":{"partition":0,"offset":7}}}"#,
        );
        assert_eq!(String::from_utf8_lossy(&as_json(&found)), wanted);
        assert_eq!(as_json(&[]), b"{}");
    }
}
