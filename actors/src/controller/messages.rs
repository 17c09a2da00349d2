//! What the controller can be asked, and what it tells others.

use std::sync::Arc;

use actix::Message;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_core::base::{BrokerId, ProducerId, TopicId, TopicName};
use ottla_core::controller::{
    ImageDelta, MetadataImage, Refusal, RegisterBrokerRecord, ResourceAlteration,
};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::ControllerError;
use crate::runtime::{Reply as Answerable, ReplyPort};

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
pub type AutoCreated = (TopicName, Result<(), Refusal>);

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
    /// Change dynamic settings of resources.
    AlterConfigs(ConfigChange, Reply<Vec<Result<(), Refusal>>>),
    /// Hand out a block of producer ids.
    AllocateProducerIds(Reply<ProducerIdBlock>),
    /// A broker has started.
    RegisterBroker(Registration, Reply<()>),
    /// Log directories of a broker failed; these are left.
    LogDirsFailed(BrokerId, Vec<Uuid>, Reply<()>),
    /// The broker stops: close the metadata log. Answered when it is closed.
    Shutdown(Reply<()>),
}

/// Changes of settings that were asked for together.
#[derive(Debug)]
pub struct ConfigChange {
    /// The resources, in the order of the request.
    pub resources: Vec<ResourceAlteration>,
    /// Whether nothing shall be written.
    pub validate_only: bool,
}

/// A broker that has started.
#[derive(Debug)]
pub struct Registration {
    /// What is known of it.
    pub record: RegisterBrokerRecord,
    /// Whether it was not stopped in an orderly way before.
    pub unclean: bool,
}

/// Controller → replica manager; told, in the order of the log; answered when carried out.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ApplyImage {
    /// The state to carry out.
    pub image: Arc<MetadataImage>,
    /// What changed since the last; `None` when everything may have.
    pub delta: Option<ImageDelta>,
    /// Answered when partitions exist and settings are in force.
    pub done: ReplyPort<Carried>,
}

/// What carrying out an image led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Log directories chosen for new replicas.
    pub directories: Vec<(TopicId, i32, Uuid)>,
}

impl Answerable for Carried {
    fn lost() -> Self {
        Self::default()
    }
}

/// Consensus → controller; told; an entry is committed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Next(pub(super) super::consensus::Committed);
