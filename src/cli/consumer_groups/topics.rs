//! The partitions of the topics that an action is about.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::MetadataRequest;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::protocol::StrBytes;
use ottla_actors::client::{Admin, ClientError, Route};
use ottla_core::base::TopicPartition;

use super::Trouble;

/// A topic's partitions, each with whether it has a leader; or why it has none.
pub(super) type Described = BTreeMap<String, Result<Vec<(i32, bool)>, ResponseError>>;

/// Asks for the partitions of topics.
pub(super) async fn describe(
    admin: &Admin,
    topics: impl IntoIterator<Item = &str>,
) -> Result<Described, ClientError> {
    let names: std::collections::BTreeSet<&str> = topics.into_iter().collect();
    if names.is_empty() {
        return Ok(Described::new());
    }
    let wanted = names.iter().map(|name| {
        let name = StrBytes::from_string((*name).to_owned());
        MetadataRequestTopic::default().with_name(Some(name.into()))
    });
    let request = MetadataRequest::default()
        .with_topics(Some(wanted.collect()))
        .with_allow_auto_topic_creation(false);
    let answer = admin.ask(Route::Any, request).await?;
    let described = answer.topics.iter().filter_map(|topic| {
        let name = topic.name.as_ref()?.as_str().to_owned();
        let mut partitions: Vec<(i32, bool)> = topic
            .partitions
            .iter()
            .map(|partition| (partition.partition_index, partition.leader_id.0 >= 0))
            .collect();
        partitions.sort_unstable();
        match ResponseError::try_from_code(topic.error_code) {
            Some(error) if partitions.is_empty() => Some((name, Err(error))),
            _ => Some((name, Ok(partitions))),
        }
    });
    Ok(described.collect())
}

/// What `--topic` says: a topic, or some of its partitions (`t:0,1,2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Topic(String),
    Partitions(Vec<TopicPartition>),
}

/// Reads one `--topic`.
pub(super) fn scope(text: &str) -> Result<Scope, Trouble> {
    if !text.contains(':') {
        return Ok(Scope::Topic(text.to_owned()));
    }
    // as Java's split, which drops what is empty at the end
    let mut parts: Vec<&str> = text.split(':').collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let [topic, partitions] = parts[..] else {
        let message = format!("Invalid topic arg '{text}', expected topic name and partitions");
        return Err(Trouble::Usage(message));
    };
    let partitions = partitions.split(',').map(|index| {
        let wrong = || format!("Invalid partition '{index}' specified in topic arg '{text}''");
        let index: i32 = index.parse().map_err(|_| Trouble::Usage(wrong()))?;
        Ok(TopicPartition::new(topic, index))
    });
    Ok(Scope::Partitions(partitions.collect::<Result<_, Trouble>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_may_name_their_partitions() {
        assert_eq!(scope("t"), Ok(Scope::Topic("t".to_owned())));
        let two = vec![TopicPartition::new("t", 0), TopicPartition::new("t", 12)];
        assert_eq!(scope("t:0,12"), Ok(Scope::Partitions(two)));
        let wrong = |text: &str| match scope(text) {
            Err(Trouble::Usage(message)) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong("t:x"), "Invalid partition 'x' specified in topic arg 't:x''");
        let parts = "expected topic name and partitions";
        assert_eq!(wrong("t:0:1"), format!("Invalid topic arg 't:0:1', {parts}"));
        assert_eq!(wrong("t:"), format!("Invalid topic arg 't:', {parts}"));
    }
}
