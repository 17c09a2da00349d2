//! Heartbeat (key 12), versions 0–4: a member lives, and learns of rebalances.
//!
//! | version | added |
//! |---|---|
//! | 1 | throttle time |
//! | 3 | static members (KIP-345) |
//! | 4 | flexible |

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};

/// Hands the heartbeat to the group's coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<HeartbeatRequest>() else { return };
    let group_id = body.group_id.clone();
    let what = group::Request::Heartbeat(body);
    group_call::forward(request, &group_id, Uuid::nil(), what, response);
}

fn response(answer: Response, _: i16) -> Option<HeartbeatResponse> {
    let Response::Heartbeat(answer) = answer else { return None };
    // while groups are loaded a member is taken at its word, as Kafka does: it need not rejoin
    let loading = ResponseError::CoordinatorLoadInProgress.code();
    match answer.error_code == loading {
        true => Some(answer.with_error_code(0)),
        false => Some(answer),
    }
}
