//! LeaveGroup (key 13), versions 0–5: members leave, or are sent away.
//!
//! | version | added |
//! |---|---|
//! | 1 | throttle time |
//! | 3 | several members, by id or static name (KIP-345) |
//! | 4 | flexible |
//! | 5 | the reason to leave (KIP-800) |

use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};

/// From this version on a request names several members.
const BATCHED: i16 = 3;

/// Hands the leave to the group's coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(mut body) = request.decode::<LeaveGroupRequest>() else { return };
    if request.header.version < BATCHED {
        let member = std::mem::take(&mut body.member_id);
        body.members = vec![MemberIdentity::default().with_member_id(member)];
    }
    let group_id = body.group_id.clone();
    let what = group::Request::Leave(body);
    group_call::forward(request, &group_id, Uuid::nil(), what, response);
}

fn response(answer: Response, version: i16) -> Option<LeaveGroupResponse> {
    let Response::Leave(mut answer) = answer else { return None };
    if version < BATCHED {
        let members = std::mem::take(&mut answer.members);
        if let Some(member) = members.first().filter(|_| answer.error_code == 0) {
            answer.error_code = member.error_code;
        }
    }
    Some(answer)
}
