//! How the rest of the broker asks the controller.

use std::fmt;
use std::sync::Arc;

use actix::Recipient;
use arc_swap::ArcSwapOption;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_core::base::{BrokerId, TopicName};
use ottla_core::controller::{Refusal, RegisterBrokerRecord, ResourceAlteration};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::messages::{AutoCreated, Command, ConfigChange, ProducerIdBlock, Registration, Reply};
use crate::runtime::{Refused, offer_to};

/// Why the controller gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerError {
    /// The controller is starting, stopping or being rebuilt.
    Unavailable,
    /// The controller has as much to do as it may take on.
    Busy,
    /// The controller died, or lost its leadership, before the change was committed.
    Lost,
    /// The metadata log could not be written.
    StorageFailed,
}

impl ControllerError {
    /// The code a client sees; all but the last are retriable.
    #[must_use]
    pub fn code(self) -> ResponseError {
        match self {
            Self::Unavailable | Self::Lost => ResponseError::NotController,
            Self::Busy => ResponseError::ThrottlingQuotaExceeded,
            Self::StorageFailed => ResponseError::KafkaStorageError,
        }
    }
}

impl fmt::Display for ControllerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the controller is not available",
            Self::Busy => "the controller has too much to do",
            Self::Lost => "the controller stopped before the change was committed",
            Self::StorageFailed => "the metadata log could not be written",
        })
    }
}

impl std::error::Error for ControllerError {}

/// A handle on the controller that stays good while the guardian rebuilds its actor.
///
/// Each method answers when the change is committed, visible in the node's image, and carried out
/// on this broker: a produce right after `create_topics` finds its partition.
#[derive(Clone, Debug, Default)]
pub struct ControllerHandle {
    inbox: Arc<ArcSwapOption<Recipient<Command>>>,
}

impl ControllerHandle {
    /// From here on commands go to `inbox`; `None` while there is no controller.
    pub fn direct_to(&self, inbox: Option<Recipient<Command>>) {
        self.inbox.store(inbox.map(Arc::new));
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, ControllerError> {
        let (reply, answer) = oneshot::channel();
        {
            let inbox = self.inbox.load();
            let inbox = inbox.as_ref().ok_or(ControllerError::Unavailable)?;
            offer_to(inbox, command(reply)).map_err(|refused| match refused {
                Refused::Full(_) => ControllerError::Busy,
                Refused::Gone(_) => ControllerError::Unavailable,
            })?;
        }
        answer.await.map_err(|_| ControllerError::Lost)?
    }

    /// Creates topics, or with validate-only says what would happen.
    pub async fn create_topics(
        &self,
        request: CreateTopicsRequest,
    ) -> Result<CreateTopicsResponse, ControllerError> {
        self.ask(|reply| Command::CreateTopics(request, reply)).await
    }

    /// Creates the topics that do not exist, with the broker's defaults (internal topics: with
    /// the settings of their coordinator).
    pub async fn auto_create(
        &self,
        topics: Vec<TopicName>,
    ) -> Result<Vec<AutoCreated>, ControllerError> {
        self.ask(|reply| Command::AutoCreate(topics, reply)).await
    }

    /// Deletes topics by name or id.
    pub async fn delete_topics(
        &self,
        request: DeleteTopicsRequest,
    ) -> Result<DeleteTopicsResponse, ControllerError> {
        self.ask(|reply| Command::DeleteTopics(request, reply)).await
    }

    /// Adds partitions to topics.
    pub async fn create_partitions(
        &self,
        request: CreatePartitionsRequest,
    ) -> Result<CreatePartitionsResponse, ControllerError> {
        self.ask(|reply| Command::CreatePartitions(request, reply)).await
    }

    /// Changes dynamic settings; the answers stand in the order of `resources`.
    pub async fn alter_configs(
        &self,
        resources: Vec<ResourceAlteration>,
        validate_only: bool,
    ) -> Result<Vec<Result<(), Refusal>>, ControllerError> {
        let change = ConfigChange { resources, validate_only };
        self.ask(|reply| Command::AlterConfigs(change, reply)).await
    }

    /// Makes a broker that has started known to the cluster. After an unclean stop the partitions
    /// it leads get a new leader epoch.
    pub async fn register_broker(
        &self,
        record: RegisterBrokerRecord,
        unclean: bool,
    ) -> Result<(), ControllerError> {
        let registration = Registration { record, unclean };
        self.ask(|reply| Command::RegisterBroker(registration, reply)).await
    }

    /// Makes known that log directories failed; `usable` are the ids of those that are left.
    pub async fn log_dirs_failed(
        &self,
        broker: BrokerId,
        usable: Vec<Uuid>,
    ) -> Result<(), ControllerError> {
        self.ask(|reply| Command::LogDirsFailed(broker, usable, reply)).await
    }

    /// Gets a block of producer ids that nobody else is given.
    pub async fn allocate_producer_ids(&self) -> Result<ProducerIdBlock, ControllerError> {
        self.ask(Command::AllocateProducerIds).await
    }

    /// Closes the metadata log; the controller has ended when this answers.
    pub async fn shutdown(&self) -> Result<(), ControllerError> {
        let closed = self.ask(Command::Shutdown).await;
        self.direct_to(None);
        closed
    }
}
