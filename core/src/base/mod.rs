//! Ids, quantities and time: the words that every other room speaks.

mod address;
mod ids;
mod tick;
mod wheel;

pub use address::host_and_port;
pub use ids::{
    BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId, TopicName, TopicPartition,
};
pub use tick::Tick;
pub use wheel::{TimerId, TimerWheel};
