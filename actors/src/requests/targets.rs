//! From the topics of a request to the partitions of this broker, and back to one answer.

use std::sync::Arc;

use ottla_core::base::{BrokerId, LeaderEpoch, TopicId, TopicPartition};
use ottla_core::controller::{BrokerEndpoint, MetadataImage, TopicImage};
use ottla_core::partition::Refusal;
use tokio::sync::oneshot;

use super::Request;
use crate::node::Node;
use crate::runtime::{Join, Reply, ReplyPort};

/// A partition that the metadata knows.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) partition: TopicPartition,
    /// What to answer while this broker has no actor for it.
    pub(super) missing: Refusal,
}

/// Finds a partition of a topic given by name.
pub(super) fn by_name(
    image: &MetadataImage,
    topic: &str,
    partition: i32,
) -> Result<Target, Refusal> {
    target(image.topic(topic), partition, Refusal::UnknownPartition)
}

/// Finds a partition of a topic given by id.
pub(super) fn by_id(
    image: &MetadataImage,
    topic: TopicId,
    partition: i32,
) -> Result<Target, Refusal> {
    target(image.topic_by_id(topic), partition, Refusal::UnknownTopicId)
}

fn target(
    topic: Option<&Arc<TopicImage>>,
    partition: i32,
    unknown: Refusal,
) -> Result<Target, Refusal> {
    let topic = topic.ok_or(unknown)?;
    let index = usize::try_from(partition).map_err(|_| Refusal::UnknownPartition)?;
    let found = topic.partitions.get(index).ok_or(Refusal::UnknownPartition)?;
    Ok(Target {
        partition: TopicPartition { topic: Arc::clone(&topic.name), partition },
        missing: Refusal::NotLeader { leader: found.leader, epoch: found.leader_epoch },
    })
}

/// Sends a message to the partition a request means, or refuses it.
pub(super) fn deliver<M>(node: &Node, target: &Result<Target, Refusal>, message: M)
where
    M: crate::partition::Refusable + actix::Message + Send + 'static,
    M::Result: Send,
    crate::partition::PartitionActor: actix::Handler<M>,
{
    match target {
        Ok(target) => node.partitions.send_or(&target.partition, message, target.missing),
        Err(refusal) => message.refuse(*refusal),
    }
}

/// Ports for `count` answers, and the future that resolves with all of them, in order.
pub(super) fn gather<T: Reply>(
    count: usize,
) -> (impl Iterator<Item = ReplyPort<T>>, oneshot::Receiver<Vec<T>>) {
    let (sender, receiver) = oneshot::channel();
    let ports = Join::ports(count, move |answers| {
        // the request may be gone: what it asked for was done all the same
        drop(sender.send(answers));
    });
    (ports, receiver)
}

/// Where a leader listens, for clients of the request's listener (KIP-951).
pub(super) fn leader_endpoint<'a>(
    image: &'a MetadataImage,
    request: &Request,
    leader: BrokerId,
) -> Option<(&'a BrokerEndpoint, Option<&'a str>)> {
    let broker = image.broker(leader)?;
    let endpoint = broker.endpoint(&request.listener.name)?;
    Some((endpoint, broker.rack.as_deref()))
}

/// The leaders that an answer names, each once.
pub(super) fn leaders(
    found: impl Iterator<Item = Option<(BrokerId, LeaderEpoch)>>,
) -> Vec<BrokerId> {
    let mut ids: Vec<_> = found.flatten().map(|(id, _)| id).filter(|id| id.0 >= 0).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
