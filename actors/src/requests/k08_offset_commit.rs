//! OffsetCommit (key 8), versions 2–9: answered when the offsets are in the log.
//!
//! | version | added |
//! |---|---|
//! | 3 | throttle time |
//! | 5 | no retention time any more |
//! | 6 | leader epochs (KIP-320) |
//! | 7 | static members (KIP-345) |
//! | 8 | flexible |
//! | 9 | GROUP_ID_NOT_FOUND; member epochs (KIP-848) |

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use ottla_core::controller::MetadataImage;
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};

/// Refuses partitions that do not exist and hands the rest to the group's coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(mut body) = request.decode::<OffsetCommitRequest>() else { return };
    let unknown = split_unknown(&mut body, &request.node.image.load());
    if body.topics.is_empty() {
        return request.respond(&OffsetCommitResponse::default().with_topics(unknown));
    }
    let group_id = body.group_id.clone();
    let what = group::Request::Commit(body);
    group_call::forward(request, &group_id, Uuid::nil(), what, move |answer, _| {
        let Response::Commit(answer) = answer else { return None };
        Some(merge(answer, unknown))
    });
}

/// Takes the partitions that do not exist out of a request; what is left may be empty. The topics
/// that do exist get their ids, which are stored with the offsets.
fn split_unknown(
    body: &mut OffsetCommitRequest,
    image: &MetadataImage,
) -> Vec<OffsetCommitResponseTopic> {
    let code = ResponseError::UnknownTopicOrPartition.code();
    let mut unknown = Vec::new();
    for topic in &mut body.topics {
        topic.topic_id = image.topic(&topic.name).map(|topic| topic.id).unwrap_or_default();
        let mut partitions = Vec::new();
        topic.partitions.retain(|partition| {
            let index = partition.partition_index;
            let exists = image.partition(&topic.name, index).is_some();
            if !exists {
                let part = OffsetCommitResponsePartition::default().with_partition_index(index);
                partitions.push(part.with_error_code(code));
            }
            exists
        });
        if !partitions.is_empty() {
            let name = topic.name.clone();
            let topic = OffsetCommitResponseTopic::default().with_name(name);
            unknown.push(topic.with_partitions(partitions));
        }
    }
    body.topics.retain(|topic| !topic.partitions.is_empty());
    unknown
}

/// One entry for each topic, refused partitions first, as Kafka puts them together.
fn merge(
    mut answer: OffsetCommitResponse,
    unknown: Vec<OffsetCommitResponseTopic>,
) -> OffsetCommitResponse {
    let answered = std::mem::replace(&mut answer.topics, unknown);
    for topic in answered {
        match answer.topics.iter_mut().find(|refused| refused.name == topic.name) {
            Some(refused) => refused.partitions.extend(topic.partitions),
            None => answer.topics.push(topic),
        }
    }
    answer
}
