//! Even, and with as little change as can be.
//!
//! First everyone keeps what it has, as far as that is even; then what is left goes, one by one, to
//! whoever has least. With equal subscriptions that is the whole story. When subscriptions differ,
//! partitions then move from those who have more to those who have at least two fewer, until no
//! single move makes it more even; each move lowers the sum of the squares, so this ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assignment, Member, PartitionCounts, wanted};
use crate::base::TopicPartition;

/// What each member has, by its place in the list of members.
struct Shares<'a> {
    members: &'a [&'a Member],
    held: Vec<Vec<TopicPartition>>,
}

impl Shares<'_> {
    fn load(&self, place: usize) -> usize {
        self.held.get(place).map_or(0, Vec::len)
    }

    fn give(&mut self, place: usize, partition: TopicPartition) {
        if let Some(held) = self.held.get_mut(place) {
            held.push(partition);
        }
    }

    /// The member with the fewest partitions among those who want this one; the first of equals.
    fn least_loaded(&self, partition: &TopicPartition) -> Option<usize> {
        let takers = self.members.iter().enumerate();
        let takers = takers.filter(|(_, member)| member.topics.contains(&partition.topic));
        takers.map(|(place, _)| place).min_by_key(|place| self.load(*place))
    }
}

/// `members` come in the order in which they are served.
pub(super) fn assign(partitions: &PartitionCounts, members: &[&Member]) -> Assignment {
    let all = wanted(partitions, members);
    let mut shares = Shares { members, held: rightful(&all, members) };
    let first = members.first().map(|member| &member.topics);
    let equal = members.iter().all(|member| Some(&member.topics) == first);
    if equal {
        trim(&mut shares, all.len());
    }
    let taken: BTreeSet<&TopicPartition> = shares.held.iter().flatten().collect();
    let mut left: Vec<TopicPartition> =
        all.iter().filter(|partition| !taken.contains(partition)).cloned().collect();
    // those that few can take go first
    let takers = |partition: &TopicPartition| {
        members.iter().filter(|member| member.topics.contains(&partition.topic)).count()
    };
    if !equal {
        left.sort_by_cached_key(takers);
    }
    for partition in left {
        if let Some(place) = shares.least_loaded(&partition) {
            shares.give(place, partition);
        }
    }
    if !equal {
        even_out(&mut shares);
    }
    let ids = members.iter().map(|member| member.id.clone());
    ids.zip(shares.held).collect()
}

/// What each member may go on with: partitions that exist, that it still wants, and that no member
/// of a later generation claims. Two claims of one generation cancel each other.
fn rightful(all: &[TopicPartition], members: &[&Member]) -> Vec<Vec<TopicPartition>> {
    let mut claims: BTreeMap<&TopicPartition, (i32, Option<usize>)> = BTreeMap::new();
    for (place, member) in members.iter().enumerate() {
        let own: BTreeSet<&TopicPartition> = member.owned.iter().collect();
        for partition in own {
            let claim = claims.entry(partition).or_insert((i32::MIN, None));
            if member.generation > claim.0 {
                *claim = (member.generation, Some(place));
            } else if member.generation == claim.0 {
                claim.1 = None;
            }
        }
    }
    let keeps = |place: usize, partition: &TopicPartition| {
        claims.get(partition).is_some_and(|claim| claim.1 == Some(place))
    };
    let existing: BTreeSet<&TopicPartition> = all.iter().collect();
    let kept = members.iter().enumerate().map(|(place, member)| {
        let mut seen = BTreeSet::new();
        let own = member.owned.iter().filter(|partition| {
            existing.contains(partition)
                && member.topics.contains(&partition.topic)
                && keeps(place, partition)
                && seen.insert(*partition)
        });
        own.cloned().collect()
    });
    kept.collect()
}

/// Takes from each member what is beyond its even share; as many as the division leaves over may
/// keep one more.
fn trim(shares: &mut Shares<'_>, total: usize) {
    let count = shares.members.len().max(1);
    let (least, mut extra) = (total / count, total % count);
    for held in &mut shares.held {
        let keeps_more = extra > 0 && held.len() > least;
        extra -= usize::from(keeps_more);
        held.truncate(least + usize::from(keeps_more));
    }
}

fn even_out(shares: &mut Shares<'_>) {
    loop {
        let mut moved = false;
        for from in 0..shares.members.len() {
            moved |= shed(shares, from);
        }
        if !moved {
            return;
        }
    }
}

/// Moves partitions of one member to those who have at least two fewer; the last it got go first,
/// since it has not begun on them.
fn shed(shares: &mut Shares<'_>, from: usize) -> bool {
    let mut moved = false;
    let held = shares.held.get(from).cloned().unwrap_or_default();
    for partition in held.iter().rev() {
        let Some(to) = shares.least_loaded(partition) else { continue };
        if shares.load(from) > shares.load(to) + 1 {
            if let Some(held) = shares.held.get_mut(from) {
                held.retain(|other| other != partition);
            }
            shares.give(to, partition.clone());
            moved = true;
        }
    }
    moved
}

/// Leaves out what is still another member's: it must let go first, and the group divides again
/// when it has.
pub(super) fn without_transfers(mut assignment: Assignment, members: &[&Member]) -> Assignment {
    let mut owners: BTreeMap<&TopicPartition, BTreeSet<&str>> = BTreeMap::new();
    for member in members {
        for partition in &member.owned {
            owners.entry(partition).or_default().insert(&member.id);
        }
    }
    for (id, partitions) in &mut assignment {
        partitions.retain(|partition| match owners.get(partition) {
            None => true,
            Some(owners) => owners.contains(id.as_str()),
        });
    }
    assignment
}
