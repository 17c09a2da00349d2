//! Static members (KIP-345).

use super::*;

fn joining_as(instance: &str, member: &str) -> JoinGroupRequest {
    joining(member).with_group_instance_id(Some(text(instance)))
}

/// A stable group of the static members `x`, which leads, and `y`.
fn stable(bench: &mut Bench) -> (String, String) {
    let (wx, wy) = (bench.join(joining_as("x", "")), bench.join(joining_as("y", "")));
    bench.pass(6_000);
    let (x, y) = (bench.joined(wx).unwrap(), bench.joined(wy).unwrap());
    assert_eq!(x.leader, x.member_id);
    let (x, y) = (x.member_id.to_string(), y.member_id.to_string());
    bench.sync(&y, 1, &[]);
    bench.sync(&x, 1, &[(&x, "X"), (&y, "Y")]);
    assert_eq!(bench.state(), GroupState::Stable);
    (x, y)
}

#[test]
fn a_static_member_gets_in_without_an_id() {
    let mut bench = Bench::new();
    let (x, _) = stable(&mut bench);
    assert!(x.starts_with("x-"));
}

#[test]
fn a_restarted_follower_gets_its_assignment_back_without_a_rebalance() {
    let mut bench = Bench::new();
    let (x, y) = stable(&mut bench);
    let records = bench.log.len();
    let waiter = bench.join(joining_as("y", ""));
    let answer = bench.joined(waiter).unwrap();
    assert_eq!((answer.error_code, answer.generation_id), (0, 1));
    assert!(answer.members.is_empty() && !answer.skip_assignment);
    assert_eq!(answer.leader, text(&x));
    let new = answer.member_id.to_string();
    assert_ne!(new, y);
    assert_eq!(bench.log.len(), records + 1, "the new id is stored");
    let synced = bench.sync(&new, 1, &[]);
    assert_eq!(bench.synced(synced).unwrap().assignment, Bytes::from("Y"));
    assert_eq!(bench.heartbeat(&new, 1), 0);
    let request = HeartbeatRequest::default()
        .with_group_id(text(GROUP).into())
        .with_member_id(text(&y))
        .with_group_instance_id(Some(text("y")))
        .with_generation_id(1);
    let waiter = bench.call("c", Request::Heartbeat(request));
    let Response::Heartbeat(answer) = &bench.answers[&waiter] else { panic!() };
    assert_eq!(answer.error_code, ResponseError::FencedInstanceId.code());
}

#[test]
fn a_restarted_leader_is_told_to_skip_the_assignment() {
    let mut bench = Bench::new();
    stable(&mut bench);
    let waiter = bench.join(joining_as("x", ""));
    let answer = bench.joined(waiter).unwrap();
    assert!(answer.skip_assignment);
    assert_eq!(answer.members.len(), 2);
    assert_eq!(answer.leader, answer.member_id);
}

#[test]
fn a_restarted_leader_that_cannot_skip_is_told_of_the_old_leader() {
    let mut bench = Bench::new();
    let (x, _) = stable(&mut bench);
    bench.version = 8;
    let waiter = bench.join(joining_as("x", ""));
    let answer = bench.joined(waiter).unwrap();
    assert!(!answer.skip_assignment && answer.members.is_empty());
    assert_eq!(answer.leader, text(&x));
}

#[test]
fn the_one_who_waits_under_the_old_id_is_fenced() {
    let mut bench = Bench::new();
    let (x, _) = stable(&mut bench);
    let parked = bench.join(joining_as("x", &x));
    assert!(bench.joined(parked).is_none());
    bench.join(joining_as("x", ""));
    let code = ResponseError::FencedInstanceId.code();
    assert_eq!(bench.joined(parked).unwrap().error_code, code);
    let fenced = bench.join(joining_as("x", &x));
    assert_eq!(bench.joined(fenced).unwrap().error_code, code);
}

#[test]
fn an_append_that_fails_gives_the_old_id_its_place_back() {
    let mut bench = Bench::new();
    let (_, y) = stable(&mut bench);
    bench.hold = true;
    let waiter = bench.join(joining_as("y", ""));
    assert!(bench.joined(waiter).is_none());
    bench.finish_append(Err(ResponseError::NotEnoughReplicas));
    let code = ResponseError::CoordinatorNotAvailable.code();
    assert_eq!(bench.joined(waiter).unwrap().error_code, code);
    bench.hold = false;
    let synced = bench.sync(&y, 1, &[]);
    assert_eq!(bench.synced(synced).unwrap().assignment, Bytes::from("Y"));
}

#[test]
fn a_static_member_stays_through_a_rebalance_it_misses_until_its_session_ends() {
    let mut bench = Bench::new();
    bench.machine.settings.max_session_timeout_ms = 1_000_000;
    let long = |instance: &str| joining_as(instance, "").with_session_timeout_ms(500_000);
    let (wx, wy) = (bench.join(long("x")), bench.join(long("y")));
    bench.pass(6_000);
    let x = bench.joined(wx).unwrap().member_id.to_string();
    let y = bench.joined(wy).unwrap().member_id.to_string();
    bench.sync(&x, 1, &[(&x, "X"), (&y, "Y")]);
    bench.sync(&y, 1, &[]);
    let wx = bench.join(long("x").with_member_id(text(&x)));
    bench.pass(60_000);
    let answer = bench.joined(wx).unwrap();
    assert_eq!(answer.members.len(), 2, "y is still a member");
}

#[test]
fn an_administrator_removes_static_members_by_name() {
    let mut bench = Bench::new();
    stable(&mut bench);
    let answer = bench.leave(&[("", Some("x")), ("", Some("z"))]);
    let codes: Vec<i16> = answer.members.iter().map(|member| member.error_code).collect();
    assert_eq!(codes, [0, ResponseError::UnknownMemberId.code()]);
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
}
