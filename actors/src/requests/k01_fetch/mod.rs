//! Fetch (key 1), versions 4–18: reads record batches, waiting for them if there are none.
//!
//! | version | added |
//! |---|---|
//! | 5 | log start offset |
//! | 7 | incremental sessions (KIP-227) |
//! | 9 | leader epochs are checked (KIP-320) |
//! | 11 | preferred read replica (KIP-392) |
//! | 12 | flexible; last fetched epoch (KIP-595) |
//! | 13 | topics by id (KIP-516) |
//! | 15, 17, 18 | fields for replicas |
//! | 16 | leader and endpoints on NOT_LEADER_OR_FOLLOWER (KIP-951) |
//!
//! All partitions are read at once; each answers with a range of a file. If that is not enough, a
//! watcher is left in each, and only those that have news are read again.

mod answer;
mod budget;
mod encode;
mod read;

use kafka_protocol::messages::FetchRequest;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::partition::{
    FetchRequestPartition, Isolation, SessionError, SessionRequest, TopicRef,
};

use super::Request;
use encode::FetchAnswer;

/// From this version on topics are named by id.
const TOPIC_IDS: i16 = 13;

/// What a request asks for beside its partitions.
#[derive(Clone, Copy, Debug)]
struct Limits {
    max_wait_ms: u64,
    min_bytes: u64,
    max_bytes: u32,
    isolation: Isolation,
    /// It comes from a replica, of which there are none.
    replica: bool,
}

/// Reads, perhaps later.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<FetchRequest>() else { return };
    let version = request.header.version;
    let limits = limits(&request, &body);
    match request.node.fetch_sessions.begin(session_request(version, body)) {
        Ok(context) => {
            actix_rt::spawn(answer::serve(request, context, limits));
        }
        Err(error) => refuse(request, error),
    }
}

fn refuse(request: Request, error: SessionError) {
    let answer = FetchAnswer { error: error.code().code(), ..FetchAnswer::default() };
    let segments = answer.encode(request.header.version, request.header.correlation_id);
    request.reply.send(segments);
}

fn limits(request: &Request, body: &FetchRequest) -> Limits {
    let positive = |value: i32| u64::try_from(value).unwrap_or(0);
    let most = request.node.settings.fetch_max_bytes.min(body.max_bytes).max(0);
    Limits {
        max_wait_ms: positive(body.max_wait_ms),
        min_bytes: positive(body.min_bytes.min(most)),
        max_bytes: u32::try_from(most).unwrap_or(0),
        isolation: Isolation::from_wire(body.isolation_level),
        replica: body.replica_id.0 >= 0 || body.replica_state.replica_id.0 >= 0,
    }
}

fn session_request(version: i16, body: FetchRequest) -> SessionRequest {
    let uses_topic_ids = version >= TOPIC_IDS;
    let topic_ref = |name: &str, id| {
        if uses_topic_ids { TopicRef::Id(id) } else { TopicRef::Name(name.into()) }
    };
    let mut partitions = Vec::new();
    for topic in body.topics {
        let named = topic_ref(topic.topic.as_str(), topic.topic_id);
        partitions.extend(topic.partitions.iter().map(|asked| FetchRequestPartition {
            topic: named.clone(),
            partition: asked.partition,
            fetch_offset: Offset(asked.fetch_offset),
            max_bytes: asked.partition_max_bytes,
            current_leader_epoch: LeaderEpoch(asked.current_leader_epoch),
            last_fetched_epoch: LeaderEpoch(asked.last_fetched_epoch),
        }));
    }
    let mut forgotten = Vec::new();
    for topic in body.forgotten_topics_data {
        let named = topic_ref(topic.topic.as_str(), topic.topic_id);
        forgotten.extend(topic.partitions.iter().map(|partition| (named.clone(), *partition)));
    }
    SessionRequest {
        id: body.session_id,
        epoch: body.session_epoch,
        uses_topic_ids,
        privileged: false,
        partitions,
        forgotten,
    }
}
