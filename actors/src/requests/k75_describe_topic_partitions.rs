//! DescribeTopicPartitions (key 75), version 0: topics page by page (KIP-966).
//!
//! Topics come in order of name; a page ends after so many partitions, and its cursor names the
//! partition that the next begins with.

use std::collections::BTreeSet;
use std::ops::Bound;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_topic_partitions_request::Cursor as Asked;
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition as Partition,
    DescribeTopicPartitionsResponseTopic as Topic,
};
use kafka_protocol::messages::{
    BrokerId as WireBroker, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::BrokerId;
use ottla_core::controller::{
    ALL_TOPIC_OPERATIONS, MetadataImage, OPERATIONS_OMITTED, TopicImage, is_internal_topic,
    validate_topic_name,
};

use super::Request;

/// Answers from the image.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DescribeTopicPartitionsRequest>() else { return };
    let image = request.node.image.load_full();
    let response = if is_valid(&body) {
        let most = request.node.dynamic.load().max_request_partition_size_limit.max(1);
        page(&image, &request.listener.name, &body, most)
    } else {
        let code = ResponseError::InvalidRequest.code();
        let topics = body.topics.iter().map(|topic| {
            Topic::default()
                .with_name(Some(topic.name.clone()))
                .with_error_code(code)
                .with_topic_authorized_operations(OPERATIONS_OMITTED)
        });
        DescribeTopicPartitionsResponse::default().with_topics(topics.collect())
    };
    request.respond(&response);
}

/// The cursor names a partition, of a topic that is asked for.
fn is_valid(body: &DescribeTopicPartitionsRequest) -> bool {
    let Some(cursor) = &body.cursor else { return true };
    let listed = body.topics.is_empty() || body.topics.iter().any(|t| t.name == cursor.topic_name);
    cursor.partition_index >= 0 && listed
}

fn names(image: &MetadataImage, body: &DescribeTopicPartitionsRequest) -> Vec<String> {
    let all: BTreeSet<String> = if body.topics.is_empty() {
        image.topics().map(|topic| topic.name.to_string()).collect()
    } else {
        body.topics.iter().map(|topic| topic.name.to_string()).collect()
    };
    let from = match &body.cursor {
        Some(Asked { topic_name, .. }) => Bound::Included(topic_name.to_string()),
        None => Bound::Unbounded,
    };
    all.range((from, Bound::Unbounded)).cloned().collect()
}

fn page(
    image: &MetadataImage,
    listener: &str,
    body: &DescribeTopicPartitionsRequest,
    most: i32,
) -> DescribeTopicPartitionsResponse {
    let limit = body.response_partition_limit.clamp(1, most);
    let mut room = usize::try_from(limit).unwrap_or(1);
    let mut topics = Vec::new();
    let mut next = None;
    for name in names(image, body) {
        let first = match &body.cursor {
            Some(cursor) if *cursor.topic_name == *name => cursor.partition_index,
            _ => 0,
        };
        if room == 0 {
            next = Some((name, 0));
            break;
        }
        let Some(topic) = image.topic(&name) else {
            topics.push(unknown(&name));
            continue;
        };
        let (described, more) = describe(image, listener, topic, first, room);
        room -= described.partitions.len();
        topics.push(described);
        if let Some(index) = more {
            next = Some((name, index));
            break;
        }
    }
    let cursor = next.map(|(name, index)| {
        Cursor::default()
            .with_topic_name(StrBytes::from_string(name).into())
            .with_partition_index(index)
    });
    DescribeTopicPartitionsResponse::default().with_topics(topics).with_next_cursor(cursor)
}

fn unknown(name: &str) -> Topic {
    let code = match validate_topic_name(name) {
        Ok(()) => ResponseError::UnknownTopicOrPartition,
        Err(_) => ResponseError::InvalidTopicException,
    };
    Topic::default()
        .with_name(Some(StrBytes::from_string(name.to_owned()).into()))
        .with_error_code(code.code())
        .with_is_internal(is_internal_topic(name))
        .with_topic_authorized_operations(ALL_TOPIC_OPERATIONS)
}

fn wire(ids: &[BrokerId]) -> Vec<WireBroker> {
    ids.iter().map(|id| WireBroker(id.0)).collect()
}

/// The topic from partition `first` on, and the partition at which the next page goes on.
fn describe(
    image: &MetadataImage,
    listener: &str,
    topic: &TopicImage,
    first: i32,
    room: usize,
) -> (Topic, Option<i32>) {
    let skip = usize::try_from(first).unwrap_or(0);
    let rest = topic.partitions.iter().zip(0..).skip(skip);
    let partitions: Vec<Partition> = rest
        .take(room)
        .map(|(partition, index)| {
            let view = image.partition_view(partition, listener);
            Partition::default()
                .with_error_code(view.error.map_or(0, |error| error.code()))
                .with_partition_index(index)
                .with_leader_id(WireBroker(view.leader.0))
                .with_leader_epoch(partition.leader_epoch.0)
                .with_replica_nodes(wire(&partition.replicas))
                .with_isr_nodes(wire(&partition.isr))
                .with_eligible_leader_replicas(Some(Vec::new()))
                .with_last_known_elr(Some(Vec::new()))
                .with_offline_replicas(wire(&view.offline_replicas))
        })
        .collect();
    let end = skip.saturating_add(partitions.len());
    let more = (end < topic.partitions.len()).then(|| i32::try_from(end).unwrap_or(i32::MAX));
    let described = Topic::default()
        .with_name(Some(StrBytes::from_string(topic.name.to_string()).into()))
        .with_topic_id(topic.id)
        .with_is_internal(is_internal_topic(&topic.name))
        .with_partitions(partitions)
        .with_topic_authorized_operations(ALL_TOPIC_OPERATIONS);
    (described, more)
}
