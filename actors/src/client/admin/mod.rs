//! The admin client: questions and orders to the brokers of a cluster.
//!
//! [`Admin::ask`] sends any request of Kafka's to whom it belongs; the methods beside it know the
//! common ones: which broker, which version, which error code stands where.

mod brokers;
mod calls;
mod configs;
mod describe;
mod describe_groups;
mod group_offsets;
mod groups;
mod log_dirs;
mod offsets;
mod quotas;
mod records;
mod topics;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, Message};
use futures_util::future::LocalBoxFuture;
use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::{Request, StrBytes};
use tokio::sync::{Semaphore, oneshot};

use super::cluster::{Cluster, Route};
use super::{ClientConfig, ClientError};
use crate::runtime::{start_here, tell};

pub use configs::{ConfigChange, ConfigEntry, ConfigSource, ConfigSynonym, ResourceKind};
pub use describe::{PartitionDescription, Reassignment, TopicDescription};
pub use describe_groups::{GroupDescription, GroupMember, Node};
pub use group_offsets::CommittedOffset;
pub use groups::GroupFilter;
pub use log_dirs::{LogDirDescription, ReplicaInfo};
pub use offsets::{ListedOffset, OffsetSpec};
pub use quotas::{QuotaMatch, Quotas, ScramUser};
pub use topics::{NewPartitions, NewTopic};

/// Calls of one admin client that are under way at once; whoever has more to ask waits.
const MAX_CALLS: usize = 64;

/// Why one thing among several was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Kafka's error.
    pub error: ResponseError,
    /// What the broker said beside it.
    pub message: Option<String>,
}

impl Refusal {
    fn check(code: i16, message: Option<&StrBytes>) -> Result<(), Self> {
        let message = message.map(|message| message.as_str().to_owned());
        ResponseError::try_from_code(code).map_or(Ok(()), |error| Err(Self { error, message }))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.error),
            None => write!(f, "{}", self.error),
        }
    }
}

impl std::error::Error for Refusal {}

type Work = Box<dyn FnOnce(Rc<Cluster>) -> LocalBoxFuture<'static, ()> + Send>;

/// Admin → AdminActor, tell, 64 at most: one call; answered through a slot of its own.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Call(Work);

/// The connections of one admin client.
///
/// Lives on the thread that started it; owned by its [`Admin`] handles; mailbox 16 messages. Never
/// blocks: each call is a task of its own. It is not rebuilt: a panic ends the calls under way, and
/// each of them says so.
pub struct AdminActor {
    cluster: Rc<Cluster>,
}

impl Actor for AdminActor {
    type Context = Context<Self>;
}

impl Handler<Call> for AdminActor {
    type Result = ();

    fn handle(&mut self, Call(work): Call, _: &mut Context<Self>) {
        actix_rt::spawn(work(Rc::clone(&self.cluster)));
    }
}

/// Asks and orders. Clones share their connections.
#[derive(Clone)]
pub struct Admin {
    actor: Arc<Addr<AdminActor>>,
    calls: Arc<Semaphore>,
}

impl Admin {
    /// Starts an admin client on this thread, which must run an actix system or a tokio `LocalSet`.
    ///
    /// # Errors
    /// No address to begin with can be read.
    pub fn start(mut config: ClientConfig) -> Result<Self, ClientError> {
        if config.endpoints().next().is_none() {
            return Err(ClientError::NoAddress);
        }
        // a question about a topic must not make it
        config.auto_create_topics = false;
        let actor = AdminActor { cluster: Cluster::new(config) };
        let actor = Arc::new(start_here("admin", actor));
        Ok(Self { actor, calls: Arc::new(Semaphore::new(MAX_CALLS)) })
    }

    /// Sends a request to whom it belongs and waits for the answer, in which errors stand where
    /// Kafka puts them. Brokers that cannot be reached are tried again until
    /// `default.api.timeout.ms` is over.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn ask<R>(&self, route: Route, request: R) -> Result<R::Response, ClientError>
    where
        R: Request + Clone + Send + 'static,
        R::Response: Send + 'static,
    {
        self.ask_as(route, i16::MAX, move |_| request.clone(), |_| 0).await
    }

    /// [`ask`](Self::ask) in a version up to `max`, with the request that `build` makes for it.
    /// `code` finds the error of the whole answer, and retriable ones are tried again.
    async fn ask_as<R>(
        &self,
        route: Route,
        max: i16,
        build: impl Fn(i16) -> R + Send + 'static,
        code: impl Fn(&R::Response) -> i16 + Send + 'static,
    ) -> Result<R::Response, ClientError>
    where
        R: Request,
        R::Response: Send + 'static,
    {
        self.run(move |cluster| {
            Box::pin(async move {
                let limit = cluster.config().api_timeout;
                let tries = calls::until_answered(&cluster, &route, max, build, code);
                tokio::time::timeout(limit, tries).await.unwrap_or(Err(ClientError::TimedOut))
            })
        })
        .await
    }

    /// Runs `work` on the actor's thread. When the caller goes away, the work goes on.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Rc<Cluster>) -> LocalBoxFuture<'static, Result<T, ClientError>>
        + Send
        + 'static,
    ) -> Result<T, ClientError> {
        let calls = Arc::clone(&self.calls);
        let room = calls.acquire_owned().await.map_err(|_| ClientError::Closed)?;
        let (sender, answer) = oneshot::channel();
        let work: Work = Box::new(move |cluster| {
            Box::pin(async move {
                // whoever asked may have gone away
                drop(sender.send(work(cluster).await));
                drop(room);
            })
        });
        tell(&*self.actor, Call(work));
        answer.await.unwrap_or(Err(ClientError::Closed))
    }

    /// Takes no more calls and waits for those under way.
    pub async fn close(self) {
        let all = u32::try_from(MAX_CALLS).unwrap_or(u32::MAX);
        // an error means that it was closed before
        let idle = self.calls.acquire_many(all).await;
        self.calls.close();
        drop(idle);
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admin")
    }
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn owned(text: &StrBytes) -> String {
    text.as_str().to_owned()
}
