//! Offsets that nobody needs any more: expired (KIP-211), or of deleted topics.

use std::sync::Arc;

use super::append::Then;
use super::coordinator::Timer;
use super::offsets::tombstone;
use super::state::Group;
use super::{CommittedOffset, GroupCoordinator, GroupId, GroupRecord, GroupState, Outputs};
use crate::base::{Tick, TopicName};

impl GroupCoordinator {
    /// Removes expired offsets, and groups that are empty and have none left.
    pub(super) fn expire_offsets(&mut self, now: Tick, out: &mut Outputs) {
        let next = now.monotonic_ms.saturating_add(self.settings.retention_check_interval_ms);
        self.timers.insert(next, Timer::Expiry);
        let ids: Vec<GroupId> = self.groups.keys().cloned().collect();
        for id in ids {
            // a group that is just being written to is looked at next time
            if !self.appends.is_busy(&id) {
                self.expire_group(now, &id, out);
            }
        }
    }

    fn expire_group(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        let Some(group) = self.groups.get(id) else { return };
        let (mut records, all) = self.expired(now, group);
        let delete = all && group.is(GroupState::Empty) && group.pending_join.is_empty();
        if delete {
            records.push(GroupRecord::Group(Arc::clone(id), None));
        }
        if records.is_empty() {
            return;
        }
        tracing::info!(group = %id, offsets = records.len() - usize::from(delete), delete,
            "expired offsets are removed");
        self.append(now, id, records, Then::Nothing, out);
        if delete {
            self.appends.seal(id);
        }
    }

    /// Tombstones for the expired offsets, and whether nothing else is left.
    fn expired(&self, now: Tick, group: &Group) -> (Vec<GroupRecord>, bool) {
        let Some(topics) = self.offsets.of_group(&group.id) else { return (Vec::new(), true) };
        let Some(rule) = ExpiryRule::of(group) else { return (Vec::new(), false) };
        let retention = self.settings.offsets_retention_ms;
        let mut records = Vec::new();
        let mut all = true;
        for (topic, partitions) in topics {
            let subscribed = group.is_subscribed_to(topic);
            for (partition, offset) in partitions {
                if !subscribed && rule.is_expired(offset, now.wall_ms, retention) {
                    records.push(tombstone(&group.id, topic, *partition));
                } else {
                    all = false;
                }
            }
        }
        (records, all)
    }

    /// Topics were deleted: their offsets go, whatever the group does.
    pub(super) fn forget_topics(
        &mut self,
        now: Tick,
        id: &GroupId,
        topics: &[TopicName],
        out: &mut Outputs,
    ) {
        let Some(offsets) = self.offsets.of_group(id) else { return };
        let gone = topics.iter().filter_map(|topic| offsets.get_key_value(topic));
        let records: Vec<GroupRecord> = gone
            .flat_map(|(topic, all)| all.keys().map(|partition| tombstone(id, topic, *partition)))
            .collect();
        if !records.is_empty() {
            self.append(now, id, records, Then::Nothing, out);
        }
    }
}

/// From when on the retention of a group's offsets counts.
enum ExpiryRule {
    /// From when the group lost its last member; if that is not known, from the commit.
    Emptied(Option<i64>),
    /// From the commit: simple consumers, and topics a living group no longer reads.
    Committed,
}

impl ExpiryRule {
    fn of(group: &Group) -> Option<Self> {
        match (&group.protocol_type, group.state) {
            (None, _) => Some(Self::Committed),
            (Some(_), GroupState::Empty) => Some(Self::Emptied(group.state_timestamp)),
            (Some(_), GroupState::Stable) if group.subscribed_topics.is_some() => {
                Some(Self::Committed)
            }
            (Some(_), _) => None,
        }
    }

    fn is_expired(&self, offset: &CommittedOffset, now_ms: i64, retention_ms: i64) -> bool {
        // a time of expiry that old clients gave counts on its own
        if let Some(expires) = offset.expire_timestamp {
            return now_ms >= expires;
        }
        let since = match self {
            Self::Emptied(Some(since)) => *since,
            Self::Emptied(None) | Self::Committed => offset.commit_timestamp,
        };
        now_ms.saturating_sub(since) >= retention_ms
    }
}
