//! Who is told when partitions change hands.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::{LocalBoxFuture, ready};
use ottla_core::base::{Offset, TopicPartition};
use ottla_core::client::fetcher::{Position, SeekTo};
use ottla_core::client::membership::{Identity, Partitions};

use super::ConsumerError;
use super::commit::{self, OffsetAndMetadata};
use super::shared::Shared;
use crate::client::cluster::Cluster;

/// Is told when partitions change hands (Kafka's `ConsumerRebalanceListener`).
///
/// It runs on the consumer's thread, while the application waits for records and before it gets
/// any; the group waits for it, so it should not take long.
pub trait RebalanceListener: Send {
    /// These partitions are this consumer's now; their positions may still be moved.
    fn assigned<'a>(
        &'a mut self,
        rebalance: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        _ = (rebalance, partitions);
        Box::pin(ready(()))
    }

    /// These partitions go to somebody else; what was read of them may still be committed.
    fn revoked<'a>(
        &'a mut self,
        rebalance: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        _ = (rebalance, partitions);
        Box::pin(ready(()))
    }

    /// These partitions may be somebody else's already; nothing of them can be committed.
    fn lost<'a>(
        &'a mut self,
        rebalance: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        self.revoked(rebalance, partitions)
    }
}

/// What a listener can do while partitions change hands.
pub struct Rebalance {
    pub(super) shared: Arc<Shared>,
    pub(super) cluster: Rc<Cluster>,
    pub(super) group: String,
    pub(super) identity: Identity,
}

impl Rebalance {
    /// The offset of the next record that the application would get, if it is known.
    #[must_use]
    pub fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.shared.lock().fetcher.position(partition).map(|position| position.offset)
    }

    /// Goes on at this offset.
    ///
    /// # Errors
    /// The partition is not assigned.
    pub fn seek(&self, partition: &TopicPartition, to: Offset) -> Result<(), ConsumerError> {
        let moved = self.shared.lock().fetcher.seek(partition, Position::at(to));
        if moved { Ok(()) } else { Err(ConsumerError::NotAssigned(partition.clone())) }
    }

    /// Goes on with the first record, the next one that is written, or the first one so young.
    ///
    /// # Errors
    /// The partition is not assigned.
    pub fn seek_to(&self, partition: &TopicPartition, to: SeekTo) -> Result<(), ConsumerError> {
        let moved = self.shared.lock().fetcher.seek_to(partition, to);
        if moved { Ok(()) } else { Err(ConsumerError::NotAssigned(partition.clone())) }
    }

    /// Commits how far the application has come in these partitions.
    ///
    /// # Errors
    /// It was not committed.
    pub async fn commit_positions(&self, partitions: &Partitions) -> Result<(), ConsumerError> {
        let mut positions = self.shared.lock().fetcher.positions();
        positions.retain(|partition, _| partitions.contains(partition));
        let offsets = positions.into_iter().map(|(partition, at)| (partition, at.into()));
        self.commit(&offsets.collect()).await
    }

    /// Commits offsets.
    ///
    /// # Errors
    /// They were not committed.
    pub async fn commit(
        &self,
        offsets: &BTreeMap<TopicPartition, OffsetAndMetadata>,
    ) -> Result<(), ConsumerError> {
        commit::until_answered(&self.cluster, &self.group, &self.identity, offsets).await
    }
}
