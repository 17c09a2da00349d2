//! What all handles on one engine share.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use actix::{Handler, Message};
use ottla_actors::node::Node;
use ottla_actors::partition::{PartitionActor, Refusable};
use ottla_actors::runtime::{Clock, MemoryPermit};
use ottla_core::base::TopicPartition;
use ottla_core::partition::Refusal;

use super::EngineError;

/// The broker, and whether it still runs.
pub(super) struct Shared {
    node: Arc<Node>,
    stopped: AtomicBool,
}

impl Shared {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Self { node, stopped: AtomicBool::new(false) }
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// The time the broker goes by.
    pub(super) fn clock(&self) -> &Clock {
        self.node.cores.clock()
    }

    /// The broker, as long as it runs.
    pub(super) fn node(&self) -> Result<&Arc<Node>, EngineError> {
        if self.stopped.load(Ordering::Acquire) {
            Err(EngineError::Stopped)
        } else {
            Ok(&self.node)
        }
    }

    /// Waits until there is memory for a request of `bytes`, under the limit that connections have.
    pub(super) async fn admit(&self, bytes: usize) -> Result<MemoryPermit, EngineError> {
        let node = self.node()?;
        let limit = usize::try_from(node.settings.socket_request_max_bytes).unwrap_or(0);
        if bytes > limit {
            return Err(EngineError::TooLarge { bytes, limit });
        }
        poll_fn(|context| match node.credits.admits(context.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        let mut permit = node.credits.permit();
        if permit.grow_to(bytes) { Ok(permit) } else { Err(EngineError::Busy) }
    }

    /// Hands a message to a partition; one that cannot be delivered is answered with a refusal.
    pub(super) fn deliver<M>(&self, partition: &TopicPartition, message: M)
    where
        M: Refusable + Message + Send + 'static,
        M::Result: Send,
        PartitionActor: Handler<M>,
    {
        let image = self.node.image.load();
        match image.partition(&partition.topic, partition.partition) {
            Some(found) => {
                let missing =
                    Refusal::NotLeader { leader: found.leader, epoch: found.leader_epoch };
                self.node.partitions.send_or(partition, message, missing);
            }
            None => message.refuse(Refusal::UnknownPartition),
        }
    }
}
