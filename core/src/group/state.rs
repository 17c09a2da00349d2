//! A group and its members (Kafka: `ClassicGroup`, `ClassicGroupMember`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{GroupId, GroupMetadata, MemberId, MemberMetadata, Waiter, subscription};
use crate::base::{Tick, TimerId, TopicName};

/// The protocol type of consumers; only these have subscriptions the broker can read.
pub(super) const CONSUMER_PROTOCOL: &str = "consumer";

/// Where a group stands in the join and sync cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GroupState {
    /// It has no members; it may have offsets.
    #[default]
    Empty,
    /// Waiting for all members to join.
    PreparingRebalance,
    /// Waiting for the leader's assignment.
    CompletingRebalance,
    /// Every member has its assignment.
    Stable,
    /// There is no such group.
    Dead,
}

impl GroupState {
    /// The state's name as Kafka prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One assignment strategy a member supports, with its metadata for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    /// The strategy's name.
    pub(super) name: Arc<str>,
    /// What the member tells the leader; for consumers, the subscription.
    pub(super) metadata: Bytes,
}

/// One member of a group.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: MemberId,
    pub(super) instance_id: Option<Arc<str>>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    /// In the member's order of preference.
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    pub(super) awaiting_join: Option<Waiter>,
    pub(super) awaiting_sync: Option<Waiter>,
    /// It has never completed a join: it does not know its id, so it may expire while parked.
    pub(super) is_new: bool,
    pub(super) timer: Option<TimerId>,
}

impl Member {
    /// Its metadata for `protocol`.
    pub(super) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let found = self.protocols.iter().find(|p| Some(&*p.name) == protocol);
        found.map_or_else(Bytes::new, |p| p.metadata.clone())
    }

    /// A member that waits for the rest of the group is not expected to send heartbeats.
    pub(super) fn has_satisfied_heartbeat(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }

    fn stored(&self, protocol: Option<&str>, assignment: Bytes) -> MemberMetadata {
        MemberMetadata {
            member_id: Arc::clone(&self.id),
            instance_id: self.instance_id.clone(),
            client_id: Arc::clone(&self.client_id),
            client_host: Arc::clone(&self.client_host),
            rebalance_timeout: self.rebalance_timeout_ms,
            session_timeout: self.session_timeout_ms,
            subscription: self.metadata(protocol),
            assignment,
        }
    }

    fn from_stored(stored: &MemberMetadata, protocol: &Option<Arc<str>>) -> Self {
        let protocols = protocol
            .iter()
            .map(|name| Protocol { name: Arc::clone(name), metadata: stored.subscription.clone() });
        Self {
            id: Arc::clone(&stored.member_id),
            instance_id: stored.instance_id.clone(),
            client_id: Arc::clone(&stored.client_id),
            client_host: Arc::clone(&stored.client_host),
            rebalance_timeout_ms: stored.rebalance_timeout,
            session_timeout_ms: stored.session_timeout,
            protocols: protocols.collect(),
            assignment: stored.assignment.clone(),
            awaiting_join: None,
            awaiting_sync: None,
            is_new: false,
            timer: None,
        }
    }
}

/// A group: what its members are doing now, and the generation last stored.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) id: GroupId,
    pub(super) state: GroupState,
    pub(super) previous_state: GroupState,
    pub(super) state_timestamp: Option<i64>,
    pub(super) protocol_type: Option<Arc<str>>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) generation: i32,
    pub(super) leader: Option<MemberId>,
    pub(super) members: BTreeMap<MemberId, Member>,
    pub(super) static_members: BTreeMap<Arc<str>, MemberId>,
    /// Ids given out by MEMBER_ID_REQUIRED (KIP-394) that have not joined yet.
    pub(super) pending_join: BTreeMap<MemberId, Option<TimerId>>,
    /// Members that have joined this generation but not asked for their assignment.
    pub(super) pending_sync: BTreeSet<MemberId>,
    pub(super) joined: usize,
    pub(super) new_member_added: bool,
    pub(super) subscribed_topics: Option<BTreeSet<TopicName>>,
    pub(super) join_timer: Option<TimerId>,
    pub(super) sync_timer: Option<TimerId>,
    /// The generation last appended to the log: changed by [`Group::store`] only.
    stored: Option<GroupMetadata>,
    supporters: HashMap<Arc<str>, usize>,
}

impl Group {
    pub(super) fn new(id: GroupId) -> Self {
        Self {
            id,
            state: GroupState::Empty,
            previous_state: GroupState::Empty,
            state_timestamp: None,
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending_join: BTreeMap::new(),
            pending_sync: BTreeSet::new(),
            joined: 0,
            new_member_added: false,
            subscribed_topics: None,
            join_timer: None,
            sync_timer: None,
            stored: None,
            supporters: HashMap::new(),
        }
    }

    /// The group as a new coordinator finds it: what was last stored, and nobody waiting.
    pub(super) fn load(id: GroupId, stored: Option<GroupMetadata>) -> Self {
        let mut group = Self::new(id);
        if let Some(from) = &stored {
            group.generation = from.generation;
            group.protocol_type = Some(&from.protocol_type).filter(|t| !t.is_empty()).cloned();
            group.protocol = from.protocol.clone().filter(|_| !from.members.is_empty());
            group.state_timestamp = (from.state_timestamp != -1).then_some(from.state_timestamp);
            for member in &from.members {
                group.insert(Member::from_stored(member, &from.protocol));
            }
            group.leader = from.leader.clone().filter(|leader| group.members.contains_key(leader));
            if !group.members.is_empty() {
                group.state = GroupState::Stable;
            }
            group.previous_state = group.state;
            group.subscribed_topics = group.compute_subscribed_topics();
        }
        group.stored = stored;
        group
    }

    /// What the log says of the group.
    pub(super) fn stored(&self) -> Option<&GroupMetadata> {
        self.stored.as_ref()
    }

    pub(super) fn store(&mut self, metadata: GroupMetadata) {
        self.stored = Some(metadata);
    }

    /// The record that stores this generation, with the assignments the leader sent.
    pub(super) fn to_stored(&self, assignments: &HashMap<MemberId, Bytes>) -> GroupMetadata {
        let members = self.members.values().map(|member| {
            let assignment = assignments.get(&member.id).cloned().unwrap_or_default();
            member.stored(self.protocol.as_deref(), assignment)
        });
        GroupMetadata {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_timestamp: self.state_timestamp.unwrap_or(-1),
            members: members.collect(),
        }
    }

    pub(super) fn assignments(&self) -> HashMap<MemberId, Bytes> {
        self.members.values().map(|m| (Arc::clone(&m.id), m.assignment.clone())).collect()
    }

    pub(super) fn is(&self, state: GroupState) -> bool {
        self.state == state
    }

    pub(super) fn transition_to(&mut self, now: Tick, state: GroupState) {
        self.previous_state = std::mem::replace(&mut self.state, state);
        self.state_timestamp = Some(now.wall_ms);
    }

    pub(super) fn can_rebalance(&self) -> bool {
        !matches!(self.state, GroupState::PreparingRebalance | GroupState::Dead)
    }

    pub(super) fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    pub(super) fn has_all_joined(&self) -> bool {
        self.members.len() == self.joined && self.pending_join.is_empty()
    }

    /// The longest rebalance timeout of its members.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|m| m.rebalance_timeout_ms).max().unwrap_or(0).max(0)
    }

    pub(super) fn is_consumer_group(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL)
    }

    /// Whether its members may be reading `topic`; of a consumer group whose subscriptions cannot
    /// be read, every topic is assumed.
    pub(super) fn is_subscribed_to(&self, topic: &str) -> bool {
        let known = self.subscribed_topics.as_ref();
        known.map_or_else(|| self.is_consumer_group(), |topics| topics.contains(topic))
    }

    pub(super) fn compute_subscribed_topics(&self) -> Option<BTreeSet<TopicName>> {
        if !self.is_consumer_group() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = Some(&**self.protocol.as_ref()?);
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(subscription::topics(&member.metadata(protocol))?);
        }
        Some(topics)
    }

    /// Adds a member that is not in the group yet.
    pub(super) fn insert(&mut self, member: Member) {
        if let Some(instance) = &member.instance_id {
            self.static_members.insert(Arc::clone(instance), Arc::clone(&member.id));
        }
        if self.leader.is_none() {
            self.leader = Some(Arc::clone(&member.id));
        }
        self.count_protocols(&member.protocols);
        self.joined += usize::from(member.awaiting_join.is_some());
        self.pending_join.remove(&member.id);
        self.members.insert(Arc::clone(&member.id), member);
    }

    /// Takes a member out; another one leads if it was the leader.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let removed = self.members.remove(id);
        if let Some(member) = &removed {
            self.uncount_protocols(&member.protocols);
            self.joined -= usize::from(member.awaiting_join.is_some());
            if let Some(instance) = &member.instance_id {
                self.static_members.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending_sync.remove(id);
        removed
    }

    /// Puts a member's new protocols, timeouts and waiter in place; gives back the waiter whose
    /// place was taken.
    pub(super) fn update(
        &mut self,
        id: &str,
        protocols: Vec<Protocol>,
        (rebalance_ms, session_ms): (i32, i32),
        waiter: Option<Waiter>,
    ) -> Option<Waiter> {
        let Some(member) = self.members.get_mut(id) else { return waiter };
        let old = std::mem::replace(&mut member.protocols, protocols);
        member.rebalance_timeout_ms = rebalance_ms;
        member.session_timeout_ms = session_ms;
        let replaced = std::mem::replace(&mut member.awaiting_join, waiter);
        let new = member.protocols.clone();
        self.joined += usize::from(waiter.is_some());
        self.joined -= usize::from(replaced.is_some());
        self.uncount_protocols(&old);
        self.count_protocols(&new);
        replaced
    }

    /// The waiter of a member's join, no longer waiting.
    pub(super) fn take_join(&mut self, id: &str) -> Option<Waiter> {
        let waiter = self.members.get_mut(id)?.awaiting_join.take();
        self.joined -= usize::from(waiter.is_some());
        waiter
    }

    fn count_protocols(&mut self, protocols: &[Protocol]) {
        for protocol in protocols {
            *self.supporters.entry(Arc::clone(&protocol.name)).or_default() += 1;
        }
    }

    fn uncount_protocols(&mut self, protocols: &[Protocol]) {
        for protocol in protocols {
            if let Some(count) = self.supporters.get_mut(&protocol.name) {
                *count -= 1;
                if *count == 0 {
                    self.supporters.remove(&protocol.name);
                }
            }
        }
    }

    fn everyone_supports(&self, protocol: &str) -> bool {
        self.supporters.get(protocol).is_some_and(|count| *count == self.members.len())
    }

    /// Whether a member with these protocols could agree with all others.
    pub(super) fn supports<'a>(
        &self,
        protocol_type: &str,
        mut protocols: impl Iterator<Item = &'a str>,
    ) -> bool {
        if self.is(GroupState::Empty) {
            return !protocol_type.is_empty() && protocols.next().is_some();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.any(|name| self.everyone_supports(name))
    }

    /// The protocol most members prefer among those that all support.
    pub(super) fn select_protocol(&self) -> Option<Arc<str>> {
        let mut votes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for member in self.members.values() {
            let vote = member.protocols.iter().find(|p| self.everyone_supports(&p.name))?;
            *votes.entry(&vote.name).or_default() += 1;
        }
        votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| Arc::clone(name))
    }

    /// Starts the next generation with whoever is in the group now.
    pub(super) fn init_next_generation(&mut self, now: Tick) {
        self.generation = self.generation.wrapping_add(1);
        self.protocol = self.select_protocol();
        self.subscribed_topics = self.compute_subscribed_topics();
        let empty = self.members.is_empty();
        let next = if empty { GroupState::Empty } else { GroupState::CompletingRebalance };
        self.transition_to(now, next);
        self.pending_sync.clear();
    }

    /// A leader that has joined: the old one, or else the first that has. False when none has.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let leader = self.leader.as_ref().and_then(|id| self.members.get(id));
        if leader.is_some_and(|member| member.awaiting_join.is_some()) {
            return true;
        }
        let joined = self.members.values().find(|member| member.awaiting_join.is_some());
        match joined.map(|member| Arc::clone(&member.id)) {
            Some(id) => {
                self.leader = Some(id);
                true
            }
            None => false,
        }
    }
}
