//! SyncGroup (key 14), versions 0–5: the leader gives the assignment, everybody gets theirs.
//!
//! | version | added |
//! |---|---|
//! | 1 | throttle time |
//! | 3 | static members (KIP-345) |
//! | 4 | flexible |
//! | 5 | protocol type and name, checked (KIP-559) |

use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};

/// Hands the sync to the group's coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<SyncGroupRequest>() else { return };
    let group_id = body.group_id.clone();
    let what = group::Request::Sync(body);
    group_call::forward(request, &group_id, Uuid::nil(), what, response);
}

fn response(answer: Response, _: i16) -> Option<SyncGroupResponse> {
    let Response::Sync(answer) = answer else { return None };
    Some(answer)
}
