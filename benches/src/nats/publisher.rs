//! A publisher: one connection that sends the same message again and again, and counts its
//! acknowledgements, which come in the order of the messages.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll};

use actix::prelude::*;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::client::Client;
use super::link::{Inbox, WHAT, declined};
use super::protocol::{self, Message, Operation};
use crate::clock::{Pacer, now};
use crate::error::BenchError;
use crate::fleet::{Begin, Connect, SharedRecorder};
use crate::produce::Plan;

/// Bytes given to the socket with one call, about.
const BLOCK: usize = 64 * 1024;
/// Room for acknowledgements that are read at once.
const INBOX: usize = 64 * 1024;

/// What one connection sends.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) address: String,
    pub(super) index: u64,
    pub(super) stream: String,
    pub(super) payload: Bytes,
    pub(super) headers: Vec<(String, String)>,
    /// The most messages.
    pub(super) quota: u64,
    /// Messages that were sent, once that is known; until then more than anyone could send.
    pub(super) sent: AtomicU64,
}

impl Task {
    /// The whole publish, acknowledged at `reply`.
    pub(super) fn frame(&self, reply: &str) -> Vec<u8> {
        protocol::publish(&self.stream, reply, &self.headers, &self.payload)
    }
}

/// Publishes its share.
pub(super) struct Publisher {
    plan: Arc<Plan>,
    task: Arc<Task>,
    recorder: SharedRecorder,
    pipe: Option<Pipe>,
}

impl Publisher {
    /// A publisher that has yet to connect.
    pub(super) fn new(plan: Arc<Plan>, task: Arc<Task>, recorder: SharedRecorder) -> Self {
        Self { plan, task, recorder, pipe: None }
    }
}

impl Actor for Publisher {
    type Context = Context<Self>;
}

impl Handler<Connect> for Publisher {
    type Result = ResponseActFuture<Self, Result<(), BenchError>>;

    fn handle(&mut self, _: Connect, _: &mut Self::Context) -> Self::Result {
        let (plan, task) = (Arc::clone(&self.plan), Arc::clone(&self.task));
        let recorder = Arc::clone(&self.recorder);
        let opened = async move {
            let mut client = Client::with_buffer(&task.address, INBOX).await?;
            let reply = client.subscribe().await?;
            // the server knows the subscription before anything is acknowledged
            client.greet().await?;
            let (stream, inbox) = client.link.into_parts();
            Pipe::new((stream, inbox), plan, task, &reply, recorder)
        };
        Box::pin(opened.into_actor(self).map(|pipe, actor, _| {
            actor.pipe = Some(pipe?);
            Ok(())
        }))
    }
}

impl Handler<Begin> for Publisher {
    type Result = ResponseFuture<Result<(), BenchError>>;

    fn handle(&mut self, _: Begin, _: &mut Self::Context) -> Self::Result {
        let pipe = self.pipe.take();
        Box::pin(async move {
            let Some(mut pipe) = pipe else { return Err(BenchError::Closed { what: WHAT }) };
            crate::clock::sleep_until(pipe.plan.window.begin()).await;
            let outcome = poll_fn(|cx| pipe.turn(cx)).await;
            pipe.close();
            outcome
        })
    }
}

/// The bytes that are to leave: copies of one message, and answers to PING between two of them.
#[derive(Debug)]
struct Outlet {
    /// As many copies as one call takes.
    block: Vec<u8>,
    frame: usize,
    /// Bytes of messages that have not left.
    owed: usize,
    /// Bytes of the present message that have left.
    phase: usize,
    /// What goes before the next message.
    answers: Vec<u8>,
}

impl Outlet {
    fn new(frame: &[u8]) -> Self {
        let copies = (BLOCK / frame.len().max(1)).max(1);
        let block = frame.repeat(copies);
        Self { block, frame: frame.len(), owed: 0, phase: 0, answers: Vec::new() }
    }

    /// What leaves next; empty if there is nothing.
    fn next(&self) -> &[u8] {
        if self.answers.is_empty() {
            let end = (self.phase + self.owed).min(self.block.len());
            return self.block.get(self.phase..end).unwrap_or_default();
        }
        if self.phase == 0 {
            return &self.answers;
        }
        // to the end of the present message, so that the answers can go
        self.block.get(self.phase..self.frame).unwrap_or_default()
    }

    /// `length` bytes of it have left.
    fn left(&mut self, length: usize) {
        if self.phase == 0 && !self.answers.is_empty() {
            self.answers.drain(..length.min(self.answers.len()));
        } else {
            self.owed = self.owed.saturating_sub(length);
            self.phase = (self.phase + length) % self.frame.max(1);
        }
    }
}

/// The connection and what is under way on it.
struct Pipe {
    stream: TcpStream,
    inbox: Inbox,
    plan: Arc<Plan>,
    task: Arc<Task>,
    recorder: SharedRecorder,
    pacer: Option<Pacer>,
    out: Outlet,
    /// When each message without an acknowledgement was due.
    unanswered: VecDeque<u64>,
    /// The sequence number acknowledged last.
    last: u64,
    sent: u64,
}

impl Pipe {
    fn new(
        (stream, inbox): (TcpStream, Inbox),
        plan: Arc<Plan>,
        task: Arc<Task>,
        reply: &str,
        recorder: SharedRecorder,
    ) -> Result<Self, BenchError> {
        let pacer = if plan.interval > 0.0 {
            Some(Pacer::new().map_err(BenchError::system("timer"))?)
        } else {
            None
        };
        let out = Outlet::new(&task.frame(reply));
        let unanswered = VecDeque::new();
        Ok(Self { stream, inbox, plan, task, recorder, pacer, out, unanswered, last: 0, sent: 0 })
    }

    /// Reads what came, sends what is due; ready when there is nothing left to do.
    fn turn(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BenchError>> {
        loop {
            self.receive(cx)?;
            self.enqueue();
            self.write(cx)?;
            let over = now() >= self.plan.window.to() || self.sent >= self.task.quota;
            if over && self.unanswered.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if over || !self.has_room() {
                return Poll::Pending;
            }
            let due = self.plan.due(self.task.index, self.sent);
            let wake = due.min(self.plan.window.to());
            let Some(pacer) = &mut self.pacer else { return Poll::Pending };
            match pacer.poll_until(cx, wake) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(outcome) => outcome.map_err(BenchError::system("timer"))?,
            }
        }
    }

    fn has_room(&self) -> bool {
        self.unanswered.len() < self.plan.in_flight
    }

    fn enqueue(&mut self) {
        let (now, to) = (now(), self.plan.window.to());
        let open = self.plan.interval > 0.0;
        while now < to && self.sent < self.task.quota && self.has_room() {
            let due = if open { self.plan.due(self.task.index, self.sent) } else { now };
            if due > now {
                break;
            }
            if open && now >= self.plan.window.from() {
                self.recorder.lock().lag.record(due, now);
            }
            self.unanswered.push_back(due);
            self.out.owed += self.out.frame;
            self.sent += 1;
        }
    }

    fn write(&mut self, cx: &mut TaskContext<'_>) -> Result<(), BenchError> {
        loop {
            let next = self.out.next();
            if next.is_empty() {
                return Ok(());
            }
            match Pin::new(&mut self.stream).poll_write(cx, next) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(source)) => return Err(BenchError::Lost { what: WHAT, source }),
                Poll::Ready(Ok(length)) => self.out.left(length),
            }
        }
    }

    fn receive(&mut self, cx: &mut TaskContext<'_>) -> Result<(), BenchError> {
        loop {
            let mut room = ReadBuf::new(self.inbox.room());
            match Pin::new(&mut self.stream).poll_read(cx, &mut room) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(source)) => return Err(BenchError::Lost { what: WHAT, source }),
                Poll::Ready(Ok(())) => {}
            }
            match room.filled().len() {
                0 => return Err(BenchError::Closed { what: WHAT }),
                length => self.inbox.filled(length),
            }
            let now = now();
            while let Some(operation) = self.inbox.take()? {
                match operation {
                    Operation::Message(message) => self.acknowledged(&message, now)?,
                    Operation::Ping => self.out.answers.extend_from_slice(b"PONG\r\n"),
                    Operation::Error(reason) => {
                        return Err(declined(WHAT, &self.inbox.text(&reason)));
                    }
                    Operation::Info(_) | Operation::Pong | Operation::Ok => {}
                }
            }
        }
    }

    /// Takes the acknowledgement of the oldest message.
    fn acknowledged(&mut self, message: &Message, now: u64) -> Result<(), BenchError> {
        let stream = &self.task.stream;
        let what = || format!("publish to {stream}");
        self.inbox.refused(&what(), message)?;
        let payload = self.inbox.part(&message.payload);
        let Some(sequence) = protocol::acknowledged(payload) else {
            return Err(declined(&what(), &String::from_utf8_lossy(payload)));
        };
        if sequence <= self.last {
            let what = format!("{stream}: message {sequence} acknowledged behind {}", self.last);
            return Err(BenchError::Stored { what });
        }
        self.last = sequence;
        let due = self.unanswered.pop_front().ok_or(BenchError::Malformed { api: WHAT })?;
        self.plan.over(&self.recorder, due, now, 0);
        Ok(())
    }

    /// Adds up what is known only at the end.
    fn close(&self) {
        self.task.sent.store(self.sent, Ordering::Release);
        let mut recorder = self.recorder.lock();
        recorder.counts.sent += self.sent;
        recorder.counts.behind += self.plan.behind(self.task.index, self.sent);
    }
}

#[cfg(test)]
#[path = "publisher_tests.rs"]
mod tests;
