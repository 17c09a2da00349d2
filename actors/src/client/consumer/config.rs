//! What a consumer can be told.

use ottla_core::client::fetcher::FetcherConfig;

use crate::client::ClientConfig;

/// The settings of a consumer.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// What every client can be told.
    pub client: ClientConfig,
    /// How records are fetched, and where reading begins.
    pub fetching: FetcherConfig,
    /// Records that one poll gives at most (`max.poll.records`).
    pub max_poll_records: usize,
}

impl ConsumerConfig {
    /// Kafka's defaults, beginning at these addresses: `host:port`, separated by commas.
    #[must_use]
    pub fn new(bootstrap: &str) -> Self {
        Self {
            client: ClientConfig::new(bootstrap),
            fetching: FetcherConfig::default(),
            max_poll_records: 500,
        }
    }
}
