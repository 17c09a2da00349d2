//! Bytes to requests and responses to bytes.
//!
//! The message library decodes what it is given, but reserves room for as many array elements as
//! the wire announces; [`decode`] puts a guard between it and the wire. Produce and Fetch, which
//! carry the data, have codecs of their own: `produce` reads a request without copying records,
//! and `fetch` writes a response around payloads that never enter the process.
#![deny(clippy::indexing_slicing)]

pub mod api;
mod error;
mod frame;
mod guard;

pub use error::WireError;
pub use frame::{RequestHeader, decode_header, encode_response};
pub use guard::{decode, decode_classic};
