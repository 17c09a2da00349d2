//! The assignors against kafka-clients 4.3, and what must hold whatever the group looks like.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proptest::prelude::*;

use super::protocol::{decode_assignment, encode_assignment};
use super::*;
use crate::client::testing::{Fnv, Lcg};

/// 300 groups made from one seed; the hash over what everyone gets, sorted.
fn hash_of(assignor: Assignor, equal: bool) -> u64 {
    let (mut lcg, mut fnv) = (Lcg(7), Fnv::new());
    for _ in 0..300 {
        let (topics, count) = (1 + lcg.below(5), 1 + lcg.below(6));
        let name = |topic: i32| TopicName::from(format!("t{topic}").as_str());
        let partitions: PartitionCounts =
            (0..topics).map(|topic| (name(topic), 1 + lcg.below(9))).collect();
        let mut members = Vec::new();
        for member in 0..count {
            let wanted: Vec<bool> =
                (0..topics).map(|_| !lcg.next().is_multiple_of(3) || equal).collect();
            let topics = (0..topics).zip(wanted).filter(|(_, is_in)| *is_in);
            let topics = topics.map(|(topic, _)| name(topic)).collect();
            members.push(Member { id: format!("m{member}"), topics, ..Member::default() });
        }
        for (id, mut partitions) in assignor.assign(&partitions, &members) {
            partitions.sort();
            fnv.text(&id);
            for partition in partitions {
                fnv.text(&partition.topic);
                fnv.number(partition.partition);
            }
        }
    }
    fnv.0
}

#[test]
fn groups_are_divided_as_java_divides_them() {
    assert_eq!(hash_of(Assignor::Range, false), 0x3413_ac38_370d_ca50);
    assert_eq!(hash_of(Assignor::RoundRobin, false), 0xf47b_7a73_af00_0820);
    assert_eq!(hash_of(Assignor::Range, true), 0x1645_8500_1403_4098);
    let dealt = 0x9ac2_2404_25f4_eb82;
    assert_eq!(hash_of(Assignor::RoundRobin, true), dealt);
    assert_eq!(hash_of(Assignor::Sticky, true), dealt);
    assert_eq!(hash_of(Assignor::CooperativeSticky, true), dealt);
}

fn hex(text: &str) -> Bytes {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn owned() -> Vec<TopicPartition> {
    [("b", 3), ("a", 1), ("b", 0)].map(|(topic, index)| TopicPartition::new(topic, index)).into()
}

#[test]
fn the_embedded_protocol_is_javas() {
    let mut subscription = Subscription {
        topics: vec!["b".into(), "a".into()],
        owned: owned(),
        generation: 5,
        rack: Some("r1".to_owned()),
    };
    // ConsumerProtocol.serializeSubscription
    let java =
        hex("000300000002000162000161000000040000000500000002000161000000010000000100016200000002\
         00000000000000030000000500027231");
    let mut back = Subscription::decode(&java, Assignor::CooperativeSticky).unwrap();
    back.owned.sort();
    subscription.owned.sort();
    assert_eq!(back, subscription);
    assert_eq!(subscription.encode(Assignor::CooperativeSticky), java);

    // StickyAssignor.subscriptionUserData
    let java = hex("00000002000161000000010000000100016200000002000000030000000000000005");
    let encoded = Subscription { owned: owned(), ..subscription }.encode(Assignor::Sticky);
    assert!(encoded.windows(java.len()).any(|part| part == java));
    let back = Subscription::decode(&encoded, Assignor::Sticky).unwrap();
    assert_eq!((back.owned.len(), back.generation), (3, 5));

    // ConsumerProtocol.serializeAssignment
    let java = hex("0003000000020001620000000200000003000000000001610000000100000001ffffffff");
    assert_eq!(encode_assignment(&owned()), java);
    let mut back = decode_assignment(&java).unwrap();
    back.sort();
    let mut wanted = owned();
    wanted.sort();
    assert_eq!(back, wanted);
}

#[test]
fn bytes_that_are_no_protocol_are_refused() {
    assert_eq!(decode_assignment(&Bytes::new()), Ok(Vec::new()));
    assert_eq!(decode_assignment(&hex("00")), Err(ProtocolError::Malformed));
    assert_eq!(decode_assignment(&hex("ffff")), Err(ProtocolError::Version(-1)));
    let absurd = hex("00007fffffff");
    assert_eq!(decode_assignment(&absurd), Err(ProtocolError::Malformed));
    let refused = Subscription::decode(&absurd, Assignor::Range);
    assert_eq!(refused, Err(ProtocolError::Malformed));
}

#[derive(Clone, Debug)]
struct Group {
    partitions: PartitionCounts,
    members: Vec<Member>,
}

fn groups() -> impl Strategy<Value = Group> {
    let topics = prop::collection::vec(1..12_i32, 1..5);
    let wants = prop::collection::vec(prop::collection::vec(any::<bool>(), 5), 1..7);
    let names = prop::collection::vec(any::<bool>(), 7);
    (topics, wants, names).prop_map(|(topics, wants, names)| {
        let name = |topic: usize| TopicName::from(format!("t{topic}").as_str());
        let partitions =
            topics.iter().enumerate().map(|(topic, count)| (name(topic), *count)).collect();
        let members = wants.iter().enumerate().map(|(member, wants)| Member {
            id: format!("m{member}"),
            instance_id: names[member].then(|| format!("i{}", 9 - member)),
            topics: (0..topics.len()).filter(|topic| wants[*topic]).map(name).collect(),
            owned: Vec::new(),
            generation: -1,
        });
        Group { partitions, members: members.collect() }
    })
}

fn same_topics(mut group: Group) -> Group {
    for member in &mut group.members {
        member.topics = group.partitions.keys().cloned().collect();
    }
    group
}

/// Who has what is written back into the members, as a group that goes on would.
fn settle(group: &mut Group, assignment: &Assignment, generation: i32) {
    for member in &mut group.members {
        member.owned = assignment[&member.id].clone();
        member.generation = generation;
    }
}

fn check_complete(group: &Group, assignment: &Assignment) {
    let members: Vec<&Member> = group.members.iter().collect();
    let mut given: Vec<_> = assignment.values().flatten().cloned().collect();
    given.sort();
    assert_eq!(given, wanted(&group.partitions, &members), "each partition to one member");
    for member in &group.members {
        assert!(assignment[&member.id].iter().all(|p| member.topics.contains(&p.topic)));
    }
}

/// No single move makes it more even.
fn check_even(group: &Group, assignment: &Assignment) {
    for (id, partitions) in assignment {
        for partition in partitions {
            for other in group.members.iter().filter(|m| m.topics.contains(&partition.topic)) {
                let (have, has) = (partitions.len(), assignment[&other.id].len());
                assert!(have <= has + 1, "{id} has {have}, {} has {has}", other.id);
            }
        }
    }
}

fn kept(group: &Group, assignment: &Assignment) -> usize {
    let own = group.members.iter().flat_map(|m| m.owned.iter().map(|p| (&m.id, p)));
    own.filter(|(id, partition)| assignment[*id].contains(partition)).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_partition_goes_to_one_member_that_wants_it(group in groups()) {
        for assignor in Assignor::ALL {
            check_complete(&group, &assignor.assign(&group.partitions, &group.members));
        }
    }

    #[test]
    fn sticky_is_even_and_stays_as_it_is(mut group in groups()) {
        let first = Assignor::Sticky.assign(&group.partitions, &group.members);
        check_even(&group, &first);
        settle(&mut group, &first, 1);
        let again = Assignor::Sticky.assign(&group.partitions, &group.members);
        prop_assert_eq!(kept(&group, &again), first.values().map(Vec::len).sum::<usize>());
    }

    #[test]
    fn sticky_moves_no_more_than_it_must(group in groups(), gone in 0..7_usize) {
        let mut group = same_topics(group);
        let first = Assignor::Sticky.assign(&group.partitions, &group.members);
        settle(&mut group, &first, 1);
        if group.members.len() > 1 {
            group.members.remove(gone % group.members.len());
        }
        let second = Assignor::Sticky.assign(&group.partitions, &group.members);
        check_complete(&group, &second);
        check_even(&group, &second);
        let had: usize = group.members.iter().map(|member| member.owned.len()).sum();
        prop_assert_eq!(kept(&group, &second), had, "who stays keeps everything");

        settle(&mut group, &second, 2);
        let topics = group.partitions.keys().cloned().collect();
        group.members.push(Member { id: "new".to_owned(), topics, ..Member::default() });
        let third = Assignor::Sticky.assign(&group.partitions, &group.members);
        check_even(&group, &third);
        let total: usize = third.values().map(Vec::len).sum();
        prop_assert_eq!(kept(&group, &third), total - third["new"].len(), "only the new one gains");
    }

    #[test]
    fn members_never_hold_a_partition_together(mut group in groups(), seed in any::<u64>()) {
        let mut random = crate::client::Random::new(seed);
        let counts = wanted(&group.partitions, &group.members.iter().collect::<Vec<_>>());
        for partition in counts {
            let owner = random.below(group.members.len() as u64) as usize;
            group.members[owner].owned.push(partition);
        }
        // after two rounds everyone has let go of what it must, and the group is whole
        for round in 0..3 {
            let before: BTreeMap<_, BTreeSet<_>> = group
                .members
                .iter()
                .map(|m| (m.id.clone(), m.owned.iter().cloned().collect()))
                .collect();
            let next = Assignor::CooperativeSticky.assign(&group.partitions, &group.members);
            for (id, partitions) in &next {
                for partition in partitions {
                    let others = before.iter().filter(|(other, _)| *other != id);
                    prop_assert!(others.into_iter().all(|(_, own)| !own.contains(partition)));
                }
            }
            settle(&mut group, &next, round);
        }
        let last = Assignor::CooperativeSticky.assign(&group.partitions, &group.members);
        check_complete(&group, &last);
        check_even(&group, &last);
    }
}

#[test]
fn a_member_that_was_away_does_not_take_back_what_was_given_on() {
    let topics: BTreeSet<TopicName> = [TopicName::from("t")].into();
    let member = |id: &str, owned: &[i32], generation| Member {
        id: id.to_owned(),
        instance_id: None,
        topics: topics.clone(),
        owned: owned.iter().map(|index| TopicPartition::new("t", *index)).collect(),
        generation,
    };
    let partitions = PartitionCounts::from([("t".into(), 4)]);
    let members = [member("a", &[0, 1, 2, 3], 3), member("b", &[0, 1], 4)];
    let assignment = Assignor::Sticky.assign(&partitions, &members);
    let indexes = |id: &str| assignment[id].iter().map(|p| p.partition).collect::<Vec<_>>();
    assert_eq!((indexes("a"), indexes("b")), (vec![2, 3], vec![0, 1]));
}
