//! What the controller can be asked. Every command carries the port its answer goes to.

use actix::Message;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, CreatePartitionsRequest, CreatePartitionsResponse,
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use ottla_core::base::{ProducerId, TopicName};
use tokio::sync::oneshot;

use super::ControllerError;

/// The port of one answer.
pub type Reply<T> = oneshot::Sender<Result<T, ControllerError>>;

/// A block of producer ids that only the asker may hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdBlock {
    /// The first id of the block.
    pub first: ProducerId,
    /// How many ids it has.
    pub count: i64,
}

/// How the automatic creation of one topic ended: `Ok` also when it exists already.
pub type AutoCreated = (TopicName, Result<(), ottla_core::controller::Refusal>);

/// Request handlers → controller; offered; answered when committed and applied on this broker.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum Command {
    /// Create topics; with validate-only, say what would happen.
    CreateTopics(CreateTopicsRequest, Reply<CreateTopicsResponse>),
    /// Create topics with the broker's defaults; one that exists is no error.
    AutoCreate(Vec<TopicName>, Reply<Vec<AutoCreated>>),
    /// Delete topics by name or id.
    DeleteTopics(DeleteTopicsRequest, Reply<DeleteTopicsResponse>),
    /// Add partitions to topics.
    CreatePartitions(CreatePartitionsRequest, Reply<CreatePartitionsResponse>),
    /// Replace all dynamic settings of resources.
    AlterConfigs(AlterConfigsRequest, Reply<AlterConfigsResponse>),
    /// Set, delete, append to or subtract from dynamic settings of resources.
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest, Reply<IncrementalAlterConfigsResponse>),
    /// Hand out a block of producer ids.
    AllocateProducerIds(Reply<ProducerIdBlock>),
}
