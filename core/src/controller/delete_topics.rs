//! Decides DeleteTopics: by name up to version 5, by name or id from version 6.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use kafka_protocol::protocol::StrBytes;

use super::Refusal;
use super::decision::Decision;
use super::image::MetadataImage;
use super::record::MetadataRecord;
use crate::base::TopicId;

const UNKNOWN_TOPIC: &str = "This server does not host this topic-partition.";
const UNKNOWN_ID: &str = "This server does not host this topic ID.";

#[derive(Default)]
struct Asked {
    names: BTreeSet<String>,
    ids: BTreeSet<TopicId>,
    names_twice: BTreeSet<String>,
    ids_twice: BTreeSet<TopicId>,
    results: Vec<DeletableTopicResult>,
}

impl Asked {
    fn name(&mut self, name: &str) {
        if self.names_twice.contains(name) || !self.names.insert(name.to_owned()) {
            self.names.remove(name);
            self.names_twice.insert(name.to_owned());
        }
    }

    fn id(&mut self, id: TopicId) {
        if self.ids_twice.contains(&id) || !self.ids.insert(id) {
            self.ids.remove(&id);
            self.ids_twice.insert(id);
        }
    }

    fn invalid(&mut self, name: Option<&str>, id: TopicId, text: &str) {
        let refusal = Refusal::new(ResponseError::InvalidRequest, text);
        self.results.push(answer(name, id, Err(&refusal)));
    }
}

fn answer(name: Option<&str>, id: TopicId, outcome: Result<(), &Refusal>) -> DeletableTopicResult {
    let result = DeletableTopicResult::default()
        .with_name(name.map(|n| StrBytes::from_string(n.to_owned()).into()))
        .with_topic_id(id);
    match outcome {
        Ok(()) => result,
        Err(refusal) => result
            .with_error_code(refusal.code.code())
            .with_error_message(refusal.message.clone().map(StrBytes::from_string)),
    }
}

fn gather(request: &DeleteTopicsRequest) -> Asked {
    let mut asked = Asked::default();
    for name in &request.topic_names {
        asked.name(name);
    }
    for topic in &request.topics {
        match (&topic.name, topic.topic_id.is_nil()) {
            (None, true) => {
                asked.invalid(None, TopicId::nil(), "Neither topic name nor id were specified.");
            }
            (None, false) => asked.id(topic.topic_id),
            (Some(name), true) => asked.name(name),
            (Some(name), false) => asked.invalid(
                Some(name),
                topic.topic_id,
                "You may not specify both topic name and topic id.",
            ),
        }
    }
    for name in asked.names_twice.clone() {
        asked.invalid(Some(&name), TopicId::nil(), "Duplicate topic name.");
    }
    for id in asked.ids_twice.clone() {
        asked.invalid(None, id, "Duplicate topic id.");
    }
    asked
}

/// Decides `request`.
#[must_use]
pub fn delete_topics(
    image: &MetadataImage,
    request: &DeleteTopicsRequest,
) -> Decision<DeleteTopicsResponse> {
    let mut asked = gather(request);
    let mut doomed: BTreeMap<TopicId, String> = BTreeMap::new();
    for id in std::mem::take(&mut asked.ids) {
        match image.topic_name(id) {
            Some(name) => {
                doomed.insert(id, name.to_string());
            }
            None => {
                let refusal = Refusal::new(ResponseError::UnknownTopicId, UNKNOWN_ID);
                asked.results.push(answer(None, id, Err(&refusal)));
            }
        }
    }
    for name in std::mem::take(&mut asked.names) {
        let Some(topic) = image.topic(&name) else {
            let refusal = Refusal::new(ResponseError::UnknownTopicOrPartition, UNKNOWN_TOPIC);
            asked.results.push(answer(Some(&name), TopicId::nil(), Err(&refusal)));
            continue;
        };
        let supplied = doomed.insert(topic.id, name.clone()).is_some();
        if supplied || asked.ids_twice.contains(&topic.id) {
            doomed.remove(&topic.id);
            asked.ids_twice.insert(topic.id);
            asked.invalid(
                Some(&name),
                topic.id,
                "The provided topic name maps to an ID that was already supplied.",
            );
        }
    }
    let mut records = Vec::new();
    for (id, name) in doomed {
        records.push(MetadataRecord::RemoveTopic { topic_id: id });
        asked.results.push(answer(Some(&name), id, Ok(())));
    }
    Decision { records, response: DeleteTopicsResponse::default().with_responses(asked.results) }
}

/// The answer when `delete.topic.enable` is false: every topic of the request is refused.
#[must_use]
pub fn deletion_disabled(request: &DeleteTopicsRequest, version: i16) -> DeleteTopicsResponse {
    // the code is newer than the first versions (KIP-322 came with version 3)
    let refusal = Refusal::bare(match version {
        ..3 => ResponseError::InvalidRequest,
        _ => ResponseError::TopicDeletionDisabled,
    });
    let by_name = request.topic_names.iter().map(|name| (Some(&***name), TopicId::nil()));
    let by_state = request.topics.iter().map(|t| (t.name.as_deref().map(|n| &**n), t.topic_id));
    let results = by_name.chain(by_state).map(|(name, id)| answer(name, id, Err(&refusal)));
    DeleteTopicsResponse::default().with_responses(results.collect())
}
