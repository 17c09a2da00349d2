//! One partition after the other, one member after the other.

use super::{Assignment, Member, PartitionCounts, nothing_for, wanted};

/// `members` come in the order in which they are served.
pub(super) fn assign(partitions: &PartitionCounts, members: &[&Member]) -> Assignment {
    let mut assignment = nothing_for(members);
    let mut turn = members.iter().cycle();
    for partition in wanted(partitions, members) {
        // someone wants every partition in the list, so a round finds a taker
        let taker = turn.by_ref().take(members.len()).find(|m| m.topics.contains(&partition.topic));
        if let Some(member) = taker {
            assignment.entry(member.id.clone()).or_default().push(partition);
        }
    }
    assignment
}
