//! What an administrator asks about groups: list, describe, delete.

use std::collections::BTreeMap;

use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use ottla_core::client::assignor::protocol::{PROTOCOL_TYPE, decode_assignment};
use ottla_core::group::{Request, Response};
use tokio::sync::oneshot;

use super::group::caller_of;
use super::{Admin, EngineError, Group};

/// A group as it is listed.
///
/// ```
/// # use ottla::{Batch, Engine, GroupListing, Offset};
/// # use std::collections::BTreeMap;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// engine.topic("orders").append(Batch::value("one espresso")).await?;
/// engine.group("billing").commit("orders", &BTreeMap::from([(0, Offset(1))])).await?;
/// let groups: Vec<GroupListing> = engine.admin().groups().await?;
/// assert_eq!((&*groups[0].id, &*groups[0].state), ("billing", "Empty"));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupListing {
    /// Its id.
    pub id: String,
    /// Kafka's name of its state: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`.
    pub state: String,
    /// What its members agree on: `consumer`; empty for one that has committed offsets alone.
    pub protocol_type: String,
}

/// A group with its members.
///
/// ```
/// # use ottla::{Batch, Engine, ErrorCode, GroupDescription, Offset};
/// # use std::collections::BTreeMap;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// engine.topic("orders").append(Batch::value("one espresso")).await?;
/// let billing = engine.group("billing");
/// assert_eq!(billing.describe().await.unwrap_err().code(), ErrorCode::GroupIdNotFound);
/// billing.commit("orders", &BTreeMap::from([(0, Offset(1))])).await?;
/// let described: GroupDescription = billing.describe().await?;
/// assert_eq!((&*described.state, described.members.len()), ("Empty", 0));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Kafka's name of its state: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`.
    pub state: String,
    /// What its members agree on: `consumer`.
    pub protocol_type: String,
    /// The assignor they chose; empty unless the group is stable.
    pub protocol: String,
    /// Its members.
    pub members: Vec<GroupMemberDescription>,
}

/// A member of a group.
///
/// ```no_run
/// # use ottla::{Engine, GroupMemberDescription};
/// # async fn of(engine: Engine) -> Result<(), Box<dyn std::error::Error>> {
/// let members: Vec<GroupMemberDescription> = engine.group("billing").describe().await?.members;
/// for member in members {
///     println!("{} reads {:?}", member.client_id, member.assignment);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMemberDescription {
    /// The id the coordinator gave it.
    pub id: String,
    /// The `group.instance.id` of a static member.
    pub instance_id: Option<String>,
    /// Its `client.id`.
    pub client_id: String,
    /// Where it is; `in-process` for a member inside this process.
    pub host: String,
    /// The partitions it reads, by topic; empty unless the group is stable.
    pub assignment: BTreeMap<String, Vec<i32>>,
}

impl Admin {
    /// Every group there is, in the order of their ids.
    ///
    /// # Errors
    /// A coordinator is still reading its log after three seconds, or the engine has been stopped.
    pub async fn groups(&self) -> Result<Vec<GroupListing>, EngineError> {
        let request = Request::List { states: Vec::new(), types: Vec::new() };
        let caller = caller_of(&request);
        let (sender, receiver) = oneshot::channel();
        // the asker may have gone away
        let done = move |listed| drop(sender.send(listed));
        self.shared().node()?.groups.list(caller, Vec::new(), Vec::new(), done);
        let listed = receiver.await.map_err(|_| EngineError::Stopped)?;
        let listed = listed.map_err(|code| EngineError::Refused { code, message: None })?;
        let mut groups: Vec<GroupListing> = listed
            .into_iter()
            .map(|group| GroupListing {
                id: group.group_id.to_string(),
                state: group.group_state.to_string(),
                protocol_type: group.protocol_type.to_string(),
            })
            .collect();
        groups.sort_unstable();
        Ok(groups)
    }
}

impl Group {
    /// Its state and its members, whether they are in this process or not.
    ///
    /// # Errors
    /// There is no such group, or its coordinator cannot be asked.
    pub async fn describe(&self) -> Result<GroupDescription, EngineError> {
        let answer = self.ask(&Request::Describe(self.id().into())).await?;
        let Response::Describe(group) = answer else { return Err(EngineError::unexpected()) };
        EngineError::check(group.error_code, group.error_message.as_deref())?;
        Ok(GroupDescription::of(group))
    }

    /// Deletes the group with all it has committed.
    ///
    /// # Errors
    /// There is no such group, it has members, or its coordinator cannot be asked.
    pub async fn delete(&self) -> Result<(), EngineError> {
        let answer = self.ask(&Request::Delete(self.id().into())).await?;
        let Response::Delete(result) = answer else { return Err(EngineError::unexpected()) };
        result.map_err(|code| EngineError::Refused { code, message: None })
    }
}

impl GroupDescription {
    fn of(group: DescribedGroup) -> Self {
        let consumers = &*group.protocol_type == PROTOCOL_TYPE;
        let members = group.members.into_iter();
        Self {
            state: group.group_state.to_string(),
            protocol_type: group.protocol_type.to_string(),
            protocol: group.protocol_data.to_string(),
            members: members.map(|m| GroupMemberDescription::of(m, consumers)).collect(),
        }
    }
}

impl GroupMemberDescription {
    fn of(member: DescribedGroupMember, consumer: bool) -> Self {
        let mut assignment: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        // what members of other kinds agree on is theirs alone
        let bytes = member.member_assignment;
        let readable = consumer && !bytes.is_empty();
        let assigned = if readable { decode_assignment(&bytes).ok() } else { None };
        for partition in assigned.into_iter().flatten() {
            assignment.entry(partition.topic.to_string()).or_default().push(partition.partition);
        }
        Self {
            id: member.member_id.to_string(),
            instance_id: member.group_instance_id.map(|id| id.to_string()),
            client_id: member.client_id.to_string(),
            host: member.client_host.to_string(),
            assignment,
        }
    }
}
