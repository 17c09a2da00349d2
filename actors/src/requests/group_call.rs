//! What the requests of group members and administrators share.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use kafka_protocol::protocol::Encodable;
use ottla_core::group::{self, Caller, Response};
use uuid::Uuid;

use super::Request;

/// The caller behind a request; `fresh_id` is random if the request may make a member id.
pub(super) fn caller(request: &Request, fresh_id: Uuid) -> Caller {
    Caller {
        client_id: Arc::from(request.header.client_id.as_deref().unwrap_or_default()),
        client_host: Arc::from(java_host(request.peer)),
        version: request.header.version,
        fresh_id,
    }
}

/// An address as Java's `InetAddress` prints it without a name: a slash, and IPv6 uncompressed.
fn java_host(peer: SocketAddr) -> String {
    match peer.ip().to_canonical() {
        IpAddr::V4(v4) => format!("/{v4}"),
        IpAddr::V6(v6) => {
            let parts: Vec<String> = v6.segments().iter().map(|part| format!("{part:x}")).collect();
            format!("/{}", parts.join(":"))
        }
    }
}

/// Sends a call to the coordinator of `group_id`; `convert` makes its answer the response.
pub(super) fn forward<T: Encodable>(
    request: Request,
    group_id: &str,
    fresh_id: Uuid,
    what: group::Request,
    convert: impl FnOnce(Response, i16) -> Option<T> + Send + 'static,
) {
    let caller = caller(&request, fresh_id);
    let node = Arc::clone(&request.node);
    node.groups.call(&node, group_id, caller, what, move |answer| {
        let version = request.header.version;
        match convert(answer, version) {
            Some(response) => request.respond(&response),
            // the dropped request closes the connection
            None => tracing::error!("a coordinator answered another request"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_look_as_in_java() {
        let host = |text: &str| java_host(text.parse().unwrap());
        assert_eq!(host("127.0.0.1:9092"), "/127.0.0.1");
        assert_eq!(host("[::1]:9092"), "/0:0:0:0:0:0:0:1");
        assert_eq!(host("[::ffff:10.0.0.7]:9092"), "/10.0.0.7");
    }
}
