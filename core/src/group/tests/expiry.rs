//! Offsets that expire (KIP-211) and offsets of deleted topics.

use super::*;

const WEEK: u64 = 7 * 24 * 3_600_000;

#[test]
fn offsets_of_a_simple_consumer_expire_from_their_commit() {
    let mut bench = Bench::new();
    bench.commit("", -1, "t", 1);
    bench.pass(WEEK / 2);
    bench.commit("", -1, "u", 2);
    bench.pass(WEEK / 2 + 600_000);
    assert_eq!(bench.fetch_all(false).unwrap(), [("u".to_owned(), 0, 2)]);
    bench.pass(WEEK / 2);
    assert_eq!(bench.state(), GroupState::Dead, "an empty group without offsets goes too");
}

#[test]
fn offsets_of_a_group_expire_from_when_it_was_left() {
    let mut bench = Bench::new();
    bench.machine.settings.max_session_timeout_ms = i32::MAX;
    let mut long = joining("");
    long.session_timeout_ms = i32::MAX;
    bench.version = 3;
    let waiter = bench.join(long);
    bench.pass(3_000);
    let a = bench.joined(waiter).unwrap().member_id.to_string();
    bench.sync(&a, 1, &[(&a, "A")]);
    bench.commit(&a, 1, "t", 1);
    bench.commit(&a, 1, "not-read", 1);
    bench.pass(WEEK + 600_000);
    let left = bench.fetch_all(false).unwrap();
    assert_eq!(left, [("t".to_owned(), 0, 1)], "only topics that nobody reads expire");
    bench.leave(&[(&a, None)]);
    bench.pass(WEEK - 1);
    assert_eq!(bench.fetch_all(false).unwrap().len(), 1);
    bench.pass(600_001);
    assert_eq!(bench.state(), GroupState::Dead);
}

#[test]
fn old_clients_say_how_long_to_keep_an_offset() {
    let mut bench = Bench::new();
    let mut request = committing(GROUP, "", -1, "t", 1);
    request.retention_time_ms = 1_000;
    bench.call("c", Request::Commit(request));
    assert_eq!(bench.fetch_all(false).unwrap().len(), 1);
    bench.pass(600_000);
    assert_eq!(bench.fetch_all(false).unwrap(), []);
}

#[test]
fn a_group_whose_member_never_came_back_goes() {
    let mut bench = Bench::new();
    bench.join(joining(""));
    assert_eq!(bench.state(), GroupState::Empty);
    bench.pass(600_000);
    assert_eq!(bench.state(), GroupState::Dead);
    assert!(bench.log.last().unwrap().value.is_none());
}

#[test]
fn offsets_of_deleted_topics_go_after_what_is_under_way() {
    let mut bench = Bench::new();
    bench.commit("", -1, "t", 1);
    bench.commit("", -1, "u", 1);
    bench.hold = true;
    bench.commit("", -1, "t", 2);
    let topics: Arc<[crate::base::TopicName]> = Arc::from([Arc::from("t")]);
    let mut out = Outputs::new();
    bench.machine.on_topics_deleted(bench.now, &topics, &mut out);
    assert!(out.is_empty());
    bench.hold = false;
    bench.finish_append(Ok(()));
    assert_eq!(bench.fetch_all(true).unwrap(), [("u".to_owned(), 0, 1)]);
}
