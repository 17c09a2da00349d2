//! The sync barrier.

use super::*;

#[test]
fn followers_wait_for_the_leader_and_everybody_for_the_log() {
    let mut bench = Bench::new();
    let (a, wa) = bench.enter();
    let (b, _) = bench.enter();
    bench.pass(6_000);
    assert!(bench.joined(wa).is_some());
    bench.hold = true;
    let sb = bench.sync(&b, 1, &[]);
    let sa = bench.sync(&a, 1, &[(&a, "A"), (&b, "B")]);
    assert!(bench.synced(sa).is_none() && bench.synced(sb).is_none());
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
    bench.finish_append(Ok(()));
    assert_eq!(bench.synced(sb).unwrap().assignment, Bytes::from("B"));
    assert_eq!(bench.synced(sa).unwrap().assignment, Bytes::from("A"));
    assert_eq!(bench.state(), GroupState::Stable);
    let again = bench.sync(&b, 1, &[]);
    assert_eq!(bench.synced(again).unwrap().assignment, Bytes::from("B"));
}

#[test]
fn refusals() {
    let mut bench = Bench::new();
    let none = bench.sync("a", 1, &[]);
    let unknown = ResponseError::UnknownMemberId.code();
    assert_eq!(bench.synced(none).unwrap().error_code, unknown);
    let a = bench.stable_one();
    let stale = bench.sync(&a, 0, &[]);
    let code = bench.synced(stale).unwrap().error_code;
    assert_eq!(code, ResponseError::IllegalGeneration.code());
    let other = bench.sync("other", 1, &[]);
    assert_eq!(bench.synced(other).unwrap().error_code, unknown);
    let base = SyncGroupRequest::default()
        .with_group_id(text(GROUP).into())
        .with_member_id(text(&a))
        .with_generation_id(1);
    let inconsistent = ResponseError::InconsistentGroupProtocol.code();
    for (kind, name) in
        [(None, Some("range")), (Some("x"), Some("range")), (Some("consumer"), Some("x"))]
    {
        let request =
            base.clone().with_protocol_type(kind.map(text)).with_protocol_name(name.map(text));
        let waiter = bench.call("c", Request::Sync(request));
        assert_eq!(bench.synced(waiter).unwrap().error_code, inconsistent);
    }
    bench.version = 4;
    let waiter = bench.call("c", Request::Sync(base));
    assert_eq!(bench.synced(waiter).unwrap().error_code, 0);
}

#[test]
fn a_member_that_joins_meanwhile_sends_those_who_wait_back() {
    let mut bench = Bench::new();
    let (a, _) = bench.enter();
    let (b, _) = bench.enter();
    bench.pass(6_000);
    let sb = bench.sync(&b, 1, &[]);
    bench.enter();
    let code = ResponseError::RebalanceInProgress.code();
    assert_eq!(bench.synced(sb).unwrap().error_code, code);
    let sa = bench.sync(&a, 1, &[]);
    assert_eq!(bench.synced(sa).unwrap().error_code, code);
}

#[test]
fn members_that_never_sync_are_out_after_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let (a, _) = bench.enter();
    let (b, _) = bench.enter();
    bench.pass(6_000);
    let sa = bench.sync(&a, 1, &[(&a, "A"), (&b, "B")]);
    assert!(bench.synced(sa).is_some());
    for _ in 0..12 {
        bench.pass(5_000);
        bench.heartbeat(&a, 1);
        bench.heartbeat(&b, 1);
    }
    assert_eq!(bench.heartbeat(&b, 1), ResponseError::UnknownMemberId.code());
    assert_eq!(bench.heartbeat(&a, 1), ResponseError::RebalanceInProgress.code());
}

#[test]
fn a_parked_member_needs_no_heartbeats() {
    let mut bench = Bench::new();
    let (a, _) = bench.enter();
    let (b, _) = bench.enter();
    bench.pass(6_000);
    let sb = bench.sync(&b, 1, &[]);
    for _ in 0..5 {
        bench.pass(9_000);
        assert_eq!(bench.heartbeat(&a, 1), 0);
    }
    bench.sync(&a, 1, &[(&a, "A"), (&b, "B")]);
    assert_eq!(bench.synced(sb).unwrap().assignment, Bytes::from("B"));
    bench.pass(9_999);
    assert_eq!(bench.heartbeat(&b, 1), 0);
}
