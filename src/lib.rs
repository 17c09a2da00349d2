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
    EngineError, Group, GroupDescription, GroupListing, GroupMemberDescription, LogDir, LogSize,
    Membership, NewTopic, Partition, Read, ReadOptions, Record, StartAt, Subscription,
    SubscriptionEnd, TimedOffset, Topic,
};

/// ```
/// # use ottla::{Engine, ErrorCode, NewTopic};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let refused = engine.admin().create_topic(NewTopic::new("two words")).await;
/// assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidTopicException);
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
pub use kafka_protocol::error::ResponseError as ErrorCode;
/// ```
/// # use ottla::{Engine, StartError};
/// actix::System::new().block_on(async {
///     let start = Engine::ephemeral().config("num.partitions", "many").start().await;
///     let Err(error @ StartError::Setting(_)) = start else { panic!("it started") };
///     assert!(error.to_string().contains("num.partitions"));
/// });
/// ```
pub use ottla_actors::broker::StartError;
/// The same for other brokers, over TCP: Ottla's or Kafka's.
///
/// ```
/// # use ottla::Engine;
/// use std::time::Duration;
///
/// use ottla::client::{
///     Consumer, ConsumerConfig, NewRecord, Producer, ProducerConfig, ResetPolicy,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().start().await?;
/// # let bootstrap = engine.listeners()[0].bound.to_string();
/// let producer = Producer::start(ProducerConfig::new(&bootstrap))?;
/// let sent = producer.send(NewRecord::new("orders", "one espresso").with_key("table 4")).await?;
/// let written = sent.await?;
/// producer.close(Duration::from_secs(5)).await;
///
/// let mut config = ConsumerConfig::new(&bootstrap);
/// config.fetching.reset = ResetPolicy::Earliest;
/// let consumer = Consumer::start(config)?;
/// consumer.assign(&[written.partition]);
/// assert_eq!(consumer.next().await?.value.as_deref(), Some(&b"one espresso"[..]));
/// consumer.close().await;
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
pub use ottla_actors::client;
/// ```
/// # use ottla::{Engine, Listener};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// let engine = Engine::ephemeral().start().await?;
/// let listener: &Listener = &engine.listeners()[0];
/// assert_eq!((&*listener.name, listener.bound.ip().is_loopback()), ("PLAINTEXT", true));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
pub use ottla_actors::protocol::Listener;
/// ```
/// use ottla::Settings;
///
/// let settings = Settings::with([("num.partitions", "3"), ("log.retention.hours", "24")]);
/// assert_eq!(settings.expect("both can be read").get("num.partitions"), Some("3"));
/// assert!(Settings::with([("num.partitions", "many")]).is_err());
/// ```
pub use ottla_config::Settings;
/// ```
/// use ottla::Offset;
///
/// assert!(Offset(7) < Offset(8) && Offset::ZERO == Offset(0));
/// ```
pub use ottla_core::base::Offset;
/// ```
/// use ottla::{Batch, Compression};
///
/// assert_eq!(Compression::from_name("zstd"), Some(Compression::Zstd));
/// let batch = Batch::value("one espresso").compressed(Compression::Zstd);
/// assert_eq!(batch.len(), Some(1));
/// ```
pub use ottla_core::record::Compression;
/// ```
/// # use ottla::{Batch, Engine, Header, Offset};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// # let log = engine.topic("log").partition(0);
/// let mut batch = Batch::new();
/// batch.push_at(1_000, None, Some(b"v"), &[("trace", Some(b"7"))]);
/// log.append(batch).await?;
/// let header: &Header = &log.read(Offset(0)).await?.records[0].headers[0];
/// assert_eq!(header.key, "trace");
/// assert_eq!(header.value.as_deref(), Some(&b"7"[..]));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
pub use ottla_core::record::Header;
