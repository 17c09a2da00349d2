//! What a consumer's handle has to do with its group.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use ottla_core::base::{TopicName, TopicPartition};
use ottla_core::client::membership::Identity;
use tokio::sync::oneshot;

use super::commit::{self, Offsets};
use super::group::Wanted;
use super::listener::RebalanceListener;
use super::messages::{Commit, Committed};
use super::{Consumer, ConsumerError};
use crate::client::ClientError;
use crate::runtime::tell;

impl Consumer {
    /// Reads what the group gives this member of these topics. With none, the group is left.
    ///
    /// # Errors
    /// The consumer has no group.
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), ConsumerError> {
        self.subscribe_to(names(topics), None)
    }

    /// [`subscribe`](Self::subscribe), with somebody who is told when partitions change hands.
    ///
    /// # Errors
    /// The consumer has no group.
    pub fn subscribe_with(
        &self,
        topics: &[&str],
        listener: impl RebalanceListener + 'static,
    ) -> Result<(), ConsumerError> {
        self.subscribe_to(names(topics), Some(Box::new(listener)))
    }

    /// Reads what the group gives this member of all topics whose names `matches` says yes to,
    /// also of those that come later; they are noticed within `metadata.max.age.ms`.
    ///
    /// # Errors
    /// The consumer has no group.
    pub fn subscribe_pattern(
        &self,
        matches: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<(), ConsumerError> {
        self.subscribe_to(Wanted::Pattern(Arc::new(matches)), None)
    }

    /// [`subscribe_pattern`](Self::subscribe_pattern), with somebody who is told when partitions
    /// change hands.
    ///
    /// # Errors
    /// The consumer has no group.
    pub fn subscribe_pattern_with(
        &self,
        matches: impl Fn(&str) -> bool + Send + Sync + 'static,
        listener: impl RebalanceListener + 'static,
    ) -> Result<(), ConsumerError> {
        self.subscribe_to(Wanted::Pattern(Arc::new(matches)), Some(Box::new(listener)))
    }

    fn subscribe_to(
        &self,
        wanted: Wanted,
        listener: Option<Box<dyn RebalanceListener>>,
    ) -> Result<(), ConsumerError> {
        if self.group.is_none() {
            return Err(ConsumerError::NoGroup);
        }
        self.change(|state| {
            if std::mem::take(&mut state.manual) {
                state.fetcher.assign(&BTreeSet::new(), true);
            }
            state.subscription = match &wanted {
                Wanted::Names(names) => names.clone(),
                Wanted::Pattern(_) => BTreeSet::new(),
            };
            state.wanted = Some(wanted);
            state.listener = Some(listener);
        });
        Ok(())
    }

    /// Reads nothing more: a subscription ends and the group is left, or what was assigned is
    /// given up.
    pub fn unsubscribe(&self) {
        let subscribed = !self.shared.lock().manual;
        if subscribed {
            // there is a group where there is a subscription; the listener is told once more
            self.change(|state| {
                state.subscription.clear();
                state.wanted = Some(Wanted::Names(BTreeSet::new()));
            });
        } else {
            self.assign(&[]);
        }
    }

    /// The topics that are subscribed to; with a pattern, those that it says yes to.
    #[must_use]
    pub fn subscription(&self) -> BTreeSet<TopicName> {
        self.shared.lock().subscription.clone()
    }

    /// Asks the group to divide its partitions anew.
    pub fn enforce_rebalance(&self) {
        self.change(|state| state.rejoin = true);
    }

    /// Who the consumer is to its group, once it has joined.
    #[must_use]
    pub fn group_metadata(&self) -> Option<Identity> {
        self.shared.lock().identity.clone().filter(|identity| identity.generation >= 0)
    }

    /// Commits how far the application has come: behind the records that it was given. Tried
    /// until the coordinator answers, for `default.api.timeout.ms` at most. When it is dropped,
    /// the commit goes on.
    ///
    /// # Errors
    /// The consumer has no group, or nothing was committed.
    pub async fn commit(&self) -> Result<(), ConsumerError> {
        self.commit_with(None).await
    }

    /// Commits these offsets; otherwise as [`commit`](Self::commit).
    ///
    /// # Errors
    /// The consumer has no group, or not all was committed.
    pub async fn commit_offsets(&self, offsets: Offsets) -> Result<(), ConsumerError> {
        self.commit_with(Some(offsets)).await
    }

    fn commit_with(
        &self,
        offsets: Option<Offsets>,
    ) -> impl Future<Output = Result<(), ConsumerError>> {
        let (sender, answer) = oneshot::channel();
        // whoever asked may have gone away
        let done: Committed = Box::new(|result| drop(sender.send(result)));
        tell(&*self.actor, Commit { offsets, persistent: true, done });
        async { answer.await.unwrap_or(Err(ClientError::Closed.into())) }
    }

    /// Commits these offsets, or how far the application has come, and goes on meanwhile. It is
    /// tried once; `done` is called with what it came to, on the consumer's thread, unless the
    /// consumer ends first.
    pub fn commit_async(
        &self,
        offsets: Option<Offsets>,
        done: impl FnOnce(Result<(), ConsumerError>) + Send + 'static,
    ) {
        tell(&*self.actor, Commit { offsets, persistent: false, done: Box::new(done) });
    }

    /// What the group has committed of these partitions; those of which it has nothing are left
    /// out.
    ///
    /// # Errors
    /// The consumer has no group, or the coordinator did not answer within
    /// `default.api.timeout.ms`.
    pub async fn committed(&self, partitions: &[TopicPartition]) -> Result<Offsets, ConsumerError> {
        let group = self.group.clone().ok_or(ConsumerError::NoGroup)?;
        let partitions = partitions.to_vec();
        self.question(async move |cluster| commit::committed(&cluster, &group, &partitions).await)
            .await
    }
}

fn names(topics: &[&str]) -> Wanted {
    Wanted::Names(topics.iter().map(|topic| TopicName::from(*topic)).collect())
}
