//! What administrators ask: describe, list and delete groups.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;

use super::append::Then;
use super::calls::reply;
use super::coordinator::wire_text;
use super::offsets::tombstone;
use super::state::{Group, Member};
use super::{
    Caller, GroupCoordinator, GroupId, GroupRecord, GroupState, Outputs, Response, Waiter,
};
use crate::base::Tick;

/// From this version on a client is told that a group does not exist (KIP-1043).
const KNOWS_GROUP_ID_NOT_FOUND: i16 = 6;

/// The only type of group there is here, as Kafka prints it.
const CLASSIC: &str = "classic";

impl GroupCoordinator {
    /// DescribeGroups, for one group.
    pub(super) fn describe(
        &self,
        caller: &Caller,
        id: &GroupId,
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        let answer = match self.groups.get(id) {
            Some(group) => group.describe(),
            None => {
                let answer = DescribedGroup::default()
                    .with_group_id(wire_text(id).into())
                    .with_group_state(wire_text(GroupState::Dead.name()));
                match caller.version >= KNOWS_GROUP_ID_NOT_FOUND {
                    true => answer
                        .with_error_code(ResponseError::GroupIdNotFound.code())
                        .with_error_message(Some(wire_text(&format!("Group {id} not found.")))),
                    false => answer,
                }
            }
        };
        reply(out, waiter, Response::Describe(answer));
    }

    /// ListGroups: those of this coordinator that pass the filters.
    pub(super) fn list(
        &self,
        states: &[String],
        types: &[String],
        waiter: Waiter,
        out: &mut Outputs,
    ) {
        let classic = types.is_empty() || types.iter().any(|t| t.eq_ignore_ascii_case(CLASSIC));
        let wanted = |group: &&Group| {
            let name = group.state.name();
            classic && (states.is_empty() || states.iter().any(|s| s.eq_ignore_ascii_case(name)))
        };
        let listed = self.groups.values().filter(wanted).map(|group| {
            ListedGroup::default()
                .with_group_id(wire_text(&group.id).into())
                .with_protocol_type(wire_text(group.protocol_type.as_deref().unwrap_or_default()))
                .with_group_state(wire_text(group.state.name()))
                .with_group_type(wire_text(CLASSIC))
        });
        reply(out, waiter, Response::List(Ok(listed.collect())));
    }

    /// DeleteGroups, of one group: with all its offsets.
    pub(super) fn delete(&mut self, now: Tick, id: &GroupId, waiter: Waiter, out: &mut Outputs) {
        let refusal = match self.groups.get(id).map(|group| group.state) {
            None | Some(GroupState::Dead) => Some(ResponseError::GroupIdNotFound),
            Some(GroupState::Empty) => None,
            Some(_) => Some(ResponseError::NonEmptyGroup),
        };
        if let Some(error) = refusal {
            return reply(out, waiter, Response::Delete(Err(error)));
        }
        let mut records: Vec<GroupRecord> = Vec::new();
        for (topic, partitions) in self.offsets.of_group(id).into_iter().flatten() {
            records.extend(partitions.keys().map(|partition| tombstone(id, topic, *partition)));
        }
        tracing::info!(group = %id, offsets = records.len(), "group is deleted");
        records.push(GroupRecord::Group(Arc::clone(id), None));
        self.append(now, id, records, Then::Reply(waiter, Response::Delete(Ok(()))), out);
        self.appends.seal(id);
    }
}

impl Group {
    /// Only a stable group has a protocol and assignments to show.
    fn describe(&self) -> DescribedGroup {
        let stable = self.is(GroupState::Stable);
        let protocol = self.protocol.as_deref().filter(|_| stable);
        let members = self.members.values().map(|member| member.describe(protocol));
        DescribedGroup::default()
            .with_group_id(wire_text(&self.id).into())
            .with_group_state(wire_text(self.state.name()))
            .with_protocol_type(wire_text(self.protocol_type.as_deref().unwrap_or_default()))
            .with_protocol_data(wire_text(protocol.unwrap_or_default()))
            .with_members(members.collect())
    }
}

impl Member {
    fn describe(&self, protocol: Option<&str>) -> DescribedGroupMember {
        let assignment = protocol.map_or_else(Bytes::new, |_| self.assignment.clone());
        DescribedGroupMember::default()
            .with_member_id(wire_text(&self.id))
            .with_group_instance_id(self.instance_id.as_deref().map(wire_text))
            .with_client_id(wire_text(&self.client_id))
            .with_client_host(wire_text(&self.client_host))
            .with_member_metadata(self.metadata(protocol))
            .with_member_assignment(assignment)
    }
}
