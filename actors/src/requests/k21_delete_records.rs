//! DeleteRecords (key 21), versions 0–2: moves the start of logs forward (KIP-107).
//!
//! Version 2 is flexible.

use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use ottla_core::base::Offset;

use super::Request;
use super::targets;
use crate::partition::messages::{DeleteRecords, DeleteRecordsReply};

/// Answers when every partition has.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DeleteRecordsRequest>() else { return };
    actix_rt::spawn(serve(request, body));
}

async fn serve(request: Request, body: DeleteRecordsRequest) {
    let image = request.node.image.load_full();
    let (ports, answers) = targets::gather(body.topics.iter().map(|t| t.partitions.len()).sum());
    let asked =
        body.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    for ((topic, partition), reply) in asked.zip(ports) {
        let target = targets::by_name(&image, topic.name.as_str(), partition.partition_index);
        let message = DeleteRecords { before: Offset(partition.offset), reply };
        targets::deliver(&request.node, &target, message);
    }
    let Ok(answers) = answers.await else { return };
    let mut answers = answers.into_iter();
    let topics = body.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().zip(&mut answers);
        let results = partitions.map(|(asked, answer)| result(asked.partition_index, answer));
        DeleteRecordsTopicResult::default().with_partitions(results.collect()).with_name(topic.name)
    });
    let response = DeleteRecordsResponse::default().with_topics(topics.collect());
    request.respond(&response);
}

fn result(index: i32, answer: DeleteRecordsReply) -> DeleteRecordsPartitionResult {
    let result = DeleteRecordsPartitionResult::default().with_partition_index(index);
    match answer {
        Ok(low) => result.with_low_watermark(low.0),
        Err(refusal) => result.with_low_watermark(-1).with_error_code(refusal.code().code()),
    }
}
