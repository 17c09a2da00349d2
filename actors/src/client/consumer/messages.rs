//! What a consumer's actor is told.

use std::rc::Rc;

use actix::Message;
use futures_util::future::LocalBoxFuture;
use kafka_protocol::messages::{
    FetchResponse, JoinGroupResponse, ListOffsetsResponse, OffsetForLeaderEpochResponse,
    SyncGroupResponse,
};
use ottla_core::base::TopicName;
use ottla_core::client::membership::Partitions;
use tokio::sync::oneshot;

use super::ConsumerError;
use super::commit::Offsets;
use super::listener::RebalanceListener;
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

/// Who learns what a commit came to.
pub(super) type Committed = Box<dyn FnOnce(Result<(), ConsumerError>) + Send>;

/// Consumer → ConsumerActor, tell: commit these offsets, or how far the application has come;
/// answered when the coordinator has answered.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Commit {
    pub(super) offsets: Option<Offsets>,
    /// Whether it is tried until somebody answers.
    pub(super) persistent: bool,
    pub(super) done: Committed,
}

/// Consumer → ConsumerActor, tell, once: end; answered when it is done.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct End(pub(super) oneshot::Sender<()>);

/// A task of the actor's own → ConsumerActor, tell: a request has come to its end.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Answered(pub(super) Answer);

/// A listener that has run.
pub(super) type Listener = Option<Box<dyn RebalanceListener>>;

/// What a request came to.
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
    /// What the group has committed.
    Committed {
        id: u64,
        answer: Result<Offsets, ClientError>,
    },
    Joined {
        id: u64,
        answer: Result<JoinGroupResponse, ClientError>,
    },
    Synced {
        id: u64,
        answer: Result<SyncGroupResponse, ClientError>,
    },
    /// A heartbeat of this generation.
    Beaten {
        generation: i32,
        answer: Result<i16, ClientError>,
    },
    /// The topics that the leader of the group asked for; those that could not be described.
    GroupDescribed(Vec<(TopicName, i16)>),
    /// The listener has dealt with what was given up, or taken over.
    GivenUp {
        partitions: Partitions,
        listener: Listener,
    },
    TakenOver {
        listener: Listener,
    },
    AutoCommitted(Result<(), ClientError>),
    /// A commit that the application asked for.
    CommitDone {
        result: Result<(), ConsumerError>,
        done: Committed,
    },
    /// Metadata: the topics that could not be described.
    Described {
        all: bool,
        answer: Result<Vec<(TopicName, i16)>, ClientError>,
    },
}
