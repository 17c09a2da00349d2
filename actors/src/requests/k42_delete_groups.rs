//! DeleteGroups (key 42), versions 0–2: empty groups go, with their offsets.
//!
//! | version | added |
//! |---|---|
//! | 2 | flexible |

use std::collections::HashSet;
use std::sync::Arc;

use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse};
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};
use crate::runtime::Join;

/// Asks the coordinator of every group; answered when all tombstones are in the log.
pub(crate) fn handle(mut request: Request) {
    let Ok(mut body) = request.decode::<DeleteGroupsRequest>() else { return };
    let mut seen = HashSet::new();
    body.groups_names.retain(|group| seen.insert(group.clone()));
    let caller = group_call::caller(&request, Uuid::nil());
    let node = Arc::clone(&request.node);
    let count = body.groups_names.len();
    let join = Join::new(count, move |answers: Vec<Option<DeletableGroupResult>>| {
        let results = answers.into_iter().flatten().collect();
        request.respond(&DeleteGroupsResponse::default().with_results(results));
    });
    for (index, group) in body.groups_names.into_iter().enumerate() {
        let join = Arc::clone(&join);
        let what = group::Request::Delete(Arc::from(group.as_str()));
        let result = DeletableGroupResult::default().with_group_id(group.clone());
        node.groups.call(&node, &group, caller.clone(), what, move |answer| {
            let answer = match answer {
                Response::Delete(Ok(())) => Some(result),
                Response::Delete(Err(error)) => Some(result.with_error_code(error.code())),
                _ => None,
            };
            join.fill(index, answer);
        });
    }
}
