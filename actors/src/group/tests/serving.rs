//! Serving, restarting, dying.

use actix::{Context, Handler, Message};
use bytes::Bytes;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{HeartbeatRequest, SyncGroupRequest};
use ottla_core::base::TopicName;
use ottla_core::partition::Isolation;

use super::*;
use crate::group::GroupCoordinatorActor;
use crate::partition::messages::ListOffset;
use crate::runtime::tell;

/// Test → coordinator, tell: panic now.
#[derive(Message)]
#[rtype(result = "()")]
struct PanicNow;

impl Handler<PanicNow> for GroupCoordinatorActor {
    type Result = ();

    fn handle(&mut self, _: PanicNow, _: &mut Context<Self>) {
        panic!("asked to");
    }
}

async fn stable(coordinated: &Coordinated) -> String {
    let member = coordinated.join("").await.member_id.to_string();
    let joined = coordinated.join(&member).await;
    assert_eq!((joined.error_code, joined.generation_id), (0, 1));
    let assignment = SyncGroupRequestAssignment::default()
        .with_member_id(text(&member))
        .with_assignment(Bytes::from("all"));
    let request = SyncGroupRequest::default()
        .with_group_id(text(GROUP).into())
        .with_member_id(text(&member))
        .with_generation_id(1)
        .with_assignments(vec![assignment]);
    match coordinated.ask(4, Request::Sync(request)).await {
        Response::Sync(answer) => assert_eq!(answer.assignment, Bytes::from("all")),
        other => panic!("not a sync: {other:?}"),
    }
    member
}

async fn heartbeat(coordinated: &Coordinated, member: &str) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(text(GROUP).into())
        .with_member_id(text(member))
        .with_generation_id(1);
    match coordinated.ask(4, Request::Heartbeat(request)).await {
        Response::Heartbeat(answer) => answer.error_code,
        other => panic!("not a heartbeat: {other:?}"),
    }
}

#[test]
fn groups_and_offsets_survive_a_restart() {
    run(async |path| {
        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        let member = stable(&coordinated).await;
        assert_eq!(coordinated.commit("simple", 7).await, 0);
        coordinated.rig.crash().await;

        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        assert_eq!(coordinated.committed("simple").await, Some(7));
        assert_eq!(heartbeat(&coordinated, &member).await, 0);
        assert!(coordinated.rig.close().await);
    });
}

#[test]
fn a_coordinator_that_panics_is_rebuilt_from_its_log() {
    run(async |path| {
        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        let member = stable(&coordinated).await;
        for at in 1..=20 {
            assert_eq!(coordinated.commit("simple", at).await, 0);
        }
        let died = coordinated.groups.routes.get(&0).expect("a route");
        tell(&died.addr, PanicNow);
        until(async || {
            let route = coordinated.groups.routes.get(&0).expect("a route");
            route.generation > died.generation
        })
        .await;
        coordinated.loaded().await;
        assert_eq!(coordinated.committed("simple").await, Some(20));
        assert_eq!(heartbeat(&coordinated, &member).await, 0);
        assert!(coordinated.rig.close().await);
    });
}

#[test]
fn who_waits_when_the_coordinator_dies_is_told_to_look_for_another() {
    run(async |path| {
        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        let first = stable(&coordinated).await;
        let second = coordinated.join("").await.member_id.to_string();
        let (parked, ()) = futures_util::future::join(coordinated.join(&second), async {
            // the join is parked until the first member comes back
            let rebalance = ResponseError::RebalanceInProgress.code();
            until(async || heartbeat(&coordinated, &first).await == rebalance).await;
            let route = coordinated.groups.routes.get(&0).expect("a route");
            tell(&route.addr, PanicNow);
        })
        .await;
        assert_eq!(parked.error_code, ResponseError::NotCoordinator.code());
        assert!(coordinated.rig.close().await);
    });
}

#[test]
fn commits_of_a_burst_share_appends_and_are_all_kept() {
    run(async |path| {
        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        let names: Vec<String> = (0..300).map(|n| format!("burst-{n}")).collect();
        let commits = names
            .iter()
            .enumerate()
            .map(|(n, name)| coordinated.commit(name, i64::try_from(n).expect("small")));
        let codes = futures_util::future::join_all(commits).await;
        assert!(codes.iter().all(|code| *code == 0));
        let batches = coordinated.rig.offsets(&Coordinated::partition()).await;
        assert!(batches.len() < 300, "{} batches", batches.len());
        assert_eq!(coordinated.committed("burst-299").await, Some(299));
        assert!(coordinated.rig.close().await);
    });
}

#[test]
fn offsets_of_deleted_topics_go() {
    run(async |path| {
        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        assert_eq!(coordinated.commit("simple", 7).await, 0);
        coordinated.groups.topics_deleted(vec![TopicName::from("t")]);
        until(async || coordinated.committed("simple").await.is_none()).await;
        assert!(coordinated.rig.close().await);
    });
}

#[test]
fn a_long_log_is_rewritten_and_its_start_moves_up() {
    run(async |path| {
        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        for round in 0..13 {
            let commits = (0..1_000).map(|at| coordinated.commit("simple", round * 1_000 + at));
            let codes = futures_util::future::join_all(commits).await;
            assert!(codes.iter().all(|code| *code == 0));
        }
        until(async || log_start(&coordinated).await > 0).await;
        coordinated.rig.crash().await;

        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        assert_eq!(coordinated.committed("simple").await, Some(12_999));
        assert!(coordinated.rig.close().await);
    });
}

async fn log_start(coordinated: &Coordinated) -> i64 {
    let (reply, answer) = ReplyPort::oneshot();
    let request = ListOffset {
        timestamp: -2,
        isolation: Isolation::LogEnd,
        current_leader_epoch: ottla_core::base::LeaderEpoch::NONE,
        reply,
    };
    coordinated.rig.partitions.send(&Coordinated::partition(), request);
    answer.await.ok().flatten().map_or(0, |found| found.offset.0)
}

#[test]
fn a_coordinator_that_resigns_answers_nobody() {
    run(async |path| {
        let coordinated = Coordinated::on(path).await;
        coordinated.loaded().await;
        coordinated.groups.resign(0);
        assert!(coordinated.groups.is_empty());
        let code = ResponseError::NotCoordinator.code();
        assert_eq!(coordinated.commit("simple", 1).await, code);
        assert!(coordinated.rig.close().await);
    });
}
