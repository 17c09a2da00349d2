//! Offsets: who may commit, what is fetched, what may be deleted.

use kafka_protocol::messages::OffsetDeleteRequest;
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopics;

use super::*;

#[test]
fn a_simple_consumer_commits_without_a_group() {
    let mut bench = Bench::new();
    let waiter = bench.commit("", -1, "t", 5);
    assert_eq!(bench.commit_code(waiter), Some(0));
    assert_eq!(bench.fetch_all(false).unwrap(), [("t".to_owned(), 0, 5)]);
    assert_eq!(bench.state(), GroupState::Empty);
    bench.commit("", -1, "t", 6);
    assert_eq!(bench.fetch_all(false).unwrap(), [("t".to_owned(), 0, 6)]);
}

#[test]
fn a_commit_is_acknowledged_when_it_is_in_the_log() {
    let mut bench = Bench::new();
    bench.hold = true;
    let first = bench.commit("", -1, "t", 5);
    let second = bench.commit("", -1, "t", 6);
    assert_eq!(bench.fetch_all(false).unwrap(), []);
    let stable = bench.call(
        "c",
        Request::Fetch {
            group: OffsetFetchRequestGroup::default()
                .with_group_id(text(GROUP).into())
                .with_topics(None),
            stable: true,
        },
    );
    assert_eq!(bench.commit_code(first), None);
    bench.finish_append(Ok(()));
    assert_eq!(bench.commit_code(first), Some(0));
    assert_eq!(bench.commit_code(second), None, "it goes with the next append");
    assert_eq!(bench.fetched(stable), None, "a stable fetch waits for all");
    bench.finish_append(Ok(()));
    assert_eq!(bench.commit_code(second), Some(0));
    assert_eq!(bench.fetched(stable).unwrap(), [("t".to_owned(), 0, 6)]);
}

#[test]
fn members_commit_in_their_generation() {
    let mut bench = Bench::new();
    let a = bench.stable_one();
    let mut code = |member: &str, generation| {
        let waiter = bench.commit(member, generation, "t", 1);
        bench.commit_code(waiter).unwrap()
    };
    assert_eq!(code(&a, 1), 0);
    assert_eq!(code(&a, 0), ResponseError::IllegalGeneration.code());
    assert_eq!(code("other", 1), ResponseError::UnknownMemberId.code());
    assert_eq!(code("", -1), ResponseError::UnknownMemberId.code());
    let (b, _) = bench.enter();
    let waiter = bench.commit(&a, 1, "t", 2);
    assert_eq!(bench.commit_code(waiter), Some(0), "before it rejoins it may still commit");
    let wa = bench.join(joining(&a));
    assert_eq!(bench.joined(wa).unwrap().generation_id, 2);
    for member in [&a, &b] {
        let waiter = bench.commit(member, 2, "t", 2);
        let code = ResponseError::RebalanceInProgress.code();
        assert_eq!(bench.commit_code(waiter), Some(code));
    }
}

#[test]
fn a_generation_of_no_group() {
    let mut bench = Bench::new();
    let waiter = bench.commit("m", 1, "t", 1);
    assert_eq!(bench.commit_code(waiter), Some(ResponseError::GroupIdNotFound.code()));
    bench.version = 8;
    let waiter = bench.commit("m", 1, "t", 1);
    assert_eq!(bench.commit_code(waiter), Some(ResponseError::IllegalGeneration.code()));
}

#[test]
fn commits_keep_a_session_alive() {
    let mut bench = Bench::new();
    let a = bench.stable_one();
    for at in 0..5 {
        bench.pass(9_000);
        let waiter = bench.commit(&a, 1, "t", at);
        assert_eq!(bench.commit_code(waiter), Some(0));
    }
}

#[test]
fn metadata_has_a_largest_size() {
    let mut bench = Bench::new();
    let mut request = committing(GROUP, "", -1, "t", 1);
    let partitions = &mut request.topics[0].partitions;
    let mut large = partitions[0].clone();
    large.partition_index = 1;
    large.committed_metadata = Some(text(&"x".repeat(4_097)));
    partitions.push(large);
    let waiter = bench.call("c", Request::Commit(request));
    let Response::Commit(answer) = &bench.answers[&waiter] else { panic!() };
    let codes: Vec<i16> = answer.topics[0].partitions.iter().map(|p| p.error_code).collect();
    assert_eq!(codes, [0, ResponseError::OffsetMetadataTooLarge.code()]);
    assert_eq!(bench.fetch_all(false).unwrap().len(), 1);
}

#[test]
fn what_was_not_committed_is_minus_one() {
    let mut bench = Bench::new();
    bench.commit("", -1, "t", 5);
    let topic = OffsetFetchRequestTopics::default()
        .with_name(text("t").into())
        .with_partition_indexes(vec![0, 9]);
    let group = OffsetFetchRequestGroup::default()
        .with_group_id(text(GROUP).into())
        .with_topics(Some(vec![topic]));
    let waiter = bench.call("c", Request::Fetch { group, stable: true });
    assert_eq!(bench.fetched(waiter).unwrap(), [("t".to_owned(), 0, 5), ("t".to_owned(), 9, -1)]);
    let Response::Fetch(answer) = &bench.answers[&waiter] else { panic!() };
    assert_eq!(answer.topics[0].partitions[0].metadata, Some(text("note")));
    assert_eq!(answer.topics[0].partitions[1].metadata, Some(text("")));
}

fn delete(bench: &mut Bench, topic: &str) -> (i16, Option<i16>) {
    let partition = OffsetDeleteRequestPartition::default().with_partition_index(0);
    let topic = OffsetDeleteRequestTopic::default()
        .with_name(text(topic).into())
        .with_partitions(vec![partition]);
    let request =
        OffsetDeleteRequest::default().with_group_id(text(GROUP).into()).with_topics(vec![topic]);
    let waiter = bench.call("c", Request::DeleteOffsets(request));
    let Response::DeleteOffsets(answer) = &bench.answers[&waiter] else { panic!() };
    (answer.error_code, answer.topics.first().map(|topic| topic.partitions[0].error_code))
}

#[test]
fn offsets_of_topics_that_are_read_are_not_deleted() {
    let mut bench = Bench::new();
    assert_eq!(delete(&mut bench, "t"), (ResponseError::GroupIdNotFound.code(), None));
    let a = bench.stable_one();
    bench.commit(&a, 1, "t", 1);
    bench.commit(&a, 1, "u", 1);
    let subscribed = ResponseError::GroupSubscribedToTopic.code();
    assert_eq!(delete(&mut bench, "t"), (0, Some(subscribed)));
    assert_eq!(delete(&mut bench, "u"), (0, Some(0)));
    assert_eq!(bench.fetch_all(false).unwrap(), [("t".to_owned(), 0, 1)]);
    bench.leave(&[(&a, None)]);
    assert_eq!(delete(&mut bench, "t"), (0, Some(0)));
    assert_eq!(bench.fetch_all(false).unwrap(), []);
}

#[test]
fn only_consumers_have_subscriptions() {
    let mut bench = Bench::new();
    bench.version = 3;
    bench.join(joining("").with_protocol_type(text("connect")));
    let code = ResponseError::NonEmptyGroup.code();
    assert_eq!(delete(&mut bench, "t"), (code, None));
}

#[test]
fn an_offset_of_an_older_topic_of_the_same_name_is_not_found() {
    let mut bench = Bench::new();
    let mut request = committing(GROUP, "", -1, "t", 5);
    request.topics[0].topic_id = Uuid::from_u128(1);
    bench.call("c", Request::Commit(request));
    for (id, expected) in [(0, 5), (1, 5), (2, -1)] {
        let topic = OffsetFetchRequestTopics::default()
            .with_name(text("t").into())
            .with_topic_id(Uuid::from_u128(id))
            .with_partition_indexes(vec![0]);
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(text(GROUP).into())
            .with_topics(Some(vec![topic]));
        let waiter = bench.call("c", Request::Fetch { group, stable: false });
        assert_eq!(bench.fetched(waiter).unwrap(), [("t".to_owned(), 0, expected)]);
    }
}
