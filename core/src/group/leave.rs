//! Leaving a group: by oneself, or by an administrator's word (KIP-345: by static name).

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};

use super::calls::reply;
use super::{GroupCoordinator, GroupId, GroupState, Outputs, Response, Waiter};
use crate::base::Tick;

impl GroupCoordinator {
    /// LeaveGroup.
    pub(super) fn leave(
        &mut self,
        now: Tick,
        request: &LeaveGroupRequest,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        if request.group_id.is_empty() {
            let code = ResponseError::InvalidGroupId.code();
            let answer = LeaveGroupResponse::default().with_error_code(code);
            return reply(out, waiter, Response::Leave(answer));
        }
        let id: GroupId = Arc::from(request.group_id.as_str());
        let mut left = 0;
        let mut answers = Vec::with_capacity(request.members.len());
        for member in &request.members {
            let result = self.leave_one(&id, member, out);
            left += usize::from(result.is_ok());
            answers.push(
                MemberResponse::default()
                    .with_member_id(member.member_id.clone())
                    .with_group_instance_id(member.group_instance_id.clone())
                    .with_error_code(result.map_or_else(|error| error.code(), |()| 0)),
            );
        }
        if left > 0 {
            self.after_leaving(now, &id, out);
        }
        let answer = Response::Leave(LeaveGroupResponse::default().with_members(answers));
        match self.appends.is_busy(&id) {
            // the last member left: that is said when it is stored
            true => self.reply_when_stored(&id, waiter, answer),
            false => reply(out, waiter, answer),
        }
    }

    fn after_leaving(&mut self, now: Tick, id: &GroupId, out: &mut Outputs) {
        match self.groups.get(id).map(|group| group.state) {
            Some(GroupState::Stable | GroupState::CompletingRebalance) => {
                self.rebalance_or_complete(now, id, out);
            }
            Some(GroupState::PreparingRebalance) => self.maybe_complete_join(now, id, out),
            Some(GroupState::Empty | GroupState::Dead) | None => {}
        }
    }

    fn leave_one(
        &mut self,
        id: &GroupId,
        leaving: &MemberIdentity,
        out: &mut Outputs,
    ) -> Result<(), ResponseError> {
        let group = self.groups.get(id).ok_or(ResponseError::UnknownMemberId)?;
        let instance = leaving.group_instance_id.as_deref();
        let member = match leaving.member_id.as_str() {
            // an administrator knows static members by their name only
            "" => {
                let owner = instance.and_then(|instance| group.static_members.get(instance));
                Arc::clone(owner.ok_or(ResponseError::UnknownMemberId)?)
            }
            member => {
                if !group.pending_join.contains_key(member) {
                    group.check_member(member, instance)?;
                }
                Arc::from(member)
            }
        };
        let reason = leaving.reason.as_deref().unwrap_or("not provided");
        tracing::info!(group = %id, member = %member, reason, "member leaves");
        self.remove_member(id, &member, out);
        Ok(())
    }
}
