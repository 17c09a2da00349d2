//! From a frame to its handler: one file for each API key, one table that dispatches.
//!
//! Each `kNN_name.rs` exports `handle`, which runs on the connection's core. It sends messages and
//! returns, or spawns a future; the answer goes through [`Request::reply`].

mod k18_api_versions;
mod table;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

use crate::node::Node;
use crate::protocol::{ConnectionId, ConnectionInfo, Listener, ReplySlot, Segment};

pub(crate) use table::dispatch;
pub use table::{Stage, supported_versions};

/// What stands in front of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// The kind of request.
    pub api_key: ApiKey,
    /// The version of its schema.
    pub version: i16,
    /// Comes back in the response.
    pub correlation_id: i32,
    /// What the client calls itself (`client.id`).
    pub client_id: Option<StrBytes>,
}

/// One request on its way through the broker.
pub struct Request {
    /// Kind, version, correlation id, client id.
    pub header: RequestHeader,
    /// The bytes behind the header.
    pub body: Bytes,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// The listener it came in by: decides which addresses Metadata answers with.
    pub listener: Arc<Listener>,
    /// The broker.
    pub node: Arc<Node>,
    /// The connection's number.
    pub connection: ConnectionId,
    /// What is known of the connection.
    pub session: Arc<ConnectionInfo>,
    /// Where the answer goes; dropping it closes the connection.
    pub reply: ReplySlot,
}

/// Handles one request; runs on the connection's core.
pub type Handler = fn(Request);

/// Why a request gets no answer but a closed connection, as Kafka does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// Too short to hold a header, or its header does not parse.
    MalformedHeader,
    /// No such API key.
    UnknownApi(i16),
    /// The API key is known but not served here.
    NotServed(ApiKey),
    /// A version that is not served.
    UnsupportedVersion(ApiKey, i16),
    /// The body does not parse in its version.
    MalformedBody(ApiKey, i16),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MalformedHeader => f.write_str("malformed request header"),
            Self::UnknownApi(key) => write!(f, "unknown api key {key}"),
            Self::NotServed(key) => write!(f, "api {key:?} is not served"),
            Self::UnsupportedVersion(key, version) => {
                write!(f, "version {version} of api {key:?} is not served")
            }
            Self::MalformedBody(key, version) => {
                write!(f, "malformed body of api {key:?} version {version}")
            }
        }
    }
}

impl std::error::Error for RequestError {}

impl Request {
    /// Decodes the body. A handler that gets an error returns: the dropped request closes the
    /// connection, as Kafka does.
    ///
    /// # Errors
    /// The body does not parse.
    pub fn decode<T: Decodable>(&mut self) -> Result<T, RequestError> {
        let RequestHeader { api_key, version, .. } = self.header;
        T::decode(&mut self.body, version).map_err(|_| {
            let error = RequestError::MalformedBody(api_key, version);
            self.reply.refuse(error.clone());
            error
        })
    }

    /// Answers with an encoded response.
    pub fn respond<T: Encodable>(self, response: &T) {
        let RequestHeader { api_key, version, correlation_id, .. } = self.header;
        match encode_response(api_key, version, correlation_id, response) {
            Some(bytes) => self.reply.send(vec![Segment::Bytes(bytes)]),
            // the dropped slot closes the connection
            None => tracing::error!(?api_key, version, "response does not fit its version"),
        }
    }
}

/// A whole response: length, header, body.
pub(crate) fn encode_response<T: Encodable>(
    api_key: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &T,
) -> Option<Bytes> {
    let header_version = api_key.response_header_version(version);
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    let size = response.compute_size(version).ok()? + 16;
    let mut frame = BytesMut::with_capacity(size);
    frame.put_u32(0);
    header.encode(&mut frame, header_version).ok()?;
    response.encode(&mut frame, version).ok()?;
    let length = u32::try_from(frame.len() - 4).ok()?;
    frame.get_mut(..4)?.copy_from_slice(&length.to_be_bytes());
    Some(frame.freeze())
}
