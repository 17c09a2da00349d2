//! A client's connections to the brokers of a cluster, and what it knows of them.

use std::cell::{Ref, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{FindCoordinatorRequest, MetadataRequest};
use kafka_protocol::protocol::{Request, StrBytes};
use ottla_core::base::{BrokerId, TopicName, TopicPartition, host_and_port};
use ottla_core::client::{Endpoint, LeaderHint, Metadata};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::config::ClientConfig;
use super::connection::Connection;
use super::error::ClientError;

/// Whom a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Any broker.
    Any,
    /// The broker that takes requests for the controller.
    Controller,
    /// This broker.
    Broker(BrokerId),
    /// The leader of this partition.
    Leader(TopicPartition),
    /// The coordinator of this group.
    Coordinator(String),
}

/// Which of the connections to a broker a request takes: answers come in the order of requests, so
/// one that is long in coming holds up what is behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// What is answered at once.
    #[default]
    Main,
    /// Fetches: they wait for records.
    Fetch,
    /// Joining a group: it waits for other members.
    Group,
}

/// The connection to one address, if there is one, and when it may be tried again.
#[derive(Default)]
struct Slot {
    connection: Option<Rc<Connection>>,
    failures: u32,
    retry_at: Option<Instant>,
}

/// The slot of each host, port and lane.
type Slots = HashMap<(String, u16, Lane), Rc<Mutex<Slot>>>;

/// The cluster as one client sees it. Lives on one thread, shared by the tasks of one actor.
pub(crate) struct Cluster {
    config: ClientConfig,
    metadata: RefCell<Metadata>,
    slots: RefCell<Slots>,
    coordinators: RefCell<HashMap<String, BrokerId>>,
}

impl Cluster {
    pub(crate) fn new(config: ClientConfig) -> Rc<Self> {
        Rc::new(Self {
            config,
            metadata: RefCell::default(),
            slots: RefCell::default(),
            coordinators: RefCell::default(),
        })
    }

    pub(crate) fn config(&self) -> &ClientConfig {
        &self.config
    }

    pub(crate) fn metadata(&self) -> Ref<'_, Metadata> {
        self.metadata.borrow()
    }

    /// Takes over a leader that a response named; whether it was news.
    pub(crate) fn hint(&self, hint: &LeaderHint) -> bool {
        self.metadata.borrow_mut().hint(hint)
    }

    /// Asks, in the highest version up to `max` that both sides speak; `build` makes the request
    /// for a version.
    pub(crate) async fn call<R: Request>(
        &self,
        route: &Route,
        max: i16,
        timeout: Duration,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Response, ClientError> {
        self.call_on(Lane::Main, route, max, timeout, build).await
    }

    /// [`call`](Self::call) on one of the lanes.
    pub(crate) async fn call_on<R: Request>(
        &self,
        lane: Lane,
        route: &Route,
        max: i16,
        timeout: Duration,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Response, ClientError> {
        let connection = self.connection_on(lane, route).await?;
        let version = connection.version::<R>(max)?;
        connection.call(version, &build(version), timeout).await
    }

    /// [`call`](Self::call) to whichever broker can be reached.
    async fn call_any<R: Request>(
        &self,
        max: i16,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Response, ClientError> {
        let connection = self.any().await?;
        let version = connection.version::<R>(max)?;
        connection.call(version, &build(version), self.config.request_timeout).await
    }

    /// The connection that a route leads to.
    pub(crate) async fn connection(&self, route: &Route) -> Result<Rc<Connection>, ClientError> {
        self.connection_on(Lane::Main, route).await
    }

    async fn connection_on(
        &self,
        lane: Lane,
        route: &Route,
    ) -> Result<Rc<Connection>, ClientError> {
        let broker = match route {
            Route::Any => return self.any().await,
            Route::Broker(broker) => *broker,
            Route::Controller => self.controller().await?,
            Route::Leader(partition) => self.leader(partition).await?,
            Route::Coordinator(group) => self.coordinator(group).await?,
        };
        let known = self.metadata().endpoint(broker).is_some();
        if !known {
            self.refresh(Some(&[]), false).await?;
        }
        let endpoint = self.metadata().endpoint(broker).cloned();
        self.connect(lane, &endpoint.ok_or(ClientError::NotKnown)?).await
    }

    /// A broker that can be reached: known ones first, then the addresses to begin with.
    async fn any(&self) -> Result<Rc<Connection>, ClientError> {
        let mut places: Vec<Endpoint> =
            self.metadata().brokers().map(|(_, endpoint)| endpoint.clone()).collect();
        for endpoint in self.config.endpoints() {
            if !places.contains(&endpoint) {
                places.push(endpoint);
            }
        }
        let mut last = ClientError::NoAddress;
        for endpoint in &places {
            match self.connect(Lane::Main, endpoint).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect(
        &self,
        lane: Lane,
        endpoint: &Endpoint,
    ) -> Result<Rc<Connection>, ClientError> {
        let place = (endpoint.host.clone(), endpoint.port, lane);
        let slot = Rc::clone(self.slots.borrow_mut().entry(place).or_default());
        // whoever comes second waits for the connection that the first one makes
        let mut slot = slot.lock().await;
        if let Some(connection) = slot.connection.as_ref().filter(|c| !c.is_closed()) {
            return Ok(Rc::clone(connection));
        }
        slot.connection = None;
        if let Some(at) = slot.retry_at.take() {
            tokio::time::sleep_until(at).await;
        }
        let made = tokio::time::timeout(self.config.connect_timeout, self.make(endpoint)).await;
        match made.unwrap_or(Err(ClientError::TimedOut)) {
            Ok(connection) => {
                let connection = Rc::new(connection);
                slot.connection = Some(Rc::clone(&connection));
                slot.failures = 0;
                Ok(connection)
            }
            Err(error) => {
                let factor = 1_u32.checked_shl(slot.failures).unwrap_or(u32::MAX);
                let wait = self.config.reconnect_backoff.saturating_mul(factor);
                slot.retry_at = Some(Instant::now() + wait.min(self.config.reconnect_backoff_max));
                slot.failures = slot.failures.saturating_add(1).min(16);
                Err(error)
            }
        }
    }

    async fn make(&self, endpoint: &Endpoint) -> Result<Connection, ClientError> {
        let stream = self.config.transport.connect(&endpoint.host, endpoint.port).await;
        let stream = stream.map_err(|error| ClientError::Connect {
            address: host_and_port(&endpoint.host, endpoint.port),
            kind: error.kind(),
        })?;
        Connection::open(stream, &self.config.client_id, self.config.request_timeout).await
    }

    /// Asks about topics, or about all of them, and returns those that the brokers could not
    /// describe, with the error codes.
    pub(crate) async fn refresh(
        &self,
        topics: Option<&[TopicName]>,
        create: bool,
    ) -> Result<Vec<(TopicName, i16)>, ClientError> {
        let wanted = topics.map(|topics| {
            let named = topics.iter().map(|topic| {
                let name = StrBytes::from_string(topic.to_string()).into();
                MetadataRequestTopic::default().with_name(Some(name))
            });
            named.collect::<Vec<_>>()
        });
        let build = |version: i16| {
            // before version 1, no topics at all means every one
            let every = (version == 0).then(Vec::new);
            let wanted = wanted.clone().or(every);
            let request = MetadataRequest::default().with_topics(wanted);
            // earlier versions have no say in it
            if version >= 4 { request.with_allow_auto_topic_creation(create) } else { request }
        };
        let answer = self.call_any(12, build).await?;
        Ok(self.metadata.borrow_mut().update(&answer, topics.is_none()))
    }

    async fn controller(&self) -> Result<BrokerId, ClientError> {
        if self.metadata().controller().is_none() {
            self.refresh(Some(&[]), false).await?;
        }
        self.metadata().controller().ok_or(ClientError::NotKnown)
    }

    async fn leader(&self, partition: &TopicPartition) -> Result<BrokerId, ClientError> {
        if self.metadata().leader(partition).is_none() {
            let failed = self.refresh(Some(&[TopicName::clone(&partition.topic)]), false).await?;
            failed.first().map_or(Ok(()), |(_, code)| ClientError::check(*code))?;
        }
        self.metadata().leader(partition).ok_or(ClientError::NotKnown)
    }

    /// The broker that coordinates a group.
    pub(crate) async fn coordinator(&self, group: &str) -> Result<BrokerId, ClientError> {
        let known = self.coordinators.borrow().get(group).copied();
        if let Some(known) = known.filter(|broker| self.metadata().endpoint(*broker).is_some()) {
            return Ok(known);
        }
        if self.metadata().brokers().next().is_none() {
            self.refresh(Some(&[]), false).await?;
        }
        let key = StrBytes::from_string(group.to_owned());
        let build = |version: i16| match version {
            0..4 => FindCoordinatorRequest::default().with_key(key.clone()),
            _ => FindCoordinatorRequest::default().with_coordinator_keys(vec![key.clone()]),
        };
        let answer = self.call_any(i16::MAX, build).await?;
        let (code, broker) = match answer.coordinators.first() {
            Some(found) => (found.error_code, found.node_id),
            None => (answer.error_code, answer.node_id),
        };
        ClientError::check(code)?;
        let broker = BrokerId(broker.0);
        self.coordinators.borrow_mut().insert(group.to_owned(), broker);
        Ok(broker)
    }

    /// Forgets what a route went by, because it led to the wrong broker.
    pub(crate) fn forget(&self, route: &Route) {
        match route {
            Route::Leader(partition) => self.metadata.borrow_mut().forget(&partition.topic),
            Route::Coordinator(group) => drop(self.coordinators.borrow_mut().remove(group)),
            Route::Controller | Route::Any | Route::Broker(_) => {}
        }
    }
}
