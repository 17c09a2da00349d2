//! One listening socket: accepts connections and hands them to hosts.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use rustix::net::SocketFlags;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::messages::{Adopt, StopAccepting};
use super::quotas::ConnectionQuotas;
use super::{ConnectionInfo, Hosts, Listener};
use crate::runtime::{Cores, Epitaph, monotonic_ms, sleep, tell};

/// The pause after the first failed accept of a streak; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Connections of one wake-up that stay on this core as visitors. Where more wait, they come
/// faster than one core may be able to serve them.
const FEW: usize = 8;

/// How sockets are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// `socket.send.buffer.bytes`; none leaves it to the system.
    pub send_buffer: Option<usize>,
    /// `socket.receive.buffer.bytes`; none leaves it to the system.
    pub receive_buffer: Option<usize>,
    /// `socket.listen.backlog.size`.
    pub backlog: i32,
}

/// Binds a listening socket.
///
/// # Errors
/// The address is in use or not of this machine.
pub fn bind(address: SocketAddr, options: &SocketOptions) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        // [::] serves IPv4 clients too, as Java's sockets do
        socket.set_only_v6(false)?;
    }
    // accepted sockets inherit all of this
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    socket.bind(&address.into())?;
    socket.listen(options.backlog.max(1))?;
    Ok(socket.into())
}

/// What an acceptor works with; kept over its restarts.
pub struct AcceptorParts {
    /// The bound socket.
    pub socket: std::net::TcpListener,
    /// What is known of the listener.
    pub listener: Arc<Listener>,
    /// The limits it accepts under.
    pub quotas: Arc<ConnectionQuotas>,
    /// The hosts it hands sockets to.
    pub hosts: Arc<Hosts>,
}

/// One listening socket.
///
/// Lives on core 0; owned by the broker's guardian; blocks on nothing. After a panic it goes on
/// with the same socket: clients wait in the backlog meanwhile.
pub struct Acceptor {
    parts: Arc<AcceptorParts>,
    _epitaph: Epitaph,
}

impl Acceptor {
    /// An acceptor that starts accepting when it is started.
    #[must_use]
    pub fn new(parts: Arc<AcceptorParts>, epitaph: Epitaph) -> Self {
        Self { parts, _epitaph: epitaph }
    }
}

impl Actor for Acceptor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let parts = Arc::clone(&self.parts);
        let accepting = async move {
            if let Err(error) = accept_all(&parts).await {
                let listener = &*parts.listener.name;
                tracing::error!(listener, %error, "listener cannot accept connections");
            }
        };
        ctx.spawn(accepting.into_actor(self));
    }
}

impl Handler<StopAccepting> for Acceptor {
    type Result = ();

    fn handle(&mut self, StopAccepting: StopAccepting, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

async fn accept_all(parts: &AcceptorParts) -> io::Result<()> {
    #[expect(deprecated, reason = "sound for a listener of std's, which keeps its descriptor")]
    let socket = AsyncFd::with_interest(parts.socket.try_clone()?, Interest::READABLE)?;
    let listener = &*parts.listener.name;
    let mut pause = FIRST_PAUSE;
    let mut in_a_row = 0;
    loop {
        if !parts.quotas.has_room(&parts.listener) {
            let open = parts.quotas.open();
            tracing::warn!(listener, open, "max.connections reached, waiting for one to close");
            parts.quotas.room(&parts.listener).await;
        }
        let mut accepting = pin!(socket.async_io(Interest::READABLE, accept));
        let accepted = poll_fn(|cx| {
            let polled = accepting.as_mut().poll(cx);
            if polled.is_pending() {
                in_a_row = 0;
            }
            polled
        });
        match accepted.await {
            Ok((stream, peer)) => {
                pause = FIRST_PAUSE;
                in_a_row += 1;
                hand_over(parts, stream, peer, in_a_row > FEW);
                if let Some(wait) = parts.quotas.pace(monotonic_ms()) {
                    sleep(wait).await;
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if pause == FIRST_PAUSE {
                    tracing::error!(listener, %error, "cannot accept connections, trying again");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Accepts without making the connection known to the event loop here: it lives elsewhere.
fn accept(socket: &std::net::TcpListener) -> io::Result<(std::net::TcpStream, SocketAddr)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (stream, peer) = rustix::net::acceptfrom_with(socket, flags)?;
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    // a peer that is gone already has no address
    let peer = peer.ok_or(io::ErrorKind::ConnectionAborted)?;
    Ok((stream.into(), peer))
}

/// Whether an accept failed because the one connection it would have returned is gone.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    let kinds = [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted];
    kinds.contains(&error.kind())
}

/// Hands a socket to the host of this core, which costs no other core a wake-up, or where there
/// are `many` to that of the next core.
fn hand_over(parts: &AcceptorParts, socket: std::net::TcpStream, peer: SocketAddr, many: bool) {
    let permit = match parts.quotas.admit(peer.ip().to_canonical(), &parts.listener) {
        Ok(permit) => permit,
        Err(limit) => {
            let listener = &*parts.listener.name;
            tracing::info!(%peer, listener, limit, "connection rejected: too many of its peer");
            return;
        }
    };
    let here = Cores::here().filter(|_| !many);
    let (core, settled) = match here {
        Some(core) => (core, false),
        None => (parts.hosts.next_core(), true),
    };
    // no host: its core is being rebuilt, and the client connects again
    if let Some(host) = parts.hosts.get(core) {
        let info = Arc::new(ConnectionInfo::new(peer, Arc::clone(&parts.listener)));
        tell(&host.addr, Adopt { socket, info, permit, moves: 0, settled, begun: None });
    }
}
