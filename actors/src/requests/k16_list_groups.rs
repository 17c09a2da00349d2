//! ListGroups (key 16), versions 0–5: the groups of this broker's coordinators.
//!
//! | version | added |
//! |---|---|
//! | 1 | throttle time |
//! | 3 | flexible |
//! | 4 | states, and a filter on them (KIP-518) |
//! | 5 | types, and a filter on them (KIP-848) |

use kafka_protocol::messages::{ListGroupsRequest, ListGroupsResponse};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::{Request, group_call};

/// Asks every coordinator.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<ListGroupsRequest>() else { return };
    let caller = group_call::caller(&request, Uuid::nil());
    let groups = request.node.groups.clone();
    let texts = |texts: Vec<StrBytes>| texts.iter().map(ToString::to_string).collect();
    groups.list(caller, texts(body.states_filter), texts(body.types_filter), move |listed| {
        let response = ListGroupsResponse::default();
        request.respond(&match listed {
            Ok(groups) => response.with_groups(groups),
            Err(error) => response.with_error_code(error.code()),
        });
    });
}
