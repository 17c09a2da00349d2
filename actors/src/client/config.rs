//! What every kind of client can be told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ottla_core::client::Endpoint;

use super::transport::{Tcp, Transport};

/// The settings that producers, consumers and admin clients share, with Kafka's defaults.
#[derive(Clone)]
pub struct ClientConfig {
    /// Where to begin: one or more `host:port` (`bootstrap.servers`).
    pub bootstrap: Vec<String>,
    /// What the client calls itself (`client.id`).
    pub client_id: String,
    /// How long an answer may take (`request.timeout.ms`).
    pub request_timeout: Duration,
    /// How long a connection may take to be made (`socket.connection.setup.timeout.ms`).
    pub connect_timeout: Duration,
    /// The first wait before a broker is tried again (`reconnect.backoff.ms`).
    pub reconnect_backoff: Duration,
    /// The longest such wait (`reconnect.backoff.max.ms`).
    pub reconnect_backoff_max: Duration,
    /// The wait before a request is sent again (`retry.backoff.ms`).
    pub retry_backoff: Duration,
    /// How old metadata may become (`metadata.max.age.ms`).
    pub metadata_max_age: Duration,
    /// Whether asking for a topic may create it (`allow.auto.create.topics`).
    pub auto_create_topics: bool,
    /// How long a call goes on being tried (`default.api.timeout.ms`).
    pub api_timeout: Duration,
    /// How connections are made.
    pub transport: Arc<dyn Transport>,
}

impl ClientConfig {
    /// The defaults, beginning at these addresses: `host:port`, separated by commas.
    #[must_use]
    pub fn new(bootstrap: &str) -> Self {
        Self {
            bootstrap: bootstrap.split(',').map(|address| address.trim().to_owned()).collect(),
            client_id: "ottla".to_owned(),
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            reconnect_backoff: Duration::from_millis(50),
            reconnect_backoff_max: Duration::from_secs(1),
            retry_backoff: Duration::from_millis(100),
            metadata_max_age: Duration::from_secs(300),
            auto_create_topics: true,
            api_timeout: Duration::from_secs(60),
            transport: Arc::new(Tcp),
        }
    }

    /// The addresses that can be read: `host:port`, an IPv6 host in brackets.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        self.bootstrap.iter().filter_map(|address| {
            let (host, port) = address.rsplit_once(':')?;
            let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            Some(Endpoint { host, port: port.parse().ok()? }).filter(|e| !e.host.is_empty())
        })
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("bootstrap", &self.bootstrap)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
