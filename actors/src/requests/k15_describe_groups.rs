//! DescribeGroups (key 15), versions 0–6: state, members and assignments.
//!
//! | version | added |
//! |---|---|
//! | 1 | throttle time |
//! | 3 | authorized operations (KIP-430) |
//! | 4 | static members (KIP-345) |
//! | 5 | flexible |
//! | 6 | GROUP_ID_NOT_FOUND and error messages (KIP-1043) |

use std::sync::Arc;

use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse};
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};
use crate::runtime::Join;

/// What may be done to a group, as bits of Kafka's `AclOperation` codes: read 3, delete 6,
/// describe 8, describe configs 10, alter configs 11. Without an authorizer everybody may.
const ALL_OPERATIONS: i32 = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

/// Asks the coordinator of every group.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DescribeGroupsRequest>() else { return };
    let caller = group_call::caller(&request, Uuid::nil());
    let node = Arc::clone(&request.node);
    let operations = body.include_authorized_operations;
    let join = Join::new(body.groups.len(), move |answers: Vec<Option<DescribedGroup>>| {
        let mut groups: Vec<DescribedGroup> = answers.into_iter().flatten().collect();
        for group in groups.iter_mut().filter(|group| operations && group.error_code == 0) {
            group.authorized_operations = ALL_OPERATIONS;
        }
        request.respond(&DescribeGroupsResponse::default().with_groups(groups));
    });
    for (index, group) in body.groups.iter().enumerate() {
        let join = Arc::clone(&join);
        let what = group::Request::Describe(Arc::from(group.as_str()));
        node.groups.call(&node, group, caller.clone(), what, move |answer| {
            let answer = match answer {
                Response::Describe(answer) => Some(answer),
                _ => None,
            };
            join.fill(index, answer);
        });
    }
}
