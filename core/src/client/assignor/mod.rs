//! How the partitions of a group are divided among its members (`partition.assignment.strategy`).
//!
//! The leader of a classic group runs one of these over what every member subscribed to. They
//! decide as Kafka's own assignors do, and speak the same bytes (see [`protocol`]), so that Java
//! members and ours can share a group.

pub mod protocol;
mod range;
mod round_robin;
mod sticky;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{TopicName, TopicPartition};

pub use protocol::{ProtocolError, Subscription};

/// One member, as the leader of its group sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its id, given by the coordinator.
    pub id: String,
    /// Its own name, if it is a static member (`group.instance.id`).
    pub instance_id: Option<String>,
    /// The topics it wants.
    pub topics: BTreeSet<TopicName>,
    /// The partitions it has.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it got them; -1 if it does not know.
    pub generation: i32,
}

/// How many partitions each topic has; a topic that does not exist is left out.
pub type PartitionCounts = BTreeMap<TopicName, i32>;

/// Who gets what, by member id. Every member has an entry.
pub type Assignment = BTreeMap<String, Vec<TopicPartition>>;

/// Kafka's four ways to divide partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assignor {
    /// Topic by topic, neighbouring partitions to the same member.
    Range,
    /// All partitions dealt like cards.
    RoundRobin,
    /// Even, and with as little change as can be; members give up everything while it is decided.
    Sticky,
    /// As sticky, but members keep what they are going to keep (KIP-429).
    CooperativeSticky,
}

impl Assignor {
    /// Every assignor.
    pub const ALL: [Self; 4] =
        [Self::Range, Self::RoundRobin, Self::Sticky, Self::CooperativeSticky];

    /// The name that members agree on.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// Whether members keep their partitions while the group rebalances.
    #[must_use]
    pub fn is_cooperative(self) -> bool {
        self == Self::CooperativeSticky
    }

    /// Divides the partitions.
    #[must_use]
    pub fn assign(self, partitions: &PartitionCounts, members: &[Member]) -> Assignment {
        let mut members: Vec<&Member> = members.iter().collect();
        members.sort_by(|a, b| by_name(a, b));
        match self {
            Self::Range => range::assign(partitions, &members),
            Self::RoundRobin => round_robin::assign(partitions, &members),
            Self::Sticky => sticky::assign(partitions, &members),
            Self::CooperativeSticky => {
                let wanted = sticky::assign(partitions, &members);
                sticky::without_transfers(wanted, &members)
            }
        }
    }
}

/// Static members first, by their own names: those do not change when a member comes back.
fn by_name(a: &Member, b: &Member) -> std::cmp::Ordering {
    match (&a.instance_id, &b.instance_id) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.id.cmp(&b.id),
    }
}

fn nothing_for(members: &[&Member]) -> Assignment {
    members.iter().map(|member| (member.id.clone(), Vec::new())).collect()
}

/// Every partition of every topic that someone wants, by topic and index.
fn wanted(partitions: &PartitionCounts, members: &[&Member]) -> Vec<TopicPartition> {
    let topics: BTreeSet<&TopicName> = members.iter().flat_map(|m| &m.topics).collect();
    let counted = topics.into_iter().filter_map(|topic| Some((topic, *partitions.get(topic)?)));
    let all = counted.flat_map(|(topic, count)| {
        (0..count).map(|index| TopicPartition::new(TopicName::clone(topic), index))
    });
    all.collect()
}

#[cfg(test)]
mod tests;
