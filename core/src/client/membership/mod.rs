//! A member of a classic group as a machine: when it joins, what it gives up, what it takes over.
//!
//! ```text
//!          rejoin                      leader: what topics have
//! Idle ──────────► GivingUp ─► Joining ─────────► Choosing ─► Syncing ─► Synced
//!  ▲                (revoked, or lost)    follower ──────────────▲          │ application asks
//!  └──────────────── TakingOver ◄──── GivingUp (cooperative: what moves) ◄──┘
//! ```
//!
//! What an application was given is not taken from it while it is at work: partitions change hands
//! only while it asks for records. Meanwhile heartbeats keep the membership alive, until the
//! application has been away for longer than `max.poll.interval.ms`.

mod answers;
mod commit;
mod config;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kafka_protocol::error::ResponseError;

use super::Metadata;
use super::assignor::{Assignor, Member, PartitionCounts, Subscription, protocol};
use crate::base::{Tick, TopicName, TopicPartition};

pub use commit::AutoCommit;
pub use config::MembershipConfig;

/// Partitions, in order.
pub type Partitions = BTreeSet<TopicPartition>;

/// Who a member is to its coordinator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The generation; -1 outside of one.
    pub generation: i32,
    /// The id that the coordinator gave; empty without one.
    pub member_id: String,
    /// The member's own name, if it is a static member.
    pub instance_id: Option<String>,
}

/// What the actor is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Read these no more, tell the listener, and then call [`Membership::on_given_up`].
    GiveUp {
        /// What is given up.
        partitions: Partitions,
        /// Whether others may have them already: what was read of them cannot be committed.
        lost: bool,
    },
    /// Read these and no others, tell the listener, and then call [`Membership::on_taken_over`].
    TakeOver {
        /// All that the member has now.
        all: Partitions,
        /// What is new of it.
        added: Partitions,
    },
    /// Send JoinGroup and hand the answer to [`Membership::on_joined`].
    Join {
        /// Names the request.
        id: u64,
        /// The subscription for each assignor.
        protocols: Vec<(Assignor, Bytes)>,
    },
    /// Learn how many partitions these topics have, and call [`Membership::on_topics`].
    NeedTopics(BTreeSet<TopicName>),
    /// Send SyncGroup and hand the answer to [`Membership::on_synced`].
    Sync {
        /// Names the request.
        id: u64,
        /// The assignor that the group agreed on.
        assignor: Assignor,
        /// What each member gets, from the leader.
        assignments: Vec<(String, Bytes)>,
    },
    /// Send Heartbeat and hand the answer to [`Membership::on_heartbeat`].
    Heartbeat,
    /// Send LeaveGroup for this member; nobody waits for the answer.
    Leave(Identity),
    /// The group's coordinator is to be looked for again.
    CoordinatorLost,
    /// The member can go no further; the application must know.
    Fatal(ResponseError),
}

/// What the actor is to do, in this order.
pub type Outputs = Vec<Output>;

/// What follows when partitions have been given up.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    Join,
    TakeOver(Partitions),
    Leave,
}

/// Where the member is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    GivingUp(Partitions, Next),
    Joining(u64),
    Choosing(Vec<Member>),
    Syncing(u64),
    Synced(Partitions),
    TakingOver(Partitions),
}

/// The machine.
#[derive(Debug)]
pub struct Membership {
    config: MembershipConfig,
    stage: Stage,
    member_id: String,
    generation: i32,
    /// The assignor that the group agreed on.
    assignor: Option<Assignor>,
    leads: bool,
    /// The topics that are wanted, and those that the group was told of.
    topics: BTreeSet<TopicName>,
    told: BTreeSet<TopicName>,
    /// What the member has.
    owned: Partitions,
    /// What it got last, and in which generation: sticky assignors are told of it.
    last: (Partitions, i32),
    /// The group has others in the member's place: what it has may be theirs.
    lost: bool,
    rejoin: bool,
    /// The application has been away for too long.
    away: bool,
    failed: bool,
    /// Not joined before this time, in monotonic milliseconds.
    retry_at: u64,
    heartbeat_at: u64,
    heartbeat_under_way: bool,
    /// The topics of the whole group, for its leader, and how many partitions they had when it
    /// divided them.
    led: BTreeSet<TopicName>,
    counts: PartitionCounts,
    next_id: u64,
}

impl Membership {
    /// A member of nothing that wants nothing.
    #[must_use]
    pub fn new(config: MembershipConfig) -> Self {
        Self {
            config,
            stage: Stage::Idle,
            member_id: String::new(),
            generation: -1,
            assignor: None,
            leads: false,
            topics: BTreeSet::new(),
            told: BTreeSet::new(),
            owned: Partitions::new(),
            last: (Partitions::new(), -1),
            lost: false,
            rejoin: false,
            away: false,
            failed: false,
            retry_at: 0,
            heartbeat_at: 0,
            heartbeat_under_way: false,
            led: BTreeSet::new(),
            counts: PartitionCounts::new(),
            next_id: 0,
        }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &MembershipConfig {
        &self.config
    }

    /// Who it is to its coordinator.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            generation: self.generation,
            member_id: self.member_id.clone(),
            instance_id: self.config.instance_id.clone(),
        }
    }

    /// What it has.
    #[must_use]
    pub fn owned(&self) -> &Partitions {
        &self.owned
    }

    /// The topics it wants.
    #[must_use]
    pub fn topics(&self) -> &BTreeSet<TopicName> {
        &self.topics
    }

    /// The topics of the whole group, if this member divides them.
    pub fn led_topics(&self) -> impl Iterator<Item = &TopicName> {
        self.led.iter().filter(|_| self.leads)
    }

    /// Whether partitions are changing hands: the application gets no records meanwhile.
    #[must_use]
    pub fn is_handing_over(&self) -> bool {
        matches!(self.stage, Stage::GivingUp(..) | Stage::TakingOver(_))
    }

    /// Wants these topics and no others; with none at all, the member leaves its group.
    pub fn subscribe(&mut self, topics: BTreeSet<TopicName>) {
        self.failed &= topics == self.topics;
        self.topics = topics;
        self.rejoin |= self.topics != self.told;
    }

    /// Asks for a new division of the group's partitions.
    pub fn rejoin(&mut self) {
        self.rejoin = true;
    }

    /// Takes note of what topics have: the member that divides them must know.
    pub fn on_metadata(&mut self, metadata: &Metadata) {
        let stable = matches!(self.stage, Stage::Idle | Stage::Synced(_) | Stage::TakingOver(_));
        if self.leads && stable && self.generation >= 0 {
            let known = |(topic, count): (&TopicName, &i32)| {
                counted(metadata, topic).is_none_or(|now| now == *count)
            };
            let fresh = self.led.iter().filter(|topic| !self.counts.contains_key(*topic));
            let appeared = { fresh }.any(|topic| counted(metadata, topic).is_some());
            self.rejoin |= appeared || !self.counts.iter().all(known);
        }
    }

    /// Says what is to be done now. `inside` says that the application waits for records, and
    /// `since`, in monotonic milliseconds, when it last did.
    pub fn poll(&mut self, now: Tick, inside: bool, since: u64, out: &mut Outputs) {
        if self.failed {
            return;
        }
        self.watch(now, inside, since, out);
        if self.topics.is_empty() {
            self.part(out);
            return;
        }
        self.beat(now, out);
        if !inside {
            return;
        }
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle if self.rejoin && self.retry_at <= now.monotonic_ms => self.begin(out),
            Stage::Synced(assigned) => self.settle(assigned, out),
            stage => self.stage = stage,
        }
    }

    /// When to poll again at the latest, in monotonic milliseconds, if nothing happens before.
    #[must_use]
    pub fn next_deadline(&self, inside: bool, since: u64) -> Option<u64> {
        if self.failed || self.topics.is_empty() {
            return None;
        }
        let joins = matches!(self.stage, Stage::Idle) && self.rejoin && inside;
        let joins = joins.then_some(self.retry_at);
        let beats = self.beats() && !self.heartbeat_under_way;
        let beats = beats.then_some(self.heartbeat_at);
        let leaves = (!inside && !self.away && self.is_member()).then_some(self.expires(since));
        [joins, beats, leaves].into_iter().flatten().min()
    }

    /// Whether the application has to poll before the member can go on.
    #[must_use]
    pub fn awaits_application(&self) -> bool {
        let idle = matches!(self.stage, Stage::Idle) && self.rejoin && !self.topics.is_empty();
        !self.failed && (self.away || idle || matches!(self.stage, Stage::Synced(_)))
    }

    fn is_member(&self) -> bool {
        !self.member_id.is_empty()
    }

    fn expires(&self, since: u64) -> u64 {
        since.saturating_add(self.config.max_poll_interval_ms)
    }

    /// Leaves when the application has been away for too long, as others should have its
    /// partitions. A static member only falls silent: it may come back in time (KIP-345).
    fn watch(&mut self, now: Tick, inside: bool, since: u64, out: &mut Outputs) {
        if inside {
            self.away = false;
        } else if !self.away && self.is_member() && now.monotonic_ms >= self.expires(since) {
            self.away = true;
            if self.config.instance_id.is_none() {
                out.push(Output::Leave(self.identity()));
                self.forget_member();
            } else {
                self.rejoin = true;
            }
        }
    }

    /// Leaves the group that nothing is wanted of.
    fn part(&mut self, out: &mut Outputs) {
        if matches!(self.stage, Stage::GivingUp(..) | Stage::TakingOver(_)) {
            return;
        }
        let owned = std::mem::take(&mut self.owned);
        if owned.is_empty() {
            self.leave(out);
            self.stage = Stage::Idle;
            return;
        }
        let (partitions, lost) = (owned.clone(), std::mem::take(&mut self.lost));
        out.push(Output::GiveUp { partitions, lost });
        self.stage = Stage::GivingUp(owned, Next::Leave);
    }

    /// Leaves the group, if it is in one and is not to be expected back.
    pub fn leave(&mut self, out: &mut Outputs) {
        if self.is_member() && self.config.instance_id.is_none() {
            out.push(Output::Leave(self.identity()));
        }
        self.forget_member();
        self.told.clear();
        (self.lost, self.rejoin) = (false, !self.topics.is_empty());
    }

    /// The coordinator does not know the member, or was told to forget it.
    fn forget_member(&mut self) {
        self.member_id.clear();
        self.forget_generation();
    }

    fn forget_generation(&mut self) {
        self.generation = -1;
        self.leads = false;
        self.rejoin = true;
        self.lost = !self.owned.is_empty();
        // an assignment that was not taken over is not this member's any more
        if !self.is_handing_over() {
            self.stage = Stage::Idle;
        }
    }

    /// Heartbeats are sent in a generation, except where the coordinator waits for something else.
    fn beats(&self) -> bool {
        let waits =
            matches!(self.stage, Stage::Joining(_) | Stage::Choosing(_) | Stage::Syncing(_));
        self.generation >= 0 && !waits && !self.away
    }

    fn beat(&mut self, now: Tick, out: &mut Outputs) {
        let due = self.heartbeat_at <= now.monotonic_ms;
        if self.beats() && due && !self.heartbeat_under_way {
            self.heartbeat_under_way = true;
            self.heartbeat_at = now.monotonic_ms.saturating_add(self.config.heartbeat_interval_ms);
            out.push(Output::Heartbeat);
        }
    }

    /// Gives up what the way to join asks for, and joins.
    fn begin(&mut self, out: &mut Outputs) {
        self.rejoin = false;
        let lost = std::mem::take(&mut self.lost);
        let given: Partitions = if lost || !self.config.is_cooperative() {
            std::mem::take(&mut self.owned)
        } else {
            let unwanted = |partition: &TopicPartition| !self.topics.contains(&partition.topic);
            let (gone, kept) = std::mem::take(&mut self.owned).into_iter().partition(unwanted);
            self.owned = kept;
            gone
        };
        if given.is_empty() {
            self.join(out);
            return;
        }
        out.push(Output::GiveUp { partitions: given.clone(), lost });
        self.stage = Stage::GivingUp(given, Next::Join);
    }

    fn join(&mut self, out: &mut Outputs) {
        let id = self.id();
        self.told = self.topics.clone();
        let protocols = self.config.assignors.iter().map(|assignor| {
            // the sticky assignor is told of what was given up a moment ago
            let (owned, generation) = match assignor {
                Assignor::Sticky => (&self.last.0, self.last.1),
                _ => (&self.owned, self.last.1),
            };
            let subscription = Subscription {
                topics: self.told.iter().cloned().collect(),
                owned: owned.iter().cloned().collect(),
                generation,
                rack: self.config.rack.clone(),
            };
            (*assignor, subscription.encode(*assignor))
        });
        let protocols = protocols.collect();
        self.stage = Stage::Joining(id);
        out.push(Output::Join { id, protocols });
    }

    /// The application is there: what was assigned becomes the member's own.
    fn settle(&mut self, assigned: Partitions, out: &mut Outputs) {
        let given: Partitions = self.owned.difference(&assigned).cloned().collect();
        if given.is_empty() {
            self.take_over(assigned, out);
            return;
        }
        // those who get them can have them with the next generation
        self.owned.retain(|partition| assigned.contains(partition));
        self.rejoin = true;
        out.push(Output::GiveUp { partitions: given.clone(), lost: false });
        self.stage = Stage::GivingUp(given, Next::TakeOver(assigned));
    }

    fn take_over(&mut self, assigned: Partitions, out: &mut Outputs) {
        let added = assigned.difference(&self.owned).cloned().collect();
        self.last = (assigned.clone(), self.generation);
        self.owned = assigned.clone();
        out.push(Output::TakeOver { all: assigned.clone(), added });
        self.stage = Stage::TakingOver(assigned);
    }

    /// The listener has dealt with what was given up.
    pub fn on_given_up(&mut self, out: &mut Outputs) {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::GivingUp(_, Next::Join) if self.lost || self.topics.is_empty() => {
                self.rejoin = true;
            }
            Stage::GivingUp(_, Next::Join) => self.join(out),
            Stage::GivingUp(_, Next::TakeOver(assigned)) if self.generation >= 0 => {
                self.take_over(assigned, out);
            }
            Stage::GivingUp(_, Next::TakeOver(_)) => {}
            Stage::GivingUp(_, Next::Leave) => self.leave(out),
            stage => self.stage = stage,
        }
    }

    /// The listener has dealt with what was taken over.
    pub fn on_taken_over(&mut self) {
        if matches!(self.stage, Stage::TakingOver(_)) {
            self.stage = Stage::Idle;
        }
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

/// How many partitions a topic has, if that is known.
fn counted(metadata: &Metadata, topic: &TopicName) -> Option<i32> {
    i32::try_from(metadata.topic(topic)?.partitions.len()).ok()
}

/// What each topic has; those that do not exist are left out.
fn count(metadata: &Metadata, topics: &BTreeSet<TopicName>) -> PartitionCounts {
    let counted =
        topics.iter().filter_map(|topic| Some((topic.clone(), counted(metadata, topic)?)));
    counted.collect()
}

/// What the leader tells the coordinator.
fn encoded(assignment: &BTreeMap<String, Vec<TopicPartition>>) -> Vec<(String, Bytes)> {
    let each = assignment.iter();
    each.map(|(id, given)| (id.clone(), protocol::encode_assignment(given))).collect()
}

#[cfg(test)]
mod tests;
