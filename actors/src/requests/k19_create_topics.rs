//! CreateTopics (key 19), versions 2–7.
//!
//! | version | added |
//! |---|---|
//! | 4 | -1 partitions and replicas mean the broker's defaults (KIP-464) |
//! | 5 | flexible; the answer tells partitions, replicas and settings (KIP-525) |
//! | 7 | topic ids (KIP-516) |

use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use kafka_protocol::protocol::StrBytes;

use super::Request;
use crate::controller::ControllerError;

/// Asks the controller.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<CreateTopicsRequest>() else { return };
    let names: Vec<_> = body.topics.iter().map(|topic| topic.name.clone()).collect();
    actix::spawn(async move {
        let response = match request.node.controller.create_topics(body).await {
            Ok(response) => response,
            Err(error) => failed(names, error),
        };
        request.respond(&response);
    });
}

fn failed(
    names: Vec<kafka_protocol::messages::TopicName>,
    error: ControllerError,
) -> CreateTopicsResponse {
    let result = |name| {
        CreatableTopicResult::default()
            .with_name(name)
            .with_error_code(error.code().code())
            .with_error_message(Some(StrBytes::from_string(error.to_string())))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_configs(Some(Vec::new()))
    };
    CreateTopicsResponse::default().with_topics(names.into_iter().map(result).collect())
}
