//! Describe, list, delete.

use super::*;

fn describe(
    bench: &mut Bench,
    group: &str,
) -> kafka_protocol::messages::describe_groups_response::DescribedGroup {
    let waiter = bench.call("c", Request::Describe(Arc::from(group)));
    let Response::Describe(answer) = &bench.answers[&waiter] else { panic!() };
    answer.clone()
}

fn list(bench: &mut Bench, states: &[&str], types: &[&str]) -> Vec<(String, String)> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let request = Request::List { states: owned(states), types: owned(types) };
    let waiter = bench.call("c", request);
    let Response::List(Ok(listed)) = &bench.answers[&waiter] else { panic!() };
    listed.iter().map(|g| (g.group_id.to_string(), g.group_state.to_string())).collect()
}

fn delete(bench: &mut Bench, group: &str) -> Waiter {
    bench.call("c", Request::Delete(Arc::from(group)))
}

#[test]
fn a_group_that_is_not_there_is_dead() {
    let mut bench = Bench::new();
    bench.version = 5;
    let answer = describe(&mut bench, "x");
    assert_eq!((answer.error_code, &*answer.group_state), (0, "Dead"));
    bench.version = 6;
    let answer = describe(&mut bench, "x");
    assert_eq!(answer.error_code, ResponseError::GroupIdNotFound.code());
    assert_eq!(answer.error_message, Some(text("Group x not found.")));
}

#[test]
fn only_a_stable_group_shows_its_protocol() {
    let mut bench = Bench::new();
    let a = bench.stable_one();
    let answer = describe(&mut bench, GROUP);
    assert_eq!(&*answer.group_state, "Stable");
    assert_eq!((&*answer.protocol_type, &*answer.protocol_data), ("consumer", "range"));
    let member = &answer.members[0];
    assert_eq!((&*member.member_id, &*member.client_id), (&*a, "c"));
    assert_eq!(&*member.client_host, "/127.0.0.1");
    assert_eq!(member.member_assignment, Bytes::from("all"));
    assert_eq!(member.member_metadata, subscription(&["t"]));
    bench.enter();
    let answer = describe(&mut bench, GROUP);
    assert_eq!(&*answer.group_state, "PreparingRebalance");
    assert_eq!(&*answer.protocol_data, "");
    assert!(answer.members[0].member_assignment.is_empty());
}

#[test]
fn lists_are_filtered_by_state_and_type() {
    let mut bench = Bench::new();
    bench.stable_one();
    bench.call("c", Request::Commit(committing("simple", "", -1, "t", 1)));
    let stable = (GROUP.to_owned(), "Stable".to_owned());
    let empty = ("simple".to_owned(), "Empty".to_owned());
    assert_eq!(list(&mut bench, &[], &[]), [stable.clone(), empty.clone()]);
    assert_eq!(list(&mut bench, &["sTABLE"], &[]), [stable]);
    assert_eq!(list(&mut bench, &["Empty"], &["Classic"]), [empty]);
    assert_eq!(list(&mut bench, &["NoSuch"], &[]), []);
    assert_eq!(list(&mut bench, &[], &["consumer"]), []);
}

#[test]
fn only_empty_groups_are_deleted() {
    let mut bench = Bench::new();
    let waiter = delete(&mut bench, "x");
    let missing = Response::Delete(Err(ResponseError::GroupIdNotFound));
    assert_eq!(bench.answers[&waiter], missing);
    let a = bench.stable_one();
    bench.commit(&a, 1, "t", 1);
    let waiter = delete(&mut bench, GROUP);
    assert_eq!(bench.answers[&waiter], Response::Delete(Err(ResponseError::NonEmptyGroup)));
    bench.leave(&[(&a, None)]);
    let waiter = delete(&mut bench, GROUP);
    assert_eq!(bench.answers[&waiter], Response::Delete(Ok(())));
    assert_eq!(bench.state(), GroupState::Dead);
    assert_eq!(bench.fetch_all(false).unwrap(), []);
    let tombstones = bench.log.iter().rev().take_while(|record| record.value.is_none());
    assert_eq!(tombstones.count(), 2, "one for the offset, one for the group");
}

#[test]
fn a_deletion_waits_for_commits_and_joins_wait_for_the_deletion() {
    let mut bench = Bench::new();
    bench.commit("", -1, "t", 1);
    bench.hold = true;
    let commit = bench.commit("", -1, "u", 2);
    let deletion = delete(&mut bench, GROUP);
    let join = bench.join(joining(""));
    assert!(bench.joined(join).is_none());
    bench.finish_append(Ok(()));
    assert_eq!(bench.commit_code(commit), Some(0));
    assert!(bench.joined(join).is_none());
    bench.hold = false;
    bench.finish_append(Ok(()));
    assert_eq!(bench.answers[&deletion], Response::Delete(Ok(())));
    let code = ResponseError::MemberIdRequired.code();
    assert_eq!(bench.joined(join).unwrap().error_code, code, "in a new group");
    assert_eq!(bench.fetch_all(true).unwrap(), []);
}
