//! The connections of one core: adopts sockets, closes idle ones, drains all at the end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::net::TcpStream;

use super::buffers;
use super::connection::{CloseReason, Connection, Parts};
use super::lodging::Lodging;
use super::messages::{Adopt, Close, Closed, Drain, DrainAll};
use super::outbox::Outbox;
use super::{ConnectionId, Hosts};
use crate::node::Node;
use crate::runtime::{Epitaph, ReplyPort, monotonic_ms, run_interval, start_here, tell};

/// The bounds a connection lives under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionRules {
    /// `socket.request.max.bytes`.
    pub max_frame: usize,
    /// Requests one connection may have in flight.
    pub max_in_flight: usize,
    /// `connections.max.idle.ms`; none closes no connection for being idle.
    pub max_idle_ms: Option<u64>,
    /// Nobody set `socket.send.buffer.bytes`: a connection may fit its send buffer to its peer.
    pub fit_send_buffer: bool,
}

struct Guest {
    addr: Addr<Connection>,
    outbox: Arc<Outbox>,
}

/// The connections of one core.
///
/// Lives on that core; owned by the broker's guardian; blocks on nothing. When it panics its
/// connections live on, unswept, and new ones go to the host that is started next.
pub struct ConnectionHost {
    node: Arc<Node>,
    core: usize,
    hosts: Arc<Hosts>,
    rules: ConnectionRules,
    guests: HashMap<ConnectionId, Guest>,
    sweep: Option<SpawnHandle>,
    draining: bool,
    drained: Option<ReplyPort<()>>,
    _epitaph: Epitaph,
}

impl ConnectionHost {
    /// A host with no connections, on core `core`; `hosts` are those of all cores.
    #[must_use]
    pub fn new(
        node: Arc<Node>,
        core: usize,
        hosts: Arc<Hosts>,
        rules: ConnectionRules,
        epitaph: Epitaph,
    ) -> Self {
        Self {
            node,
            core,
            hosts,
            rules,
            guests: HashMap::new(),
            sweep: None,
            draining: false,
            drained: None,
            _epitaph: epitaph,
        }
    }

    fn adopt(&mut self, adopt: Adopt, ctx: &mut Context<Self>) -> std::io::Result<()> {
        let stream = Arc::new(TcpStream::from_std(adopt.socket)?);
        let (id, peer) = (adopt.info.id, adopt.info.peer);
        let lodging = Lodging::new(self.core, adopt.moves);
        let outbox = Arc::new(Outbox::new(Arc::clone(&stream), lodging));
        let connection = Connection::new(Parts {
            info: adopt.info,
            node: Arc::clone(&self.node),
            host: ctx.address().downgrade(),
            hosts: Arc::clone(&self.hosts),
            stream,
            outbox: Arc::clone(&outbox),
            permit: adopt.permit,
            moves: adopt.moves,
            settled: adopt.settled,
            begun: adopt.begun,
            max_frame: self.rules.max_frame,
            max_in_flight: self.rules.max_in_flight,
            fit_send_buffer: self.rules.fit_send_buffer,
        });
        let addr = start_here(format!("connection {peer}"), connection);
        self.guests.insert(id, Guest { addr, outbox });
        self.arm_sweep(ctx);
        Ok(())
    }

    /// One timer for all connections of a core, and none when there are none.
    fn arm_sweep(&mut self, ctx: &mut Context<Self>) {
        let Some(max_idle_ms) = self.rules.max_idle_ms else { return };
        if self.sweep.is_none() {
            let every = Duration::from_millis((max_idle_ms / 8).clamp(10, 5_000));
            self.sweep = Some(run_interval(ctx, every, move |host, ctx| {
                host.close_idle(max_idle_ms);
                buffers::tidy();
                if host.guests.is_empty()
                    && let Some(sweep) = host.sweep.take()
                {
                    // the last buffers go as well
                    buffers::tidy();
                    ctx.cancel_future(sweep);
                }
            }));
        }
    }

    fn close_idle(&self, max_idle_ms: u64) {
        let now = monotonic_ms();
        for guest in self.guests.values() {
            if guest.outbox.idle_ms(now).is_some_and(|idle_ms| idle_ms >= max_idle_ms) {
                tell(&guest.addr, Close(CloseReason::Idle));
            }
        }
    }

    fn answer_if_drained(&mut self) {
        if self.guests.is_empty()
            && let Some(done) = self.drained.take()
        {
            done.send(());
        }
    }
}

impl Actor for ConnectionHost {
    type Context = Context<Self>;
}

impl Handler<Adopt> for ConnectionHost {
    type Result = ();

    fn handle(&mut self, adopt: Adopt, ctx: &mut Self::Context) {
        let peer = adopt.info.peer;
        if self.draining {
            return;
        }
        if let Err(error) = self.adopt(adopt, ctx) {
            tracing::warn!(%peer, %error, "connection could not be served");
        }
    }
}

impl Handler<Closed> for ConnectionHost {
    type Result = ();

    fn handle(&mut self, Closed(id): Closed, _: &mut Self::Context) {
        self.guests.remove(&id);
        self.answer_if_drained();
    }
}

impl Handler<DrainAll> for ConnectionHost {
    type Result = ();

    fn handle(&mut self, drain: DrainAll, ctx: &mut Self::Context) {
        self.draining = true;
        self.drained = Some(drain.done);
        for guest in self.guests.values() {
            tell(&guest.addr, Drain);
        }
        ctx.run_later(Duration::from_millis(drain.deadline_ms), |host, _| {
            for guest in host.guests.values() {
                tell(&guest.addr, Close(CloseReason::Stopping));
            }
        });
        self.answer_if_drained();
    }
}
