//! The machine: calls, finished appends and time come in; [`super::Output`]s go out.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::append::Appends;
use super::calls::reply;
use super::early::Early;
use super::offsets::Offsets;
use super::rewrite::Rewrite;
use super::state::Group;
use super::{Call, GroupId, GroupRecord, MemberId, Outputs, Request};
use crate::base::{Tick, TimerWheel, TopicName};

/// The settings a coordinator follows; Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// `group.min.session.timeout.ms`
    pub min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`
    pub max_session_timeout_ms: i32,
    /// `group.max.size`
    pub max_size: usize,
    /// `group.initial.rebalance.delay.ms`
    pub initial_rebalance_delay_ms: i32,
    /// `offset.metadata.max.bytes`
    pub offset_metadata_max_bytes: usize,
    /// `offsets.retention.minutes`, in milliseconds
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`
    pub retention_check_interval_ms: u64,
    /// The most bytes of records in one append: under `max.message.bytes` of the offsets topic.
    pub append_max_bytes: usize,
    /// The log is rewritten once it holds more records than this...
    pub rewrite_min_records: i64,
    /// ...and more than this many for each that counts.
    pub rewrite_ratio: i64,
}

impl Default for GroupSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            max_size: usize::MAX,
            initial_rebalance_delay_ms: 3_000,
            offset_metadata_max_bytes: 4_096,
            offsets_retention_ms: 10_080 * 60_000,
            retention_check_interval_ms: 600_000,
            append_max_bytes: 900_000,
            rewrite_min_records: 10_000,
            rewrite_ratio: 4,
        }
    }
}

/// What a timer was set for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// A member has been silent for its session timeout.
    Session(GroupId, MemberId),
    /// The rebalance has waited for all members long enough.
    Join(GroupId),
    /// The first rebalance of an empty group has waited for `delay_ms`; `remaining_ms` are left.
    InitialJoin { group: GroupId, delay_ms: u64, remaining_ms: u64 },
    /// The members of a generation had time enough to ask for their assignment.
    Sync(GroupId, i32),
    /// Look for expired offsets.
    Expiry,
    /// Calls have waited for the log long enough.
    Loading,
}

/// The coordinator of the groups of one partition of `__consumer_offsets`.
#[derive(Debug)]
pub struct GroupCoordinator {
    pub(super) settings: GroupSettings,
    pub(super) groups: BTreeMap<GroupId, Group>,
    pub(super) offsets: Offsets,
    pub(super) timers: TimerWheel<Timer>,
    pub(super) appends: Appends,
    pub(super) rewrite: Rewrite,
    pub(super) early: Early,
    loaded: bool,
}

impl GroupCoordinator {
    /// A coordinator that has not loaded its log yet.
    #[must_use]
    pub fn new(settings: GroupSettings) -> Self {
        Self {
            settings,
            groups: BTreeMap::new(),
            offsets: Offsets::default(),
            timers: TimerWheel::new(),
            appends: Appends::default(),
            rewrite: Rewrite::default(),
            early: Early::default(),
            loaded: false,
        }
    }

    /// Puts new settings in force.
    pub fn set_settings(&mut self, settings: GroupSettings) {
        self.settings = settings;
    }

    /// Takes a record of the log into the state: the only place where what is stored changes.
    pub fn apply(&mut self, record: GroupRecord) {
        match record {
            GroupRecord::Offset(key, Some(offset)) => {
                let group = &key.group;
                // offsets without a group are those of a simple consumer, which is an empty group
                if !self.groups.contains_key(group) {
                    self.groups.insert(Arc::clone(group), Group::new(Arc::clone(group)));
                }
                self.offsets.put(key, offset);
            }
            GroupRecord::Offset(key, None) => self.offsets.remove(&key),
            GroupRecord::Group(id, Some(metadata)) => match self.groups.get_mut(&id) {
                Some(group) => group.store(metadata),
                None => {
                    let group = Group::load(Arc::clone(&id), Some(metadata));
                    self.groups.insert(id, group);
                }
            },
            GroupRecord::Group(id, None) => {
                if let Some(group) = self.groups.remove(&id) {
                    self.cancel_timers(&group);
                }
                // the log may name the group's offsets after its tombstone when it was rewritten
                if self.offsets.of_group(&id).is_some() {
                    self.groups.insert(Arc::clone(&id), Group::new(id));
                }
            }
            GroupRecord::Unknown(_) => {}
        }
    }

    /// The log is read to its end, `first..end` are its offsets: members get a session from now.
    pub fn on_loaded(&mut self, now: Tick, log: std::ops::Range<i64>, out: &mut Outputs) {
        let ids: Vec<GroupId> = self.groups.keys().cloned().collect();
        for id in &ids {
            if let Some(group) = self.groups.get_mut(id) {
                *group = Group::load(Arc::clone(id), group.stored().cloned());
            }
            self.start_sessions(now, id, out);
        }
        self.loaded = true;
        let next = now.monotonic_ms.saturating_add(self.settings.retention_check_interval_ms);
        self.timers.insert(next, Timer::Expiry);
        self.rewrite.set_log(log);
        self.resume_early(now, out);
        self.pump(now, out);
    }

    fn start_sessions(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        let Some(group) = self.groups.get(id) else { return };
        let members: Vec<MemberId> = group.members.keys().cloned().collect();
        for member in &members {
            self.restart_session(now, id, member);
        }
        if members.len() > self.settings.max_size {
            tracing::info!(group = %id, size = members.len(), "group is over capacity");
            self.prepare_rebalance(now, id, out);
        }
    }

    /// Whether the log has been read.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Takes a call.
    pub fn on_call(&mut self, now: Tick, call: Call, out: &mut Outputs) {
        self.admit(now, call, out);
        self.pump(now, out);
    }

    /// Lets a call in, or parks it until its group's records are in the log.
    pub(super) fn admit(&mut self, now: Tick, call: Call, out: &mut Outputs) {
        if !self.loaded {
            return self.await_log(now, call, out);
        }
        match self.appends.gate(call) {
            Ok(call) => self.run(now, call, out),
            Err(None) => {}
            Err(Some(call)) => refuse(out, &call, ResponseError::CoordinatorNotAvailable),
        }
    }

    fn run(&mut self, now: Tick, call: Call, out: &mut Outputs) {
        let Call { caller, request, waiter } = call;
        match request {
            Request::Join(request) => self.join(now, &caller, request, waiter, out),
            Request::Sync(request) => self.sync(now, &caller, request, waiter, out),
            Request::Heartbeat(request) => self.heartbeat(now, &request, waiter, out),
            Request::Leave(request) => self.leave(now, &request, waiter, out),
            Request::Commit(request) => self.commit(now, &caller, &request, waiter, out),
            Request::Fetch { group, .. } => self.fetch(&group, waiter, out),
            Request::Describe(group) => self.describe(&caller, &group, waiter, out),
            Request::List { states, types } => self.list(&states, &types, waiter, out),
            Request::Delete(group) => self.delete(now, &group, waiter, out),
            Request::DeleteOffsets(request) => self.delete_offsets(now, &request, waiter, out),
            Request::ForgetTopics(group, topics) => self.forget_topics(now, &group, &topics, out),
        }
    }

    /// Time has passed: fires every timer that is due.
    pub fn on_time(&mut self, now: Tick, out: &mut Outputs) {
        let mut due = Vec::new();
        self.timers.advance(now.monotonic_ms, &mut due);
        for timer in due {
            match timer {
                Timer::Session(group, member) => self.session_expired(now, &group, &member, out),
                Timer::Join(group) => {
                    self.set_join_timer(&group, None);
                    self.complete_join(now, &group, out);
                }
                Timer::InitialJoin { group, delay_ms, remaining_ms } => {
                    self.set_join_timer(&group, None);
                    self.initial_delay_over(now, &group, delay_ms, remaining_ms, out);
                }
                Timer::Sync(group, generation) => self.sync_expired(now, &group, generation, out),
                Timer::Expiry => self.expire_offsets(now, out),
                Timer::Loading => self.loading_takes_long(out),
            }
        }
        self.pump(now, out);
    }

    /// When [`Self::on_time`] is due next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.next_deadline()
    }

    /// Topics were deleted: offsets committed for them go.
    pub fn on_topics_deleted(&mut self, now: Tick, topics: &Arc<[TopicName]>, out: &mut Outputs) {
        if self.loaded {
            self.forget_in_all_groups(now, topics, out);
        } else {
            self.await_log_to_forget(topics);
        }
        self.pump(now, out);
    }

    pub(super) fn forget_in_all_groups(
        &mut self,
        now: Tick,
        topics: &Arc<[TopicName]>,
        out: &mut Outputs,
    ) {
        for group in self.offsets.groups_with(topics) {
            let request = Request::ForgetTopics(group, Arc::clone(topics));
            self.admit(now, Call::internal(request), out);
        }
    }

    fn cancel_timers(&mut self, group: &Group) {
        let members = group.members.values().filter_map(|member| member.timer);
        let pending = group.pending_join.values().flatten().copied();
        for timer in members.chain(pending).chain(group.join_timer).chain(group.sync_timer) {
            self.timers.cancel(timer);
        }
    }
}

pub(super) fn refuse(out: &mut Outputs, call: &Call, error: ResponseError) {
    reply(out, call.waiter, call.request.refusal(error));
}

/// A copy of some text for a response.
pub(super) fn wire_text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
