//! One connection: an actor whose one spawned item moves bytes both ways.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use actix::WeakAddr;
use actix::prelude::*;
use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use tokio::net::TcpStream;

use super::frames::{FrameError, Frames};
use super::messages::{Adopt, Begun, Close, Closed, Drain};
use super::outbox::{Lost, Outbox, TurnEnd};
use super::quotas::ConnectionPermit;
use super::socket::{ReadEnd, wake_behind_others};
use super::writer::{Writer, Written};
use super::{ConnectionHost, ConnectionInfo, Hosts};
use crate::node::Node;
use crate::requests::{Request, RequestError, Stage, dispatch};
use crate::runtime::{Cores, MemoryPermit, RequestTicket, tell};

/// Reply bytes in memory above which a connection reads no further request.
const UNSENT_BYTES: usize = 1024 * 1024;
/// Rounds of reading and writing in one turn.
const ROUNDS: usize = 8;
/// Requests after which a connection is more than a visit: those that only look around are not
/// worth waking another core for.
const VISIT: u32 = 8;

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
    /// It lives on, on another core.
    Moved,
}

impl CloseReason {
    /// Whether closing is part of ordinary life and not worth a line in the log.
    fn is_ordinary(&self) -> bool {
        matches!(
            self,
            Self::PeerClosed | Self::Idle | Self::Stopping | Self::Failed(_) | Self::Moved
        )
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
            Self::Moved => f.write_str("moved to another core"),
        }
    }
}

/// One connection.
///
/// Lives on the core that accepted it as long as it may be a short visit, then on the one whose
/// turn it is, or where its answers come from; owned by that core's [`ConnectionHost`]; blocks on
/// nothing; never restarted: the client reconnects.
pub(super) struct Connection {
    info: Arc<ConnectionInfo>,
    node: Arc<Node>,
    host: WeakAddr<ConnectionHost>,
    hosts: Arc<Hosts>,
    stream: Arc<TcpStream>,
    frames: Frames,
    /// Pays for the bytes in `frames`.
    held: MemoryPermit,
    outbox: Arc<Outbox>,
    writer: Writer,
    /// Bytes were read or written in this turn.
    moved: bool,
    /// A request whose answer the next one waits for.
    barrier: Option<u64>,
    max_in_flight: usize,
    draining: bool,
    close: Option<CloseReason>,
    /// None once it has moved.
    permit: Option<ConnectionPermit>,
    moves: u32,
    /// Requests of one that has no core for good yet.
    visit: Option<u32>,
    /// The core it leaves for once nothing is in flight.
    leaving: Option<usize>,
}

/// What a host hands to a new connection.
pub(super) struct Parts {
    pub(super) info: Arc<ConnectionInfo>,
    pub(super) node: Arc<Node>,
    pub(super) host: WeakAddr<ConnectionHost>,
    pub(super) hosts: Arc<Hosts>,
    pub(super) stream: Arc<TcpStream>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) permit: ConnectionPermit,
    pub(super) moves: u32,
    pub(super) settled: bool,
    pub(super) begun: Option<Begun>,
    pub(super) max_frame: usize,
    pub(super) max_in_flight: usize,
    pub(super) fit_send_buffer: bool,
}

impl Connection {
    pub(super) fn new(parts: Parts) -> Self {
        let (frames, held) = match parts.begun {
            Some(begun) => (Frames::resume(parts.max_frame, begun.bytes), begun.memory),
            None => (Frames::new(parts.max_frame), parts.node.credits.permit()),
        };
        Self {
            held,
            info: parts.info,
            node: parts.node,
            host: parts.host,
            hosts: parts.hosts,
            stream: parts.stream,
            frames,
            outbox: parts.outbox,
            writer: Writer::new(parts.fit_send_buffer),
            moved: false,
            barrier: None,
            max_in_flight: parts.max_in_flight,
            draining: false,
            close: None,
            permit: Some(parts.permit),
            moves: parts.moves,
            visit: (!parts.settled).then_some(0),
            leaving: None,
        }
    }

    /// Moves bytes both ways until nothing more can move; an error closes the connection.
    fn poll_io(&mut self, cx: &mut TaskContext<'_>) -> Result<(), CloseReason> {
        self.outbox.register(cx.waker());
        self.writer.begin_turn();
        for _ in 0..ROUNDS {
            let wrote_all = self.poll_replies(cx)?;
            if wrote_all {
                self.leave_if_due()?;
            }
            let more = self.poll_requests(cx)?;
            if !more {
                if self.draining && wrote_all && self.in_flight() == 0 {
                    return Err(CloseReason::Stopping);
                }
                self.end_turn(cx, false);
                return Ok(());
            }
        }
        // others on this core get their turn first
        self.end_turn(cx, true);
        Ok(())
    }

    /// Lets those who answer write; with `more` to do, or new answers, asks for another turn.
    fn end_turn(&mut self, cx: &mut TaskContext<'_>, more: bool) {
        let awaits = self.draining || !self.may_start();
        let end = TurnEnd { moved: self.moved, unsent: !self.writer.is_empty(), awaits };
        self.moved = false;
        let answered = !self.outbox.release(&end);
        if more {
            wake_behind_others(cx);
        } else if answered {
            cx.waker().wake_by_ref();
        }
    }

    /// Hands the socket to another core, if nothing is under way here and that core is better.
    fn move_if_better(&mut self) -> Result<(), CloseReason> {
        if self.draining || !self.writer.is_empty() || !self.frames.is_between_frames() {
            return Ok(());
        }
        let cores = &self.node.cores;
        let Some(core) = self.outbox.better_core(|core| cores.busy(core)) else { return Ok(()) };
        self.move_to(core, self.moves + 1)
    }

    /// Counts a request of a visitor; if it has come to stay, it is given a core.
    fn settle_if_due(&mut self) {
        let Some(requests) = &mut self.visit else { return };
        *requests += 1;
        if *requests >= VISIT {
            self.visit = None;
            self.leaving = Some(self.hosts.next_core()).filter(|core| Some(*core) != Cores::here());
        }
    }

    /// Leaves for its core, once nothing is in flight here: until then no further request starts.
    fn leave_if_due(&mut self) -> Result<(), CloseReason> {
        if self.draining || self.leaving.is_none() || self.in_flight() > 0 {
            return Ok(());
        }
        self.leaving.take().map_or(Ok(()), |core| self.move_to(core, self.moves))
    }

    /// Hands the socket to another core, with what has been read and is not worked on; stays if
    /// that core has no host.
    fn move_to(&mut self, core: usize, moves: u32) -> Result<(), CloseReason> {
        let Some(host) = self.hosts.get(core) else { return Ok(()) };
        // the old descriptor is closed with this actor
        let Ok(socket) = self.stream.as_fd().try_clone_to_owned() else { return Ok(()) };
        let Some(permit) = self.permit.take() else { return Ok(()) };
        if moves > self.moves {
            permit.note_move();
        }
        let memory = std::mem::replace(&mut self.held, self.node.credits.permit());
        let begun = Some(Begun { bytes: self.frames.take_rest(), memory });
        let info = Arc::clone(&self.info);
        let socket = socket.into();
        tell(&host.addr, Adopt { socket, info, permit, moves, settled: true, begun });
        Err(CloseReason::Moved)
    }

    /// Writes what is answered. Whether nothing is left to write.
    fn poll_replies(&mut self, cx: &mut TaskContext<'_>) -> Result<bool, CloseReason> {
        let may_move = self.outbox.take(&mut self.writer.queue).map_err(|lost| match lost {
            Lost::Refused(error) => CloseReason::Request(error),
            Lost::Unanswered(api_key) => CloseReason::Unanswered(api_key),
        })?;
        if may_move {
            self.move_if_better()?;
        }
        if self.writer.is_empty() {
            return Ok(true);
        }
        let before = self.writer.sent();
        let written = self.writer.poll_write(&self.stream, cx);
        self.moved |= self.writer.sent() > before;
        match written {
            Poll::Ready(Ok(Written::All)) => Ok(true),
            Poll::Ready(Ok(Written::Enough)) => {
                wake_behind_others(cx);
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
            match self.frames.poll_read(&mut ReadEnd(&self.stream), cx) {
                Poll::Ready(Ok(0)) => return Err(CloseReason::PeerClosed),
                Poll::Ready(Ok(_)) => {
                    self.moved = true;
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
        self.settle_if_due();
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

    /// Whether the next request may start: its turn has come, there is room in flight, and it is
    /// to be worked on here.
    fn may_start(&mut self) -> bool {
        if self.barrier.is_some_and(|number| self.outbox.is_answered(number)) {
            self.barrier = None;
        }
        self.barrier.is_none()
            && self.leaving.is_none()
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
            Ok(()) => Poll::Pending,
            Err(reason) => {
                connection.close = Some(reason);
                ctx.stop();
                Poll::Ready(())
            }
        }
    }
}
