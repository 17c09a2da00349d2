//! Helpers that start the real thing for the tests of this crate.
//!
//! [`OttlaProcess`] runs the broker's own binary, [`KafkaProcess`] Apache Kafka's for comparison;
//! [`tools`] fetches the clients from their package managers, and [`ClientProgram`] talks to the
//! small programs under `integration/clients/`. Every helper kills only what it started, in `Drop`.

pub mod bare;
pub mod binary;
pub mod broker;
pub mod child;
pub mod client;
pub mod kafka;
pub mod ottla;
pub mod prove;
pub mod raw;
pub mod records;
pub mod tools;
pub mod wait;

pub use bare::BareClient;
pub use broker::Broker;
pub use child::ChildProcess;
pub use client::ClientProgram;
pub use kafka::KafkaProcess;
pub use ottla::{OttlaOptions, OttlaProcess};
pub use wait::{poll_until, wait_for};
