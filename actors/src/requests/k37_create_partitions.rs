//! CreatePartitions (key 37), versions 0–3; version 2 is flexible.

use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use kafka_protocol::protocol::StrBytes;

use super::Request;
use crate::controller::ControllerError;

/// Asks the controller.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<CreatePartitionsRequest>() else { return };
    let names: Vec<_> = body.topics.iter().map(|topic| topic.name.clone()).collect();
    actix::spawn(async move {
        let response = match request.node.controller.create_partitions(body).await {
            Ok(response) => response,
            Err(error) => failed(names, error),
        };
        request.respond(&response);
    });
}

fn failed(
    names: Vec<kafka_protocol::messages::TopicName>,
    error: ControllerError,
) -> CreatePartitionsResponse {
    let result = |name| {
        CreatePartitionsTopicResult::default()
            .with_name(name)
            .with_error_code(error.code().code())
            .with_error_message(Some(StrBytes::from_string(error.to_string())))
    };
    CreatePartitionsResponse::default().with_results(names.into_iter().map(result).collect())
}
