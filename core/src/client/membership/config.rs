//! What the grouping half of a consumer can be told.

use crate::client::assignor::Assignor;

/// The settings of a [`Membership`](super::Membership), with Kafka 4.3's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipConfig {
    /// The group (`group.id`).
    pub group: String,
    /// The member's own name, if it is a static member (`group.instance.id`).
    pub instance_id: Option<String>,
    /// How partitions are divided, the most wanted way first
    /// (`partition.assignment.strategy`).
    pub assignors: Vec<Assignor>,
    /// A member that is not heard of for so long is given up (`session.timeout.ms`).
    pub session_timeout_ms: u64,
    /// How often a member is heard of (`heartbeat.interval.ms`).
    pub heartbeat_interval_ms: u64,
    /// A member whose application asks for nothing for so long leaves (`max.poll.interval.ms`).
    pub max_poll_interval_ms: u64,
    /// The wait before a request is sent again (`retry.backoff.ms`).
    pub retry_backoff_ms: u64,
    /// Where the member is (`client.rack`).
    pub rack: Option<String>,
}

impl MembershipConfig {
    /// Kafka's defaults for a member of this group.
    #[must_use]
    pub fn new(group: &str) -> Self {
        Self {
            group: group.to_owned(),
            instance_id: None,
            assignors: vec![Assignor::Range, Assignor::CooperativeSticky],
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 3_000,
            max_poll_interval_ms: 300_000,
            retry_backoff_ms: 100,
            rack: None,
        }
    }

    /// Whether members keep what they have while the group rebalances: only if every way to
    /// divide partitions allows it (KIP-429).
    pub(super) fn is_cooperative(&self) -> bool {
        !self.assignors.is_empty() && self.assignors.iter().all(|a| a.is_cooperative())
    }
}
