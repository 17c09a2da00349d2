//! OffsetDelete (key 47), version 0: offsets of topics that nobody in the group reads (KIP-496).

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};
use ottla_core::controller::MetadataImage;
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};

/// Refuses partitions that do not exist and hands the rest to the group's coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(mut body) = request.decode::<OffsetDeleteRequest>() else { return };
    let unknown = split_unknown(&mut body, &request.node.image.load());
    let group_id = body.group_id.clone();
    let what = group::Request::DeleteOffsets(body);
    group_call::forward(request, &group_id, Uuid::nil(), what, move |answer, _| {
        let Response::DeleteOffsets(answer) = answer else { return None };
        Some(merge(answer, unknown))
    });
}

fn split_unknown(
    body: &mut OffsetDeleteRequest,
    image: &MetadataImage,
) -> Vec<OffsetDeleteResponseTopic> {
    let code = ResponseError::UnknownTopicOrPartition.code();
    let mut unknown = Vec::new();
    for topic in &mut body.topics {
        let mut partitions = Vec::new();
        topic.partitions.retain(|partition| {
            let index = partition.partition_index;
            let exists = image.partition(&topic.name, index).is_some();
            if !exists {
                let part = OffsetDeleteResponsePartition::default().with_partition_index(index);
                partitions.push(part.with_error_code(code));
            }
            exists
        });
        if !partitions.is_empty() {
            let name = topic.name.clone();
            let topic = OffsetDeleteResponseTopic::default().with_name(name);
            unknown.push(topic.with_partitions(partitions));
        }
    }
    body.topics.retain(|topic| !topic.partitions.is_empty());
    unknown
}

/// An error of the whole group says it all.
fn merge(
    mut answer: OffsetDeleteResponse,
    unknown: Vec<OffsetDeleteResponseTopic>,
) -> OffsetDeleteResponse {
    if answer.error_code != 0 {
        return answer;
    }
    let answered = std::mem::replace(&mut answer.topics, unknown);
    for topic in answered {
        match answer.topics.iter_mut().find(|refused| refused.name == topic.name) {
            Some(refused) => refused.partitions.extend(topic.partitions),
            None => answer.topics.push(topic),
        }
    }
    answer
}
