//! What a session says, and when it begins anew.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

fn asks(offsets: &[(i32, i64)]) -> BTreeMap<TopicPartition, Ask> {
    let ask = |offset| Ask { offset: Offset(offset), leader_epoch: LeaderEpoch(3), max_bytes: 9 };
    offsets.iter().map(|(index, offset)| (TopicPartition::new("t", *index), ask(*offset))).collect()
}

fn said(request: &FetchRequest) -> Vec<(i32, i64)> {
    let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
    partitions.map(|p| (p.partition, p.fetch_offset)).collect()
}

fn forgotten(request: &FetchRequest) -> Vec<i32> {
    request.forgotten_topics_data.iter().flat_map(|topic| topic.partitions.clone()).collect()
}

fn all(count: i32) -> BTreeSet<TopicPartition> {
    (0..count).map(|index| TopicPartition::new("t", index)).collect()
}

#[test]
fn only_what_changed_is_said() {
    let mut session = Session::default();
    let first = session.request(asks(&[(0, 1), (1, 2)]));
    assert_eq!((first.session_id, first.session_epoch), (0, 0));
    assert_eq!(said(&first), [(0, 1), (1, 2)]);
    assert_eq!(first.topics[0].partitions[0].current_leader_epoch, 3);
    assert!(session.on_answer(0, 77, &all(2)));
    let second = session.request(asks(&[(0, 5), (1, 2)]));
    assert_eq!((second.session_id, second.session_epoch), (77, 1));
    assert_eq!(said(&second), [(0, 5)]);
    assert!(session.on_answer(0, 77, &all(1)));
    let third = session.request(asks(&[(1, 2), (2, 0)]));
    assert_eq!((third.session_id, third.session_epoch), (77, 2));
    assert_eq!((said(&third), forgotten(&third)), (vec![(2, 0)], vec![0]));
    assert_eq!(session.close().map(|c| (c.session_id, c.session_epoch)), Some((77, -1)));
    assert_eq!(session.close(), None);
}

#[test]
fn a_broker_without_room_for_sessions_is_told_everything_each_time() {
    let mut session = Session::default();
    for offset in 0..3 {
        let request = session.request(asks(&[(0, offset), (1, 0)]));
        assert_eq!((request.session_id, request.session_epoch), (0, 0));
        assert_eq!(said(&request), [(0, offset), (1, 0)]);
        assert!(session.on_answer(0, 0, &all(2)));
    }
}

#[test]
fn a_session_that_is_lost_begins_anew() {
    let open = || {
        let mut session = Session::default();
        session.request(asks(&[(0, 1), (1, 2)]));
        assert!(session.on_answer(0, 77, &all(2)));
        session.request(asks(&[(0, 2), (1, 2)]));
        session
    };
    // a broker that never heard of it has nothing to close
    let mut session = open();
    assert!(!session.on_answer(ResponseError::FetchSessionIdNotFound.code(), 0, &all(0)));
    let request = session.request(asks(&[(0, 2), (1, 2)]));
    assert_eq!((request.session_id, request.session_epoch), (0, 0));
    assert_eq!(said(&request), [(0, 2), (1, 2)]);
    let mut session = open();
    assert!(!session.on_answer(ResponseError::InvalidFetchSessionEpoch.code(), 0, &all(0)));
    assert_eq!(session.request(asks(&[(0, 2)])).session_id, 77);
    let mut session = open();
    session.on_lost();
    let request = session.request(asks(&[(0, 2)]));
    assert_eq!((request.session_id, request.session_epoch), (77, 0));
    assert!(forgotten(&request).is_empty());
    // an answer about a partition that was not asked for is not this session's
    let mut session = open();
    assert!(!session.on_answer(0, 77, &all(3)));
    assert_eq!(session.request(asks(&[(0, 2)])).session_epoch, 0);
    // an answer to a full request that leaves a partition out
    let mut session = Session::default();
    session.request(asks(&[(0, 1), (1, 2)]));
    assert!(!session.on_answer(0, 77, &all(1)));
}
