//! Appends that fail, and a coordinator that is not ready.

use super::*;

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

#[test]
fn everything_waits_for_the_log_to_be_read() {
    let mut bench = Bench::new();
    bench.machine = GroupCoordinator::new(GroupSettings::default());
    let waiter = bench.join(joining(""));
    let code = ResponseError::CoordinatorLoadInProgress.code();
    assert_eq!(bench.joined(waiter).unwrap().error_code, code);
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
