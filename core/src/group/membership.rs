//! Joining a group: new members, members that come back, static members that are replaced.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse, SyncGroupResponse};
use kafka_protocol::protocol::StrBytes;

use super::append::Then;
use super::calls::reply;
use super::coordinator::{Timer, wire_text};
use super::state::{Group, Member, Protocol};
use super::{
    AppendFailure, Caller, GroupCoordinator, GroupId, GroupMetadata, GroupRecord, GroupState,
    MemberId, Outputs, Response, Waiter,
};
use crate::base::Tick;

/// How long the join of a member that does not know its id may take: it can send no heartbeats, and
/// one that has gone must not stay forever (Kafka: `classicGroupNewMemberJoinTimeoutMs`).
const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 5 * 60 * 1_000;

/// The longest text the log can hold is 32,767 bytes; ids are made of a text and a UUID.
const LONGEST_TEXT: usize = 32_000;

/// From this version on a dynamic member must join with an id it was given (KIP-394).
const NEEDS_MEMBER_ID: i16 = 4;

/// From this version on a leader can be told that the assignment stays (KIP-814).
const CAN_SKIP_ASSIGNMENT: i16 = 9;

/// One join, unpacked.
pub(super) struct Joining {
    caller: Caller,
    group: GroupId,
    member: MemberId,
    instance: Option<Arc<str>>,
    protocol_type: Arc<str>,
    protocols: Vec<Protocol>,
    /// For a rebalance, for a session.
    timeouts: (i32, i32),
    waiter: Waiter,
}

/// A static member whose new id is on its way into the log.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    instance: Arc<str>,
    old_id: MemberId,
    new_id: MemberId,
    old_leader: Option<MemberId>,
    old_protocols: Vec<Protocol>,
    old_timeouts: (i32, i32),
    version: i16,
}

impl GroupCoordinator {
    /// JoinGroup.
    pub(super) fn join(
        &mut self,
        now: Tick,
        caller: &Caller,
        request: JoinGroupRequest,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        if let Err(error) = self.check_join(&request) {
            return refuse(out, waiter, &request.member_id, error);
        }
        let joining = Joining::new(caller, request, waiter);
        let group = Arc::clone(&joining.group);
        let unknown = joining.member.is_empty();
        let is_new = !self.groups.contains_key(&group);
        if is_new && !unknown {
            return refuse(out, waiter, &joining.member, ResponseError::UnknownMemberId);
        }
        let state =
            self.groups.entry(Arc::clone(&group)).or_insert_with(|| Group::new(Arc::clone(&group)));
        if !accepts(state, &joining.member, self.settings.max_size) {
            self.drop_member(&group, &joining.member);
            return refuse(out, waiter, "", ResponseError::GroupMaxSizeReached);
        }
        if !state.supports(&joining.protocol_type, joining.protocols.iter().map(|p| &*p.name)) {
            refuse(out, waiter, &joining.member, ResponseError::InconsistentGroupProtocol);
        } else if unknown {
            self.join_new(now, joining, out);
        } else {
            self.join_existing(now, joining, out);
        }
        if is_new && !self.appends.is_busy(&group) {
            // the group exists from here on, as in Kafka, even if its member never comes back
            let record = GroupRecord::Group(Arc::clone(&group), Some(GroupMetadata::empty(now)));
            self.append(now, &group, vec![record], Then::Nothing, out);
        }
    }

    fn check_join(&self, request: &JoinGroupRequest) -> Result<(), ResponseError> {
        let session = request.session_timeout_ms;
        let allowed = self.settings.min_session_timeout_ms..=self.settings.max_session_timeout_ms;
        let texts = request.protocols.iter().map(|p| &p.name).chain(&request.group_instance_id);
        if request.group_id.is_empty() || request.group_id.len() > LONGEST_TEXT {
            return Err(ResponseError::InvalidGroupId);
        }
        if !allowed.contains(&session) {
            return Err(ResponseError::InvalidSessionTimeout);
        }
        let mut texts = texts.chain([&request.protocol_type]);
        match texts.any(|text| text.len() > LONGEST_TEXT) {
            true => Err(ResponseError::InvalidRequest),
            false => Ok(()),
        }
    }

    fn join_new(&mut self, now: Tick, mut joining: Joining, out: &mut Outputs) {
        joining.member = joining.new_member_id();
        let Some(group) = self.groups.get_mut(&joining.group) else { return };
        if let Some(instance) = &joining.instance {
            match group.static_members.get(instance).cloned() {
                Some(old) => self.replace_static(now, joining, old, out),
                None => self.add_member(now, joining, out),
            }
        } else if joining.caller.version >= NEEDS_MEMBER_ID {
            let timeout = u64::try_from(joining.timeouts.1).unwrap_or(0);
            let timer = Timer::Session(Arc::clone(&joining.group), Arc::clone(&joining.member));
            let timer = self.timers.insert(now.monotonic_ms.saturating_add(timeout), timer);
            group.pending_join.insert(Arc::clone(&joining.member), Some(timer));
            refuse(out, joining.waiter, &joining.member, ResponseError::MemberIdRequired);
        } else {
            self.add_member(now, joining, out);
        }
    }

    fn join_existing(&mut self, now: Tick, joining: Joining, out: &mut Outputs) {
        let Some(group) = self.groups.get(&joining.group) else { return };
        if group.pending_join.contains_key(&joining.member) {
            // a static member is never asked to come back with an id
            return match joining.instance {
                Some(_) => {
                    let error = ResponseError::UnknownServerError;
                    refuse(out, joining.waiter, &joining.member, error);
                }
                None => self.add_member(now, joining, out),
            };
        }
        if let Err(error) = group.check_member(&joining.member, joining.instance.as_deref()) {
            let answer = join_error(&joining.member, error);
            return reply(out, joining.waiter, Response::Join(answer));
        }
        let Some(member) = group.members.get(&joining.member) else { return };
        let unchanged = member.protocols == joining.protocols;
        let leads = group.is_leader(&joining.member);
        match group.state {
            GroupState::PreparingRebalance => self.update_member(now, joining, out),
            // it may not have received the answer to its last join
            GroupState::CompletingRebalance if unchanged => {
                let answer = group.joined(&joining.member, leads);
                reply(out, joining.waiter, Response::Join(answer));
            }
            // a leader that joins again wants a new assignment
            GroupState::Stable if unchanged && !leads => {
                let answer = group.joined(&joining.member, false);
                reply(out, joining.waiter, Response::Join(answer));
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.update_member(now, joining, out);
            }
            GroupState::Empty | GroupState::Dead => {
                refuse(out, joining.waiter, &joining.member, ResponseError::UnknownMemberId);
            }
        }
    }

    fn add_member(&mut self, now: Tick, joining: Joining, out: &mut Outputs) {
        let Some(group) = self.groups.get_mut(&joining.group) else { return };
        if group.is(GroupState::PreparingRebalance) && group.previous_state == GroupState::Empty {
            group.new_member_added = true;
        }
        if group.members.is_empty() {
            group.protocol_type = Some(Arc::clone(&joining.protocol_type));
        }
        if let Some(timer) = group.pending_join.remove(&joining.member).flatten() {
            self.timers.cancel(timer);
        }
        let (id, member) = (Arc::clone(&joining.group), Arc::clone(&joining.member));
        group.insert(joining.into_member());
        self.set_session(now, &id, &member, NEW_MEMBER_JOIN_TIMEOUT_MS);
        tracing::info!(group = %id, member = %member, "member joins");
        self.rebalance_or_complete(now, &id, out);
    }

    fn update_member(&mut self, now: Tick, joining: Joining, out: &mut Outputs) {
        let Joining { group: id, member, protocols, timeouts, waiter, .. } = joining;
        let Some(group) = self.groups.get_mut(&id) else { return };
        if let Some(stale) = group.update(&member, protocols, timeouts, Some(waiter)) {
            refuse(out, stale, &member, ResponseError::RebalanceInProgress);
        }
        self.rebalance_or_complete(now, &id, out);
    }

    /// A static member came back without its id: a new id takes the old one's place (KIP-345).
    fn replace_static(&mut self, now: Tick, joining: Joining, old_id: MemberId, out: &mut Outputs) {
        let id = Arc::clone(&joining.group);
        let new_id = Arc::clone(&joining.member);
        let Some(instance) = joining.instance.clone() else { return };
        let Some(group) = self.groups.get_mut(&id) else { return };
        let old_leader = group.leader.clone();
        let Some(old) = group.rename_static(&instance, &old_id, &new_id, out) else { return };
        if let Some(timer) = old.timer {
            self.timers.cancel(timer);
        }
        let old_timeouts = (old.rebalance_timeout_ms, old.session_timeout_ms);
        group.update(&new_id, joining.protocols, joining.timeouts, Some(joining.waiter));
        let same_protocol = group.select_protocol() == group.protocol;
        let state = group.state;
        tracing::info!(group = %id, instance = %instance, old = %old_id, new = %new_id,
            "static member is replaced");
        self.set_session(now, &id, &new_id, old_timeouts.1);
        match state {
            GroupState::Stable if same_protocol => {
                let Some(group) = self.groups.get(&id) else { return };
                let stored = group.to_stored(&group.assignments());
                let change = Replacement {
                    instance,
                    old_id,
                    new_id,
                    old_leader,
                    old_protocols: old.protocols,
                    old_timeouts,
                    version: joining.caller.version,
                };
                let record = GroupRecord::Group(Arc::clone(&id), Some(stored));
                self.append(now, &id, vec![record], Then::Replaced(change), out);
            }
            GroupState::Stable => self.rebalance_or_complete(now, &id, out),
            // the leader may have the old id in its assignment already
            GroupState::CompletingRebalance => self.prepare_rebalance(now, &id, out),
            GroupState::PreparingRebalance | GroupState::Empty | GroupState::Dead => {
                self.maybe_complete_join(now, &id, out);
            }
        }
    }

    /// The new id of a static member is in the log, or could not be put there.
    pub(super) fn static_member_stored(
        &mut self,
        now: Tick,
        id: &GroupId,
        change: Replacement,
        result: Result<(), AppendFailure>,
        out: &mut Outputs,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let Err(failure) = result else {
            let leads = group.is_leader(&change.new_id);
            let skips = change.version >= CAN_SKIP_ASSIGNMENT;
            let mut answer = group.joined(&change.new_id, leads && skips);
            if skips {
                answer.skip_assignment = leads;
            } else {
                // an old client must not think that it leads: it would assign anew
                answer.leader = wire_text(change.old_leader.as_deref().unwrap_or_default());
            }
            let waiter = group.take_join(&change.new_id).unwrap_or(Waiter::NOBODY);
            return reply(out, waiter, Response::Join(answer));
        };
        let Some(waiter) = group.take_join(&change.new_id) else { return };
        group.update(&change.new_id, change.old_protocols, change.old_timeouts, None);
        let renamed = group.rename_static(&change.instance, &change.new_id, &change.old_id, out);
        let answer = group.joined("", false).with_error_code(failure.code().code());
        if let Some(timer) = renamed.and_then(|member| member.timer) {
            self.timers.cancel(timer);
        }
        reply(out, waiter, Response::Join(answer));
        self.restart_session(now, id, &change.old_id);
    }

    /// Takes a member out, known or pending, and stops its session.
    pub(super) fn drop_member(&mut self, id: &GroupId, member: &str) -> Option<Member> {
        let group = self.groups.get_mut(id)?;
        let pending = group.pending_join.remove(member).flatten();
        let removed = group.remove(member);
        let timers = removed.as_ref().and_then(|member| member.timer).into_iter().chain(pending);
        for timer in timers {
            self.timers.cancel(timer);
        }
        removed
    }
}

impl Joining {
    fn new(caller: &Caller, request: JoinGroupRequest, waiter: Waiter) -> Self {
        let session = request.session_timeout_ms;
        // version 0 has one timeout for both
        let rebalance = match request.rebalance_timeout_ms {
            -1 => session,
            timeout => timeout,
        };
        let protocols = request.protocols.iter().map(|protocol| Protocol {
            name: Arc::from(protocol.name.as_str()),
            // copied: a member outlives the frame its join came in
            metadata: Bytes::copy_from_slice(&protocol.metadata),
        });
        Self {
            caller: caller.clone(),
            group: Arc::from(request.group_id.as_str()),
            member: Arc::from(request.member_id.as_str()),
            instance: request.group_instance_id.as_ref().map(|id| Arc::from(id.as_str())),
            protocol_type: Arc::from(request.protocol_type.as_str()),
            protocols: protocols.collect(),
            timeouts: (rebalance, session),
            waiter,
        }
    }

    fn new_member_id(&self) -> MemberId {
        let name = self.instance.as_ref().unwrap_or(&self.caller.client_id);
        Arc::from(format!("{name}-{}", self.caller.fresh_id))
    }

    fn into_member(self) -> Member {
        Member {
            id: self.member,
            instance_id: self.instance,
            client_id: self.caller.client_id,
            client_host: self.caller.client_host,
            rebalance_timeout_ms: self.timeouts.0,
            session_timeout_ms: self.timeouts.1,
            protocols: self.protocols,
            assignment: Bytes::new(),
            awaiting_join: Some(self.waiter),
            awaiting_sync: None,
            is_new: true,
            timer: None,
        }
    }
}

impl Group {
    /// Whether this is a member, and not one whose static name another has taken.
    pub(super) fn check_member(
        &self,
        member: &str,
        instance: Option<&str>,
    ) -> Result<(), ResponseError> {
        if let Some(instance) = instance {
            let owner = self.static_members.get(instance);
            let owner = owner.ok_or(ResponseError::UnknownMemberId)?;
            if **owner != *member {
                return Err(ResponseError::FencedInstanceId);
            }
        }
        match self.members.contains_key(member) {
            true => Ok(()),
            false => Err(ResponseError::UnknownMemberId),
        }
    }

    /// The answer to a join that succeeded in the current generation.
    pub(super) fn joined(&self, member: &str, with_members: bool) -> JoinGroupResponse {
        let members = self.members.values().filter(|_| with_members);
        let members = members.map(|member| {
            JoinGroupResponseMember::default()
                .with_member_id(wire_text(&member.id))
                .with_group_instance_id(member.instance_id.as_deref().map(wire_text))
                .with_metadata(member.metadata(self.protocol.as_deref()))
        });
        JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_type(self.protocol_type.as_deref().map(wire_text))
            .with_protocol_name(self.protocol.as_deref().map(wire_text))
            .with_leader(wire_text(self.leader.as_deref().unwrap_or_default()))
            .with_member_id(wire_text(member))
            .with_members(members.collect())
    }

    /// Gives a static member another id; whoever waits under the old one is fenced. Gives back the
    /// member as it was.
    fn rename_static(
        &mut self,
        instance: &Arc<str>,
        old_id: &str,
        new_id: &MemberId,
        out: &mut Outputs,
    ) -> Option<Member> {
        let led = self.is_leader(old_id);
        let pending_sync = self.pending_sync.contains(old_id);
        let leader = self.leader.clone();
        let mut old = self.remove(old_id)?;
        if let Some(waiter) = old.awaiting_join.take() {
            let answer = join_error(old_id, ResponseError::FencedInstanceId);
            reply(out, waiter, Response::Join(answer));
        }
        if let Some(waiter) = old.awaiting_sync.take() {
            let code = ResponseError::FencedInstanceId.code();
            let answer = SyncGroupResponse::default().with_error_code(code);
            reply(out, waiter, Response::Sync(answer));
        }
        let mut new = old.clone();
        new.id = Arc::clone(new_id);
        new.instance_id = Some(Arc::clone(instance));
        new.timer = None;
        new.is_new = false;
        self.leader = if led { Some(Arc::clone(new_id)) } else { leader };
        self.insert(new);
        if pending_sync {
            self.pending_sync.insert(Arc::clone(new_id));
        }
        Some(old)
    }
}

impl GroupMetadata {
    /// A group that exists and has had no members yet.
    fn empty(now: Tick) -> Self {
        Self {
            protocol_type: Arc::from(""),
            generation: 0,
            protocol: None,
            leader: None,
            state_timestamp: now.wall_ms,
            members: Vec::new(),
        }
    }
}

/// Whether there is room for this member (Kafka: `acceptJoiningMember`).
fn accepts(group: &Group, member: &str, max_size: usize) -> bool {
    let known = group.members.get(member);
    match group.state {
        GroupState::Empty | GroupState::Dead => true,
        // counts who has joined, so that the last to come back are the ones without a place
        GroupState::PreparingRebalance => {
            known.is_some_and(|member| member.awaiting_join.is_some()) || group.joined < max_size
        }
        GroupState::CompletingRebalance | GroupState::Stable => {
            known.is_some() || group.members.len() < max_size
        }
    }
}

/// The answer to a join that did not succeed.
pub(super) fn join_error(member: &str, error: ResponseError) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(error.code())
        .with_protocol_name(None)
        .with_member_id(StrBytes::from_string(member.to_owned()))
}

pub(super) fn refuse(out: &mut Outputs, waiter: Waiter, member: &str, error: ResponseError) {
    reply(out, waiter, Response::Join(join_error(member, error)));
}
