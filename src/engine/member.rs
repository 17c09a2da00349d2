//! A member of a consumer group inside the process: the classic protocol, spoken by messages to the
//! coordinator, with records delivered to an actor.
//!
//! The rhythm is a Java consumer's with eager assignors: join, sync, read and heartbeat until the
//! group rebalances, finish what is being delivered, commit, and join again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Recipient;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
};
use ottla_core::base::{Offset, TopicName, TopicPartition};
use ottla_core::client::assignor::protocol::{PROTOCOL_TYPE, decode_assignment, encode_assignment};
use ottla_core::client::assignor::{Assignor, PartitionCounts, Subscription as Wanted};
use ottla_core::group::{Request, Response};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::group::{GroupMember, text};
use super::subscribe::{LONG_POLL, deliver, recover};
use super::{Delivery, EngineError, Group, Partition, ReadOptions, SubscriptionEnd, Topic};

/// A consumer's `session.timeout.ms`.
const SESSION_MS: i32 = 45_000;
/// How long members may take to finish what they are at when the group rebalances.
const REBALANCE_MS: i32 = 60_000;
/// How long this member takes for that, with time left to join.
const FINISH: Duration = Duration::from_secs(30);
/// How often it says that it lives; offsets are committed at the same times.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The pause before a refused call is tried again.
const PAUSE: Duration = Duration::from_millis(100);
/// What it can divide partitions by, best liked first.
const ASSIGNORS: [Assignor; 3] = [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky];

/// A place in a consumer group; given up when this is dropped.
///
/// Offsets are committed about once a second, and when partitions are given away or the member
/// leaves: records are delivered at least once.
///
/// ```
/// # use ottla::{Batch, Delivery, Engine, Membership, Offset};
/// # use actix::prelude::*;
/// # struct Bill(tokio::sync::mpsc::UnboundedSender<Delivery>);
/// # impl Actor for Bill { type Context = Context<Self>; }
/// #
/// # impl Handler<Delivery> for Bill {
/// #     type Result = ();
/// #     fn handle(&mut self, orders: Delivery, _: &mut Context<Self>) {
/// #         self.0.send(orders).expect("somebody listens");
/// #     }
/// # }
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// # let (sender, mut delivered) = tokio::sync::mpsc::unbounded_channel();
/// # let bill = Bill(sender).start();
/// engine.topic("orders").append(Batch::value("one espresso")).await?;
/// let billing = engine.group("billing");
/// let member: Membership = billing.join(&["orders"], bill.recipient()).await?;
/// assert_eq!(member.assignment()["orders"], [0]);
/// assert_eq!(delivered.recv().await.expect("a delivery").records.len(), 1);
/// // what it has dealt with is committed when it leaves
/// member.leave().await?;
/// assert_eq!(billing.committed("orders").await?[&0].offset, Offset(1));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a member leaves its group when this is dropped"]
pub struct Membership {
    assigned: watch::Receiver<Vec<TopicPartition>>,
    leave: watch::Sender<bool>,
    task: JoinHandle<Result<(), SubscriptionEnd>>,
}

impl Group {
    /// Joins the group, beside members that come over TCP, and sends the records of the partitions
    /// it is given to an actor: from the committed offset on, or else from the first record. Each
    /// partition has at most one delivery under way. Answered when the first partitions are
    /// assigned.
    ///
    /// To be called on an actix arbiter, which then does the reading.
    ///
    /// ```
    /// # use ottla::{Batch, Delivery, Engine, Offset};
    /// # use actix::prelude::*;
    /// struct Bill(u32);
    /// # impl Actor for Bill { type Context = Context<Self>; }
    ///
    /// impl Handler<Delivery> for Bill {
    ///     type Result = ();
    ///     fn handle(&mut self, orders: Delivery, _: &mut Context<Self>) {
    ///         self.0 += orders.records.len() as u32;
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # System::new().block_on(async {
    /// # let engine = Engine::ephemeral().without_listener().start().await?;
    /// engine.topic("orders").append(Batch::value("one espresso")).await?;
    /// let billing = engine.group("billing");
    /// let member = billing.join(&["orders"], Bill(0).start().recipient()).await?;
    /// assert_eq!(member.assignment()["orders"], [0]);
    /// member.leave().await?;
    /// # engine.stop().await;
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// The group does not take the member, or the engine has been stopped.
    pub async fn join(
        &self,
        topics: &[&str],
        subscriber: Recipient<Delivery>,
    ) -> Result<Membership, SubscriptionEnd> {
        let (assign, mut assigned) = watch::channel(Vec::new());
        let (leave, leaving) = watch::channel(false);
        let member = Member {
            group: self.clone(),
            topics: topics.iter().map(|name| TopicName::from(*name)).collect(),
            subscriber: Arc::new(subscriber),
            identity: GroupMember::default(),
            owned: Vec::new(),
            assign,
            leaving,
        };
        let mut task = tokio::task::spawn_local(member.run());
        tokio::select! {
            Ok(()) = assigned.changed() => Ok(Membership { assigned, leave, task }),
            ended = &mut task => Err(match ended {
                Ok(Err(end)) => end,
                _ => SubscriptionEnd::Failed(EngineError::Stopped),
            }),
        }
    }
}

impl Membership {
    /// The partitions it has now, by topic.
    #[must_use]
    pub fn assignment(&self) -> BTreeMap<String, Vec<i32>> {
        let mut assignment: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for partition in self.assigned.borrow().iter() {
            let topic = assignment.entry(partition.topic.to_string()).or_default();
            topic.push(partition.partition);
        }
        assignment
    }

    /// Waits until the member has other partitions than when this was last called.
    ///
    /// # Errors
    /// The membership has ended.
    pub async fn reassigned(&mut self) -> Result<(), SubscriptionEnd> {
        let ended = SubscriptionEnd::Failed(EngineError::Stopped);
        self.assigned.changed().await.map_err(|_| ended)
    }

    /// Finishes the deliveries under way, commits, and leaves the group.
    ///
    /// # Errors
    /// Why the membership had ended before.
    pub async fn leave(mut self) -> Result<(), SubscriptionEnd> {
        self.leave.send_replace(true);
        (&mut self.task).await.unwrap_or(Err(SubscriptionEnd::Failed(EngineError::Stopped)))
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // the member's own drop tells the coordinator
        self.task.abort();
    }
}

/// Where the next delivery of each partition begins, and where that was when last committed.
type Positions = Arc<Mutex<BTreeMap<TopicPartition, Offset>>>;

/// How a stretch of reading ended.
enum Turn {
    /// The group rebalances.
    Rejoin,
    /// The coordinator does not know the member any more: nothing can be committed.
    Fenced,
    /// It was asked to leave.
    Leave,
}

struct Member {
    group: Group,
    topics: Vec<TopicName>,
    subscriber: Arc<Recipient<Delivery>>,
    identity: GroupMember,
    owned: Vec<TopicPartition>,
    assign: watch::Sender<Vec<TopicPartition>>,
    leaving: watch::Receiver<bool>,
}

impl Member {
    async fn run(mut self) -> Result<(), SubscriptionEnd> {
        self.group.ensure_coordinator().await.map_err(SubscriptionEnd::Failed)?;
        loop {
            let Some(counts) = self.join().await.map_err(SubscriptionEnd::Failed)? else {
                // the group has moved on meanwhile
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            match self.work(&counts).await? {
                Turn::Rejoin => {}
                Turn::Fenced => self.identity = GroupMember::default(),
                Turn::Leave => return Ok(()),
            }
        }
    }

    /// One round of JoinGroup and SyncGroup; none if it must be tried again. Returns how many
    /// partitions the topics had, if this member leads the group.
    async fn join(&mut self) -> Result<Option<PartitionCounts>, EngineError> {
        let Response::Join(joined) = self.ask(Request::Join(self.join_request())).await? else {
            return Err(EngineError::unexpected());
        };
        if !self.goes_on(joined.error_code)? {
            return Ok(None);
        }
        self.identity =
            GroupMember { id: joined.member_id.clone(), generation: joined.generation_id };
        let mut counts = PartitionCounts::new();
        let mut assignments = Vec::new();
        if joined.leader == joined.member_id {
            (counts, assignments) = self.divide(&joined)?;
        }
        let request = SyncGroupRequest::default()
            .with_group_id(self.group.wire_id())
            .with_generation_id(self.identity.generation)
            .with_member_id(self.identity.id.clone())
            .with_protocol_type(Some(text(PROTOCOL_TYPE)))
            .with_protocol_name(joined.protocol_name.clone())
            .with_assignments(assignments);
        let Response::Sync(synced) = self.ask(Request::Sync(request)).await? else {
            return Err(EngineError::unexpected());
        };
        if !self.goes_on(synced.error_code)? {
            return Ok(None);
        }
        self.owned = decode_assignment(&synced.assignment)
            .map_err(|error| refused(ResponseError::UnknownServerError, error.to_string()))?;
        Ok(Some(counts))
    }

    fn join_request(&self) -> JoinGroupRequest {
        let wanted = Wanted {
            topics: self.topics.clone(),
            owned: self.owned.clone(),
            generation: self.identity.generation,
            rack: None,
        };
        let protocol = |assignor: Assignor| {
            JoinGroupRequestProtocol::default()
                .with_name(text(assignor.name()))
                .with_metadata(wanted.encode(assignor))
        };
        JoinGroupRequest::default()
            .with_group_id(self.group.wire_id())
            .with_session_timeout_ms(SESSION_MS)
            .with_rebalance_timeout_ms(REBALANCE_MS)
            .with_member_id(self.identity.id.clone())
            .with_protocol_type(text(PROTOCOL_TYPE))
            .with_protocols(ASSIGNORS.map(protocol).into())
    }

    /// Whether an answer to JoinGroup or SyncGroup is a good one; an error if it never will be.
    fn goes_on(&mut self, code: i16) -> Result<bool, EngineError> {
        match ResponseError::try_from_code(code) {
            None => Ok(true),
            Some(
                ResponseError::RebalanceInProgress
                | ResponseError::CoordinatorLoadInProgress
                | ResponseError::CoordinatorNotAvailable
                | ResponseError::NotCoordinator,
            ) => Ok(false),
            Some(ResponseError::UnknownMemberId | ResponseError::IllegalGeneration) => {
                self.identity = GroupMember::default();
                Ok(false)
            }
            Some(code) => Err(EngineError::Refused { code, message: None }),
        }
    }

    /// As the group's leader: who gets what.
    fn divide(
        &self,
        joined: &JoinGroupResponse,
    ) -> Result<(PartitionCounts, Vec<SyncGroupRequestAssignment>), EngineError> {
        let name = joined.protocol_name.as_deref().unwrap_or_default();
        let inconsistent = || refused(ResponseError::InconsistentGroupProtocol, name.to_owned());
        let assignor = Assignor::from_name(name).ok_or_else(inconsistent)?;
        let mut members = Vec::new();
        for member in &joined.members {
            let wanted = Wanted::decode(&member.metadata, assignor);
            let wanted = wanted.map_err(|error| {
                refused(ResponseError::InconsistentGroupProtocol, error.to_string())
            })?;
            let instance = member.group_instance_id.as_ref().map(ToString::to_string);
            members.push(wanted.into_member(member.member_id.to_string(), instance));
        }
        let topics = members.iter().flat_map(|member| member.topics.iter().cloned());
        let counts = self.counts(topics)?;
        let assignments = assignor.assign(&counts, &members).into_iter().map(|(id, partitions)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(text(&id))
                .with_assignment(encode_assignment(&partitions))
        });
        Ok((counts, assignments.collect()))
    }

    fn counts(
        &self,
        topics: impl Iterator<Item = TopicName>,
    ) -> Result<PartitionCounts, EngineError> {
        let image = self.group.shared().node()?.image.load();
        let count = |topic: TopicName| {
            let count = image.topic(&topic)?.partitions.len();
            Some((topic, i32::try_from(count).unwrap_or(i32::MAX)))
        };
        Ok(topics.filter_map(count).collect())
    }

    /// Delivers the records of the partitions it has, until something changes.
    async fn work(&mut self, counts: &PartitionCounts) -> Result<Turn, SubscriptionEnd> {
        let positions: Positions = Arc::default();
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let begin = self.begin().await.map_err(SubscriptionEnd::Failed)?;
        let mut committed = begin.clone();
        positions.lock().clone_from(&begin);
        for partition in begin.into_keys() {
            tasks.spawn_local(read_on(
                self.topic(&partition.topic).partition(partition.partition),
                partition,
                Arc::clone(&self.subscriber),
                Arc::clone(&positions),
                stopping.clone(),
            ));
        }
        self.assign.send_replace(self.owned.clone());
        let turn = self.watch(counts, &positions, &mut committed, &mut tasks).await;
        stop.send_replace(true);
        let finish = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH, finish).await.is_err() {
            tracing::warn!("a subscriber takes too long: its partitions are given away");
        }
        if !matches!(turn, Ok(Turn::Fenced)) {
            self.commit(&positions, &mut committed).await;
        }
        turn
    }

    /// Heartbeats and commits; returns when the reading must stop.
    async fn watch(
        &mut self,
        counts: &PartitionCounts,
        positions: &Positions,
        committed: &mut BTreeMap<TopicPartition, Offset>,
        tasks: &mut JoinSet<SubscriptionEnd>,
    ) -> Result<Turn, SubscriptionEnd> {
        let mut leaving = self.leaving.clone();
        let clock = self.group.shared().clock().clone();
        loop {
            tokio::select! {
                _ = leaving.wait_for(|leave| *leave) => return Ok(Turn::Leave),
                Some(ended) = tasks.join_next() => match ended {
                    Ok(SubscriptionEnd::Failed(error)) if error.is_retriable() => {
                        // the topic is gone, or has fewer partitions: the group sorts it out
                        return Ok(Turn::Rejoin);
                    }
                    Ok(end) => return Err(end),
                    Err(_) => return Err(SubscriptionEnd::Failed(EngineError::unexpected())),
                },
                () = clock.sleep(HEARTBEAT) => {
                    let beat = self.beat(counts).await.map_err(SubscriptionEnd::Failed)?;
                    if let Some(turn) = beat {
                        return Ok(turn);
                    }
                    self.commit(positions, committed).await;
                }
            }
        }
    }

    async fn beat(&self, counts: &PartitionCounts) -> Result<Option<Turn>, EngineError> {
        if self.counts(counts.keys().cloned())? != *counts {
            // the leader sees that there is something to divide anew
            return Ok(Some(Turn::Rejoin));
        }
        let request = HeartbeatRequest::default()
            .with_group_id(self.group.wire_id())
            .with_generation_id(self.identity.generation)
            .with_member_id(self.identity.id.clone());
        let Response::Heartbeat(answer) = self.ask(Request::Heartbeat(request)).await? else {
            return Err(EngineError::unexpected());
        };
        Ok(match ResponseError::try_from_code(answer.error_code) {
            Some(ResponseError::RebalanceInProgress) => Some(Turn::Rejoin),
            Some(ResponseError::UnknownMemberId | ResponseError::IllegalGeneration) => {
                Some(Turn::Fenced)
            }
            // a coordinator that is being rebuilt is asked again with the next beat
            _ => None,
        })
    }

    /// From where each partition is read: the committed offset, or else the first.
    async fn begin(&self) -> Result<BTreeMap<TopicPartition, Offset>, EngineError> {
        let mut begin = BTreeMap::new();
        for topic in &self.topics {
            let committed = self.group.committed(topic).await?;
            for partition in self.owned.iter().filter(|partition| partition.topic == *topic) {
                let index = partition.partition;
                let offset = match committed.get(&index) {
                    Some(committed) => committed.offset,
                    None => self.topic(topic).partition(index).earliest().await?,
                };
                begin.insert(partition.clone(), offset);
            }
        }
        Ok(begin)
    }

    /// Commits what was delivered since the last time. What cannot be committed is delivered again.
    async fn commit(
        &self,
        positions: &Positions,
        committed: &mut BTreeMap<TopicPartition, Offset>,
    ) {
        let now = positions.lock().clone();
        for topic in &self.topics {
            let changed = now.iter().filter(|(partition, offset)| {
                partition.topic == *topic && committed.get(partition) != Some(offset)
            });
            let changed: BTreeMap<i32, Offset> =
                changed.map(|(partition, offset)| (partition.partition, *offset)).collect();
            if changed.is_empty() {
                continue;
            }
            if let Err(error) = self.group.commit_as(&self.identity, topic, &changed).await {
                tracing::debug!(%topic, %error, "offsets are not committed");
                return;
            }
        }
        *committed = now;
    }

    fn topic(&self, name: &str) -> Topic {
        Topic::new(Arc::clone(self.group.shared()), name)
    }

    async fn ask(&self, request: Request) -> Result<Response, EngineError> {
        self.group.ask_once(request).await
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.identity.id.is_empty() {
            return;
        }
        let identity = MemberIdentity::default().with_member_id(self.identity.id.clone());
        let request = LeaveGroupRequest::default()
            .with_group_id(self.group.wire_id())
            .with_members(vec![identity]);
        self.group.tell(Request::Leave(request));
    }
}

/// Reads one partition and delivers what it finds, until `stopping` says so; a delivery under way
/// is finished first.
async fn read_on(
    partition: Partition,
    key: TopicPartition,
    subscriber: Arc<Recipient<Delivery>>,
    positions: Positions,
    mut stopping: watch::Receiver<bool>,
) -> SubscriptionEnd {
    let stopped = SubscriptionEnd::Failed(EngineError::Stopped);
    loop {
        let from = positions.lock().get(&key).copied().unwrap_or(Offset::ZERO);
        let read = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return stopped,
            read = partition.read_with(from, ReadOptions::wait(LONG_POLL)) => read,
        };
        let next = match read {
            Ok(read) => deliver(&partition, &subscriber, read).await,
            Err(error) => recover(&partition, error, from).await,
        };
        match next {
            Ok(offset) => positions.lock().insert(key.clone(), offset),
            Err(end) => return end,
        };
    }
}

fn refused(code: ResponseError, message: String) -> EngineError {
    EngineError::Refused { code, message: Some(message) }
}
