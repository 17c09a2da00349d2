//! Topic by topic, in runs of neighbours.

use std::collections::BTreeSet;

use super::{Assignment, Member, PartitionCounts, nothing_for};
use crate::base::{TopicName, TopicPartition};

/// `members` come in the order in which they are served.
pub(super) fn assign(partitions: &PartitionCounts, members: &[&Member]) -> Assignment {
    let mut assignment = nothing_for(members);
    let topics: BTreeSet<&TopicName> = members.iter().flat_map(|m| &m.topics).collect();
    for topic in topics {
        let Some(count) = partitions.get(topic).and_then(|count| usize::try_from(*count).ok())
        else {
            continue;
        };
        let takers: Vec<&&Member> = members.iter().filter(|m| m.topics.contains(topic)).collect();
        let (each, extra) = (count / takers.len(), count % takers.len());
        let mut next = 0;
        for (place, member) in takers.iter().enumerate() {
            // the first ones take what does not divide
            let share = each + usize::from(place < extra);
            let taken = (next..next + share).filter_map(|index| i32::try_from(index).ok());
            let taken = taken.map(|index| TopicPartition::new(TopicName::clone(topic), index));
            assignment.entry(member.id.clone()).or_default().extend(taken);
            next += share;
        }
    }
    assignment
}
