//! What a consumer's actor is told.

use std::rc::Rc;

use actix::Message;
use futures_util::future::LocalBoxFuture;
use kafka_protocol::messages::{FetchResponse, ListOffsetsResponse, OffsetForLeaderEpochResponse};
use ottla_core::base::TopicName;
use tokio::sync::oneshot;

use crate::client::ClientError;
use crate::client::cluster::Cluster;

/// Consumer → ConsumerActor, tell, one for all that has changed: look at what is wanted.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Look;

pub(super) type Work = Box<dyn FnOnce(Rc<Cluster>) -> LocalBoxFuture<'static, ()> + Send>;

/// Consumer → ConsumerActor, tell, 64 at most: a question to the brokers; answered through a slot
/// of its own.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Question(pub(super) Work);

/// Consumer → ConsumerActor, tell, once: the handle is gone, stop at once.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Gone;

/// Consumer → ConsumerActor, tell, once: end; answered when it is done.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct End(pub(super) oneshot::Sender<()>);

/// A task of the actor's own → ConsumerActor, tell: a request has come to its end.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Answered(pub(super) Answer);

/// What a request came to.
#[derive(Debug)]
pub(super) enum Answer {
    Fetched {
        id: u64,
        answer: Result<FetchResponse, ClientError>,
    },
    Offsets {
        id: u64,
        answer: Result<ListOffsetsResponse, ClientError>,
    },
    EpochEnds {
        id: u64,
        answer: Result<OffsetForLeaderEpochResponse, ClientError>,
    },
    /// Metadata: the topics that could not be described.
    Described(Result<Vec<(TopicName, i16)>, ClientError>),
}
