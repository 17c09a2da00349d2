//! How another program embeds the engine: as actors of its own actix system, with no process of
//! their own and, if it likes, no socket.
//!
//! ```
//! use ottla::{Batch, Engine, Offset};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! actix::System::new().block_on(async {
//!     let engine = Engine::ephemeral().without_listener().start().await?;
//!     let orders = engine.topic("orders");
//!
//!     let appended = orders.append(Batch::value("one espresso")).await?;
//!     let read = orders.partition(appended.partition).read(Offset(0)).await?;
//!     assert_eq!(read.records[0].value.as_deref(), Some(&b"one espresso"[..]));
//!
//!     engine.stop().await;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! What an application appends here, any Kafka client reads over TCP, and the other way round: both
//! go by the same messages to the same partitions, under the same limits.
//! [`Engine::builder`] starts a broker that keeps its data, [`Engine::ephemeral`] one for a test.

mod engine;

pub use engine::{
    Acks, Admin, Appended, Batch, Clock, CommittedOffset, Delivery, Engine, EngineBuilder,
    EngineError, Group, Membership, NewTopic, Partition, Read, ReadOptions, Record, StartAt,
    Subscription, SubscriptionEnd, TimedOffset, Topic,
};

pub use kafka_protocol::error::ResponseError as ErrorCode;
pub use ottla_actors::broker::StartError;
pub use ottla_actors::protocol::Listener;
pub use ottla_config::Settings;
pub use ottla_core::base::Offset;
pub use ottla_core::record::{Compression, Header};
