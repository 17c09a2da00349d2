//! From a frame to its handler: one file for each API key, one table that dispatches.
//!
//! Each `kNN_name.rs` exports `handle`, which runs on the connection's core. It sends messages and
//! returns, or spawns a future; the answer goes through [`Request::reply`].

mod group_call;
mod k00_produce;
mod k01_fetch;
mod k02_list_offsets;
mod k03_metadata;
mod k08_offset_commit;
mod k09_offset_fetch;
mod k10_find_coordinator;
mod k11_join_group;
mod k12_heartbeat;
mod k13_leave_group;
mod k14_sync_group;
mod k15_describe_groups;
mod k16_list_groups;
mod k18_api_versions;
mod k19_create_topics;
mod k20_delete_topics;
mod k21_delete_records;
mod k22_init_producer_id;
mod k23_offset_for_leader_epoch;
mod k32_describe_configs;
mod k33_alter_configs;
mod k35_describe_log_dirs;
mod k37_create_partitions;
mod k42_delete_groups;
mod k44_incremental_alter_configs;
mod k47_offset_delete;
mod k60_describe_cluster;
mod k61_describe_producers;
mod k74_list_config_resources;
mod k75_describe_topic_partitions;
mod table;
mod targets;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion};
use ottla_core::wire::{self, WireError};

use crate::node::Node;
use crate::protocol::{ConnectionId, ConnectionInfo, Listener, ReplySlot, Segment};

pub use ottla_core::wire::RequestHeader;
pub use table::Stage;
pub(crate) use table::dispatch;

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
    /// Its header does not parse, or names no API of Kafka's.
    Header(WireError),
    /// The API is Kafka's but not served here.
    NotServed(ApiKey),
    /// A version that is not served.
    UnsupportedVersion(ApiKey, i16),
    /// The body does not parse.
    Body(ApiKey, WireError),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::NotServed(key) => write!(f, "api {key:?} is not served"),
            Self::UnsupportedVersion(key, version) => {
                write!(f, "version {version} of api {key:?} is not served")
            }
            Self::Body(key, error) => write!(f, "{key:?}: {error}"),
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
    pub fn decode<T: Decodable + HeaderVersion>(&mut self) -> Result<T, RequestError> {
        wire::decode(&mut self.body, self.header.version).map_err(|error| {
            let error = RequestError::Body(self.header.api_key, error);
            self.reply.refuse(error.clone());
            error
        })
    }

    /// Answers with an encoded response.
    pub fn respond<T: Encodable>(self, response: &T) {
        let RequestHeader { api_key, version, correlation_id, .. } = self.header;
        match encode(api_key, version, correlation_id, response) {
            Ok(bytes) => self.reply.send(vec![Segment::Bytes(bytes)]),
            // the dropped slot closes the connection
            Err(error) => tracing::error!(?api_key, %error, "response cannot be sent"),
        }
    }
}

/// A whole response: length, header, body.
pub(crate) fn encode<T: Encodable>(
    api_key: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &T,
) -> Result<Bytes, WireError> {
    let header_version = api_key.response_header_version(version);
    wire::encode_response(header_version, correlation_id, response, version).map(BytesMut::freeze)
}

#[cfg(test)]
#[path = "data_tests.rs"]
mod data_tests;
