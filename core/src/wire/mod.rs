//! Bytes to requests and responses to bytes.
//!
//! The message library decodes what it is given, but reserves room for as many array elements as
//! the wire announces; [`decode`] puts a guard between it and the wire. Byte fields are shared with
//! the frame, never copied, so the records of a Produce request stay where the socket left them.
#![deny(clippy::indexing_slicing)]

pub mod api;
mod error;
mod frame;
mod guard;
pub mod produce;

pub use error::WireError;
pub use frame::{RequestHeader, decode_header, encode_response};
pub use guard::{decode, decode_classic, decode_response};
