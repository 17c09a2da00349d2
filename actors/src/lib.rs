//! Who is alive: each actor is a thin shell that carries out what core decided.
//!
//! [`runtime`] is the only room that touches arbiters and supervision; [`protocol`] moves bytes in
//! and out; [`requests`] has one file per API key. Every other room is one kind of actor:
//! `mod.rs` (the actor), `messages.rs`, `handlers.rs`, `outputs.rs`.

pub mod broker;
pub mod client;
pub mod controller;
pub mod group;
pub mod node;
pub mod partition;
pub mod protocol;
pub mod replica;
pub mod requests;
pub mod runtime;
pub mod storage;
pub mod transaction;

#[cfg(test)]
mod test_kit;
