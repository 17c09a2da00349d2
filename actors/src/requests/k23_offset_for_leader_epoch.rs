//! OffsetForLeaderEpoch (key 23), versions 2–4: where a leader epoch ends (KIP-101, KIP-320).
//!
//! | version | added |
//! |---|---|
//! | 3 | replica id |
//! | 4 | flexible |

use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use ottla_core::base::LeaderEpoch;

use super::Request;
use super::targets;
use crate::partition::messages::{EpochEnd, EpochEndReply};

/// Answers when every partition has.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<OffsetForLeaderEpochRequest>() else { return };
    actix_rt::spawn(serve(request, body));
}

async fn serve(request: Request, body: OffsetForLeaderEpochRequest) {
    let image = request.node.image.load_full();
    let (ports, answers) = targets::gather(body.topics.iter().map(|t| t.partitions.len()).sum());
    let asked =
        body.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    for ((topic, partition), reply) in asked.zip(ports) {
        let target = targets::by_name(&image, topic.topic.as_str(), partition.partition);
        let epoch = LeaderEpoch(partition.leader_epoch);
        let current_leader_epoch = LeaderEpoch(partition.current_leader_epoch);
        targets::deliver(&request.node, &target, EpochEnd { epoch, current_leader_epoch, reply });
    }
    let Ok(answers) = answers.await else { return };
    let mut answers = answers.into_iter();
    let topics = body.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().zip(&mut answers);
        let results = partitions.map(|(asked, answer)| end(asked.partition, answer));
        OffsetForLeaderTopicResult::default()
            .with_partitions(results.collect())
            .with_topic(topic.topic)
    });
    let response = OffsetForLeaderEpochResponse::default().with_topics(topics.collect());
    request.respond(&response);
}

fn end(partition: i32, answer: EpochEndReply) -> EpochEndOffset {
    let end = EpochEndOffset::default().with_partition(partition);
    match answer {
        Ok(Some((epoch, offset))) => end.with_leader_epoch(epoch.0).with_end_offset(offset.0),
        // nothing is known of the epoch
        Ok(None) => end.with_leader_epoch(-1).with_end_offset(-1),
        Err(refusal) => {
            end.with_leader_epoch(-1).with_end_offset(-1).with_error_code(refusal.code().code())
        }
    }
}
