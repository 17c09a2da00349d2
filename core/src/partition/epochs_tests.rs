//! Tests of the leader epoch cache.

use super::*;

fn cache(entries: &[(i32, i64)]) -> LeaderEpochCache {
    let mut cache = LeaderEpochCache::default();
    for (epoch, offset) in entries {
        cache.assign(LeaderEpoch(*epoch), Offset(*offset));
    }
    cache
}

fn listed(cache: &LeaderEpochCache) -> Vec<(i32, i64)> {
    cache.entries().iter().map(|e| (e.epoch.0, e.start_offset.0)).collect()
}

fn end(cache: &LeaderEpochCache, epoch: i32) -> Option<(i32, i64)> {
    cache.end_offset_for(LeaderEpoch(epoch), Offset(100)).map(|(e, o)| (e.0, o.0))
}

#[test]
fn an_epoch_is_noted_once() {
    let mut cache = cache(&[(0, 0), (2, 10)]);
    assert!(!cache.assign(LeaderEpoch(2), Offset(15)));
    assert!(!cache.assign(LeaderEpoch(-1), Offset(15)));
    assert_eq!(listed(&cache), [(0, 0), (2, 10)]);
    assert_eq!(cache.latest_epoch(), Some(LeaderEpoch(2)));
}

#[test]
fn a_conflicting_entry_replaces_what_is_behind_it() {
    let mut cache = cache(&[(0, 0), (2, 10), (4, 20)]);
    assert!(cache.assign(LeaderEpoch(3), Offset(15)));
    assert_eq!(listed(&cache), [(0, 0), (2, 10), (3, 15)]);
    assert!(cache.assign(LeaderEpoch(5), Offset(10)));
    assert_eq!(listed(&cache), [(0, 0), (5, 10)]);
}

#[test]
fn end_offsets_follow_kip_279() {
    let cache = cache(&[(1, 5), (3, 20), (6, 40)]);
    assert_eq!(end(&cache, 6), Some((6, 100)));
    assert_eq!(end(&cache, 3), Some((3, 40)));
    assert_eq!(end(&cache, 4), Some((3, 40)));
    assert_eq!(end(&cache, 0), Some((0, 5)));
    assert_eq!(end(&cache, 7), None);
    assert_eq!(end(&cache, -1), None);
    assert_eq!(end(&LeaderEpochCache::default(), 0), None);
}

#[test]
fn truncation_from_either_end() {
    let mut cache = cache(&[(1, 5), (3, 20), (6, 40)]);
    assert!(cache.truncate_from_start(Offset(25)));
    assert_eq!(listed(&cache), [(3, 25), (6, 40)]);
    assert!(!cache.truncate_from_start(Offset(25)));
    assert!(cache.truncate_from_end(Offset(40)));
    assert_eq!(listed(&cache), [(3, 25)]);
    assert!(!cache.truncate_from_end(Offset(40)));
    assert_eq!(cache.epoch_for_offset(Offset(24)), None);
    assert_eq!(cache.epoch_for_offset(Offset(30)), Some(LeaderEpoch(3)));
}
