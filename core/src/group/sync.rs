//! The sync barrier: the leader's assignment is stored, then everybody gets theirs.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};

use super::append::Then;
use super::calls::reply;
use super::coordinator::{Timer, wire_text};
use super::rebalance::millis;
use super::state::Group;
use super::{
    AppendFailure, Caller, GroupCoordinator, GroupId, GroupRecord, GroupState, MemberId, Outputs,
    Response, Waiter,
};
use crate::base::Tick;

/// From this version on a member says which protocol it means (KIP-559).
const NAMES_PROTOCOL: i16 = 5;

/// An assignment on its way into the log.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    generation: i32,
    assignments: HashMap<MemberId, Bytes>,
}

impl GroupCoordinator {
    /// SyncGroup.
    pub(super) fn sync(
        &mut self,
        now: Tick,
        caller: &Caller,
        request: SyncGroupRequest,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        let group = match self.check_sync(caller, &request) {
            Ok(group) => group,
            Err(error) => return refuse(out, waiter, error),
        };
        let id = Arc::clone(&group.id);
        let state = group.state;
        match state {
            GroupState::CompletingRebalance => {
                self.await_assignment(now, &id, request, waiter, out)
            }
            GroupState::Stable => {
                self.synced(&id, &request.member_id);
                let Some(group) = self.groups.get(&id) else { return };
                let answer = group.assignment_of(&request.member_id);
                reply(out, waiter, Response::Sync(answer));
            }
            GroupState::PreparingRebalance => {
                refuse(out, waiter, ResponseError::RebalanceInProgress);
            }
            GroupState::Empty | GroupState::Dead => {
                refuse(out, waiter, ResponseError::UnknownMemberId);
            }
        }
    }

    fn check_sync(
        &self,
        caller: &Caller,
        request: &SyncGroupRequest,
    ) -> Result<&Group, ResponseError> {
        let (kind, name) = (request.protocol_type.as_deref(), request.protocol_name.as_deref());
        if caller.version >= NAMES_PROTOCOL && (kind.is_none() || name.is_none()) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        if request.group_id.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        let group = self.groups.get(request.group_id.as_str());
        let group = group.ok_or(ResponseError::UnknownMemberId)?;
        if group.is(GroupState::Empty) {
            return Err(ResponseError::UnknownMemberId);
        }
        group.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        if group.generation != request.generation_id {
            return Err(ResponseError::IllegalGeneration);
        }
        let differs = |theirs: Option<&str>, ours: &Option<Arc<str>>| {
            theirs.zip(ours.as_deref()).is_some_and(|(theirs, ours)| theirs != ours)
        };
        if differs(kind, &group.protocol_type) || differs(name, &group.protocol) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        Ok(group)
    }

    fn await_assignment(
        &mut self,
        now: Tick,
        id: &GroupId,
        request: SyncGroupRequest,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        let member_id = request.member_id.as_str();
        self.synced(id, member_id);
        let Some(group) = self.groups.get_mut(id) else { return };
        let Some(member) = group.members.get_mut(member_id) else { return };
        if let Some(stale) = member.awaiting_sync.replace(waiter) {
            refuse(out, stale, ResponseError::RebalanceInProgress);
        }
        if !group.is_leader(member_id) {
            return;
        }
        let sent = request.assignments.into_iter();
        let mut assignments: HashMap<MemberId, Bytes> = sent
            // copied: an assignment outlives the frame it came in
            .map(|a| (Arc::from(a.member_id.as_str()), Bytes::copy_from_slice(&a.assignment)))
            .collect();
        assignments.retain(|member, _| group.members.contains_key(member));
        let record = GroupRecord::Group(Arc::clone(id), Some(group.to_stored(&assignments)));
        let assigned = Assigned { generation: group.generation, assignments };
        self.append(now, id, vec![record], Then::Assign(assigned), out);
    }

    /// The assignment is in the log, or could not be put there. By now the group may be elsewhere.
    pub(super) fn assigned(
        &mut self,
        now: Tick,
        id: &GroupId,
        assigned: Assigned,
        result: Result<(), AppendFailure>,
        out: &mut Outputs,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if !group.is(GroupState::CompletingRebalance) || group.generation != assigned.generation {
            return;
        }
        if let Err(failure) = result {
            self.reset_assignments(now, id, failure.code(), out);
            return self.rebalance_or_complete(now, id, out);
        }
        for member in group.members.values_mut() {
            let assignment = assigned.assignments.get(&member.id);
            member.assignment = assignment.cloned().unwrap_or_default();
        }
        group.transition_to(now, GroupState::Stable);
        tracing::info!(group = %id, generation = group.generation, "group is stable");
        self.answer_syncs(now, id, None, out);
    }

    /// Takes all assignments back; whoever waits for one is told why.
    pub(super) fn reset_assignments(
        &mut self,
        now: Tick,
        id: &GroupId,
        error: ResponseError,
        out: &mut Outputs,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        for member in group.members.values_mut() {
            member.assignment = Bytes::new();
        }
        self.answer_syncs(now, id, Some(error), out);
    }

    fn answer_syncs(
        &mut self,
        now: Tick,
        id: &GroupId,
        error: Option<ResponseError>,
        out: &mut Outputs,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let waiting = group.members.values_mut();
        let waiting = waiting.filter_map(|m| Some((Arc::clone(&m.id), m.awaiting_sync.take()?)));
        let waiting: Vec<(MemberId, Waiter)> = waiting.collect();
        for (member, waiter) in waiting {
            let Some(group) = self.groups.get(id) else { return };
            match error {
                Some(error) => refuse(out, waiter, error),
                None => reply(out, waiter, Response::Sync(group.assignment_of(&member))),
            }
            // its session did not run while it waited
            self.restart_session(now, id, &member);
        }
    }

    /// From the answers to the joins on, members have the rebalance timeout to ask for theirs.
    pub(super) fn wait_for_syncs(&mut self, now: Tick, id: &GroupId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let deadline = now.monotonic_ms.saturating_add(millis(group.rebalance_timeout_ms()));
        let timer = self.timers.insert(deadline, Timer::Sync(Arc::clone(id), group.generation));
        if let Some(old) = group.sync_timer.replace(timer) {
            self.timers.cancel(old);
        }
    }

    pub(super) fn stop_waiting_for_syncs(&mut self, id: &GroupId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        group.pending_sync.clear();
        if let Some(timer) = group.sync_timer.take() {
            self.timers.cancel(timer);
        }
    }

    fn synced(&mut self, id: &GroupId, member: &str) {
        let Some(group) = self.groups.get_mut(id) else { return };
        group.pending_sync.remove(member);
        if group.pending_sync.is_empty() {
            self.stop_waiting_for_syncs(id);
        }
    }

    /// Members that joined but never asked for their assignment are out.
    pub(super) fn sync_expired(
        &mut self,
        now: Tick,
        id: &GroupId,
        generation: i32,
        out: &mut Outputs,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let rebalanced = matches!(
            group.state,
            GroupState::Dead | GroupState::Empty | GroupState::PreparingRebalance
        );
        if group.generation != generation || rebalanced || group.pending_sync.is_empty() {
            return;
        }
        group.sync_timer = None;
        for member in std::mem::take(&mut group.pending_sync) {
            tracing::info!(group = %id, member = %member, "member did not sync in time");
            self.drop_member(id, &member);
        }
        self.prepare_rebalance(now, id, out);
    }
}

impl Group {
    fn assignment_of(&self, member: &str) -> SyncGroupResponse {
        let assignment = self.members.get(member).map(|member| member.assignment.clone());
        SyncGroupResponse::default()
            .with_protocol_type(self.protocol_type.as_deref().map(wire_text))
            .with_protocol_name(self.protocol.as_deref().map(wire_text))
            .with_assignment(assignment.unwrap_or_default())
    }
}

fn refuse(out: &mut Outputs, waiter: Waiter, error: ResponseError) {
    let answer = SyncGroupResponse::default().with_error_code(error.code());
    reply(out, waiter, Response::Sync(answer));
}
