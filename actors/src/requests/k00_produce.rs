//! Produce (key 0), versions 3–13: appends record batches.
//!
//! | version | added |
//! |---|---|
//! | 5 | log start offset in the answer |
//! | 7 | zstd may be used |
//! | 8 | errors of single records (KIP-467) |
//! | 9 | flexible |
//! | 10 | leader and endpoint on NOT_LEADER_OR_FOLLOWER (KIP-951) |
//! | 13 | topics by id (KIP-516) |
//!
//! Stage one puts an append into the mailbox of every partition, in order; the answer leaves when
//! the last of them has been answered.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse,
    TopicProduceResponse,
};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::{BrokerId, LeaderEpoch, TopicId};
use ottla_core::controller::MetadataImage;
use ottla_core::partition::Refusal;
use ottla_core::storage::{AppendInfo, AppendOrigin};
use ottla_core::wire::produce::{
    ProducedTopic, SingleProduce, SingleProduced, decode_single, encode_single,
};

use super::Request;
use super::targets::{self, Target};
use crate::partition::messages::{Append, AppendRefused, AppendReply};
use crate::protocol::Segment;
use crate::runtime::{Join, ReplyPort};

/// From this version on zstd may be used (KIP-110).
const ZSTD: i16 = 7;
/// From this version on topics are named by id.
const TOPIC_IDS: i16 = 13;
/// From this version on an answer names the leader to go to.
const LEADERS: i16 = 10;
/// From this version on an answer names the records at fault.
const RECORD_ERRORS: i16 = 8;

/// Appends; with acks=0 nothing is answered, and an error closes the connection.
pub(crate) fn handle(request: Request) {
    match decode_single(&request.body, request.header.version) {
        Some(single) => handle_single(request, single),
        None => handle_any(request),
    }
}

/// One batch for one partition, as most requests are where latency counts.
fn handle_single(request: Request, single: SingleProduce) {
    let node = Arc::clone(&request.node);
    let SingleProduce { acks, timeout_ms, topic, partition, records } = single;
    let version = request.header.version;
    let target = match &topic {
        ProducedTopic::Name(_) => {
            targets::by_name(&node.image.load(), topic.name().unwrap_or_default(), partition)
        }
        ProducedTopic::Id(id) => targets::by_id(&node.image.load(), *id, partition),
    };
    let zstd_refused = version < ZSTD && is_zstd(&records);
    let reply = ReplyPort::new(move |answer: AppendReply| match answer {
        Ok(_) if acks == 0 => request.reply.none(),
        Ok(info) => {
            let produced = SingleProduced {
                partition,
                base_offset: info.first_offset.0,
                log_append_time: info.log_append_time,
                log_start: info.log_start.0,
            };
            let correlation_id = request.header.correlation_id;
            let bytes = encode_single(correlation_id, version, &topic, &produced);
            request.reply.send(vec![Segment::Bytes(bytes)]);
        }
        Err(refused) => {
            let image = request.node.image.load_full();
            answer_all(request, &image, acks, &[named(&topic, partition)], vec![Err(refused)]);
        }
    });
    if zstd_refused {
        return reply.send(Err(no_zstd()));
    }
    let timeout_ms = u32::try_from(timeout_ms).unwrap_or(0);
    let (records, origin) = (records.into(), AppendOrigin::Client);
    let append = Append { records, acks, timeout_ms, origin, reply };
    targets::deliver(&node, &target, append);
}

/// A request for one partition as the general codec would have read it, without its records.
fn named(topic: &ProducedTopic, partition: i32) -> TopicProduceData {
    let partition = PartitionProduceData::default().with_index(partition);
    let data = TopicProduceData::default().with_partition_data(vec![partition]);
    match topic {
        ProducedTopic::Id(id) => data.with_topic_id(*id),
        ProducedTopic::Name(name) => {
            let name = StrBytes::from_utf8(name.clone()).unwrap_or_default();
            data.with_name(name.into())
        }
    }
}

fn no_zstd() -> AppendRefused {
    let code = ResponseError::UnsupportedCompressionType;
    AppendRefused { code, ..Refusal::UnknownPartition.into() }
}

fn handle_any(mut request: Request) {
    let Ok(body) = request.decode::<ProduceRequest>() else { return };
    let node = Arc::clone(&request.node);
    let image = node.image.load_full();
    let version = request.header.version;
    let by_id = version >= TOPIC_IDS;
    let ProduceRequest { acks, timeout_ms, mut topic_data, .. } = body;
    let mut appends = Vec::new();
    for topic in &mut topic_data {
        for partition in &mut topic.partition_data {
            let target =
                resolve(&image, topic.name.as_str(), topic.topic_id, partition.index, by_id);
            appends.push((target, partition.records.take().unwrap_or_default()));
        }
    }
    let timeout_ms = u32::try_from(timeout_ms).unwrap_or(0);
    let done = move |answers| answer_all(request, &image, acks, &topic_data, answers);
    let ports = Join::ports(appends.len(), done);
    for ((target, records), reply) in appends.into_iter().zip(ports) {
        if version < ZSTD && is_zstd(&records) {
            reply.send(Err(no_zstd()));
            continue;
        }
        let (records, origin) = (records.into(), AppendOrigin::Client);
        let append = Append { records, acks, timeout_ms, origin, reply };
        targets::deliver(&node, &target, append);
    }
}

/// What the attributes of the first batch say; whether it is a batch is found out later.
fn is_zstd(records: &[u8]) -> bool {
    records.get(22).is_some_and(|attributes| attributes & 0x07 == 4)
}

fn resolve(
    image: &MetadataImage,
    name: &str,
    id: TopicId,
    partition: i32,
    by_id: bool,
) -> Result<Target, Refusal> {
    if by_id {
        targets::by_id(image, id, partition)
    } else {
        targets::by_name(image, name, partition)
    }
}

/// Runs on the thread that answered last.
fn answer_all(
    request: Request,
    image: &MetadataImage,
    acks: i16,
    topics: &[TopicProduceData],
    answers: Vec<AppendReply>,
) {
    if acks == 0 {
        match answers.into_iter().find_map(Result::err) {
            None => request.reply.none(),
            // there is no answer to carry the error: Kafka closes the connection, which makes the
            // client look up its leaders
            Some(refused) => {
                let code = refused.code;
                tracing::info!(%code, "closing the connection: an append with acks=0 failed");
            }
        }
        return;
    }
    let version = request.header.version;
    let mut answers = answers.into_iter();
    let mut leaders = Vec::new();
    let responses = topics
        .iter()
        .map(|topic| {
            let partitions = topic.partition_data.iter().zip(&mut answers);
            let partitions = partitions.map(|(asked, answer)| match answer {
                Ok(info) => appended(asked.index, &info),
                Err(refused) => {
                    leaders.push(refused.leader);
                    failed(asked.index, refused, version)
                }
            });
            let response =
                TopicProduceResponse::default().with_partition_responses(partitions.collect());
            if version >= TOPIC_IDS {
                response.with_topic_id(topic.topic_id)
            } else {
                response.with_name(topic.name.clone())
            }
        })
        .collect();
    let mut response = ProduceResponse::default().with_responses(responses);
    if version >= LEADERS {
        response.node_endpoints = endpoints(&request, image, leaders);
    }
    request.respond(&response);
}

fn appended(index: i32, info: &AppendInfo) -> PartitionProduceResponse {
    PartitionProduceResponse::default()
        .with_index(index)
        .with_base_offset(info.first_offset.0)
        .with_log_append_time_ms(info.log_append_time)
        .with_log_start_offset(info.log_start.0)
}

fn failed(index: i32, refused: AppendRefused, version: i16) -> PartitionProduceResponse {
    let mut response = PartitionProduceResponse::default()
        .with_index(index)
        .with_error_code(refused.code.code())
        .with_base_offset(-1)
        .with_log_append_time_ms(-1)
        .with_log_start_offset(refused.log_start.0);
    if version >= RECORD_ERRORS {
        response.error_message = refused.message.map(StrBytes::from_string);
        let records = refused.record_errors.into_iter().map(|(index, message)| {
            BatchIndexAndErrorMessage::default()
                .with_batch_index(index)
                .with_batch_index_error_message(message.map(StrBytes::from_string))
        });
        response.record_errors = records.collect();
    }
    if version >= LEADERS
        && refused.code == ResponseError::NotLeaderOrFollower
        && let Some((leader, epoch)) = refused.leader
    {
        response.current_leader =
            LeaderIdAndEpoch::default().with_leader_id(leader.0.into()).with_leader_epoch(epoch.0);
    }
    response
}

fn endpoints(
    request: &Request,
    image: &MetadataImage,
    leaders: Vec<Option<(BrokerId, LeaderEpoch)>>,
) -> Vec<NodeEndpoint> {
    let leaders = targets::leaders(leaders.into_iter());
    let endpoint = |id: BrokerId| {
        let (endpoint, rack) = targets::leader_endpoint(image, request, id)?;
        Some(
            NodeEndpoint::default()
                .with_node_id(id.0.into())
                .with_host(StrBytes::from_string(endpoint.host.clone()))
                .with_port(endpoint.port.into())
                .with_rack(rack.map(|rack| StrBytes::from_string(rack.to_owned()))),
        )
    };
    leaders.into_iter().filter_map(endpoint).collect()
}
