//! The handle of a consumer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use ottla_core::base::{Offset, TopicName, TopicPartition};
use ottla_core::client::Fetcher;
use ottla_core::client::fetcher::{ConsumerRecord, IsolationLevel, Position, SeekTo};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

use super::group::{Group, Wanted};
use super::lookups::{self, TimedOffset};
use super::messages::{End, Gone, Look, Question, Work};
use super::shared::{Shared, State};
use super::{ConsumerActor, ConsumerConfig, ConsumerError};
use crate::client::cluster::Cluster;
use crate::client::{ClientConfig, ClientError};
use crate::runtime::{monotonic_ms, start_here, tell};

/// Questions to the brokers under way; whoever has more to ask waits.
const MAX_QUESTIONS: usize = 64;

/// Reads records. Several tasks may share one behind an `Arc`; each record goes to one of them.
pub struct Consumer {
    pub(super) actor: Arc<Addr<ConsumerActor>>,
    pub(super) shared: Arc<Shared>,
    questions: Arc<Semaphore>,
    max_poll_records: usize,
    isolation: IsolationLevel,
    pub(super) group: Option<String>,
    client: ClientConfig,
}

impl Consumer {
    /// Starts a consumer on this thread, which must run an actix system or a tokio `LocalSet`.
    /// Connections are made when there is something to read.
    ///
    /// # Errors
    /// No address to begin with can be read.
    pub fn start(config: ConsumerConfig) -> Result<Self, ClientError> {
        if config.client.endpoints().next().is_none() {
            return Err(ClientError::NoAddress);
        }
        let isolation = config.fetching.isolation;
        let (group_id, exclude) = (config.group.as_ref(), config.exclude_internal_topics);
        let group_id = group_id.map(|group| group.group.clone());
        let group = config.group.map(|group| Group::new(group, config.auto_commit, exclude));
        let shared = Shared::new(Fetcher::new(config.fetching));
        let cluster = Cluster::new(config.client.clone());
        let actor = ConsumerActor::new(Arc::clone(&shared), cluster, group);
        Ok(Self {
            actor: Arc::new(start_here("consumer", actor)),
            shared,
            questions: Arc::new(Semaphore::new(MAX_QUESTIONS)),
            max_poll_records: config.max_poll_records.max(1),
            isolation,
            group: group_id,
            client: config.client,
        })
    }

    /// Reads these partitions, and no others. Partitions that were read before go on where they
    /// are; the others begin with what the group has committed, if there is a group, or as the
    /// reset policy says. A subscription ends.
    pub fn assign(&self, partitions: &[TopicPartition]) {
        let wanted: BTreeSet<_> = partitions.iter().cloned().collect();
        let grouped = self.group.is_some();
        self.change(|state| {
            state.manual = true;
            state.fetcher.assign(&wanted, grouped);
            state.subscription.clear();
            state.wanted = grouped.then(|| Wanted::Names(BTreeSet::new()));
        });
    }

    /// The partitions that are read.
    #[must_use]
    pub fn assignment(&self) -> BTreeSet<TopicPartition> {
        self.shared.lock().fetcher.assignment().cloned().collect()
    }

    /// Records that come within `limit`, `max.poll.records` at most; none if none came. When it
    /// is dropped before it is ready, nothing is lost.
    ///
    /// # Errors
    /// A partition cannot be read; the others go on with the next poll.
    pub async fn poll(&self, limit: Duration) -> Result<Vec<ConsumerRecord>, ConsumerError> {
        self.read(self.max_poll_records, Some(limit)).await
    }

    /// The next record, whenever it comes. When it is dropped before it is ready, nothing is lost.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub async fn next(&self) -> Result<ConsumerRecord, ConsumerError> {
        loop {
            if let Some(record) = self.read(1, None).await?.pop() {
                return Ok(record);
            }
        }
    }

    async fn read(
        &self,
        most: usize,
        limit: Option<Duration>,
    ) -> Result<Vec<ConsumerRecord>, ConsumerError> {
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        let _inside = Inside::enter(self);
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let mut result = Ok(Vec::new());
            self.change_if(|state| {
                result = take(state, most);
                state.fetcher.has_room()
            });
            match result {
                Ok(records) if records.is_empty() => {}
                other => return other,
            }
            let Some(until) = until else {
                changed.await;
                continue;
            };
            if tokio::time::timeout_at(until, changed).await.is_err() {
                // whoever polls without waiting lets the actor have a turn all the same
                tokio::task::yield_now().await;
                return Ok(Vec::new());
            }
        }
    }

    /// Goes on at this offset.
    ///
    /// # Errors
    /// The partition is not assigned.
    pub fn seek(&self, partition: &TopicPartition, to: Offset) -> Result<(), ConsumerError> {
        self.seek_position(partition, Position::at(to))
    }

    /// Goes on at this offset, if the record before it still has this epoch.
    ///
    /// # Errors
    /// The partition is not assigned.
    pub fn seek_position(
        &self,
        partition: &TopicPartition,
        to: Position,
    ) -> Result<(), ConsumerError> {
        self.on_partition(partition, |state| state.fetcher.seek(partition, to))
    }

    /// Goes on with the first record, the next one that is written, or the first one so young.
    ///
    /// # Errors
    /// A partition is not assigned.
    pub fn seek_to(&self, partitions: &[TopicPartition], to: SeekTo) -> Result<(), ConsumerError> {
        for partition in partitions {
            self.on_partition(partition, |state| state.fetcher.seek_to(partition, to))?;
        }
        Ok(())
    }

    /// Gives no more records of these partitions until they are resumed.
    ///
    /// # Errors
    /// A partition is not assigned.
    pub fn pause(&self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        for partition in partitions {
            self.on_partition(partition, |state| state.fetcher.pause(partition, true))?;
        }
        Ok(())
    }

    /// Gives records of these partitions again.
    ///
    /// # Errors
    /// A partition is not assigned.
    pub fn resume(&self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        for partition in partitions {
            self.on_partition(partition, |state| state.fetcher.pause(partition, false))?;
        }
        Ok(())
    }

    /// The partitions that are held back.
    #[must_use]
    pub fn paused(&self) -> BTreeSet<TopicPartition> {
        self.shared.lock().fetcher.paused().cloned().collect()
    }

    /// The offset of the next record that a poll gives; waited for if it is not known yet.
    ///
    /// # Errors
    /// The partition is not assigned, or its position is not known within
    /// `default.api.timeout.ms`.
    pub async fn position(&self, partition: &TopicPartition) -> Result<Offset, ConsumerError> {
        let known = async {
            loop {
                let mut changed = pin!(self.shared.changed.notified());
                changed.as_mut().enable();
                {
                    let state = self.shared.lock();
                    if !state.fetcher.is_assigned(partition) {
                        return Err(ConsumerError::NotAssigned(partition.clone()));
                    }
                    if let Some(position) = state.fetcher.position(partition) {
                        return Ok(position.offset);
                    }
                    state.check()?;
                }
                changed.await;
            }
        };
        let known = tokio::time::timeout(self.client.api_timeout, known).await;
        known.unwrap_or(Err(ClientError::TimedOut.into()))
    }

    /// How many records lie before the position, as far as the last answer told.
    #[must_use]
    pub fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        self.shared.lock().fetcher.lag(partition)
    }

    /// The first offset of each partition.
    ///
    /// # Errors
    /// The brokers did not say within `default.api.timeout.ms`.
    pub async fn beginning_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Offset>, ConsumerError> {
        self.ends(partitions, -2).await
    }

    /// The offset that the next record of each partition gets, as far as readers of this
    /// isolation level see.
    ///
    /// # Errors
    /// The brokers did not say within `default.api.timeout.ms`.
    pub async fn end_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Offset>, ConsumerError> {
        self.ends(partitions, -1).await
    }

    async fn ends(
        &self,
        partitions: &[TopicPartition],
        timestamp: i64,
    ) -> Result<BTreeMap<TopicPartition, Offset>, ConsumerError> {
        let wanted = partitions.iter().map(|partition| (partition.clone(), timestamp)).collect();
        let found = self.offsets(wanted).await?;
        Ok(found.into_iter().map(|(partition, found)| (partition, found.offset)).collect())
    }

    /// For each partition the first record with a timestamp at or after the one given; partitions
    /// that have none are left out.
    ///
    /// # Errors
    /// The brokers did not say within `default.api.timeout.ms`.
    pub async fn offsets_for_times(
        &self,
        wanted: &BTreeMap<TopicPartition, i64>,
    ) -> Result<BTreeMap<TopicPartition, TimedOffset>, ConsumerError> {
        // the negative ones have meanings of their own
        let wanted = wanted.iter().map(|(partition, at)| (partition.clone(), (*at).max(0)));
        self.offsets(wanted.collect()).await
    }

    async fn offsets(
        &self,
        wanted: BTreeMap<TopicPartition, i64>,
    ) -> Result<BTreeMap<TopicPartition, TimedOffset>, ConsumerError> {
        let isolation = self.isolation;
        self.question(async move |cluster| lookups::offsets(cluster, wanted, isolation).await).await
    }

    /// The partitions of a topic, by index.
    ///
    /// # Errors
    /// The brokers did not describe it within `default.api.timeout.ms`.
    pub async fn partitions_for(&self, topic: &str) -> Result<Vec<i32>, ConsumerError> {
        let topic = TopicName::from(topic);
        self.question(async move |cluster| lookups::partitions(cluster, topic).await).await
    }

    /// Every topic, with how many partitions it has.
    ///
    /// # Errors
    /// The brokers did not say within `default.api.timeout.ms`.
    pub async fn list_topics(&self) -> Result<BTreeMap<TopicName, usize>, ConsumerError> {
        self.question(lookups::topics).await
    }

    /// Ends the consumer: with automatic commits, how far the application has come is committed;
    /// the group is left at once, unless by a static member; fetch sessions are given back to the
    /// brokers. A consumer that is only dropped does nothing of that: its session runs out.
    pub async fn close(self) {
        let (sender, done) = oneshot::channel();
        tell(&*self.actor, End(sender));
        // an actor that died has given everything up
        _ = done.await;
    }

    /// Runs `work` on the actor's thread within `default.api.timeout.ms`. When the caller goes
    /// away, the work goes on.
    pub(super) async fn question<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(std::rc::Rc<Cluster>) -> Result<T, ClientError> + Send + 'static,
    ) -> Result<T, ConsumerError> {
        let questions = Arc::clone(&self.questions);
        let room = questions.acquire_owned().await.map_err(|_| ClientError::Closed)?;
        let (sender, answer) = oneshot::channel();
        let limit = self.client.api_timeout;
        let work: Work = Box::new(move |cluster| {
            Box::pin(async move {
                let answer = tokio::time::timeout(limit, work(cluster)).await;
                // whoever asked may have gone away
                drop(sender.send(answer.unwrap_or(Err(ClientError::TimedOut))));
                drop(room);
            })
        });
        tell(&*self.actor, Question(work));
        Ok(answer.await.unwrap_or(Err(ClientError::Closed))?)
    }

    pub(super) fn on_partition(
        &self,
        partition: &TopicPartition,
        work: impl FnOnce(&mut State) -> bool,
    ) -> Result<(), ConsumerError> {
        let mut assigned = false;
        self.change(|state| assigned = work(state));
        if assigned { Ok(()) } else { Err(ConsumerError::NotAssigned(partition.clone())) }
    }

    /// Changes the state and has the actor look at it.
    pub(super) fn change(&self, work: impl FnOnce(&mut State)) {
        self.change_if(|state| {
            work(state);
            true
        });
    }

    /// Changes the state, and has the actor look at it if `work` says so.
    fn change_if(&self, work: impl FnOnce(&mut State) -> bool) {
        let tell_it = {
            let mut state = self.shared.lock();
            let tell_it = work(&mut state) && !state.told;
            state.told |= tell_it;
            tell_it
        };
        if tell_it {
            tell(&*self.actor, Look);
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // its deadlines would keep the actor alive; after a close, nobody hears this
        tell(&*self.actor, Gone);
    }
}

/// The application waits for records, until this is dropped.
struct Inside<'a>(&'a Consumer);

impl<'a> Inside<'a> {
    fn enter(consumer: &'a Consumer) -> Self {
        consumer.change_if(|state| {
            state.fetcher.on_asked();
            state.inside += 1;
            state.awaited
        });
        Self(consumer)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.0.shared.lock();
        state.inside = state.inside.saturating_sub(1);
        state.since = monotonic_ms();
    }
}

/// Records, or what stands in their way.
fn take(state: &mut State, most: usize) -> Result<Vec<ConsumerRecord>, ConsumerError> {
    state.check()?;
    if let Some(error) = state.errors.pop_front() {
        return Err(error);
    }
    if state.handing_over {
        return Ok(Vec::new());
    }
    Ok(state.fetcher.take(most)?)
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("client", &self.client).finish_non_exhaustive()
    }
}
