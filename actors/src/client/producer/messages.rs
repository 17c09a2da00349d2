//! What a producer's actor is told.

use actix::Message;
use kafka_protocol::messages::{InitProducerIdResponse, ProduceResponse};
use ottla_core::base::TopicName;
use ottla_core::client::accumulator::ProduceError;
use tokio::sync::oneshot;

use crate::client::ClientError;

/// Producer → ProducerActor, tell: there are records in the inbox.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Wake;

/// Producer → ProducerActor, tell: the buffer is full, wait for nothing.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Hurry;

/// Producer → ProducerActor, tell: send everything; answered when all of it has its result.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Flush(pub(super) oneshot::Sender<()>);

/// Producer → ProducerActor, tell: give everything up that has no result.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Abort(pub(super) ProduceError);

/// Producer → ProducerActor, tell: it was closed, or its last handle is gone; stop as soon as every
/// record has its result.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Gone;

/// A task of the actor's own → ProducerActor, tell: a request has come to its end.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Finished(pub(super) Answer);

/// What a request came to.
#[derive(Debug)]
pub(super) enum Answer {
    /// Batches: none with acks=0.
    Produced { request: u64, response: Result<Option<ProduceResponse>, ClientError> },
    /// Metadata: the topics that could not be described.
    Described(Result<Vec<(TopicName, i16)>, ClientError>),
    /// A producer id.
    Identified(Result<InitProducerIdResponse, ClientError>),
}
