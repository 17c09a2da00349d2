//! FindCoordinator (key 10), versions 0–6: which broker coordinates a group.
//!
//! | version | added |
//! |---|---|
//! | 1 | key types; throttle time; error message |
//! | 3 | flexible |
//! | 4 | several keys (KIP-699) |
//! | 6 | share groups (KIP-932) |
//!
//! The first request creates `__consumer_offsets`, and is answered when it is there.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::controller::{BrokerEndpoint, MetadataImage};
use ottla_core::group::{OFFSETS_TOPIC, partition_for};

use super::Request;

/// From this version on a request has several keys.
const BATCHED: i16 = 4;

/// From this version on a response has an error message.
const WITH_MESSAGE: i16 = 1;

/// From this version on a key may be that of a share partition.
const SHARE: i16 = 6;

/// A refusal names no node.
const NO_NODE: i32 = -1;

/// Looks the coordinators up, after creating the offsets topic if need be.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<FindCoordinatorRequest>() else { return };
    let exists = request.node.image.load().topic(OFFSETS_TOPIC).is_some();
    if exists || body.key_type != GROUP {
        return answer(request, &body);
    }
    actix::spawn(async move {
        let created = request.node.controller.auto_create(vec![Arc::from(OFFSETS_TOPIC)]).await;
        if let Err(error) = created {
            tracing::warn!(%error, "offsets topic is not created");
        }
        answer(request, &body);
    });
}

/// The key type of groups; 1 is transactions, 2 is share partitions.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE_PARTITION: i8 = 2;

fn answer(request: Request, body: &FindCoordinatorRequest) {
    let image = request.node.image.load_full();
    let version = request.header.version;
    let find = |key: &str| find(&image, &request.listener.name, body.key_type, key, version);
    let response = if version >= BATCHED {
        let unknown_type = !(GROUP..=SHARE_PARTITION).contains(&body.key_type);
        let message = if unknown_type { INVALID_REQUEST } else { "" };
        let message = Some(StrBytes::from_static_str(message));
        let found = body.coordinator_keys.iter().map(|key| coordinator(key, find(key)));
        let found = found.map(|found| found.with_error_message(message.clone()));
        FindCoordinatorResponse::default().with_coordinators(found.collect())
    } else {
        single(coordinator(&body.key, find(&body.key)), version)
    };
    request.respond(&response);
}

/// A broker and where to reach it.
type Found = Result<(i32, BrokerEndpoint), ResponseError>;

fn find(image: &MetadataImage, listener: &str, kind: i8, key: &str, version: i16) -> Found {
    match kind {
        GROUP => {}
        // no transactions and no share groups: nobody coordinates them, and clients try again
        TRANSACTION => return Err(ResponseError::CoordinatorNotAvailable),
        SHARE_PARTITION if version >= SHARE && is_share_key(key) => {
            return Err(ResponseError::CoordinatorNotAvailable);
        }
        _ => return Err(ResponseError::InvalidRequest),
    }
    let unavailable = ResponseError::CoordinatorNotAvailable;
    let topic = image.topic(OFFSETS_TOPIC).ok_or(unavailable)?;
    let count = i32::try_from(topic.partitions.len()).unwrap_or(0);
    let partition = image.partition(OFFSETS_TOPIC, partition_for(key, count));
    let leader = partition.filter(|partition| partition.has_leader()).ok_or(unavailable)?.leader;
    let broker = image.broker(leader).filter(|broker| broker.is_active()).ok_or(unavailable)?;
    let endpoint = broker.endpoint(listener).ok_or(unavailable)?;
    Ok((leader.0, endpoint.clone()))
}

/// `group:topicId:partition`, as Kafka's `SharePartitionKey` has it.
fn is_share_key(key: &str) -> bool {
    let mut parts = key.rsplitn(3, ':');
    let partition = parts.next().is_some_and(|part| part.parse::<i32>().is_ok_and(|n| n >= 0));
    let topic = parts.next().is_some_and(|part| part.len() == 22);
    partition && topic && parts.next().is_some_and(|group| !group.is_empty())
}

fn coordinator(key: &StrBytes, found: Found) -> Coordinator {
    let answer = Coordinator::default().with_key(key.clone());
    match found {
        Ok((node, endpoint)) => answer
            .with_node_id(BrokerId(node))
            .with_host(StrBytes::from_string(endpoint.host))
            .with_port(i32::from(endpoint.port)),
        Err(error) => {
            answer.with_node_id(BrokerId(NO_NODE)).with_port(-1).with_error_code(error.code())
        }
    }
}

/// The form of one key; Kafka's message for success is the name of its code.
fn single(found: Coordinator, version: i16) -> FindCoordinatorResponse {
    let message = match ResponseError::try_from_code(found.error_code) {
        None => "NONE",
        Some(ResponseError::InvalidRequest) => INVALID_REQUEST,
        Some(_) => "The coordinator is not available.",
    };
    let message = StrBytes::from_static_str(message);
    let message = if version >= WITH_MESSAGE { Some(message) } else { Some(StrBytes::default()) };
    FindCoordinatorResponse::default()
        .with_error_code(found.error_code)
        .with_error_message(message)
        .with_node_id(found.node_id)
        .with_host(found.host)
        .with_port(found.port)
}

const INVALID_REQUEST: &str = "This most likely occurs because of a request being malformed by \
    the client library or the message was sent to an incompatible broker. See the broker logs for \
    more details.";
