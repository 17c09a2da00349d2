//! JoinGroup (key 11), versions 0–9: answered when the rebalance has gathered the members.
//!
//! | version | added |
//! |---|---|
//! | 1 | rebalance timeout |
//! | 2 | throttle time |
//! | 4 | a new member is given an id and must join with it (KIP-394) |
//! | 5 | static members (KIP-345) |
//! | 6 | flexible |
//! | 7 | protocol type; a null protocol name |
//! | 8 | the reason to join (KIP-800) |
//! | 9 | skip assignment (KIP-814) |

use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};

/// Hands the join to the group's coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<JoinGroupRequest>() else { return };
    let group_id = body.group_id.clone();
    group_call::forward(request, &group_id, Uuid::new_v4(), group::Request::Join(body), response);
}

fn response(answer: Response, version: i16) -> Option<JoinGroupResponse> {
    let Response::Join(mut answer) = answer else { return None };
    if version < 7 && answer.protocol_name.is_none() {
        answer.protocol_name = Some(StrBytes::default());
    }
    Some(answer)
}
