//! Consumer groups of either protocol, described by their coordinators.

use std::rc::Rc;

use futures_util::future::join_all;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response as modern;
use kafka_protocol::messages::describe_groups_response as classic;
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, DescribeGroupsRequest};
use ottla_core::base::{BrokerId, TopicPartition};
use ottla_core::client::assignor::protocol::decode_assignment;
use tokio::time::Instant;

use super::groups::MISSING;
use super::{Admin, Refusal, owned, text};
use crate::client::cluster::Cluster;
use crate::client::{ClientError, Route};

/// A broker, as groups name their coordinator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The broker's id.
    pub id: i32,
    /// Where it listens.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// A group and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// The group's id.
    pub id: String,
    /// Whether its members speak the new protocol (KIP-848).
    pub is_consumer: bool,
    /// Its state, in Kafka's words: `Stable`, `Empty`, `PreparingRebalance`, …
    pub state: String,
    /// What kind of members it has: `consumer`, or nothing for a group that only commits.
    pub protocol_type: String,
    /// How its partitions are shared out, or nothing.
    pub assignor: String,
    /// The group's epoch (KIP-848).
    pub epoch: Option<i32>,
    /// The epoch of the assignment that its members are to reach (KIP-848).
    pub target_epoch: Option<i32>,
    /// The broker that coordinates it.
    pub coordinator: Node,
    /// Its members, in the order in which the coordinator named them.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The member's id.
    pub id: String,
    /// What a static member calls itself (`group.instance.id`).
    pub instance_id: Option<String>,
    /// What its client calls itself.
    pub client_id: String,
    /// Where its client is.
    pub host: String,
    /// The epoch it has reached (KIP-848).
    pub epoch: Option<i32>,
    /// The partitions it reads.
    pub assignment: Vec<TopicPartition>,
    /// The partitions it is to read in the end (KIP-848).
    pub target: Option<Vec<TopicPartition>>,
    /// Whether it speaks the new protocol, in a group in which that is known.
    pub upgraded: Option<bool>,
}

impl Admin {
    /// Groups with their members, by whichever protocol each of them speaks. Each group has its own
    /// result: one that nobody knows is [`GroupIdNotFound`](ResponseError::GroupIdNotFound), or
    /// from brokers before 4.0 a group in state `Dead`.
    ///
    /// # Errors
    /// A coordinator did not answer.
    pub async fn describe_consumer_groups(
        &self,
        groups: &[String],
    ) -> Result<Vec<(String, Result<GroupDescription, Refusal>)>, ClientError> {
        let described = groups.iter().map(|group| async move {
            let id = group.clone();
            let work = move |cluster: Rc<Cluster>| describe(cluster, id);
            let found = self.run(move |cluster| Box::pin(work(cluster))).await;
            found.map(|found| (group.clone(), found))
        });
        join_all(described).await.into_iter().collect()
    }
}

/// What one coordinator said of one group.
type Described = Result<GroupDescription, Refusal>;

async fn describe(cluster: Rc<Cluster>, group: String) -> Result<Described, ClientError> {
    let deadline = Instant::now() + cluster.config().api_timeout;
    let route = Route::Coordinator(group.clone());
    loop {
        let found = tokio::time::timeout_at(deadline, once(&cluster, &group)).await;
        let found = found.unwrap_or(Err(ClientError::TimedOut));
        let again = match &found {
            Ok(Err(refusal)) => refusal.error.is_retriable(),
            Ok(Ok(_)) => false,
            Err(error) => error.is_retriable(),
        };
        let wake = Instant::now() + cluster.config().retry_backoff;
        if !again || wake >= deadline {
            return found;
        }
        cluster.forget(&route);
        tokio::time::sleep_until(wake).await;
    }
}

async fn once(cluster: &Cluster, group: &str) -> Result<Described, ClientError> {
    let coordinator = cluster.coordinator(group).await?;
    let route = Route::Broker(coordinator);
    let connection = cluster.connection(&route).await?;
    let node = node(cluster, coordinator)?;
    if connection.version::<ConsumerGroupDescribeRequest>(i16::MAX).is_ok() {
        let request =
            ConsumerGroupDescribeRequest::default().with_group_ids(vec![text(group).into()]);
        let timeout = cluster.config().request_timeout;
        let answer = cluster.call(&route, i16::MAX, timeout, |_| request.clone()).await?;
        let found = answer.groups.into_iter().next().ok_or(ClientError::Refused(MISSING))?;
        match ResponseError::try_from_code(found.error_code) {
            None => return Ok(Ok(of_consumer_protocol(found, node))),
            // it may be a group of the classic protocol
            Some(ResponseError::GroupIdNotFound | ResponseError::UnsupportedVersion) => {}
            Some(_) => {
                return Ok(Err(refusal(found.error_code, found.error_message.as_ref())));
            }
        }
    }
    let request = DescribeGroupsRequest::default().with_groups(vec![text(group).into()]);
    let timeout = cluster.config().request_timeout;
    let answer = cluster.call(&route, i16::MAX, timeout, |_| request.clone()).await?;
    let found = answer.groups.into_iter().next().ok_or(ClientError::Refused(MISSING))?;
    if found.error_code != 0 {
        return Ok(Err(refusal(found.error_code, found.error_message.as_ref())));
    }
    Ok(of_classic_protocol(found, node))
}

fn refusal(code: i16, message: Option<&kafka_protocol::protocol::StrBytes>) -> Refusal {
    let said = Refusal::check(code, message).err();
    said.unwrap_or(Refusal { error: MISSING, message: None })
}

fn node(cluster: &Cluster, id: BrokerId) -> Result<Node, ClientError> {
    let endpoint = cluster.metadata().endpoint(id).cloned().ok_or(ClientError::NotKnown)?;
    Ok(Node { id: id.0, host: endpoint.host, port: endpoint.port })
}

fn of_classic_protocol(found: classic::DescribedGroup, coordinator: Node) -> Described {
    let mut members = Vec::new();
    for member in &found.members {
        // only consumers' bytes are known; other kinds of members have no partitions
        let assignment = match found.protocol_type.as_str() {
            "consumer" => decode_assignment(&member.member_assignment).map_err(|error| {
                let message = Some(error.to_string());
                Refusal { error: ResponseError::InconsistentGroupProtocol, message }
            })?,
            _ => Vec::new(),
        };
        members.push(GroupMember {
            id: owned(&member.member_id),
            instance_id: member.group_instance_id.as_ref().map(owned),
            client_id: owned(&member.client_id),
            host: owned(&member.client_host),
            epoch: None,
            assignment,
            target: None,
            upgraded: None,
        });
    }
    Ok(GroupDescription {
        id: found.group_id.as_str().to_owned(),
        is_consumer: false,
        state: owned(&found.group_state),
        protocol_type: owned(&found.protocol_type),
        assignor: owned(&found.protocol_data),
        epoch: None,
        target_epoch: None,
        coordinator,
        members,
    })
}

fn of_consumer_protocol(found: modern::DescribedGroup, coordinator: Node) -> GroupDescription {
    let members = found.members.iter().map(|member| GroupMember {
        id: owned(&member.member_id),
        instance_id: member.instance_id.as_ref().map(owned),
        client_id: owned(&member.client_id),
        host: owned(&member.client_host),
        epoch: Some(member.member_epoch),
        assignment: partitions(&member.assignment),
        target: Some(partitions(&member.target_assignment)),
        // -1 from brokers that do not say
        upgraded: (member.member_type >= 0).then_some(member.member_type == 1),
    });
    GroupDescription {
        id: found.group_id.as_str().to_owned(),
        is_consumer: true,
        state: owned(&found.group_state),
        protocol_type: "consumer".to_owned(),
        assignor: owned(&found.assignor_name),
        epoch: Some(found.group_epoch),
        target_epoch: Some(found.assignment_epoch),
        coordinator,
        members: members.collect(),
    }
}

fn partitions(assignment: &modern::Assignment) -> Vec<TopicPartition> {
    let each = assignment.topic_partitions.iter().flat_map(|topic| {
        let name = topic.topic_name.as_str();
        topic.partitions.iter().map(move |partition| TopicPartition::new(name, *partition))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use kafka_protocol::protocol::StrBytes;
    use ottla_core::client::assignor::protocol::encode_assignment;

    use super::*;

    fn node() -> Node {
        Node { id: 1, host: "h".to_owned(), port: 9092 }
    }

    fn of(topic: &'static str, partitions: &[i32]) -> modern::Assignment {
        let topic = modern::TopicPartitions::default()
            .with_topic_name(StrBytes::from_static_str(topic).into())
            .with_partitions(partitions.to_vec());
        modern::Assignment::default().with_topic_partitions(vec![topic])
    }

    #[test]
    fn members_of_the_new_protocol_have_epochs_and_a_target() {
        let member = modern::Member::default()
            .with_member_id(StrBytes::from_static_str("m"))
            .with_member_epoch(4)
            .with_member_type(1)
            .with_assignment(of("t", &[0]))
            .with_target_assignment(of("t", &[0, 1]));
        let group = modern::DescribedGroup::default()
            .with_group_id(StrBytes::from_static_str("g").into())
            .with_group_state(StrBytes::from_static_str("Reconciling"))
            .with_group_epoch(5)
            .with_assignment_epoch(5)
            .with_members(vec![member]);
        let described = of_consumer_protocol(group, node());
        assert!(described.is_consumer);
        assert_eq!((described.epoch, described.target_epoch), (Some(5), Some(5)));
        let member = &described.members[0];
        assert_eq!(member.assignment, [TopicPartition::new("t", 0)]);
        assert_eq!(member.target.as_ref().map(Vec::len), Some(2));
        assert_eq!((member.epoch, member.upgraded), (Some(4), Some(true)));
    }

    #[test]
    fn members_of_the_classic_protocol_have_what_their_bytes_say() {
        let member = |bytes| {
            let id = StrBytes::from_static_str("m");
            classic::DescribedGroupMember::default()
                .with_member_id(id)
                .with_member_assignment(bytes)
        };
        let group = |kind: &'static str, bytes: bytes::Bytes| {
            classic::DescribedGroup::default()
                .with_protocol_type(StrBytes::from_static_str(kind))
                .with_members(vec![member(bytes)])
        };
        let partitions = [TopicPartition::new("t", 2), TopicPartition::new("u", 0)];
        let bytes = encode_assignment(&partitions);
        let described = of_classic_protocol(group("consumer", bytes), node()).unwrap();
        assert_eq!(described.members[0].assignment, partitions);
        assert_eq!(described.members[0].target, None);
        // a worker of Connect: what it does is not read
        let other = bytes::Bytes::from_static(b"\0\0connect");
        let described = of_classic_protocol(group("connect", other.clone()), node()).unwrap();
        assert!(described.members[0].assignment.is_empty());
        let torn = of_classic_protocol(group("consumer", other.slice(..1)), node()).unwrap_err();
        assert_eq!(torn.error, ResponseError::InconsistentGroupProtocol);
    }
}
