//! Sessions: a member that is silent for its session timeout is out.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

use super::calls::reply;
use super::coordinator::Timer;
use super::membership::refuse;
use super::rebalance::millis;
use super::{GroupCoordinator, GroupId, GroupState, MemberId, Outputs, Response, Waiter};
use crate::base::Tick;

impl GroupCoordinator {
    /// Heartbeat.
    pub(super) fn heartbeat(
        &mut self,
        now: Tick,
        request: &HeartbeatRequest,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        let code = match self.beat(now, request) {
            Ok(()) => 0,
            Err(error) => error.code(),
        };
        let answer = HeartbeatResponse::default().with_error_code(code);
        reply(out, waiter, Response::Heartbeat(answer));
    }

    fn beat(&mut self, now: Tick, request: &HeartbeatRequest) -> Result<(), ResponseError> {
        if request.group_id.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        let group = self.groups.get(request.group_id.as_str());
        let group = group.ok_or(ResponseError::UnknownMemberId)?;
        group.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        if group.generation != request.generation_id {
            return Err(ResponseError::IllegalGeneration);
        }
        let (id, state) = (Arc::clone(&group.id), group.state);
        match state {
            GroupState::Empty | GroupState::Dead => Err(ResponseError::UnknownMemberId),
            GroupState::PreparingRebalance => {
                self.restart_session(now, &id, &request.member_id);
                Err(ResponseError::RebalanceInProgress)
            }
            // consumers send heartbeats from the answer to their join on
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.restart_session(now, &id, &request.member_id);
                Ok(())
            }
        }
    }

    /// Gives a member its whole session again.
    pub(super) fn restart_session(&mut self, now: Tick, id: &GroupId, member: &str) {
        let state = self.groups.get(id).and_then(|group| group.members.get(member));
        if let Some(timeout) = state.map(|member| member.session_timeout_ms) {
            self.set_session(now, id, member, timeout);
        }
    }

    pub(super) fn set_session(&mut self, now: Tick, id: &GroupId, member: &str, timeout_ms: i32) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let Some(member) = group.members.get_mut(member) else { return };
        if let Some(old) = member.timer.take() {
            self.timers.cancel(old);
        }
        let timer = Timer::Session(Arc::clone(id), Arc::clone(&member.id));
        let deadline = now.monotonic_ms.saturating_add(millis(timeout_ms));
        member.timer = Some(self.timers.insert(deadline, timer));
    }

    /// A session is over.
    pub(super) fn session_expired(
        &mut self,
        now: Tick,
        id: &GroupId,
        member: &MemberId,
        out: &mut Outputs,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if group.pending_join.remove(member).is_some() {
            tracing::info!(group = %id, member = %member, "member never came back with its id");
            if group.is(GroupState::PreparingRebalance) && group.has_all_joined() {
                self.complete_join(now, id, out);
            }
            return;
        }
        let Some(state) = group.members.get_mut(member) else { return };
        state.timer = None;
        if state.has_satisfied_heartbeat() {
            return;
        }
        tracing::info!(group = %id, member = %member, "session is over, member is removed");
        self.remove_member(id, member, out);
        let Some(group) = self.groups.get(id) else { return };
        match group.state {
            GroupState::Stable | GroupState::CompletingRebalance => {
                self.rebalance_or_complete(now, id, out);
            }
            GroupState::PreparingRebalance if group.has_all_joined() => {
                self.complete_join(now, id, out);
            }
            GroupState::PreparingRebalance | GroupState::Empty | GroupState::Dead => {}
        }
    }

    /// Takes a member out; a join it waits for fails, so that a living client tries again.
    pub(super) fn remove_member(&mut self, id: &GroupId, member: &str, out: &mut Outputs) {
        let Some(removed) = self.drop_member(id, member) else { return };
        if let Some(waiter) = removed.awaiting_join {
            refuse(out, waiter, "", ResponseError::UnknownMemberId);
        }
        if let Some(waiter) = removed.awaiting_sync {
            let code = ResponseError::UnknownMemberId.code();
            let answer = kafka_protocol::messages::SyncGroupResponse::default();
            reply(out, waiter, Response::Sync(answer.with_error_code(code)));
        }
    }
}
