//! Tests of incremental fetch sessions.

use super::*;
use crate::base::{LeaderEpoch, Offset};

fn part(topic: &str, partition: i32, offset: i64) -> FetchRequestPartition {
    FetchRequestPartition {
        topic: TopicRef::Name(topic.into()),
        partition,
        fetch_offset: Offset(offset),
        max_bytes: 1000,
        current_leader_epoch: LeaderEpoch::NONE,
        last_fetched_epoch: LeaderEpoch::NONE,
    }
}

fn request(id: i32, epoch: i32, partitions: Vec<FetchRequestPartition>) -> SessionRequest {
    SessionRequest {
        id,
        epoch,
        uses_topic_ids: false,
        privileged: false,
        partitions,
        forgotten: Vec::new(),
    }
}

fn found(high_watermark: i64, has_records: bool) -> FetchedState {
    FetchedState {
        failed: false,
        has_records,
        diverging: false,
        high_watermark: Offset(high_watermark),
        log_start: Offset(0),
    }
}

fn numbers() -> impl FnMut() -> u32 {
    let mut next = 1000u32;
    move || {
        next += 10;
        next
    }
}

fn open(cache: &mut FetchSessions, now: u64, partitions: Vec<FetchRequestPartition>) -> i32 {
    let states = vec![found(0, false); partitions.len()];
    let context = cache.begin(now, request(0, 0, partitions)).expect("full");
    assert_eq!(context.kind, SessionKind::Full);
    cache.conclude(now, &context, &states, numbers()).expect("concluded").session_id
}

#[test]
fn an_incremental_fetch_tells_only_news() {
    let mut cache = FetchSessions::new(10, 0, 1);
    let id = open(&mut cache, 0, vec![part("a", 0, 0), part("a", 1, 0), part("b", 0, 0)]);
    assert!(id > 0);
    let context = cache.begin(1, request(id, 1, Vec::new())).expect("session");
    assert_eq!(context.partitions.len(), 3);
    let states = [found(5, true), found(0, false), found(1, false)];
    let told = cache.conclude(1, &context, &states, numbers()).expect("concluded");
    assert_eq!(told, FetchConclusion { session_id: id, told: vec![true, false, true] });
    // what had records goes last
    let context = cache.begin(2, request(id, 2, vec![part("a", 0, 5)])).expect("session");
    assert_eq!(context.partitions, [part("a", 1, 0), part("b", 0, 0), part("a", 0, 5)]);
    let failed = FetchedState { failed: true, ..found(1, false) };
    let states = [found(0, false), failed, found(5, false)];
    let told = cache.conclude(2, &context, &states, numbers()).expect("concluded");
    assert_eq!(told.told, [false, true, false]);
    // after an error the partition is told of again
    let context = cache.begin(3, request(id, 3, Vec::new())).expect("session");
    let states = [found(0, false), found(1, false), found(5, false)];
    let told = cache.conclude(3, &context, &states, numbers()).expect("concluded");
    assert_eq!(told.told, [false, true, false]);
}

#[test]
fn forgotten_partitions_leave_and_an_empty_session_ends() {
    let mut cache = FetchSessions::new(10, 0, 1);
    let id = open(&mut cache, 0, vec![part("a", 0, 0), part("a", 1, 0)]);
    let forget = |epoch, partition| SessionRequest {
        forgotten: vec![(TopicRef::Name("a".into()), partition)],
        ..request(id, epoch, Vec::new())
    };
    let context = cache.begin(1, forget(1, 0)).expect("session");
    assert_eq!(context.partitions, [part("a", 1, 0)]);
    let context = cache.begin(2, forget(2, 1)).expect("session");
    assert_eq!(context.kind, SessionKind::Sessionless);
    assert!(cache.is_empty());
}

#[test]
fn wrong_ids_epochs_and_names_are_refused() {
    let mut cache = FetchSessions::new(10, 0, 1);
    let id = open(&mut cache, 0, vec![part("a", 0, 0)]);
    let mut begin = |request| cache.begin(1, request).map(|context| context.kind);
    assert_eq!(begin(request(id + 1, 1, Vec::new())), Err(SessionError::NotFound));
    assert_eq!(begin(request(id, 2, Vec::new())), Err(SessionError::InvalidEpoch));
    let by_id = SessionRequest { uses_topic_ids: true, ..request(id, 1, Vec::new()) };
    assert_eq!(begin(by_id), Err(SessionError::TopicId));
    assert_eq!(begin(request(id, -1, vec![part("a", 0, 0)])), Ok(SessionKind::Sessionless));
    assert_eq!(begin(request(id, 1, Vec::new())), Err(SessionError::NotFound));
}

#[test]
fn a_full_cache_gives_no_session_until_one_may_go() {
    let mut cache = FetchSessions::new(2, 0, 1);
    let small = open(&mut cache, 0, vec![part("a", 0, 0)]);
    let large = open(&mut cache, 1, vec![part("a", 0, 0), part("a", 1, 0)]);
    // both are young
    let two = vec![part("b", 0, 0), part("b", 1, 0)];
    assert_eq!(open(&mut cache, 10, two.clone()), 0);
    // both in use and past their protection: the smaller one makes room for a larger
    cache.begin(110_000, request(small, 1, Vec::new())).expect("session");
    cache.begin(110_000, request(large, 1, Vec::new())).expect("session");
    assert!(open(&mut cache, 121_000, two) > 0);
    assert!(cache.begin(121_001, request(small, 2, Vec::new())).is_err());
    // one that is not used at all makes room for anybody
    assert!(open(&mut cache, 240_000, vec![part("c", 0, 0)]) > 0);
    assert_eq!(cache.len(), 2);
    assert!(cache.begin(240_001, request(large, 2, Vec::new())).is_err());
}

#[test]
fn ids_belong_to_their_shard() {
    let mut cache = FetchSessions::new(100, 3, 8);
    for _ in 0..50 {
        let id = open(&mut cache, 0, vec![part("a", 0, 0)]);
        assert_eq!(id % 8, 3);
    }
    assert_eq!(cache.len(), 50);
}

#[test]
fn epochs_wrap_to_one() {
    assert_eq!(next_epoch(1), 2);
    assert_eq!(next_epoch(i32::MAX), 1);
    assert_eq!(next_epoch(-1), -1);
}
