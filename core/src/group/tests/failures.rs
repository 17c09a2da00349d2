//! Appends that fail, and a coordinator that is not ready.

use super::*;
use crate::base::TopicName;

#[test]
fn a_commit_that_is_not_in_the_log_did_not_happen() {
    let mut bench = Bench::new();
    bench.hold = true;
    for (failure, told) in [
        (ResponseError::NotEnoughReplicas, ResponseError::CoordinatorNotAvailable),
        (ResponseError::RequestTimedOut, ResponseError::CoordinatorNotAvailable),
        (ResponseError::NotLeaderOrFollower, ResponseError::NotCoordinator),
        (ResponseError::KafkaStorageError, ResponseError::NotCoordinator),
        (ResponseError::MessageTooLarge, ResponseError::UnknownServerError),
    ] {
        let waiter = bench.commit("", -1, "t", 1);
        bench.finish_append(Err(failure));
        assert_eq!(bench.commit_code(waiter), Some(told.code()));
    }
    assert_eq!(bench.fetch_all(false).unwrap(), []);
    assert_eq!(bench.state(), GroupState::Dead);
}

#[test]
fn an_assignment_that_is_not_in_the_log_is_given_to_nobody() {
    let mut bench = Bench::new();
    let (a, _) = bench.enter();
    let (b, _) = bench.enter();
    bench.pass(6_000);
    bench.hold = true;
    let sb = bench.sync(&b, 1, &[]);
    let sa = bench.sync(&a, 1, &[(&a, "A"), (&b, "B")]);
    bench.finish_append(Err(ResponseError::RequestTimedOut));
    let code = ResponseError::CoordinatorNotAvailable.code();
    for waiter in [sa, sb] {
        let answer = bench.synced(waiter).unwrap();
        assert_eq!(answer.error_code, code);
        assert!(answer.assignment.is_empty());
    }
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
}

#[test]
fn a_deletion_that_fails_leaves_the_group() {
    let mut bench = Bench::new();
    bench.commit("", -1, "t", 1);
    bench.hold = true;
    let waiter = bench.call("c", Request::Delete(Arc::from(GROUP)));
    bench.finish_append(Err(ResponseError::NotEnoughReplicas));
    let refused = Response::Delete(Err(ResponseError::CoordinatorNotAvailable));
    assert_eq!(bench.answers[&waiter], refused);
    assert_eq!(bench.fetch_all(false).unwrap().len(), 1);
}

/// A coordinator that has not read its log yet.
fn loading() -> Bench {
    let mut bench = Bench::new();
    bench.machine = GroupCoordinator::new(bench.machine.settings);
    bench
}

#[test]
fn calls_wait_for_the_log_to_be_read() {
    let mut bench = loading();
    let join = bench.join(joining(""));
    let first = bench.commit("", -1, "t", 1);
    let second = bench.commit("", -1, "t", 2);
    bench.pass(2_999);
    assert!(bench.answers.is_empty());
    bench.read_log();
    let code = ResponseError::MemberIdRequired.code();
    assert_eq!(bench.joined(join).unwrap().error_code, code);
    assert_eq!((bench.commit_code(first), bench.commit_code(second)), (Some(0), Some(0)));
    assert_eq!(bench.fetch_all(false).unwrap(), [("t".to_owned(), 0, 2)], "in their order");
}

#[test]
fn a_log_that_takes_long_is_waited_for_once() {
    let mut bench = loading();
    let code = ResponseError::CoordinatorLoadInProgress.code();
    let early = bench.join(joining(""));
    bench.pass(3_000);
    assert_eq!(bench.joined(early).unwrap().error_code, code);
    assert_eq!(bench.heartbeat("m", 1), code, "at once");
    bench.read_log();
    assert_eq!(bench.heartbeat("m", 1), ResponseError::UnknownMemberId.code());
}

#[test]
fn no_more_than_so_many_calls_wait_for_the_log() {
    let mut bench = loading();
    for _ in 0..10_000 {
        bench.commit("", -1, "t", 1);
    }
    assert!(bench.answers.is_empty());
    let one_more = bench.commit("", -1, "t", 1);
    let code = ResponseError::CoordinatorLoadInProgress.code();
    assert_eq!(bench.commit_code(one_more), Some(code));
}

#[test]
fn a_topic_deleted_while_the_log_is_read_is_forgotten() {
    let mut bench = Bench::new();
    bench.commit("", -1, "gone", 1);
    bench.commit("", -1, "kept", 2);
    bench.machine = GroupCoordinator::new(bench.machine.settings);
    let gone: Arc<[TopicName]> = [TopicName::from("gone")].into();
    let mut out = Outputs::new();
    bench.machine.on_topics_deleted(bench.now, &gone, &mut out);
    bench.run(out);
    bench.read_log();
    assert_eq!(bench.fetch_all(false).unwrap(), [("kept".to_owned(), 0, 2)]);
}

#[test]
fn the_queue_is_bounded() {
    let mut bench = Bench::new();
    bench.hold = true;
    let mut refused = 0;
    for at in 0..10_100 {
        let waiter = bench.commit("", -1, "t", at);
        refused += usize::from(bench.commit_code(waiter).is_some());
    }
    assert!((90..=100).contains(&refused), "{refused}");
}
