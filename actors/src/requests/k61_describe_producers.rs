//! DescribeProducers (key 61), version 0: the producers that partitions know (KIP-664).

use kafka_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse};

use super::Request;
use super::targets;
use crate::partition::messages::{DescribeProducers, DescribeProducersReply, ProducerInfo};

/// Answers when every partition has.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DescribeProducersRequest>() else { return };
    actix_rt::spawn(serve(request, body));
}

async fn serve(request: Request, body: DescribeProducersRequest) {
    let image = request.node.image.load_full();
    let count = body.topics.iter().map(|topic| topic.partition_indexes.len()).sum();
    let (ports, answers) = targets::gather(count);
    let asked = body
        .topics
        .iter()
        .flat_map(|topic| topic.partition_indexes.iter().map(move |p| (topic, *p)));
    for ((topic, partition), reply) in asked.zip(ports) {
        let target = targets::by_name(&image, topic.name.as_str(), partition);
        targets::deliver(&request.node, &target, DescribeProducers { reply });
    }
    let Ok(answers) = answers.await else { return };
    let mut answers = answers.into_iter();
    let topics = body.topics.into_iter().map(|topic| {
        let partitions = topic.partition_indexes.iter().zip(&mut answers);
        let partitions = partitions.map(|(index, answer)| describe(*index, answer)).collect();
        TopicResponse::default().with_partitions(partitions).with_name(topic.name)
    });
    let response = DescribeProducersResponse::default().with_topics(topics.collect());
    request.respond(&response);
}

fn describe(index: i32, answer: DescribeProducersReply) -> PartitionResponse {
    let response = PartitionResponse::default().with_partition_index(index);
    match answer {
        Ok(producers) => response.with_active_producers(producers.iter().map(producer).collect()),
        Err(refusal) => response.with_error_code(refusal.code().code()),
    }
}

fn producer(info: &ProducerInfo) -> ProducerState {
    ProducerState::default()
        .with_producer_id(info.producer_id.0.into())
        .with_producer_epoch(info.producer_epoch.0.into())
        .with_last_sequence(info.last_sequence)
        .with_last_timestamp(info.last_timestamp)
        .with_coordinator_epoch(info.coordinator_epoch)
        .with_current_txn_start_offset(info.current_txn_start.0)
}
