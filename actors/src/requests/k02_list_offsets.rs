//! ListOffsets (key 2), versions 1–10: offsets by time, and the ends of a log.
//!
//! | version | added |
//! |---|---|
//! | 2 | isolation level |
//! | 4 | leader epochs |
//! | 6 | flexible |
//! | 7 | the largest timestamp, -3 (KIP-734) |
//! | 8 | the earliest local offset, -4 (KIP-405) |
//! | 9 | the latest tiered offset, -5 (KIP-1005) |
//! | 10 | time-out |

use std::collections::HashSet;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsTopic;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use ottla_core::base::LeaderEpoch;
use ottla_core::partition::Isolation;

use super::Request;
use super::targets;
use crate::partition::messages::{ListOffset, ListOffsetReply};

/// Kafka's timestamps with a meaning, and the version that brought each.
const SPECIAL: [(i64, i16); 6] = [(-1, 1), (-2, 1), (-3, 7), (-4, 8), (-5, 9), (-6, 11)];

/// From this version on an answer has the leader epoch.
const LEADER_EPOCHS: i16 = 4;

/// Answers when every partition has.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<ListOffsetsRequest>() else { return };
    actix_rt::spawn(serve(request, body));
}

async fn serve(request: Request, body: ListOffsetsRequest) {
    let version = request.header.version;
    let isolation = Isolation::from_wire(body.isolation_level);
    let image = request.node.image.load_full();
    let asked =
        || body.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    let (ports, answers) = targets::gather(asked().count());
    for ((topic, partition), reply) in asked().zip(ports) {
        let target = targets::by_name(&image, topic.name.as_str(), partition.partition_index);
        let timestamp = partition.timestamp;
        let current_leader_epoch = LeaderEpoch(partition.current_leader_epoch);
        let message = ListOffset { timestamp, isolation, current_leader_epoch, reply };
        targets::deliver(&request.node, &target, message);
    }
    let Ok(answers) = answers.await else { return };
    let mut answers = answers.into_iter();
    let topics = body.topics.iter().map(|topic| topic_response(topic, version, &mut answers));
    let response = ListOffsetsResponse::default().with_topics(topics.collect());
    request.respond(&response);
}

fn topic_response(
    topic: &ListOffsetsTopic,
    version: i16,
    answers: &mut impl Iterator<Item = ListOffsetReply>,
) -> ListOffsetsTopicResponse {
    let mut seen = HashSet::new();
    let mut doubled = HashSet::new();
    for partition in &topic.partitions {
        if !seen.insert(partition.partition_index) {
            doubled.insert(partition.partition_index);
        }
    }
    let partitions = topic.partitions.iter().zip(answers).map(|(asked, answer)| {
        let index = asked.partition_index;
        let too_new =
            SPECIAL.iter().any(|(code, since)| asked.timestamp == *code && version < *since);
        if doubled.contains(&index) {
            failed(index, ResponseError::InvalidRequest)
        } else if too_new {
            failed(index, ResponseError::UnsupportedVersion)
        } else {
            partition_response(index, version, answer)
        }
    });
    ListOffsetsTopicResponse::default()
        .with_name(topic.name.clone())
        .with_partitions(partitions.collect())
}

fn partition_response(
    index: i32,
    version: i16,
    answer: ListOffsetReply,
) -> ListOffsetsPartitionResponse {
    let response = ListOffsetsPartitionResponse::default().with_partition_index(index);
    match answer {
        Ok(Some(found)) => response
            .with_timestamp(found.timestamp)
            .with_offset(found.offset.0)
            .with_leader_epoch(if version >= LEADER_EPOCHS { found.leader_epoch.0 } else { -1 }),
        // no record is like that: no error, and nothing found
        Ok(None) => response.with_timestamp(-1).with_offset(-1).with_leader_epoch(-1),
        Err(refusal) => failed(index, refusal.code()),
    }
}

fn failed(index: i32, code: ResponseError) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse::default()
        .with_partition_index(index)
        .with_error_code(code.code())
        .with_timestamp(-1)
        .with_offset(-1)
        .with_leader_epoch(-1)
}
