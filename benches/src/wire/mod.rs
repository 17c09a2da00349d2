//! A light client: the few requests that bench actors send, encoded by hand.
//!
//! A request that is sent a hundred thousand times a second is encoded once; replies are read where
//! they lie. All are versions without tagged fields, which every Kafka since 2.1 speaks; the broker
//! is asked for its versions first.

mod client;
mod fetch;
mod fields;
mod messages;
mod produce;

pub(crate) use client::{Client, connect};
pub(crate) use fetch::{FetchLimits, FetchStream, Fetched, fetch_request};
pub(crate) use fields::{Fields, Short, close_frame, put_length, put_string};
pub(crate) use messages::{Api, EARLIEST, LATEST, Topic};
pub(crate) use produce::{Frame, frames, produce_reply};
