//! What a client decides: where a record goes, what is sent when, who reads which partition.
//!
//! [`Accumulator`] is the producer: records become batches, batches become requests, answers
//! become results. [`Fetcher`] is the reading half of a consumer: positions become requests,
//! answers records; [`Membership`] is its place in a group. [`assignor`] divides partitions among
//! the members of a group as Kafka's own assignors do. [`Metadata`] remembers who leads what.
#![deny(clippy::indexing_slicing)]

pub mod accumulator;
pub mod assignor;
pub mod fetcher;
pub mod membership;
mod metadata;
mod murmur2;
mod partitioner;
mod random;

pub use accumulator::Accumulator;
pub use fetcher::Fetcher;
pub use membership::Membership;
pub use metadata::{Endpoint, LeaderHint, Metadata, PartitionMetadata, TopicMetadata};
pub use murmur2::murmur2;
pub use partitioner::{Partitioner, Strategy, partition_for_key};
pub use random::Random;

#[cfg(test)]
mod testing;
