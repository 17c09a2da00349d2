//! Listeners from settings to bound sockets.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use ottla_config::{Layer, Listener as Configured, Settings};

use super::StartError;
use crate::protocol::{ConnectionRules, Listener, SocketOptions, bind};

/// Requests one connection may have in flight before it is read no further.
const MAX_IN_FLIGHT: usize = 128;
/// How long the resolver may think about this machine's own name.
const RESOLVE: Duration = Duration::from_millis(500);

/// The sockets of the listeners, and what is known of each, in the same order.
pub(super) type Bound = (Vec<TcpListener>, Vec<Arc<Listener>>);

/// Binds every listener of the settings.
///
/// # Errors
/// The first listener that cannot be bound.
pub(super) async fn bind_all(settings: &Settings) -> Result<Bound, StartError> {
    let sockets = socket_options(settings);
    let mut bound = Vec::new();
    let mut listeners = Vec::new();
    for configured in &settings.listeners {
        let socket = bind_one(configured, &sockets).await?;
        let address = socket.local_addr().map_err(|source| failed(configured, source))?;
        listeners.push(Arc::new(describe(configured, address, settings).await));
        bound.push(socket);
    }
    Ok((bound, listeners))
}

/// The bounds a connection lives under.
pub(super) fn rules(settings: &Settings) -> ConnectionRules {
    ConnectionRules {
        max_frame: usize::try_from(settings.socket_request_max_bytes).unwrap_or(0),
        max_in_flight: MAX_IN_FLIGHT,
        max_idle_ms: u64::try_from(settings.connections_max_idle_ms).ok(),
        fit_send_buffer: settings.layer("socket.send.buffer.bytes") == Layer::Default,
    }
}

/// Buffers nobody set are left to the system, which fits them to each connection; Kafka's default
/// of 100 KiB would hold back distant consumers.
fn socket_options(settings: &Settings) -> SocketOptions {
    let buffer = |key: &str, bytes: i32| match settings.layer(key) {
        Layer::Default => None,
        _ => usize::try_from(bytes).ok(),
    };
    SocketOptions {
        send_buffer: buffer("socket.send.buffer.bytes", settings.socket_send_buffer_bytes),
        receive_buffer: buffer("socket.receive.buffer.bytes", settings.socket_receive_buffer_bytes),
        backlog: settings.socket_listen_backlog_size,
    }
}

async fn bind_one(
    configured: &Configured,
    options: &SocketOptions,
) -> Result<TcpListener, StartError> {
    let port = configured.port;
    if configured.host.is_empty() {
        let every = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return match bind(every, options) {
            // no IPv6 on this machine
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), options)
            }
            bound => bound,
        }
        .map_err(|source| failed(configured, source));
    }
    let resolved = tokio::net::lookup_host((configured.host.as_str(), port)).await;
    let resolved = resolved.and_then(|mut addresses| {
        addresses.next().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    });
    let address = resolved
        .map_err(|source| StartError::UnknownHost { listener: configured.to_string(), source })?;
    bind(address, options).map_err(|source| failed(configured, source))
}

fn failed(configured: &Configured, source: io::Error) -> StartError {
    StartError::Listen { listener: configured.to_string(), source }
}

async fn describe(configured: &Configured, bound: SocketAddr, settings: &Settings) -> Listener {
    let advertised = settings.advertised_listeners.iter().find(|a| a.name == configured.name);
    let host = advertised.map_or("", |advertised| advertised.host.as_str());
    let port = advertised.map_or(0, |advertised| advertised.port);
    Listener {
        name: configured.name.clone(),
        protocol: configured.protocol,
        bound,
        advertised_host: if host.is_empty() { own_name().await } else { host.to_owned() },
        advertised_port: if port == 0 { bound.port() } else { port },
        max_connections: usize::try_from(configured.max_connections).unwrap_or(usize::MAX),
    }
}

/// This machine's name, if it leads back here; clients on this machine can always use `localhost`.
async fn own_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let lookup = tokio::net::lookup_host((name.as_str(), 0));
    let found = tokio::time::timeout(RESOLVE, lookup).await;
    if found.is_ok_and(|found| found.is_ok_and(|mut addresses| addresses.next().is_some())) {
        return name;
    }
    "localhost".to_owned()
}
