//! Partitions compared with those of kafka-clients 4.3, and the spread of records without keys.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;

use super::super::testing::{Fnv, Lcg};
use super::*;

/// Literal results of `Utils.murmur2` and `BuiltInPartitioner.partitionForKey(key, 12)`.
const JAVA: [(&str, i32, i32); 8] = [
    ("", 275_646_681, 9),
    ("a", -1_563_381_124, 4),
    ("21", -973_932_308, 0),
    ("foobar", -790_332_482, 6),
    ("a-little-bit-long-string", -985_981_536, 8),
    ("kafka", -798_503_068, 4),
    ("clé", 1_419_575_574, 6),
    ("0123456789abcdef0", 1_856_781_438, 6),
];

#[test]
fn keys_hash_as_in_java() {
    for (key, hash, partition) in JAVA {
        assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        assert_eq!(partition_for_key(key.as_bytes(), 12), partition, "{key}");
    }
}

#[test]
fn ten_thousand_keys_go_where_java_sends_them() {
    let (mut lcg, mut fnv) = (Lcg(1), Fnv::new());
    for i in 0..10_000 {
        let length = lcg.next() % 41;
        let key: Vec<u8> = (0..length).map(|_| (lcg.next() & 0xff) as u8).collect();
        fnv.number(murmur2(&key).cast_signed());
        fnv.number(partition_for_key(&key, 1 + i % 97));
    }
    assert_eq!(fnv.0, 0x9113_a207_be96_c12d);
}

fn topic() -> TopicName {
    TopicName::from("t")
}

#[test]
fn records_without_key_stick_and_spread_evenly() {
    let mut partitioner = Partitioner::new(Strategy::Sticky, 1_000, false, 3);
    let mut counts = BTreeMap::new();
    let (mut moves, mut last) = (0, -1);
    for _ in 0..1_000_000 {
        let partition = partitioner.pick(&topic(), None, 4, |_| Some(0)).unwrap();
        partitioner.produced(&topic(), partition, 100, true);
        *counts.entry(partition).or_insert(0_u32) += 1;
        moves += u32::from(partition != last);
        last = partition;
    }
    // ten records fill a batch, and one pick in four stays where it was
    assert!((70_000..80_000).contains(&moves), "{moves}");
    for (partition, count) in counts {
        assert!((237_500..262_500).contains(&count), "partition {partition}: {count}");
    }
}

#[test]
fn a_half_filled_batch_holds_records_a_little_longer() {
    let mut partitioner = Partitioner::new(Strategy::Sticky, 1_000, false, 3);
    let partition = partitioner.pick(&topic(), None, 100, |_| Some(0)).unwrap();
    partitioner.produced(&topic(), partition, 1_500, false);
    assert_eq!(partitioner.pick(&topic(), None, 100, |_| Some(0)), Some(partition));
    partitioner.produced(&topic(), partition, 500, false);
    assert!(partitioner.topics.get(&topic()).unwrap().partition.is_none());
}

#[test]
fn busy_partitions_and_those_without_leader_get_less() {
    let mut random = Random::new(5);
    let waiting = |partition| [Some(0), Some(9), None].get(partition as usize).copied().flatten();
    let mut counts = [0; 3];
    for _ in 0..11_000 {
        counts[by_chance(&mut random, 3, waiting) as usize] += 1;
    }
    assert_eq!(counts[2], 0);
    assert!((800..1_200).contains(&counts[1]), "{counts:?}");
    assert!((0..3).contains(&by_chance(&mut random, 3, |_| None)));
}

#[test]
fn round_robin_passes_over_partitions_without_leader() {
    let mut partitioner = Partitioner::new(Strategy::RoundRobin, 1, false, 3);
    let waiting = |partition| (partition != 1).then_some(0);
    let mut picks = || partitioner.pick(&topic(), Some(b"k"), 3, waiting).unwrap();
    assert_eq!([picks(), picks(), picks(), picks()], [0, 2, 0, 2]);
}

#[test]
fn keys_can_be_ignored_and_a_topic_can_be_empty() {
    let mut partitioner = Partitioner::new(Strategy::Sticky, 1, true, 3);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let partition = partitioner.pick(&topic(), Some(b"k"), 3, |_| Some(0)).unwrap();
        partitioner.produced(&topic(), partition, 10, true);
        seen.insert(partition);
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(partitioner.pick(&topic(), None, 0, |_| Some(0)), None);
}
