//! ListGroups (key 16), versions 0–5: the groups of this broker's coordinators.
//!
//! | version | added |
//! |---|---|
//! | 1 | throttle time |
//! | 3 | flexible |
//! | 4 | states, and a filter on them (KIP-518) |
//! | 5 | types, and a filter on them (KIP-848) |

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{ListGroupsRequest, ListGroupsResponse};
use ottla_core::group::{self, Response};
use uuid::Uuid;

use super::{Request, group_call};
use crate::runtime::Join;

type Listed = Result<Vec<ListedGroup>, ResponseError>;

/// Asks every coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<ListGroupsRequest>() else { return };
    let caller = group_call::caller(&request, Uuid::nil());
    let groups = request.node.groups.clone();
    let indexes = groups.indexes();
    let texts = |texts: Vec<kafka_protocol::protocol::StrBytes>| -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    };
    let (states, types) = (texts(body.states_filter), texts(body.types_filter));
    let join = Join::new(indexes.len(), move |answers: Vec<Option<Listed>>| {
        request.respond(&response(answers.into_iter().flatten()));
    });
    for (slot, index) in indexes.into_iter().enumerate() {
        let join = Arc::clone(&join);
        let what = group::Request::List { states: states.clone(), types: types.clone() };
        groups.call_index(index, caller.clone(), what, move |answer| {
            let answer = match answer {
                Response::List(answer) => Some(answer),
                _ => None,
            };
            join.fill(slot, answer);
        });
    }
}

/// One coordinator that is loading makes the list unreliable; one that has moved away does not.
fn response(answers: impl Iterator<Item = Listed>) -> ListGroupsResponse {
    let mut groups = Vec::new();
    for answer in answers {
        match answer {
            Ok(listed) => groups.extend(listed),
            Err(ResponseError::NotCoordinator) => {}
            Err(error) => return ListGroupsResponse::default().with_error_code(error.code()),
        }
    }
    ListGroupsResponse::default().with_groups(groups)
}
