//! Replies on their way out: answered in any order and from any thread, written in request order.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use kafka_protocol::messages::ApiKey;
use ottla_core::storage::LogSlice;
use parking_lot::Mutex;

use crate::requests::RequestError;
use crate::runtime::RequestTicket;

/// A piece of a response.
#[derive(Clone, Debug)]
pub enum Segment {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A range of a log file, sent without passing through this process.
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

#[derive(Debug, Default)]
struct State {
    /// Number of the request at the front of `answers`.
    front: u64,
    /// One place for each request in flight; none while it is worked on.
    answers: VecDeque<Option<Finished>>,
    /// A request whose handler died without answering.
    lost: Option<Lost>,
    closed: bool,
}

/// The replies of one connection. As long as the connection's permits for requests in flight.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    waker: AtomicWaker,
}

impl Outbox {
    /// Opens the place of the next request.
    pub(super) fn open(self: &Arc<Self>, api_key: ApiKey, ticket: RequestTicket) -> ReplySlot {
        let mut state = self.state.lock();
        let number = state.front + state.answers.len() as u64;
        state.answers.push_back(None);
        drop(state);
        ReplySlot { number, api_key, open: Some((Arc::clone(self), ticket)) }
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

    /// Moves the answers that are next in order to `out`.
    ///
    /// # Errors
    /// The kind of a request that will never be answered: the connection must be closed.
    pub(super) fn take(&self, out: &mut VecDeque<Finished>) -> Result<(), Lost> {
        let mut state = self.state.lock();
        if let Some(lost) = &state.lost {
            return Err(lost.clone());
        }
        while let Some(Some(_)) = state.answers.front() {
            out.extend(state.answers.pop_front().flatten());
            state.front += 1;
        }
        Ok(())
    }

    /// Requests that are still worked on, or wait behind one that is.
    pub(super) fn in_flight(&self) -> usize {
        self.state.lock().answers.len()
    }

    /// Wakes `waker` at the next answer.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Drops what is here and what comes later.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let answers = std::mem::take(&mut state.answers);
        // tickets wake other connections when freed: not under this lock
        drop(state);
        drop(answers);
    }

    fn answer(&self, number: u64, finished: Finished) {
        let mut state = self.state.lock();
        let index = number.checked_sub(state.front).and_then(|i| usize::try_from(i).ok());
        let place = index.filter(|_| !state.closed).and_then(|i| state.answers.get_mut(i));
        let Some(place) = place else {
            drop(state);
            return;
        };
        *place = Some(finished);
        drop(state);
        self.waker.wake();
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
    open: Option<(Arc<Outbox>, RequestTicket)>,
}

impl ReplySlot {
    /// Answers with a whole response, its 4-byte length in front. From any thread, in any order:
    /// the connection writes in request order.
    pub fn send(mut self, segments: Vec<Segment>) {
        if let Some((outbox, ticket)) = self.open.take() {
            outbox.answer(self.number, Finished { segments, _ticket: ticket });
        }
    }

    /// Ends a request that has no response: a produce with `acks=0`.
    pub fn none(self) {
        self.send(Vec::new());
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
