//! What a coordinator is asked, what it answers, and what it wants done.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::offset_fetch_response::OffsetFetchResponseGroup;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest,
    OffsetDeleteResponse, SyncGroupRequest, SyncGroupResponse,
};
use uuid::Uuid;

use super::{EncodedRecord, GroupId};
use crate::base::{Offset, TopicName};

/// Names the one who waits for an answer. Numbers are the caller's; 0 is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiter(pub u64);

impl Waiter {
    /// Nobody waits.
    pub const NOBODY: Self = Self(0);
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The client's `client.id`.
    pub client_id: Arc<str>,
    /// Where it connected from, as Java prints an address: `/127.0.0.1`.
    pub client_host: Arc<str>,
    /// The version of the request: some answers depend on it.
    pub version: i16,
    /// Fresh randomness, for the id of a member that has none.
    pub fresh_id: Uuid,
}

/// One request to a coordinator; each but `List` concerns one group.
#[derive(Clone, Debug)]
pub enum Request {
    /// JoinGroup.
    Join(JoinGroupRequest),
    /// SyncGroup.
    Sync(SyncGroupRequest),
    /// Heartbeat.
    Heartbeat(HeartbeatRequest),
    /// LeaveGroup, the members of all versions in its list.
    Leave(LeaveGroupRequest),
    /// OffsetCommit, of partitions that exist.
    Commit(OffsetCommitRequest),
    /// OffsetFetch of one group; with `stable`, after everything queued is stored.
    Fetch {
        /// The group and its topics; none means all.
        group: OffsetFetchRequestGroup,
        /// Wait for what is on its way into the log (`require.stable`).
        stable: bool,
    },
    /// DescribeGroups of one group.
    Describe(GroupId),
    /// ListGroups.
    List {
        /// Only groups in these states; empty means all.
        states: Vec<String>,
        /// Only groups of these types; empty means all.
        types: Vec<String>,
    },
    /// DeleteGroups of one group.
    Delete(GroupId),
    /// OffsetDelete, of partitions that exist.
    DeleteOffsets(OffsetDeleteRequest),
    /// Topics were deleted: the group's offsets for them go too.
    ForgetTopics(GroupId, Arc<[TopicName]>),
}

impl Request {
    /// The group it concerns.
    pub(super) fn group(&self) -> Option<&str> {
        match self {
            Self::Join(request) => Some(&request.group_id.0),
            Self::Sync(request) => Some(&request.group_id.0),
            Self::Heartbeat(request) => Some(&request.group_id.0),
            Self::Leave(request) => Some(&request.group_id.0),
            Self::Commit(request) => Some(&request.group_id.0),
            Self::Fetch { group, .. } => Some(&group.group_id.0),
            Self::DeleteOffsets(request) => Some(&request.group_id.0),
            Self::Describe(group) | Self::Delete(group) | Self::ForgetTopics(group, _) => {
                Some(group)
            }
            Self::List { .. } => None,
        }
    }

    /// Whether it must see everything that is on its way into the log.
    pub(super) fn needs_all_stored(&self) -> bool {
        match self {
            Self::Fetch { stable, .. } => *stable,
            Self::Delete(_) | Self::DeleteOffsets(_) | Self::ForgetTopics(..) => true,
            Self::Join(_)
            | Self::Sync(_)
            | Self::Heartbeat(_)
            | Self::Leave(_)
            | Self::Commit(_)
            | Self::Describe(_)
            | Self::List { .. } => false,
        }
    }

    /// The answer that refuses the request.
    #[must_use]
    pub fn refusal(&self, error: ResponseError) -> Response {
        let code = error.code();
        match self {
            Self::Join(request) => {
                Response::Join(super::membership::join_error(&request.member_id, error))
            }
            Self::Sync(_) => Response::Sync(SyncGroupResponse::default().with_error_code(code)),
            Self::Heartbeat(_) => {
                Response::Heartbeat(HeartbeatResponse::default().with_error_code(code))
            }
            Self::Leave(_) => Response::Leave(LeaveGroupResponse::default().with_error_code(code)),
            Self::Commit(request) => {
                Response::Commit(super::offsets::commit_refusal(request, error))
            }
            Self::Fetch { group, .. } => Response::Fetch(
                OffsetFetchResponseGroup::default()
                    .with_group_id(group.group_id.clone())
                    .with_error_code(code),
            ),
            Self::Describe(group) => Response::Describe(
                DescribedGroup::default()
                    .with_group_id(super::coordinator::wire_text(group).into())
                    .with_error_code(code),
            ),
            Self::List { .. } => Response::List(Err(error)),
            Self::Delete(_) => Response::Delete(Err(error)),
            Self::DeleteOffsets(_) => {
                Response::DeleteOffsets(OffsetDeleteResponse::default().with_error_code(code))
            }
            Self::ForgetTopics(..) => Response::Done,
        }
    }
}

/// One call: a request, who makes it, and who waits for the answer.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// What for.
    pub request: Request,
    /// Who gets the answer.
    pub waiter: Waiter,
}

/// An answer; the variant is that of the request.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To JoinGroup.
    Join(JoinGroupResponse),
    /// To SyncGroup.
    Sync(SyncGroupResponse),
    /// To Heartbeat.
    Heartbeat(HeartbeatResponse),
    /// To LeaveGroup.
    Leave(LeaveGroupResponse),
    /// To OffsetCommit.
    Commit(OffsetCommitResponse),
    /// To OffsetFetch, for one group.
    Fetch(OffsetFetchResponseGroup),
    /// To DescribeGroups, for one group.
    Describe(DescribedGroup),
    /// To ListGroups: the groups of this coordinator.
    List(Result<Vec<ListedGroup>, ResponseError>),
    /// To DeleteGroups, for one group.
    Delete(Result<(), ResponseError>),
    /// To OffsetDelete.
    DeleteOffsets(OffsetDeleteResponse),
    /// To what nobody waits for.
    Done,
}

/// What a coordinator wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Answer a waiter.
    Reply(Waiter, Response),
    /// Append these records as one batch, with `acks=all`, and say how it went.
    Append(Vec<EncodedRecord>),
    /// Everything that counts is stored at or above this offset: the log may start there.
    TrimLog(Offset),
}

/// What a coordinator wants done, in order.
pub type Outputs = Vec<Output>;

/// Answers a waiter, if there is one.
pub(super) fn reply(out: &mut Outputs, waiter: Waiter, response: Response) {
    if waiter != Waiter::NOBODY {
        out.push(Output::Reply(waiter, response));
    }
}

impl Call {
    /// A call the coordinator makes itself.
    pub(super) fn internal(request: Request) -> Self {
        let caller = Caller {
            client_id: Arc::from(""),
            client_host: Arc::from(""),
            version: 0,
            fresh_id: Uuid::nil(),
        };
        Self { caller, request, waiter: Waiter::NOBODY }
    }
}
