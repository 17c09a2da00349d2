//! What a consumer can be told.

use std::time::Duration;

use ottla_core::client::fetcher::FetcherConfig;
use ottla_core::client::membership::MembershipConfig;

use crate::client::ClientConfig;

/// The settings of a consumer.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// What every client can be told.
    pub client: ClientConfig,
    /// How records are fetched, and where reading begins.
    pub fetching: FetcherConfig,
    /// The group, for a consumer that is a member of one or commits offsets to one.
    pub group: Option<MembershipConfig>,
    /// How often offsets are committed on their own, if they are (`enable.auto.commit`,
    /// `auto.commit.interval.ms`); only with a group.
    pub auto_commit: Option<Duration>,
    /// Whether patterns leave Kafka's own topics out (`exclude.internal.topics`).
    pub exclude_internal_topics: bool,
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
            group: None,
            auto_commit: Some(Duration::from_secs(5)),
            exclude_internal_topics: true,
            max_poll_records: 500,
        }
    }
}
