//! From what was found to the answer.

use kafka_protocol::error::ResponseError;
use ottla_core::base::{BrokerId, LeaderEpoch, Offset};
use ottla_core::controller::MetadataImage;
use ottla_core::partition::{FetchContext, FetchedState, Isolation, Refusal};

use super::super::targets;
use super::budget::Budget;
use super::encode::{FetchAnswer, NodeAnswer, PartitionAnswer};
use super::read::Reading;
use super::{Limits, Request, refuse};
use crate::partition::messages::ReadReply;

/// From this version on an answer names the leader to go to.
const LEADERS: i16 = 16;

/// Serves one fetch.
pub(super) async fn serve(mut request: Request, context: FetchContext, limits: Limits) {
    let node = std::sync::Arc::clone(&request.node);
    let image = node.image.load_full();
    let version = request.header.version;
    let Some(mut reading) = Reading::begin(&node, &image, &context.partitions, limits).await else {
        return;
    };
    if let Some(core) = reading.core() {
        request.reply.served_by(core);
    }
    if reading.wait().await.is_none() {
        return;
    }
    let found = std::mem::take(&mut reading.found);
    let mut budget = Budget::new(limits.max_bytes);
    let answers: Vec<PartitionAnswer> = context
        .partitions
        .iter()
        .zip(found)
        .map(|(asked, found)| {
            let aborted = limits.isolation == Isolation::ReadCommitted;
            let mut answer = partition_answer(found, version, aborted);
            answer.topic = Some(asked.topic.clone());
            answer.index = asked.partition;
            answer.records =
                answer.records.take().and_then(|slice| budget.take(slice, asked.max_bytes));
            answer
        })
        .collect();
    conclude(request, &image, &context, answers);
}

/// Leaves out what the client's session already knows, and sends the rest.
fn conclude(
    request: Request,
    image: &MetadataImage,
    context: &FetchContext,
    mut partitions: Vec<PartitionAnswer>,
) {
    let states: Vec<FetchedState> = partitions.iter().map(state).collect();
    let concluded = match request.node.fetch_sessions.conclude(context, &states) {
        Ok(concluded) => concluded,
        Err(error) => return refuse(request, error),
    };
    let mut told = concluded.told.iter();
    partitions.retain(|_| told.next().copied().unwrap_or(true));
    let leaders = targets::leaders(partitions.iter().map(|partition| partition.leader));
    let nodes = leaders.into_iter().filter_map(|id| node_answer(&request, image, id)).collect();
    let answer = FetchAnswer { error: 0, session_id: concluded.session_id, partitions, nodes };
    let segments = answer.encode(request.header.version, request.header.correlation_id);
    request.reply.send(segments);
}

fn state(answer: &PartitionAnswer) -> FetchedState {
    FetchedState {
        failed: answer.error != 0,
        has_records: answer.records.is_some(),
        diverging: answer.diverging.is_some(),
        high_watermark: answer.high_watermark,
        log_start: answer.log_start,
    }
}

fn node_answer(request: &Request, image: &MetadataImage, id: BrokerId) -> Option<NodeAnswer> {
    let (endpoint, rack) = targets::leader_endpoint(image, request, id)?;
    Some(NodeAnswer {
        id,
        host: endpoint.host.clone(),
        port: endpoint.port,
        rack: rack.map(str::to_owned),
    })
}

fn partition_answer(found: ReadReply, version: i16, read_committed: bool) -> PartitionAnswer {
    match found {
        Ok(outcome) => PartitionAnswer {
            high_watermark: outcome.high_watermark,
            last_stable_offset: outcome.last_stable_offset,
            log_start: outcome.log_start,
            diverging: outcome.diverging,
            aborted: read_committed,
            records: outcome.records,
            ..PartitionAnswer::default()
        },
        Err(refusal) => PartitionAnswer {
            error: refusal.code().code(),
            high_watermark: Offset::NONE,
            last_stable_offset: Offset::NONE,
            log_start: Offset::NONE,
            aborted: true,
            leader: leader_of(refusal, version),
            ..PartitionAnswer::default()
        },
    }
}

fn leader_of(refusal: Refusal, version: i16) -> Option<(BrokerId, LeaderEpoch)> {
    let moved = refusal.code() == ResponseError::NotLeaderOrFollower;
    refusal.current_leader().filter(|(leader, _)| version >= LEADERS && moved && leader.0 >= 0)
}
