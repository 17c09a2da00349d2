//! The grouping half of a consumer's actor: carries out what its membership decides.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Context;
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};
use ottla_core::base::TopicName;
use ottla_core::client::assignor::{Assignor, protocol::PROTOCOL_TYPE};
use ottla_core::client::membership::{
    AutoCommit, Identity, Membership, MembershipConfig, Output, Outputs, Partitions,
};

use super::commit::{self, Offsets};
use super::listener::{Rebalance, RebalanceListener};
use super::messages::Answer;
use super::outputs::text;
use super::{ConsumerActor, ConsumerError};
use crate::client::ClientError;
use crate::client::cluster::{Cluster, Lane, Route};
use crate::runtime::now;

/// What a JoinGroup may take longer than the slowest member.
const JOIN_SLACK: Duration = Duration::from_secs(5);

/// The topics that a consumer wants.
#[derive(Clone)]
pub(super) enum Wanted {
    /// These.
    Names(BTreeSet<TopicName>),
    /// Those that this says yes to, as they come and go.
    Pattern(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

/// A consumer's place in its group.
pub(super) struct Group {
    pub(super) membership: Membership,
    pub(super) wanted: Wanted,
    pub(super) exclude_internal: bool,
    pub(super) auto_commit: Option<AutoCommit>,
    /// Not there while it runs.
    pub(super) listener: Option<Box<dyn RebalanceListener>>,
    /// The application has set another one, or none, since it ran.
    pub(super) replaced: bool,
}

impl Group {
    pub(super) fn new(
        config: MembershipConfig,
        auto_commit: Option<Duration>,
        exclude_internal: bool,
    ) -> Self {
        let auto_commit = auto_commit.map(|interval| {
            let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
            AutoCommit::new(interval, now())
        });
        Self {
            membership: Membership::new(config),
            wanted: Wanted::Names(BTreeSet::new()),
            exclude_internal,
            auto_commit,
            listener: None,
            replaced: false,
        }
    }

    fn id(&self) -> String {
        self.membership.config().group.clone()
    }
}

impl ConsumerActor {
    /// What the application has changed about its subscription, if it has.
    pub(super) fn take_subscription(&mut self, outputs: &mut Outputs) {
        let Some(group) = &mut self.group else { return };
        let (wanted, listener) = {
            let mut state = self.hold.0.lock();
            if std::mem::take(&mut state.rejoin) {
                group.membership.rejoin();
            }
            (state.wanted.take(), state.listener.take())
        };
        if let Some(listener) = listener {
            group.replaced = group.membership.is_handing_over();
            group.listener = listener;
        }
        let Some(wanted) = wanted else { return };
        match &wanted {
            Wanted::Names(names) => group.membership.subscribe(names.clone()),
            Wanted::Pattern(_) => self.metadata.all = true,
        }
        group.wanted = wanted;
        self.match_topics(false);
        // what nobody wants is given up now, not at the next deadline
        self.poll_group(outputs);
    }

    /// Takes note of what the cluster has; with all its topics known, subscribes to those that the
    /// pattern says yes to.
    pub(super) fn match_topics(&mut self, all: bool) {
        let Some(group) = &mut self.group else { return };
        let metadata = self.cluster.metadata();
        if let Wanted::Pattern(matches) = &group.wanted
            && all
        {
            let topics = metadata.topics().filter(|(name, topic)| {
                matches(name) && !(group.exclude_internal && topic.internal)
            });
            let topics: BTreeSet<TopicName> = topics.map(|(name, _)| name.clone()).collect();
            if topics != *group.membership.topics() {
                self.hold.0.lock().subscription = topics.clone();
                group.membership.subscribe(topics);
            }
        }
        group.membership.on_metadata(&metadata);
    }

    pub(super) fn poll_group(&mut self, outputs: &mut Outputs) {
        let Some(group) = &mut self.group else { return };
        let (inside, since) = {
            let state = self.hold.0.lock();
            (state.inside > 0, state.since)
        };
        group.membership.poll(now(), inside, since, outputs);
    }

    /// When to look again at the latest.
    pub(super) fn group_deadline(&self) -> Option<u64> {
        let group = self.group.as_ref()?;
        let (inside, since) = {
            let state = self.hold.0.lock();
            (state.inside > 0, state.since)
        };
        let commits = group.auto_commit.as_ref().map(AutoCommit::next_deadline);
        [group.membership.next_deadline(inside, since), commits].into_iter().flatten().min()
    }

    pub(super) fn carry_out_group(&mut self, outputs: Outputs, ctx: &mut Context<Self>) {
        for output in outputs {
            match output {
                Output::GiveUp { partitions, lost } => self.give_up(partitions, lost, ctx),
                Output::TakeOver { all, added } => self.take_over(&all, added, ctx),
                Output::Join { id, protocols } => self.join(id, protocols, ctx),
                Output::NeedTopics(topics) => self.describe_for_group(topics, ctx),
                Output::Sync { id, assignor, assignments } => {
                    self.sync(id, assignor, assignments, ctx);
                }
                Output::Heartbeat => self.heartbeat(ctx),
                Output::Leave(identity) => self.leave(identity),
                Output::CoordinatorLost => {
                    if let Some(group) = &self.group {
                        self.cluster.forget(&Route::Coordinator(group.id()));
                    }
                }
                Output::Fatal(error) => {
                    self.hold.0.lock().complain(ConsumerError::Group(error));
                }
            }
        }
    }

    fn give_up(&mut self, partitions: Partitions, lost: bool, ctx: &mut Context<Self>) {
        let Some(rebalance) = self.rebalance() else { return };
        let Some(group) = &mut self.group else { return };
        let offsets = {
            let mut state = self.hold.0.lock();
            state.handing_over = true;
            let commits = group.auto_commit.is_some() && !lost && !state.manual;
            if commits { offsets(state.fetcher.done()) } else { Offsets::new() }
        };
        let mut listener = group.listener.take();
        // the others wait for this member no longer than that
        let limit = Duration::from_millis(group.membership.config().max_poll_interval_ms);
        self.ask(ctx, async move |cluster| {
            let (id, identity) = (&rebalance.group, &rebalance.identity);
            let commits = commit::until_answered(&cluster, id, identity, &offsets);
            let committed = tokio::time::timeout(limit, commits).await;
            if let Ok(Err(error)) = committed {
                tracing::warn!(%error, "offsets were not committed before a rebalance");
            }
            match &mut listener {
                Some(listener) if lost => listener.lost(&rebalance, &partitions).await,
                Some(listener) => listener.revoked(&rebalance, &partitions).await,
                None => {}
            }
            Answer::GivenUp { partitions, listener }
        });
    }

    pub(super) fn given_up(&mut self, partitions: &Partitions, outputs: &mut Outputs) {
        let Some(group) = &mut self.group else { return };
        let mut state = self.hold.0.lock();
        if !state.manual {
            let kept = state.fetcher.assignment().filter(|p| !partitions.contains(p));
            let kept = kept.cloned().collect();
            state.fetcher.assign(&kept, true);
        }
        group.membership.on_given_up(outputs);
        state.handing_over = group.membership.is_handing_over();
    }

    fn take_over(&mut self, all: &Partitions, added: Partitions, ctx: &mut Context<Self>) {
        let Some(rebalance) = self.rebalance() else { return };
        let Some(group) = &mut self.group else { return };
        {
            let mut state = self.hold.0.lock();
            state.handing_over = true;
            if !state.manual {
                state.fetcher.assign(all, true);
            }
        }
        let mut listener = group.listener.take();
        self.ask(ctx, async move |_| {
            if let Some(listener) = &mut listener {
                listener.assigned(&rebalance, &added).await;
            }
            Answer::TakenOver { listener }
        });
    }

    pub(super) fn taken_over(&mut self) {
        let Some(group) = &mut self.group else { return };
        group.membership.on_taken_over();
        self.hold.0.lock().handing_over = group.membership.is_handing_over();
    }

    /// What a listener can use.
    pub(super) fn rebalance(&self) -> Option<Rebalance> {
        let group = self.group.as_ref()?;
        Some(Rebalance {
            shared: Arc::clone(&self.hold.0),
            cluster: Rc::clone(&self.cluster),
            group: group.id(),
            identity: group.membership.identity(),
        })
    }

    fn join(&mut self, id: u64, protocols: Vec<(Assignor, Bytes)>, ctx: &mut Context<Self>) {
        let Some(group) = &self.group else { return };
        let (config, identity) = (group.membership.config().clone(), group.membership.identity());
        self.ask(ctx, async move |cluster| {
            let patience = Duration::from_millis(config.max_poll_interval_ms);
            let patience = patience.saturating_add(JOIN_SLACK);
            let timeout = cluster.config().request_timeout.max(patience);
            let route = Route::Coordinator(config.group.clone());
            let build = |version| join_request(version, &config, &identity, &protocols);
            let answer = cluster.call_on(Lane::Group, &route, 9, timeout, build).await;
            Answer::Joined { id, answer }
        });
    }

    fn sync(
        &mut self,
        id: u64,
        assignor: Assignor,
        assignments: Vec<(String, Bytes)>,
        ctx: &mut Context<Self>,
    ) {
        let Some(group) = &self.group else { return };
        let (config, identity) = (group.membership.config().clone(), group.membership.identity());
        self.ask(ctx, async move |cluster| {
            let patience = Duration::from_millis(config.max_poll_interval_ms);
            let patience = patience.saturating_add(JOIN_SLACK);
            let timeout = cluster.config().request_timeout.max(patience);
            let route = Route::Coordinator(config.group.clone());
            let build = |_| sync_request(&config, &identity, assignor, &assignments);
            let answer = cluster.call_on(Lane::Group, &route, i16::MAX, timeout, build).await;
            Answer::Synced { id, answer }
        });
    }

    fn heartbeat(&mut self, ctx: &mut Context<Self>) {
        let Some(group) = &self.group else { return };
        let (config, identity) = (group.membership.config().clone(), group.membership.identity());
        self.ask(ctx, async move |cluster| {
            let route = Route::Coordinator(config.group.clone());
            let request = HeartbeatRequest::default()
                .with_group_id(text(&config.group).into())
                .with_generation_id(identity.generation)
                .with_member_id(text(&identity.member_id))
                .with_group_instance_id(identity.instance_id.as_deref().map(text));
            // one that takes longer than the session lasts is of no use
            let session = Duration::from_millis(config.session_timeout_ms);
            let timeout = cluster.config().request_timeout.min(session);
            let answer = cluster.call(&route, i16::MAX, timeout, |_| request.clone()).await;
            let answer = answer.map(|answer| answer.error_code);
            Answer::Beaten { generation: identity.generation, answer }
        });
    }

    fn leave(&mut self, identity: Identity) {
        let Some(group) = &self.group else { return };
        let (cluster, group) = (Rc::clone(&self.cluster), group.id());
        actix_rt::spawn(async move { leave(&cluster, &group, &identity).await });
    }

    /// The topics are described anew: the leader must not divide what is no more.
    fn describe_for_group(&mut self, topics: BTreeSet<TopicName>, ctx: &mut Context<Self>) {
        self.ask(ctx, async move |cluster| {
            let topics: Vec<TopicName> = topics.into_iter().collect();
            let create = cluster.config().auto_create_topics;
            let failed = loop {
                match cluster.refresh(Some(&topics), create).await {
                    Ok(failed) => break failed,
                    Err(error) if error.is_retriable() => {
                        tokio::time::sleep(cluster.config().retry_backoff).await;
                    }
                    Err(_) => break Vec::new(),
                }
            };
            Answer::GroupDescribed(failed)
        });
    }

    /// Commits how far the application has come, if it is time.
    pub(super) fn commit_if_due(&mut self, ctx: &mut Context<Self>) {
        let Some(group) = &mut self.group else { return };
        let Some(auto) = &mut group.auto_commit else { return };
        let identity = group.membership.identity();
        let done = {
            let state = self.hold.0.lock();
            // outside of a generation, nobody would take it
            if state.handing_over || !state.manual && identity.generation < 0 {
                return auto.skip(now());
            }
            state.fetcher.done()
        };
        let Some(due) = auto.due(now(), done) else { return };
        let (id, offsets) = (group.id(), offsets(due));
        self.ask(ctx, async move |cluster| {
            let result = commit::once(&cluster, &id, &identity, &offsets).await;
            Answer::AutoCommitted(result)
        });
    }

    /// A commit of this member was refused, or not answered.
    pub(super) fn on_commit_error(&mut self, error: &ClientError, outputs: &mut Outputs) {
        let Some(group) = &mut self.group else { return };
        if let ClientError::Refused(error) = error {
            group.membership.on_member_error(*error, outputs);
        }
    }
}

pub(super) fn offsets(
    positions: BTreeMap<ottla_core::base::TopicPartition, ottla_core::client::fetcher::Position>,
) -> Offsets {
    positions.into_iter().map(|(partition, position)| (partition, position.into())).collect()
}

/// Tells the coordinator that a member goes; if it does not hear, the session runs out.
pub(super) async fn leave(cluster: &Cluster, group: &str, identity: &Identity) {
    let route = Route::Coordinator(group.to_owned());
    let build = |version: i16| {
        let request = LeaveGroupRequest::default().with_group_id(text(group).into());
        if version < 3 {
            return request.with_member_id(text(&identity.member_id));
        }
        let reason = (version >= 5).then(|| text("the consumer is being closed"));
        let member = MemberIdentity::default()
            .with_member_id(text(&identity.member_id))
            .with_group_instance_id(identity.instance_id.as_deref().map(text))
            .with_reason(reason);
        request.with_members(vec![member])
    };
    let timeout = cluster.config().request_timeout;
    let answer = cluster.call(&route, i16::MAX, timeout, build).await;
    if let Err(error) = answer.and_then(|answer| ClientError::check(answer.error_code)) {
        tracing::debug!(%error, "a coordinator did not hear that a member leaves");
    }
}

fn join_request(
    version: i16,
    config: &MembershipConfig,
    identity: &Identity,
    protocols: &[(Assignor, Bytes)],
) -> JoinGroupRequest {
    let protocols = protocols.iter().map(|(assignor, metadata)| {
        JoinGroupRequestProtocol::default()
            .with_name(text(assignor.name()))
            .with_metadata(metadata.clone())
    });
    let milliseconds = |ms: u64| i32::try_from(ms).unwrap_or(i32::MAX);
    let request = JoinGroupRequest::default()
        .with_group_id(text(&config.group).into())
        .with_session_timeout_ms(milliseconds(config.session_timeout_ms))
        .with_member_id(text(&identity.member_id))
        .with_group_instance_id(identity.instance_id.as_deref().map(text))
        .with_protocol_type(text(PROTOCOL_TYPE))
        .with_protocols(protocols.collect());
    // earlier versions wait for the others as long as a session lasts
    if version < 1 {
        return request;
    }
    request.with_rebalance_timeout_ms(milliseconds(config.max_poll_interval_ms))
}

fn sync_request(
    config: &MembershipConfig,
    identity: &Identity,
    assignor: Assignor,
    assignments: &[(String, Bytes)],
) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|(id, assignment)| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(id))
            .with_assignment(assignment.clone())
    });
    SyncGroupRequest::default()
        .with_group_id(text(&config.group).into())
        .with_generation_id(identity.generation)
        .with_member_id(text(&identity.member_id))
        .with_group_instance_id(identity.instance_id.as_deref().map(text))
        .with_protocol_type(Some(text(PROTOCOL_TYPE)))
        .with_protocol_name(Some(text(assignor.name())))
        .with_assignments(assignments.collect())
}
