//! Replies on their way out: answered in any order and from any thread, written in request order.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use kafka_protocol::messages::ApiKey;
use ottla_core::storage::LogSlice;
use parking_lot::Mutex;
use tokio::net::TcpStream;

use super::lodging::Lodging;
use super::short::copy_short;
use super::writer::{is_small, send_whole};
use crate::requests::RequestError;
use crate::runtime::{Cores, RequestTicket, monotonic_ms};

/// A piece of a response.
#[derive(Clone, Debug)]
pub enum Segment {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A range of a log file; unless the reply is short, sent without passing through this process.
    File(LogSlice),
}

impl Segment {
    /// Bytes this segment puts on the wire.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File(slice) => usize::try_from(slice.length).unwrap_or(usize::MAX),
        }
    }

    /// Whether it puts none there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a request will never be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It does not parse.
    Refused(RequestError),
    /// Its handler died.
    Unanswered(ApiKey),
}

/// A finished answer, with the ticket that is freed when its last byte has left.
#[derive(Debug)]
pub(super) struct Finished {
    /// The response, its 4-byte length in front; empty if the request has none.
    pub(super) segments: Vec<Segment>,
    /// What the request holds.
    pub(super) _ticket: RequestTicket,
}

/// Requests in a row without another in flight after which a client counts as one that waits.
const PATIENCE: u8 = 16;

/// How the pump leaves a connection at the end of its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct TurnEnd {
    /// Bytes were read or written.
    pub(super) moved: bool,
    /// Replies wait for the socket.
    pub(super) unsent: bool,
    /// No request may start before another answer.
    pub(super) awaits: bool,
}

/// Who writes to the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pen {
    /// Nobody: an answer that is alone may be sent by the thread that gives it.
    #[default]
    Free,
    /// The pump, in its turn: before that ends it looks for answers again.
    Turn,
    /// The pump, when the socket takes more.
    Pump,
}

#[derive(Debug, Default)]
struct State {
    /// Number of the request at the front of `answers`.
    front: u64,
    /// One place for each request in flight; none while it is worked on, or its answer is sent.
    answers: VecDeque<Option<Finished>>,
    /// A request whose handler died without answering.
    lost: Option<Lost>,
    pen: Pen,
    /// How many more requests must find nothing in flight before answers go out one by one.
    crowded: u8,
    /// An answer was put down since the pump last took them.
    news: bool,
    /// The pump waits for an answer, whoever sends it.
    awaited: bool,
    /// When bytes last moved, in monotonic milliseconds.
    progress_ms: u64,
    lodging: Lodging,
    /// None once the connection is closed.
    socket: Option<Arc<TcpStream>>,
}

/// The replies of one connection. As long as the connection's permits for requests in flight.
///
/// If the client waits for each answer, it is sent by the thread that gives it: that saves waking
/// the pump, most of all when it lives on another core. Where many are in flight the answers wait
/// for the pump, which writes them with one call.
pub(super) struct Outbox {
    state: Mutex<State>,
    waker: AtomicWaker,
}

impl Outbox {
    /// The outbox of a connection that lives on core `home` and answers on `socket`.
    pub(super) fn new(socket: Arc<TcpStream>, lodging: Lodging) -> Self {
        let state = State {
            socket: Some(socket),
            lodging,
            progress_ms: monotonic_ms(),
            ..State::default()
        };
        Self { state: Mutex::new(state), waker: AtomicWaker::new() }
    }

    /// Opens the place of the next request.
    pub(super) fn open(self: &Arc<Self>, api_key: ApiKey, ticket: RequestTicket) -> ReplySlot {
        let mut state = self.state.lock();
        let ahead = state.answers.len();
        state.crowded = if ahead > 0 { PATIENCE } else { state.crowded.saturating_sub(1) };
        let number = state.front + ahead as u64;
        state.answers.push_back(None);
        drop(state);
        ReplySlot { number, api_key, core: None, open: Some((Arc::clone(self), ticket)) }
    }

    /// The number the next request will get.
    pub(super) fn next_number(&self) -> u64 {
        let state = self.state.lock();
        state.front + state.answers.len() as u64
    }

    /// Whether request `number` has been answered.
    pub(super) fn is_answered(&self, number: u64) -> bool {
        let state = self.state.lock();
        let Some(index) = number.checked_sub(state.front) else { return true };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        state.answers.get(index).is_some_and(Option::is_some)
    }

    /// Moves the answers that are next in order to `out`, and takes the pen for this turn. Whether
    /// the connection may want to move to another core.
    ///
    /// # Errors
    /// The kind of a request that will never be answered: the connection must be closed.
    pub(super) fn take(&self, out: &mut VecDeque<Finished>) -> Result<bool, Lost> {
        let mut state = self.state.lock();
        if let Some(lost) = &state.lost {
            return Err(lost.clone());
        }
        state.pen = Pen::Turn;
        state.news = false;
        while let Some(Some(_)) = state.answers.front() {
            out.extend(state.answers.pop_front().flatten());
            state.front += 1;
        }
        Ok(state.lodging.wants_to_move())
    }

    /// Ends the pump's turn. False if something was answered meanwhile: it needs another, behind
    /// the others of its core, by when there may be more to write.
    pub(super) fn release(&self, end: &TurnEnd) -> bool {
        let mut state = self.state.lock();
        state.pen = if end.unsent { Pen::Pump } else { Pen::Free };
        state.awaited = end.awaits;
        if end.moved {
            state.progress_ms = monotonic_ms();
        }
        state.lost.is_none() && !state.news
    }

    /// Requests that are still worked on, or wait behind one that is.
    pub(super) fn in_flight(&self) -> usize {
        self.state.lock().answers.len()
    }

    /// How long nothing has moved; none while a request is worked on and nothing waits for the
    /// peer.
    pub(super) fn idle_ms(&self, now_ms: u64) -> Option<u64> {
        let state = self.state.lock();
        let busy = state.pen != Pen::Pump && !state.answers.is_empty();
        (!busy).then(|| now_ms.saturating_sub(state.progress_ms))
    }

    /// The core this connection should be on, if that is not its own.
    pub(super) fn better_core(&self, busy: impl Fn(usize) -> Duration) -> Option<usize> {
        let mut state = self.state.lock();
        if state.answers.is_empty() { state.lodging.decide(busy) } else { None }
    }

    /// Wakes `waker` at the next answer.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Drops what is here and what comes later.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        let socket = state.socket.take();
        let answers = std::mem::take(&mut state.answers);
        // tickets wake other connections when freed: not under this lock
        drop(state);
        drop((answers, socket));
    }

    fn answer(&self, number: u64, core: Option<usize>, finished: Finished) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let alone = state.answers.len() == 1 && state.crowded == 0;
        state.lodging.note(core.filter(|_| alone));
        let index = number.checked_sub(state.front).and_then(|i| usize::try_from(i).ok());
        let place = index.and_then(|i| state.answers.get_mut(i));
        let (Some(place), Some(socket)) = (place, &state.socket) else {
            drop(guard);
            return;
        };
        if alone && state.pen == Pen::Free && is_small(&finished.segments) {
            let socket = Arc::clone(socket);
            drop(guard);
            return self.send_now(&socket, finished);
        }
        *place = Some(finished);
        state.news = true;
        let wake = state.pen != Pen::Turn;
        drop(guard);
        if wake {
            self.waker.wake();
        }
    }

    /// Sends the one answer there is. Nobody else writes meanwhile: the pump takes answers in
    /// order, and this one has not been put down.
    fn send_now(&self, socket: &TcpStream, mut finished: Finished) {
        // what cannot be sent is left to the pump, which meets the same error
        let sent = send_whole(socket, &mut finished.segments);
        let mut state = self.state.lock();
        let mut wake = state.awaited || state.lodging.wants_to_move();
        if sent {
            state.front += u64::from(state.answers.pop_front().is_some());
            state.progress_ms = monotonic_ms();
            wake |= matches!(state.answers.front(), Some(Some(_)));
            drop(state);
            // memory is given back, which wakes other connections: not under the lock
            drop(finished);
        } else {
            if let Some(place) = state.answers.front_mut() {
                *place = Some(finished);
            }
            state.news = true;
            wake = true;
            drop(state);
        }
        if wake {
            self.waker.wake();
        }
    }

    fn lose(&self, lost: Lost) {
        self.state.lock().lost.get_or_insert(lost);
        self.waker.wake();
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

/// The place of one request's reply. Dropped unanswered, it closes the connection.
#[derive(Debug)]
pub struct ReplySlot {
    number: u64,
    api_key: ApiKey,
    /// Where the request is worked on, if that is not where it is answered.
    core: Option<usize>,
    open: Option<(Arc<Outbox>, RequestTicket)>,
}

impl ReplySlot {
    /// Answers with a whole response, its 4-byte length in front. From any thread, in any order:
    /// the connection writes in request order.
    pub fn send(mut self, mut segments: Vec<Segment>) {
        if let Some((outbox, ticket)) = self.open.take() {
            copy_short(&mut segments);
            let core = self.core.or_else(Cores::here);
            outbox.answer(self.number, core, Finished { segments, _ticket: ticket });
        }
    }

    /// Ends a request that has no response: a produce with `acks=0`.
    pub fn none(self) {
        self.send(Vec::new());
    }

    /// Says that the request is worked on by `core`, though it is answered elsewhere.
    pub fn served_by(&mut self, core: usize) {
        self.core = Some(core);
    }

    /// Closes the connection because of what is wrong with the request.
    pub fn refuse(&mut self, error: RequestError) {
        if let Some((outbox, _)) = self.open.take() {
            outbox.lose(Lost::Refused(error));
        }
    }

    /// When the last byte of the request arrived.
    #[must_use]
    pub fn arrived(&self) -> Option<std::time::Instant> {
        self.open.as_ref().map(|(_, ticket)| ticket.arrived())
    }
}

impl Drop for ReplySlot {
    fn drop(&mut self) {
        if let Some((outbox, _)) = self.open.take() {
            outbox.lose(Lost::Unanswered(self.api_key));
        }
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
