//! A member's life over a socket, in every version that is served, against a whole broker.

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiKey, CreateTopicsRequest, DeleteGroupsRequest, DescribeGroupsRequest,
    FindCoordinatorRequest, HeartbeatRequest, LeaveGroupRequest, ListGroupsRequest,
    OffsetDeleteRequest, OffsetFetchRequest, RequestHeader, ResponseHeader, SyncGroupRequest,
};
use kafka_protocol::protocol::{Decodable, Encodable, Request as ApiRequest};
use ottla_core::storage::RealDisk;
use ottla_core::wire::api::Api;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::broker::Broker;

/// A client that speaks bytes.
struct Client(TcpStream);

impl Client {
    async fn call<R: ApiRequest + Encodable>(&mut self, version: i16, request: &R) -> R::Response
    where
        R::Response: Decodable,
    {
        let key = ApiKey::try_from(R::KEY).expect("a key");
        let mut frame = Vec::new();
        RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_client_id(Some(text("client")))
            .encode(&mut frame, key.request_header_version(version))
            .expect("a header");
        request.encode(&mut frame, version).expect("the request fits its version");
        let length = i32::try_from(frame.len()).expect("small");
        self.0.write_i32(length).await.expect("written");
        self.0.write_all(&frame).await.expect("written");
        let length = self.0.read_i32().await.expect("an answer");
        let mut frame = vec![0; usize::try_from(length).expect("a length")];
        self.0.read_exact(&mut frame).await.expect("the whole answer");
        let mut frame = Bytes::from(frame);
        ResponseHeader::decode(&mut frame, key.response_header_version(version)).expect("a header");
        let response = R::Response::decode(&mut frame, version).expect("the answer parses");
        assert!(frame.is_empty(), "{key:?} v{version}");
        response
    }
}

fn with_broker(test: impl AsyncFnOnce(Client)) {
    run(async |path| {
        let settings = Settings::with([
            ("log.dirs", path.to_str().expect("a path")),
            ("listeners", "PLAINTEXT://127.0.0.1:0"),
            ("ottla.cores", "2"),
            ("offsets.topic.num.partitions", "3"),
            ("group.initial.rebalance.delay.ms", "0"),
        ])
        .expect("settings");
        let broker = Broker::start(Arc::new(settings), Arc::new(RealDisk)).await.expect("started");
        let address = broker.listeners()[0].bound;
        let mut client = Client(TcpStream::connect(address).await.expect("connected"));
        let topic = CreatableTopic::default()
            .with_name(text("t").into())
            .with_num_partitions(1)
            .with_replication_factor(1);
        let create = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(5_000);
        assert_eq!(client.call(5, &create).await.topics[0].error_code, 0);
        test(client).await;
        broker.stop().await;
    });
}

fn versions(key: ApiKey) -> std::ops::RangeInclusive<i16> {
    let api = Api::find(key).expect("served");
    api.min..=api.max
}

/// The version of `key` that goes with round `round`.
fn at(key: ApiKey, round: i16) -> i16 {
    round.clamp(*versions(key).start(), *versions(key).end())
}

/// Until the new coordinators have read their logs.
async fn ready(client: &mut Client) {
    let loading = ResponseError::CoordinatorLoadInProgress.code();
    let find = FindCoordinatorRequest::default().with_key(text(GROUP));
    assert_eq!(client.call(3, &find).await.error_code, 0);
    for _ in 0..1_000 {
        if client.call(5, &ListGroupsRequest::default()).await.error_code != loading {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the coordinators never load");
}

async fn join(client: &mut Client, version: i16, group: &str) -> (String, i32) {
    let mut request = joining("").with_group_id(text(group).into());
    if version == 0 {
        request.rebalance_timeout_ms = -1;
    }
    let mut answer = client.call(version, &request).await;
    if answer.error_code == ResponseError::MemberIdRequired.code() {
        assert!(version >= 4);
        request.member_id = answer.member_id;
        answer = client.call(version, &request).await;
    }
    assert_eq!((answer.error_code, answer.members.len()), (0, 1), "join v{version}");
    assert_eq!(answer.protocol_name, Some(text("range")));
    (answer.member_id.to_string(), answer.generation_id)
}

async fn sync(client: &mut Client, version: i16, group: &str, member: &str, generation: i32) {
    let assignment = SyncGroupRequestAssignment::default()
        .with_member_id(text(member))
        .with_assignment(Bytes::from("all"));
    let mut request = SyncGroupRequest::default()
        .with_group_id(text(group).into())
        .with_member_id(text(member))
        .with_generation_id(generation)
        .with_assignments(vec![assignment]);
    if version >= 5 {
        request.protocol_type = Some(text("consumer"));
        request.protocol_name = Some(text("range"));
    }
    let answer = client.call(version, &request).await;
    assert_eq!((answer.error_code, answer.assignment), (0, Bytes::from("all")), "sync v{version}");
}

async fn leave(client: &mut Client, version: i16, group: &str, member: &str) {
    let mut request = LeaveGroupRequest::default().with_group_id(text(group).into());
    if version < 3 {
        request.member_id = text(member);
    } else {
        request.members = vec![MemberIdentity::default().with_member_id(text(member))];
    }
    let answer = client.call(version, &request).await;
    assert_eq!(answer.error_code, 0, "leave v{version}");
    assert!(answer.members.iter().all(|member| member.error_code == 0));
    let again = client.call(version, &request).await;
    let unknown = ResponseError::UnknownMemberId.code();
    let code = again.members.first().map_or(again.error_code, |member| member.error_code);
    assert_eq!(code, unknown, "leave v{version} again");
}

#[test]
fn a_member_lives_in_every_version() {
    with_broker(async |mut client| {
        ready(&mut client).await;
        for round in versions(ApiKey::JoinGroup) {
            let group = format!("g{round}");
            let (member, generation) = join(&mut client, round, &group).await;
            sync(&mut client, at(ApiKey::SyncGroup, round), &group, &member, generation).await;
            let beat = HeartbeatRequest::default()
                .with_group_id(text(&group).into())
                .with_member_id(text(&member))
                .with_generation_id(generation);
            let answer = client.call(at(ApiKey::Heartbeat, round), &beat).await;
            assert_eq!(answer.error_code, 0);
            let commit = committing(&group, 7)
                .with_member_id(text(&member))
                .with_generation_id_or_member_epoch(generation);
            let answer = client.call(at(ApiKey::OffsetCommit, round), &commit).await;
            assert_eq!(answer.topics[0].partitions[0].error_code, 0);
            let describe = DescribeGroupsRequest::default().with_groups(vec![text(&group).into()]);
            let answer = client.call(at(ApiKey::DescribeGroups, round), &describe).await;
            assert_eq!(answer.groups[0].group_state, text("Stable"));
            assert_eq!(answer.groups[0].members[0].member_assignment, Bytes::from("all"));
            leave(&mut client, at(ApiKey::LeaveGroup, round), &group, &member).await;
        }
    });
}

#[test]
fn offsets_are_fetched_in_every_version() {
    with_broker(async |mut client| {
        ready(&mut client).await;
        for version in versions(ApiKey::OffsetCommit) {
            let mut commit = committing(GROUP, i64::from(version));
            commit.topics.push(commit.topics[0].clone());
            commit.topics[1].name = text("nope").into();
            let answer = client.call(version, &commit).await;
            let code = |name: &str| {
                let topic = answer.topics.iter().find(|topic| *topic.name == *name);
                topic.expect("answered").partitions[0].error_code
            };
            let unknown = ResponseError::UnknownTopicOrPartition.code();
            assert_eq!((code("t"), code("nope")), (0, unknown), "commit v{version}");
        }
        for version in versions(ApiKey::OffsetFetch) {
            let mut request = OffsetFetchRequest::default();
            if version >= 8 {
                let group = OffsetFetchRequestGroup::default()
                    .with_group_id(text(GROUP).into())
                    .with_topics(None);
                request.groups = vec![group];
                let answer = client.call(version, &request).await;
                assert_eq!(answer.groups[0].topics[0].partitions[0].committed_offset, 9);
                continue;
            }
            let topic = OffsetFetchRequestTopic::default()
                .with_name(text("t").into())
                .with_partition_indexes(vec![0, 1]);
            request.group_id = text(GROUP).into();
            request.topics = Some(vec![topic]);
            let answer = client.call(version, &request).await;
            let offsets: Vec<i64> =
                answer.topics[0].partitions.iter().map(|p| p.committed_offset).collect();
            assert_eq!(offsets, [9, -1], "fetch v{version}");
        }
    });
}

#[test]
fn groups_are_found_listed_and_deleted_in_every_version() {
    with_broker(async |mut client| {
        ready(&mut client).await;
        for version in versions(ApiKey::FindCoordinator) {
            let (node, code) = if version < 4 {
                let request = FindCoordinatorRequest::default().with_key(text(GROUP));
                let answer = client.call(version, &request).await;
                (answer.node_id, answer.error_code)
            } else {
                let request =
                    FindCoordinatorRequest::default().with_coordinator_keys(vec![text(GROUP)]);
                let answer = client.call(version, &request).await;
                (answer.coordinators[0].node_id, answer.coordinators[0].error_code)
            };
            assert_eq!((node.0, code), (Settings::default().node_id, 0), "find v{version}");
        }
        for version in versions(ApiKey::DeleteGroups) {
            client.call(9, &committing(GROUP, 1)).await;
            for version in versions(ApiKey::ListGroups) {
                let answer = client.call(version, &ListGroupsRequest::default()).await;
                assert_eq!(answer.groups[0].group_id, text(GROUP), "list v{version}");
            }
            let request =
                DeleteGroupsRequest::default().with_groups_names(vec![text(GROUP).into()]);
            let answer = client.call(version, &request).await;
            assert_eq!(answer.results[0].error_code, 0, "delete v{version}");
        }
        client.call(9, &committing(GROUP, 1)).await;
        let topic = OffsetDeleteRequestTopic::default()
            .with_name(text("t").into())
            .with_partitions(vec![OffsetDeleteRequestPartition::default()]);
        let request = OffsetDeleteRequest::default()
            .with_group_id(text(GROUP).into())
            .with_topics(vec![topic]);
        let answer = client.call(0, &request).await;
        assert_eq!((answer.error_code, answer.topics[0].partitions[0].error_code), (0, 0));
    });
}
