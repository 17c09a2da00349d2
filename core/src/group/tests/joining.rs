//! Joining: ids, the initial delay, votes, capacity, sessions.

use super::*;

#[test]
fn a_group_forms_after_the_initial_delay() {
    let mut bench = Bench::new();
    let (id, waiter) = bench.enter();
    assert!(id.starts_with("c-"));
    assert!(bench.joined(waiter).is_none());
    bench.pass(2_999);
    assert!(bench.joined(waiter).is_none());
    bench.pass(1);
    let answer = bench.joined(waiter).unwrap();
    assert_eq!((answer.error_code, answer.generation_id), (0, 1));
    assert_eq!(answer.leader, answer.member_id);
    assert_eq!(answer.protocol_name, Some(text("range")));
    assert_eq!(answer.protocol_type, Some(text("consumer")));
    assert_eq!(answer.members.len(), 1);
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
}

#[test]
fn the_initial_delay_is_extended_by_joins_up_to_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let mut first = joining("");
    first.rebalance_timeout_ms = 8_000;
    bench.version = 3;
    let wa = bench.join(first.clone());
    bench.pass(2_000);
    let wb = bench.join(first.clone());
    bench.pass(2_000);
    let wc = bench.join(first.clone());
    assert!(bench.joined(wa).is_none());
    bench.pass(3_999);
    assert!(bench.joined(wa).is_none(), "8 s have not passed");
    bench.join(first);
    bench.pass(1);
    assert!(bench.joined(wa).is_some(), "not beyond the rebalance timeout");
    assert_eq!(bench.joined(wa).unwrap().generation_id, 1);
    assert!(bench.joined(wb).is_some() && bench.joined(wc).is_some());
}

#[test]
fn without_an_initial_delay_the_first_member_gets_in_at_once() {
    let settings = GroupSettings { initial_rebalance_delay_ms: 0, ..GroupSettings::default() };
    let mut bench = Bench::with(settings);
    let (_, waiter) = bench.enter();
    bench.pass(0);
    assert_eq!(bench.joined(waiter).unwrap().generation_id, 1);
}

#[test]
fn before_version_4_a_member_needs_no_id() {
    let mut bench = Bench::new();
    bench.version = 3;
    let waiter = bench.join(joining(""));
    bench.pass(3_000);
    assert_eq!(bench.joined(waiter).unwrap().error_code, 0);
}

#[test]
fn refusals() {
    let mut bench = Bench::new();
    let mut code = |request: JoinGroupRequest| {
        let waiter = bench.join(request);
        bench.joined(waiter).map(|answer| answer.error_code)
    };
    let mut no_group = joining("");
    no_group.group_id = text("").into();
    assert_eq!(code(no_group), Some(ResponseError::InvalidGroupId.code()));
    for session in [5_999, 1_800_001] {
        let mut request = joining("");
        request.session_timeout_ms = session;
        assert_eq!(code(request), Some(ResponseError::InvalidSessionTimeout.code()));
    }
    assert_eq!(code(joining("who")), Some(ResponseError::UnknownMemberId.code()));
    let mut none = joining("");
    none.protocols.clear();
    assert_eq!(code(none), Some(ResponseError::InconsistentGroupProtocol.code()));
}

#[test]
fn members_must_agree_on_type_and_protocol() {
    let mut bench = Bench::new();
    bench.stable_one();
    let mut other_type = joining("");
    other_type.protocol_type = text("connect");
    let mut other_protocol = joining("");
    other_protocol.protocols = vec![protocol("sticky", &["t"])];
    for request in [other_type, other_protocol] {
        let waiter = bench.join(request);
        let code = ResponseError::InconsistentGroupProtocol.code();
        assert_eq!(bench.joined(waiter).unwrap().error_code, code);
    }
}

#[test]
fn the_protocol_that_most_members_prefer_wins() {
    let mut bench = Bench::new();
    bench.version = 3;
    let prefer = |first: &str, second: &str| {
        joining("").with_protocols(vec![protocol(first, &["t"]), protocol(second, &["t"])])
    };
    let waiter = bench.join(prefer("range", "sticky"));
    bench.join(prefer("sticky", "range"));
    bench.join(prefer("sticky", "range"));
    bench.pass(60_000);
    assert_eq!(bench.joined(waiter).unwrap().protocol_name, Some(text("sticky")));
}

#[test]
fn a_full_group_takes_no_more() {
    let settings = GroupSettings { max_size: 2, ..GroupSettings::default() };
    let mut bench = Bench::with(settings);
    bench.stable_two();
    let waiter = bench.join(joining(""));
    let code = ResponseError::GroupMaxSizeReached.code();
    assert_eq!(bench.joined(waiter).unwrap().error_code, code);
}

#[test]
fn a_new_member_makes_the_others_rejoin() {
    let mut bench = Bench::new();
    let a = bench.stable_one();
    let (b, wb) = bench.enter();
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
    assert_eq!(bench.heartbeat(&a, 1), ResponseError::RebalanceInProgress.code());
    let wa = bench.join(joining(&a));
    let (ja, jb) = (bench.joined(wa).unwrap(), bench.joined(wb).unwrap());
    assert_eq!((ja.generation_id, jb.generation_id), (2, 2));
    assert_eq!(ja.leader, text(&a), "the leader stays");
    assert_eq!((ja.members.len(), jb.members.len()), (2, 0));
    assert_eq!(jb.member_id, text(&b));
}

#[test]
fn members_that_do_not_rejoin_in_time_are_out() {
    let mut bench = Bench::new();
    let (a, b) = bench.stable_two();
    let wa = bench.join(joining(&a));
    assert!(bench.joined(wa).is_none());
    for _ in 0..11 {
        bench.pass(5_000);
        assert_eq!(bench.heartbeat(&b, 1), ResponseError::RebalanceInProgress.code());
    }
    bench.pass(5_000);
    let answer = bench.joined(wa).expect("the rebalance timeout is over");
    assert_eq!((answer.generation_id, answer.members.len()), (2, 1));
    assert_eq!(bench.heartbeat(&b, 1), ResponseError::UnknownMemberId.code());
}

#[test]
fn a_silent_member_is_out_after_its_session() {
    let mut bench = Bench::new();
    let a = bench.stable_one();
    bench.pass(9_999);
    assert_eq!(bench.heartbeat(&a, 1), 0);
    bench.pass(9_999);
    assert_eq!(bench.heartbeat(&a, 1), 0);
    bench.pass(10_000);
    assert_eq!(bench.state(), GroupState::Empty);
    assert_eq!(bench.heartbeat(&a, 1), ResponseError::UnknownMemberId.code());
}

#[test]
fn an_id_that_is_never_used_expires() {
    let mut bench = Bench::new();
    let a = bench.stable_one();
    bench.join(joining(""));
    let wa = bench.join(joining(&a));
    assert!(bench.joined(wa).is_none(), "a pending member is waited for");
    bench.pass(10_000);
    assert_eq!(bench.joined(wa).unwrap().generation_id, 2);
}

#[test]
fn a_join_lost_on_its_way_back_may_be_repeated() {
    let mut bench = Bench::new();
    let (id, _) = bench.enter();
    bench.pass(3_000);
    let again = bench.join(joining(&id));
    let answer = bench.joined(again).unwrap();
    assert_eq!((answer.error_code, answer.generation_id), (0, 1));
    assert_eq!(answer.members.len(), 1);
}

#[test]
fn a_repeated_join_takes_the_place_of_the_parked_one() {
    let mut bench = Bench::new();
    let (id, first) = bench.enter();
    let second = bench.join(joining(&id));
    let code = ResponseError::RebalanceInProgress.code();
    assert_eq!(bench.joined(first).unwrap().error_code, code);
    bench.pass(3_000);
    assert_eq!(bench.joined(second).unwrap().error_code, 0);
}

#[test]
fn a_follower_that_joins_unchanged_keeps_the_generation_and_a_leader_does_not() {
    let mut bench = Bench::new();
    let (a, b) = bench.stable_two();
    let wb = bench.join(joining(&b));
    assert_eq!(bench.joined(wb).unwrap().generation_id, 1);
    let wa = bench.join(joining(&a));
    assert!(bench.joined(wa).is_none());
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
}

#[test]
fn leaving() {
    let mut bench = Bench::new();
    let (a, b) = bench.stable_two();
    let answer = bench.leave(&[(&b, None), ("nobody", None)]);
    let codes: Vec<i16> = answer.members.iter().map(|member| member.error_code).collect();
    assert_eq!(codes, [0, ResponseError::UnknownMemberId.code()]);
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
    let wa = bench.join(joining(&a));
    assert_eq!(bench.joined(wa).unwrap().generation_id, 2);
    bench.leave(&[(&a, None)]);
    assert_eq!(bench.state(), GroupState::Empty);
}
