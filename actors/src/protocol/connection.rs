//! One connection: an actor whose one spawned item moves bytes both ways.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use actix::WeakAddr;
use actix::prelude::*;
use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use tokio::net::TcpStream;

use super::frames::{FrameError, Frames};
use super::messages::{Close, Closed, Drain};
use super::outbox::{Lost, Outbox};
use super::quotas::ConnectionPermit;
use super::writer::{Writer, Written};
use super::{ConnectionHost, ConnectionInfo};
use crate::node::Node;
use crate::requests::{Request, RequestError, Stage, dispatch};
use crate::runtime::{MemoryPermit, RequestTicket, monotonic_ms, tell};

/// Reply bytes in memory above which a connection reads no further request.
const UNSENT_BYTES: usize = 1024 * 1024;
/// Rounds of reading and writing in one turn.
const ROUNDS: usize = 8;

/// Why a connection closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer closed it.
    PeerClosed,
    /// The network failed.
    Failed(io::ErrorKind),
    /// A length no frame may have.
    Frame(FrameError),
    /// A request that Kafka answers by closing.
    Request(RequestError),
    /// The handler of a request died without answering it.
    Unanswered(ApiKey),
    /// The requests now held leave no memory for this one.
    OutOfMemory,
    /// Nothing was read or written for `connections.max.idle.ms`.
    Idle,
    /// The broker is stopping.
    Stopping,
}

impl CloseReason {
    /// Whether closing is part of ordinary life and not worth a line in the log.
    fn is_ordinary(&self) -> bool {
        matches!(self, Self::PeerClosed | Self::Idle | Self::Stopping | Self::Failed(_))
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerClosed => f.write_str("closed by peer"),
            Self::Failed(kind) => write!(f, "network failed: {kind}"),
            Self::Frame(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Unanswered(key) => write!(f, "handler of {key:?} gave no answer"),
            Self::OutOfMemory => f.write_str("request memory exhausted"),
            Self::Idle => f.write_str("idle"),
            Self::Stopping => f.write_str("broker is stopping"),
        }
    }
}

/// When a connection last made progress, for its host's sweep; both live on one core.
#[derive(Debug, Default)]
pub(super) struct Activity {
    pub(super) last_progress_ms: Cell<u64>,
    /// A request is being worked on and nothing waits for the peer.
    pub(super) busy: Cell<bool>,
}

/// One connection.
///
/// Lives on the core its acceptor chose; owned by that core's [`ConnectionHost`]; blocks on
/// nothing; never restarted: the client reconnects.
pub(super) struct Connection {
    info: Arc<ConnectionInfo>,
    node: Arc<Node>,
    host: WeakAddr<ConnectionHost>,
    stream: TcpStream,
    frames: Frames,
    /// Pays for the bytes in `frames`.
    held: MemoryPermit,
    outbox: Arc<Outbox>,
    writer: Writer,
    activity: Rc<Activity>,
    /// A request whose answer the next one waits for.
    barrier: Option<u64>,
    max_in_flight: usize,
    draining: bool,
    close: Option<CloseReason>,
    _permit: ConnectionPermit,
}

/// What a host hands to a new connection.
pub(super) struct Parts {
    pub(super) info: Arc<ConnectionInfo>,
    pub(super) node: Arc<Node>,
    pub(super) host: WeakAddr<ConnectionHost>,
    pub(super) stream: TcpStream,
    pub(super) activity: Rc<Activity>,
    pub(super) permit: ConnectionPermit,
    pub(super) max_frame: usize,
    pub(super) max_in_flight: usize,
    pub(super) fit_send_buffer: bool,
}

impl Connection {
    pub(super) fn new(parts: Parts) -> Self {
        parts.activity.last_progress_ms.set(monotonic_ms());
        Self {
            held: parts.node.credits.permit(),
            info: parts.info,
            node: parts.node,
            host: parts.host,
            stream: parts.stream,
            frames: Frames::new(parts.max_frame),
            outbox: Arc::default(),
            writer: Writer::new(parts.fit_send_buffer),
            activity: parts.activity,
            barrier: None,
            max_in_flight: parts.max_in_flight,
            draining: false,
            close: None,
            _permit: parts.permit,
        }
    }

    /// Moves bytes both ways until nothing more can move; an error closes the connection.
    fn poll_io(&mut self, cx: &mut TaskContext<'_>) -> Result<(), CloseReason> {
        self.outbox.register(cx.waker());
        for _ in 0..ROUNDS {
            let wrote_all = self.poll_replies(cx)?;
            let more = self.poll_requests(cx)?;
            if !more {
                if self.draining && wrote_all && self.in_flight() == 0 {
                    return Err(CloseReason::Stopping);
                }
                return Ok(());
            }
        }
        // others on this core get their turn first
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Writes what is answered. Whether nothing is left to write.
    fn poll_replies(&mut self, cx: &mut TaskContext<'_>) -> Result<bool, CloseReason> {
        self.outbox.take(&mut self.writer.queue).map_err(|lost| match lost {
            Lost::Refused(error) => CloseReason::Request(error),
            Lost::Unanswered(api_key) => CloseReason::Unanswered(api_key),
        })?;
        if self.writer.is_empty() {
            return Ok(true);
        }
        let before = self.writer.sent();
        let written = self.writer.poll_write(&self.stream, cx);
        if self.writer.sent() > before {
            self.activity.last_progress_ms.set(monotonic_ms());
        }
        match written {
            Poll::Ready(Ok(Written::All)) => Ok(true),
            Poll::Ready(Ok(Written::Enough)) => {
                cx.waker().wake_by_ref();
                Ok(false)
            }
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => Err(CloseReason::Failed(error.kind())),
        }
    }

    /// Starts the requests that have arrived. Whether there may be more to do at once.
    fn poll_requests(&mut self, cx: &mut TaskContext<'_>) -> Result<bool, CloseReason> {
        if self.draining {
            return Ok(false);
        }
        let mut started = self.start_requests()?;
        if self.may_start() && self.may_read(cx) {
            match self.frames.poll_read(&mut self.stream, cx) {
                Poll::Ready(Ok(0)) => return Err(CloseReason::PeerClosed),
                Poll::Ready(Ok(_)) => {
                    self.activity.last_progress_ms.set(monotonic_ms());
                    started = true;
                    self.start_requests()?;
                    self.frames.settle();
                }
                Poll::Ready(Err(error)) => return Err(CloseReason::Failed(error.kind())),
                Poll::Pending => {}
            }
        }
        let held = self.frames.held_bytes();
        if !self.held.grow_to(held) {
            return Err(CloseReason::OutOfMemory);
        }
        self.held.shrink_to(held);
        Ok(started)
    }

    /// Starts every whole request that may start now.
    fn start_requests(&mut self) -> Result<bool, CloseReason> {
        let mut started = false;
        while self.may_start() {
            let Some(frame) = self.frames.next().map_err(CloseReason::Frame)? else { break };
            self.start(frame)?;
            started = true;
        }
        Ok(started)
    }

    fn start(&mut self, mut frame: Bytes) -> Result<(), CloseReason> {
        let mut memory = self.node.credits.permit();
        // the bytes move from the reader's permit to the request's
        let frame_bytes = frame.len();
        self.held.shrink_to(self.frames.held_bytes());
        if !memory.grow_to(frame_bytes) {
            return Err(CloseReason::OutOfMemory);
        }
        let (header, row) = dispatch(&mut frame).map_err(CloseReason::Request)?;
        if row.stage() == Stage::One {
            self.barrier = Some(self.outbox.next_number());
        }
        let reply = self.outbox.open(header.api_key, RequestTicket::new(memory));
        row.handle(Request {
            header,
            body: frame,
            peer: self.info.peer,
            listener: Arc::clone(&self.info.listener),
            node: Arc::clone(&self.node),
            connection: self.info.id,
            session: Arc::clone(&self.info),
            reply,
        });
        Ok(())
    }

    /// Whether the next request may start: its turn has come and there is room in flight.
    fn may_start(&mut self) -> bool {
        if self.barrier.is_some_and(|number| self.outbox.is_answered(number)) {
            self.barrier = None;
        }
        self.barrier.is_none()
            && self.in_flight() < self.max_in_flight
            && self.writer.unsent_bytes() < UNSENT_BYTES
    }

    /// Whether the socket may be read: between frames there must be memory for another.
    fn may_read(&self, cx: &mut TaskContext<'_>) -> bool {
        !self.frames.is_between_frames() || self.node.credits.admits(cx.waker())
    }

    fn in_flight(&self) -> usize {
        self.outbox.in_flight() + self.writer.queue.len()
    }
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(Pump);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.outbox.close();
        let peer = self.info.peer;
        let listener = &*self.info.listener.name;
        match &self.close {
            Some(reason) if reason.is_ordinary() => {
                tracing::debug!(%peer, listener, %reason, "connection closed");
            }
            Some(reason) => tracing::warn!(%peer, listener, %reason, "connection closed"),
            None => tracing::debug!(%peer, listener, "connection dropped"),
        }
        if let Some(host) = self.host.upgrade() {
            tell(&host, Closed(self.info.id));
        }
    }
}

impl Handler<Close> for Connection {
    type Result = ();

    fn handle(&mut self, Close(reason): Close, ctx: &mut Self::Context) {
        self.close = Some(reason);
        ctx.stop();
    }
}

impl Handler<Drain> for Connection {
    type Result = ();

    /// The wake that brought this message polls the pump next.
    fn handle(&mut self, Drain: Drain, _: &mut Self::Context) {
        self.draining = true;
    }
}

/// The connection's one spawned item: polled at every wake, whoever caused it.
struct Pump;

impl ActorFuture<Connection> for Pump {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        connection: &mut Connection,
        ctx: &mut Context<Connection>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        match connection.poll_io(cx) {
            Ok(()) => {
                let busy = connection.writer.is_empty() && connection.outbox.in_flight() > 0;
                connection.activity.busy.set(busy);
                Poll::Pending
            }
            Err(reason) => {
                connection.close = Some(reason);
                ctx.stop();
                Poll::Ready(())
            }
        }
    }
}
