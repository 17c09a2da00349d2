//! What Kafka means, with no runtime, no socket and no clock.
//!
//! A record's journey through this crate: bytes from a socket become requests in [`wire`] and
//! batches in [`record`]; [`partition`] decides what may be appended and what may be read;
//! [`storage`] keeps the bytes in segment files. [`group`] and [`controller`] are the state
//! machines around the log. Each room may use only what stands before it in this list:
//!
//! 1. [`base`]: ids, quantities, [`base::Tick`], the timer wheel
//! 2. [`record`], [`wire`]: bytes to batches, bytes to requests
//! 3. [`partition`], [`replication`], [`group`], [`transaction`], [`controller`], [`client`]: pure
//!    machines
//! 4. [`storage`]: segment files, indexes and recovery behind the trait `Disk`
//!
//! Every machine has the shape `on_x(&mut self, now: Tick, input, out)`: it decides, and the
//! actor that owns it does.

pub mod base;
pub mod client;
pub mod controller;
pub mod group;
pub mod partition;
pub mod record;
pub mod replication;
pub mod storage;
pub mod transaction;
pub mod wire;
