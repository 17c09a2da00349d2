//! The native client: producers, consumers and admin clients as actors, with plain async handles.
//!
//! It is a Kafka client, not only Ottla's: it agrees on versions with whatever broker it finds. A
//! handle is started inside an actix system, or any tokio `LocalSet`; its actor and connections
//! live on that thread, and the handle may be used from any. Nothing blocks when a handle is
//! dropped: what a producer was given still goes out while that thread runs, but nobody waits for
//! it, so call [`Producer::close`].
//!
//! ```text
//! Producer ─► inbox ─► ProducerActor ─► Accumulator (ottla_core::client) ─► Cluster ─► Connection
//! Consumer ─► state ─► ConsumerActor ─► Fetcher (ottla_core::client) ─────► Cluster ─► Connection
//! Admin ────────────► AdminActor ─────────────────────────────────────────► Cluster ─► Connection
//! ```

pub mod admin;
mod cluster;
mod config;
mod connection;
pub mod consumer;
mod error;
pub mod producer;
mod transport;

pub use admin::Admin;
pub use cluster::Route;
pub use config::ClientConfig;
pub use consumer::{Consumer, ConsumerConfig, ConsumerError};
pub use error::ClientError;
pub use kafka_protocol::messages;
pub use ottla_core::base::{Offset, TopicPartition};
pub use ottla_core::client::accumulator::{NewRecord, ProduceError, RecordMetadata};
pub use ottla_core::client::fetcher::{
    ConsumerRecord, FetchError, IsolationLevel, Position, ResetPolicy, SeekTo,
};
pub use ottla_core::client::membership::{Identity, MembershipConfig, Partitions};
pub use ottla_core::record::{Compression, Header};
pub use producer::{Acks, Delivery, Producer, ProducerConfig};
pub use transport::{ByteStream, Tcp, Transport};

#[cfg(test)]
mod tests;
