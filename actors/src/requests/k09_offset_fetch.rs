//! OffsetFetch (key 9), versions 1–9: committed offsets of one group or several.
//!
//! | version | added |
//! |---|---|
//! | 2 | all topics; an error code of the whole |
//! | 3 | throttle time |
//! | 5 | leader epochs (KIP-320) |
//! | 6 | flexible |
//! | 7 | require stable (KIP-447) |
//! | 8 | several groups (KIP-709) |
//! | 9 | member id and epoch (KIP-848), which mean nothing to classic groups |

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse};
use ottla_core::controller::MetadataImage;
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};
use crate::runtime::Join;

/// From this version on a request names several groups.
const BATCHED: i16 = 8;

/// From this version on the whole response has an error code.
const TOP_LEVEL_ERROR: i16 = 2;

/// Asks the coordinator of every group.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<OffsetFetchRequest>() else { return };
    let stable = body.require_stable;
    let mut groups =
        if request.header.version < BATCHED { vec![single(body)] } else { body.groups };
    add_ids(&mut groups, &request.node.image.load());
    let caller = group_call::caller(&request, Uuid::nil());
    let node = Arc::clone(&request.node);
    let join = Join::new(groups.len(), move |answers: Vec<Option<Fetched>>| {
        let version = request.header.version;
        request.respond(&response(answers.into_iter().flatten().collect(), version));
    });
    for (index, group) in groups.into_iter().enumerate() {
        let (join, group_id) = (Arc::clone(&join), group.group_id.clone());
        let wanted = group.topics.clone();
        let what = group::Request::Fetch { group, stable };
        node.groups.call(&node, &group_id, caller.clone(), what, move |answer| {
            let answer = match answer {
                Response::Fetch(answer) => Some(Fetched { answer, wanted }),
                _ => None,
            };
            join.fill(index, answer);
        });
    }
}

/// Says which topics are meant: an offset of an older topic of the same name is none of theirs.
fn add_ids(groups: &mut [OffsetFetchRequestGroup], image: &MetadataImage) {
    for topic in groups.iter_mut().filter_map(|group| group.topics.as_mut()).flatten() {
        topic.topic_id = image.topic(&topic.name).map(|topic| topic.id).unwrap_or_default();
    }
}

/// One group's answer, and what was asked for.
struct Fetched {
    answer: OffsetFetchResponseGroup,
    wanted: Option<Vec<OffsetFetchRequestTopics>>,
}

/// The one group of an older request.
fn single(body: OffsetFetchRequest) -> OffsetFetchRequestGroup {
    let topics = body.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| {
            OffsetFetchRequestTopics::default()
                .with_name(topic.name)
                .with_partition_indexes(topic.partition_indexes)
        });
        topics.collect()
    });
    OffsetFetchRequestGroup::default().with_group_id(body.group_id).with_topics(topics)
}

fn response(answers: Vec<Fetched>, version: i16) -> OffsetFetchResponse {
    if version >= BATCHED {
        let groups = answers.into_iter().map(|fetched| fetched.answer).collect();
        return OffsetFetchResponse::default().with_groups(groups);
    }
    let Some(Fetched { answer, wanted }) = answers.into_iter().next() else {
        let code = ResponseError::UnknownServerError.code();
        return OffsetFetchResponse::default().with_error_code(code);
    };
    if answer.error_code != 0 && version < TOP_LEVEL_ERROR {
        let wanted = wanted.unwrap_or_default();
        let topics = wanted.iter().map(|topic| refused(topic, answer.error_code));
        return OffsetFetchResponse::default().with_topics(topics.collect());
    }
    let topics = answer.topics.into_iter().map(older).collect();
    OffsetFetchResponse::default().with_error_code(answer.error_code).with_topics(topics)
}

/// A topic in the form of older responses.
fn older(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let partition = |partition: OffsetFetchResponsePartitions| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(partition.partition_index)
            .with_committed_offset(partition.committed_offset)
            .with_committed_leader_epoch(partition.committed_leader_epoch)
            .with_metadata(partition.metadata)
            .with_error_code(partition.error_code)
    };
    OffsetFetchResponseTopic::default()
        .with_name(topic.name)
        .with_partitions(topic.partitions.into_iter().map(partition).collect())
}

/// A topic of which every partition has the group's error.
fn refused(topic: &OffsetFetchRequestTopics, code: i16) -> OffsetFetchResponseTopic {
    let partitions = topic.partition_indexes.iter().map(|index| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(*index)
            .with_committed_offset(-1)
            .with_error_code(code)
    });
    OffsetFetchResponseTopic::default()
        .with_name(topic.name.clone())
        .with_partitions(partitions.collect())
}
