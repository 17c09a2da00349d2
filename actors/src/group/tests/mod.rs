//! Coordinator actors over real partitions.

mod serving;
mod versions;

use std::path::Path;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse, OffsetCommitRequest};
use kafka_protocol::protocol::StrBytes;
use ottla_config::Settings;
use ottla_core::base::TopicPartition;
use ottla_core::group::{Caller, OFFSETS_TOPIC, Request, Response};
use uuid::Uuid;

use super::GroupsHandle;
use crate::partition::testing::{Rig, spec, until};
use crate::runtime::ReplyPort;

pub(super) const GROUP: &str = "g";

pub(super) fn run(test: impl AsyncFnOnce(&Path)) {
    let dir = tempfile::tempdir().expect("a directory");
    actix_rt::System::new().block_on(test(dir.path()));
}

pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Partition 0 of the offsets topic with its coordinator.
pub(super) struct Coordinated {
    pub(super) rig: Rig,
    pub(super) groups: GroupsHandle,
}

impl Coordinated {
    pub(super) async fn on(path: &Path) -> Self {
        let rig = Rig::real(path);
        let mut spec = spec(OFFSETS_TOPIC, 0);
        spec.rules.internal = true;
        spec.rules.deletes = false;
        rig.open(spec).await;
        let groups = GroupsHandle::default();
        let mut settings = Settings::default();
        settings.group_initial_rebalance_delay_ms = 0;
        settings.group_min_session_timeout_ms = 100;
        groups.lead(&rig.guardian, &rig.partitions, &Arc::new(settings), 0);
        Self { rig, groups }
    }

    pub(super) async fn ask(&self, version: i16, request: Request) -> Response {
        let caller = Caller {
            client_id: Arc::from("client"),
            client_host: Arc::from("/127.0.0.1"),
            version,
            fresh_id: Uuid::new_v4(),
        };
        let (port, answer) = ReplyPort::<Option<Response>>::oneshot();
        self.groups.call_index(0, caller, request, move |response| port.send(Some(response)));
        answer.await.expect("answered")
    }

    /// Waits until the coordinator serves.
    pub(super) async fn loaded(&self) {
        let loading = ResponseError::CoordinatorLoadInProgress;
        until(async || {
            let request = Request::List { states: Vec::new(), types: Vec::new() };
            self.ask(5, request).await != Response::List(Err(loading))
        })
        .await;
    }

    pub(super) async fn commit(&self, group: &str, at: i64) -> i16 {
        match self.ask(9, Request::Commit(committing(group, at))).await {
            Response::Commit(answer) => answer.topics[0].partitions[0].error_code,
            other => panic!("not a commit: {other:?}"),
        }
    }

    pub(super) async fn committed(&self, group: &str) -> Option<i64> {
        let group =
            OffsetFetchRequestGroup::default().with_group_id(text(group).into()).with_topics(None);
        match self.ask(9, Request::Fetch { group, stable: true }).await {
            Response::Fetch(answer) => {
                answer.topics.first().map(|topic| topic.partitions[0].committed_offset)
            }
            other => panic!("not a fetch: {other:?}"),
        }
    }

    pub(super) async fn join(&self, member: &str) -> JoinGroupResponse {
        match self.ask(9, Request::Join(joining(member))).await {
            Response::Join(answer) => answer,
            other => panic!("not a join: {other:?}"),
        }
    }

    pub(super) fn partition() -> TopicPartition {
        TopicPartition::new(OFFSETS_TOPIC, 0)
    }
}

pub(super) fn committing(group: &str, at: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(at);
    let topic = OffsetCommitRequestTopic::default()
        .with_name(text("t").into())
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(text(group).into())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic])
}

pub(super) fn joining(member: &str) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(bytes::Bytes::from_static(b"\0\0\0\0\0\x01\0\x01t\0\0\0\0"));
    JoinGroupRequest::default()
        .with_group_id(text(GROUP).into())
        .with_member_id(text(member))
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}
