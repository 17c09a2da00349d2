//! The first words with a server of either protocol: for idle connections, and for a start.

use crate::error::BenchError;
use crate::{nats, wire};

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Kafka,
    Nats,
}

/// A connection that has exchanged the first words.
#[derive(Debug)]
pub(crate) enum Greeter {
    Kafka(wire::Client),
    Nats(nats::Client),
}

impl Greeter {
    /// Connects, and has the first answer: the versions, or PONG.
    pub(crate) async fn connect(protocol: Protocol, address: &str) -> Result<Self, BenchError> {
        match protocol {
            Protocol::Kafka => wire::Client::connect(address).await.map(Self::Kafka),
            Protocol::Nats => nats::Client::connect(address).await.map(Self::Nats),
        }
    }

    /// The smallest exchange again.
    pub(crate) async fn greet(&mut self) -> Result<(), BenchError> {
        match self {
            Self::Kafka(client) => client.api_versions().await.map(drop),
            Self::Nats(client) => client.greet().await,
        }
    }

    /// Whether the server serves: it names its nodes, or JetStream answers.
    pub(crate) async fn serves(&mut self) -> bool {
        match self {
            Self::Kafka(client) => {
                client.metadata(&[]).await.is_ok_and(|metadata| !metadata.nodes.is_empty())
            }
            Self::Nats(client) => client.account().await.is_ok(),
        }
    }
}
