//! The join barrier: a rebalance starts, waits for the members, and completes.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;

use super::append::Then;
use super::calls::reply;
use super::coordinator::Timer;
use super::{GroupCoordinator, GroupId, GroupRecord, GroupState, MemberId, Outputs, Response};
use crate::base::{Tick, TimerId};

impl GroupCoordinator {
    /// Something about the members changed: rebalance, or see whether that was the last to join.
    pub(super) fn rebalance_or_complete(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        let Some(group) = self.groups.get(id) else { return };
        if group.can_rebalance() {
            self.prepare_rebalance(now, id, out);
        } else {
            self.maybe_complete_join(now, id, out);
        }
    }

    /// Starts a rebalance. The first of an empty group waits a while for more members to come.
    pub(super) fn prepare_rebalance(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if group.is(GroupState::CompletingRebalance) {
            self.reset_assignments(now, id, ResponseError::RebalanceInProgress, out);
        }
        self.stop_waiting_for_syncs(id);
        let Some(group) = self.groups.get_mut(id) else { return };
        let initial = group.is(GroupState::Empty);
        group.transition_to(now, GroupState::PreparingRebalance);
        tracing::info!(group = %id, generation = group.generation, "rebalance starts");
        if initial {
            let rebalance_ms = millis(group.rebalance_timeout_ms());
            let delay_ms = millis(self.settings.initial_rebalance_delay_ms);
            let remaining_ms = rebalance_ms.saturating_sub(delay_ms);
            self.wait_initially(now, id, delay_ms, remaining_ms);
        } else if group.has_all_joined() {
            self.complete_join(now, id, out);
        } else {
            self.wait_for_joins(now, id);
        }
    }

    fn wait_for_joins(&mut self, now: Tick, id: &GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let deadline = now.monotonic_ms.saturating_add(millis(group.rebalance_timeout_ms()));
        let timer = self.timers.insert(deadline, Timer::Join(Arc::clone(id)));
        self.set_join_timer(id, Some(timer));
    }

    fn wait_initially(&mut self, now: Tick, id: &GroupId, delay_ms: u64, remaining_ms: u64) {
        let timer = Timer::InitialJoin { group: Arc::clone(id), delay_ms, remaining_ms };
        let timer = self.timers.insert(now.monotonic_ms.saturating_add(delay_ms), timer);
        self.set_join_timer(id, Some(timer));
    }

    /// Replaces the timer that ends the join phase.
    pub(super) fn set_join_timer(&mut self, id: &GroupId, timer: Option<TimerId>) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if let Some(old) = std::mem::replace(&mut group.join_timer, timer) {
            self.timers.cancel(old);
        }
    }

    /// The initial delay is over: once more if members came meanwhile and time is left, or go on.
    pub(super) fn initial_delay_over(
        &mut self,
        now: Tick,
        id: &GroupId,
        delay_ms: u64,
        remaining_ms: u64,
        out: &mut Outputs,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if group.new_member_added && remaining_ms != 0 {
            group.new_member_added = false;
            let next = millis(self.settings.initial_rebalance_delay_ms).min(remaining_ms);
            self.wait_initially(now, id, next, remaining_ms.saturating_sub(delay_ms));
        } else {
            self.complete_join(now, id, out);
        }
    }

    /// Completes the join phase if everybody is there; not while the initial delay runs.
    pub(super) fn maybe_complete_join(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        let Some(group) = self.groups.get(id) else { return };
        let ready = group.is(GroupState::PreparingRebalance)
            && group.previous_state != GroupState::Empty
            && group.has_all_joined();
        if ready {
            self.complete_join(now, id, out);
        }
    }

    /// Starts the next generation with those who joined; dynamic members who did not are out.
    pub(super) fn complete_join(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        self.set_join_timer(id, None);
        let Some(group) = self.groups.get(id) else { return };
        let missing = group.members.values().filter(|m| m.awaiting_join.is_none());
        let missing = missing.filter(|m| m.instance_id.is_none());
        let missing: Vec<MemberId> = missing.map(|m| Arc::clone(&m.id)).collect();
        for member in missing {
            tracing::info!(group = %id, member = %member, "member did not rejoin in time");
            self.drop_member(id, &member);
        }
        let Some(group) = self.groups.get_mut(id) else { return };
        if !group.elect_joined_leader() && !group.members.is_empty() {
            // only static members are left and none has joined: wait for their sessions to end
            return self.wait_for_joins(now, id);
        }
        group.init_next_generation(now);
        if group.is(GroupState::Empty) {
            tracing::info!(group = %id, generation = group.generation, "group is now empty");
            let stored = group.to_stored(&group.assignments());
            let record = GroupRecord::Group(Arc::clone(id), Some(stored));
            return self.append(now, id, vec![record], Then::Nothing, out);
        }
        let (generation, size) = (group.generation, group.members.len());
        tracing::info!(group = %id, generation, size, "generation starts");
        self.answer_joins(now, id, out);
        self.wait_for_syncs(now, id);
    }

    fn answer_joins(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        let Some(group) = self.groups.get(id) else { return };
        let members: Vec<MemberId> = group.members.keys().cloned().collect();
        for member in members {
            let Some(group) = self.groups.get_mut(id) else { return };
            if let Some(waiter) = group.take_join(&member) {
                let answer = group.joined(&member, group.is_leader(&member));
                reply(out, waiter, Response::Join(answer));
            }
            group.pending_sync.insert(Arc::clone(&member));
            if let Some(state) = group.members.get_mut(&member) {
                state.is_new = false;
            }
            self.restart_session(now, id, &member);
        }
    }
}

/// A timeout as the timers count it.
pub(super) fn millis(timeout_ms: i32) -> u64 {
    u64::try_from(timeout_ms).unwrap_or(0)
}
