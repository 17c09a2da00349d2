//! DeleteTopics (key 20), versions 1–6.
//!
//! | version | added |
//! |---|---|
//! | 3 | a code of its own when deletion is disabled (KIP-322) |
//! | 4 | flexible |
//! | 5 | error messages |
//! | 6 | deletion by id (KIP-516) |

use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::controller::deletion_disabled;

use super::Request;
use crate::controller::ControllerError;

/// Asks the controller, unless `delete.topic.enable` is false.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DeleteTopicsRequest>() else { return };
    if !request.node.dynamic.load().delete_topic_enable {
        let response = deletion_disabled(&body, request.header.version);
        return request.respond(&response);
    }
    let asked = body.clone();
    actix::spawn(async move {
        let response = match request.node.controller.delete_topics(body).await {
            Ok(response) => response,
            Err(error) => failed(&asked, error),
        };
        request.respond(&response);
    });
}

fn failed(asked: &DeleteTopicsRequest, error: ControllerError) -> DeleteTopicsResponse {
    let failed = DeletableTopicResult::default()
        .with_error_code(error.code().code())
        .with_error_message(Some(StrBytes::from_string(error.to_string())));
    let by_name = asked.topic_names.iter().map(|name| failed.clone().with_name(Some(name.clone())));
    let by_state = asked
        .topics
        .iter()
        .map(|topic| failed.clone().with_name(topic.name.clone()).with_topic_id(topic.topic_id));
    DeleteTopicsResponse::default().with_responses(by_name.chain(by_state).collect())
}
