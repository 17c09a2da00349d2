//! Each message of a consumer's actor.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{ActorContext, Context, Handler};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::FetchResponse;
use ottla_core::base::{BrokerId, LeaderEpoch, TopicName, TopicPartition};
use ottla_core::client::LeaderHint;
use ottla_core::client::fetcher::{Output, Outputs};
use ottla_core::client::membership;

use super::commit::{self, Offsets};
use super::group::{self, Group};
use super::listener::Rebalance;
use super::messages::{Answer, Answered, Commit, End, Gone, Look, Question};
use super::{ConsumerActor, ConsumerError};
use crate::client::ClientError;
use crate::client::cluster::{Cluster, Lane, Route};
use crate::runtime::{monotonic_ms, now};

/// How long a consumer that ends tries to say so.
const LAST_WORDS: Duration = Duration::from_secs(30);
/// How soon a topic of the group that is not there is looked for again, in milliseconds.
const MISSING_TOPIC_MS: u64 = 1_000;

impl Handler<Look> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Context<Self>) {
        self.turn(Outputs::new(), membership::Outputs::new(), ctx);
    }
}

impl Handler<Question> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, Question(work): Question, _: &mut Context<Self>) {
        actix_rt::spawn(work(Rc::clone(&self.cluster)));
    }
}

impl Handler<Commit> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, commit: Commit, ctx: &mut Context<Self>) {
        let Some(rebalance) = self.rebalance() else {
            return (commit.done)(Err(ConsumerError::NoGroup));
        };
        let offsets = commit.offsets.unwrap_or_else(|| {
            let state = self.hold.0.lock();
            group::offsets(state.fetcher.positions())
        });
        self.ask(ctx, async move |cluster| {
            let (group, identity) = (&rebalance.group, &rebalance.identity);
            let result = if commit.persistent {
                let limit = cluster.config().api_timeout;
                let tries = commit::until_answered(&cluster, group, identity, &offsets);
                let result = tokio::time::timeout(limit, tries).await;
                result.unwrap_or(Err(ClientError::TimedOut.into()))
            } else {
                commit::once(&cluster, group, identity, &offsets).await.map_err(Into::into)
            };
            Answer::CommitDone { result, done: commit.done }
        });
    }
}

impl Handler<Gone> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, _: Gone, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

impl Handler<End> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, End(done): End, ctx: &mut Context<Self>) {
        let (cluster, rebalance) = (Rc::clone(&self.cluster), self.rebalance());
        let (group, shared) = (self.group.take(), Arc::clone(&self.hold.0));
        let offsets = group::offsets(shared.lock().fetcher.positions());
        actix_rt::spawn(async move {
            if let (Some(group), Some(rebalance)) = (group, rebalance) {
                let goodbye = part(&cluster, group, &rebalance, offsets);
                if tokio::time::timeout(LAST_WORDS, goodbye).await.is_err() {
                    tracing::warn!("the group was not told that a consumer ends");
                }
            }
            let sessions = shared.lock().fetcher.close();
            for (node, request) in sessions {
                let (route, build) = (Route::Broker(node), |_| request.clone());
                // the broker forgets the session without it, only later
                let timeout = Duration::from_secs(1);
                let said = cluster.call_on(Lane::Main, &route, 12, timeout, build);
                if let Ok(Err(error)) = tokio::time::timeout(timeout, said).await {
                    tracing::debug!(%error, "a fetch session was not closed");
                }
            }
            // whoever asked may have gone away
            _ = done.send(());
        });
        ctx.stop();
    }
}

/// Commits what the application has dealt with, tells the listener, and leaves.
async fn part(cluster: &Cluster, mut group: Group, rebalance: &Rebalance, offsets: Offsets) {
    let (id, identity) = (&rebalance.group, &rebalance.identity);
    if group.auto_commit.is_some() {
        let committed = commit::until_answered(cluster, id, identity, &offsets).await;
        if let Err(error) = committed {
            tracing::warn!(%error, "offsets were not committed at the end");
        }
    }
    let owned = group.membership.owned().clone();
    if let Some(listener) = group.listener.as_mut().filter(|_| !owned.is_empty()) {
        match identity.generation {
            -1 => listener.lost(rebalance, &owned).await,
            _ => listener.revoked(rebalance, &owned).await,
        }
    }
    let mut outputs = membership::Outputs::new();
    group.membership.leave(&mut outputs);
    for output in outputs {
        if let membership::Output::Leave(identity) = output {
            group::leave(cluster, id, &identity).await;
        }
    }
}

impl Handler<Answered> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, Answered(answer): Answered, ctx: &mut Context<Self>) {
        let (mut outputs, mut grouping) = (Outputs::new(), membership::Outputs::new());
        let tick = now();
        match answer {
            Answer::Fetched { id, answer } => self.fetched(id, answer, &mut outputs),
            Answer::Offsets { id, answer } => {
                let fetcher = &mut self.hold.0.lock().fetcher;
                match answer {
                    Ok(answer) => fetcher.on_offsets(tick, id, &answer, &mut outputs),
                    Err(_) => fetcher.on_offsets_lost(tick, id, &mut outputs),
                }
            }
            Answer::EpochEnds { id, answer } => {
                let fetcher = &mut self.hold.0.lock().fetcher;
                match answer {
                    Ok(answer) => fetcher.on_epoch_ends(tick, id, &answer, &mut outputs),
                    Err(_) => fetcher.on_offsets_lost(tick, id, &mut outputs),
                }
            }
            Answer::Committed { id, answer } => self.committed_known(id, answer, &mut outputs),
            Answer::Described { all, answer } => self.described(all, answer),
            Answer::CommitDone { result, done } => {
                if let Err(ConsumerError::Client(error)) = &result {
                    self.on_commit_error(error, &mut grouping);
                }
                done(result);
            }
            Answer::AutoCommitted(result) => self.auto_committed(result, &mut grouping),
            answer => self.grouped(answer, &mut grouping),
        }
        self.turn(outputs, grouping, ctx);
        self.hold.0.changed.notify_waiters();
    }
}

impl ConsumerActor {
    /// What is about the group alone.
    fn grouped(&mut self, answer: Answer, outputs: &mut membership::Outputs) {
        let tick = now();
        let Some(group) = &mut self.group else { return };
        let membership = &mut group.membership;
        match answer {
            Answer::Joined { answer: Err(error), .. }
            | Answer::Synced { answer: Err(error), .. }
                if !error.is_retriable() =>
            {
                match error {
                    ClientError::Refused(error) => membership.on_refused(error, outputs),
                    error => {
                        membership.on_refused(ResponseError::UnsupportedVersion, outputs);
                        self.hold.0.lock().complain(error.into());
                    }
                }
            }
            Answer::Joined { id, answer } => {
                membership.on_joined(tick, id, answer.as_ref().ok(), outputs);
            }
            Answer::Synced { id, answer } => {
                membership.on_synced(tick, id, answer.as_ref().ok(), outputs);
            }
            Answer::Beaten { generation, answer } => {
                membership.on_heartbeat(tick, generation, answer.ok(), outputs);
            }
            Answer::GroupDescribed(failed) => {
                membership.on_topics(&self.cluster.metadata(), outputs);
                self.complain_of(failed);
            }
            Answer::GivenUp { partitions, listener } => {
                self.listener_back(listener);
                self.given_up(&partitions, outputs);
            }
            Answer::TakenOver { listener } => {
                self.listener_back(listener);
                self.taken_over();
            }
            _ => {}
        }
    }

    /// A listener that has run is there for the next time, unless a new one came meanwhile.
    fn listener_back(&mut self, listener: super::messages::Listener) {
        let Some(group) = &mut self.group else { return };
        if !std::mem::take(&mut group.replaced) {
            group.listener = listener;
        }
    }

    fn fetched(
        &mut self,
        id: u64,
        answer: Result<FetchResponse, ClientError>,
        outputs: &mut Outputs,
    ) {
        let mut state = self.hold.0.lock();
        match answer {
            Ok(answer) => {
                let hinted = hints(&self.cluster, &answer);
                state.fetcher.on_fetched(now(), id, &answer, outputs);
                // a leader that the answer itself names need not be asked for
                outputs.retain(|output| {
                    !matches!(output, Output::NeedMetadata(topic) if hinted.contains(topic))
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a fetch was not answered");
                state.fetcher.on_fetch_lost(now(), id, outputs);
            }
        }
    }

    fn committed_known(
        &mut self,
        id: u64,
        answer: Result<Offsets, ClientError>,
        outputs: &mut Outputs,
    ) {
        let mut state = self.hold.0.lock();
        match answer {
            Ok(offsets) => {
                let positions = offsets.into_iter().map(|(partition, at)| (partition, at.into()));
                state.fetcher.on_committed(id, &positions.collect());
            }
            Err(error) => {
                state.fetcher.on_offsets_lost(now(), id, outputs);
                state.complain(error.into());
            }
        }
    }

    fn auto_committed(
        &mut self,
        result: Result<(), ClientError>,
        outputs: &mut membership::Outputs,
    ) {
        let Err(error) = result else { return };
        tracing::warn!(%error, "offsets were not committed in turn");
        self.on_commit_error(&error, outputs);
        if let Some(auto) = self.group.as_mut().and_then(|group| group.auto_commit.as_mut()) {
            auto.on_failed();
        }
    }

    /// Tells the application of topics that will never be described.
    fn complain_of(&mut self, failed: Vec<(TopicName, i16)>) {
        let mut state = self.hold.0.lock();
        for (topic, code) in failed {
            // a topic that is not there yet may come
            let error = ResponseError::try_from_code(code).filter(|e| !e.is_retriable());
            if let Some(error) = error {
                state.complain(ConsumerError::Topic { topic, error });
            }
        }
    }

    fn described(&mut self, all: bool, answer: Result<Vec<(TopicName, i16)>, ClientError>) {
        self.metadata.under_way = false;
        let backoff = self.cluster.config().retry_backoff.as_millis();
        let backoff = u64::try_from(backoff).unwrap_or(u64::MAX);
        self.metadata.not_before = monotonic_ms().saturating_add(backoff);
        // an answer about every topic is asked for until it comes
        self.metadata.all |= all && answer.is_err();
        self.complain_of(answer.unwrap_or_default());
        self.match_topics(all && !self.metadata.all);
        let metadata = self.cluster.metadata();
        let mut led = self.group.iter().flat_map(|group| group.membership.led_topics());
        if led.any(|topic| metadata.topic(topic).is_none()) {
            let soon = monotonic_ms().saturating_add(MISSING_TOPIC_MS);
            self.metadata.stale_at = self.metadata.stale_at.min(soon);
        }
    }
}

/// Takes over the leaders that an answer names (KIP-951); the topics of which all was news.
fn hints(cluster: &Cluster, answer: &FetchResponse) -> Vec<TopicName> {
    let mut hinted = Vec::new();
    for topic in &answer.responses {
        let name = TopicName::from(topic.topic.as_str());
        for data in topic.partitions.iter().filter(|data| data.error_code != 0) {
            let hint = LeaderHint {
                partition: TopicPartition::new(TopicName::clone(&name), data.partition_index),
                leader: BrokerId(data.current_leader.leader_id.0),
                epoch: LeaderEpoch(data.current_leader.leader_epoch),
                endpoint: None,
            };
            if cluster.hint(&hint) {
                hinted.push(TopicName::clone(&name));
            }
        }
    }
    hinted
}
