//! A producer: one connection, written with vectored writes from requests that are encoded once.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};

use actix::prelude::*;
use bytes::Buf;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::plan::{Plan, Share};
use crate::clock::{Pacer, now};
use crate::error::BenchError;
use crate::fleet::{Begin, Connect, SharedRecorder};
use crate::wire::{self, Frame};

/// Pieces of memory given to the socket with one call.
const VECTOR: usize = 64;
/// Room for replies that are read at once.
const INBOX: usize = 64 * 1024;
const WHAT: &str = "Produce";

/// Sends its share of the requests.
pub(crate) struct Producer {
    share: Arc<Share>,
    plan: Arc<Plan>,
    recorder: SharedRecorder,
    pipe: Option<Pipe>,
}

impl Producer {
    /// A producer that has yet to connect.
    pub(crate) fn new(plan: Arc<Plan>, share: Arc<Share>, recorder: SharedRecorder) -> Self {
        Self { share, plan, recorder, pipe: None }
    }
}

impl Actor for Producer {
    type Context = Context<Self>;
}

impl Handler<Connect> for Producer {
    type Result = ResponseActFuture<Self, Result<(), BenchError>>;

    fn handle(&mut self, _: Connect, _: &mut Self::Context) -> Self::Result {
        let share = Arc::clone(&self.share);
        let opened = async move { wire::connect(&share.address).await };
        Box::pin(opened.into_actor(self).map(|stream, actor, _| {
            let (plan, share) = (Arc::clone(&actor.plan), Arc::clone(&actor.share));
            actor.pipe = Some(Pipe::new(stream?, plan, share, Arc::clone(&actor.recorder))?);
            Ok(())
        }))
    }
}

impl Handler<Begin> for Producer {
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

/// A request that is being written.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    frame: usize,
    due: u64,
}

/// The connection and what is under way on it.
struct Pipe {
    stream: TcpStream,
    plan: Arc<Plan>,
    share: Arc<Share>,
    recorder: SharedRecorder,
    pacer: Option<Pacer>,
    /// Requests that have not all left.
    out: VecDeque<Leaving>,
    /// Bytes of the first of them that have left.
    written: usize,
    /// When each request without a reply was due, and its correlation id.
    unanswered: VecDeque<(u64, i32)>,
    inbox: Box<[u8]>,
    filled: usize,
    next_frame: usize,
    sent: u64,
}

impl Pipe {
    fn new(
        stream: TcpStream,
        plan: Arc<Plan>,
        share: Arc<Share>,
        recorder: SharedRecorder,
    ) -> Result<Self, BenchError> {
        let pacer = if plan.interval > 0.0 {
            Some(Pacer::new().map_err(BenchError::system("timer"))?)
        } else {
            None
        };
        Ok(Self {
            stream,
            pacer,
            out: VecDeque::new(),
            written: 0,
            unanswered: VecDeque::new(),
            inbox: vec![0; INBOX].into(),
            filled: 0,
            next_frame: share.first_frame,
            sent: 0,
            plan,
            share,
            recorder,
        })
    }

    /// Reads what came, sends what is due; ready when there is nothing left to do.
    fn turn(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BenchError>> {
        loop {
            self.receive(cx)?;
            self.send(cx)?;
            let over = now() >= self.plan.window.to() || self.sent >= self.share.quota;
            if over && self.out.is_empty() && self.unanswered.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if over || !self.has_room() {
                return Poll::Pending;
            }
            let wake = self.due(self.sent).min(self.plan.window.to());
            let Some(pacer) = &mut self.pacer else { return Poll::Pending };
            match pacer.poll_until(cx, wake) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(outcome) => outcome.map_err(BenchError::system("timer"))?,
            }
        }
    }

    /// When request `k` of this connection is due in an open loop.
    fn due(&self, k: u64) -> u64 {
        self.plan.due(self.share.index, k)
    }

    fn has_room(&self) -> bool {
        let under_way = if self.plan.acks == 0 { self.out.len() } else { self.unanswered.len() };
        under_way < self.plan.in_flight
    }

    /// Queues what is due and writes what the socket takes.
    fn send(&mut self, cx: &mut TaskContext<'_>) -> Result<(), BenchError> {
        loop {
            self.enqueue();
            if self.out.is_empty() || !self.write(cx)? || self.plan.acks != 0 {
                return Ok(());
            }
        }
    }

    fn enqueue(&mut self) {
        let (now, to) = (now(), self.plan.window.to());
        while now < to && self.sent < self.share.quota && self.has_room() {
            let due = if self.plan.interval > 0.0 { self.due(self.sent) } else { now };
            if due > now {
                break;
            }
            let frame = self.next_frame;
            self.next_frame = (frame + 1) % self.share.frames.len();
            self.out.push_back(Leaving { frame, due });
            if self.plan.acks != 0 {
                self.unanswered.push_back((due, self.share.frames[frame].correlation));
            }
            if self.plan.interval > 0.0 && now >= self.plan.window.from() {
                self.recorder.lock().lag.record(due, now);
            }
            self.sent += 1;
        }
    }

    /// Whether everything that was queued has left.
    fn write(&mut self, cx: &mut TaskContext<'_>) -> Result<bool, BenchError> {
        while !self.out.is_empty() {
            let mut slices = [IoSlice::new(&[]); VECTOR];
            let filled = gather(&self.out, &self.share.frames, self.written, &mut slices);
            let stream = Pin::new(&mut self.stream);
            match stream.poll_write_vectored(cx, &slices[..filled]) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Err(source)) => return Err(BenchError::Lost { what: WHAT, source }),
                Poll::Ready(Ok(length)) => self.left(length),
            }
        }
        Ok(true)
    }

    /// `length` more bytes have left.
    fn left(&mut self, length: usize) {
        self.written += length;
        while let Some(first) = self.out.front() {
            let whole = self.share.frames[first.frame].length;
            if self.written < whole {
                break;
            }
            self.written -= whole;
            if self.plan.acks == 0 {
                // no reply will come: it is over when the socket has it
                self.plan.over(&self.recorder, first.due, now(), 0);
            }
            self.out.pop_front();
        }
    }

    fn receive(&mut self, cx: &mut TaskContext<'_>) -> Result<(), BenchError> {
        loop {
            let mut room = ReadBuf::new(&mut self.inbox[self.filled..]);
            match Pin::new(&mut self.stream).poll_read(cx, &mut room) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(source)) => return Err(BenchError::Lost { what: WHAT, source }),
                Poll::Ready(Ok(())) => {}
            }
            match room.filled().len() {
                0 => return Err(BenchError::Closed { what: WHAT }),
                length => self.filled += length,
            }
            self.replies()?;
        }
    }

    /// Takes the whole replies off the front of the inbox.
    fn replies(&mut self) -> Result<(), BenchError> {
        const MALFORMED: BenchError = BenchError::Malformed { api: WHAT };
        let now = now();
        let mut rest = &self.inbox[..self.filled];
        let mut taken = 0;
        while rest.len() >= 4 {
            let mut body = rest;
            let length = usize::try_from(body.get_i32()).map_err(|_| MALFORMED)?;
            if length > INBOX - 4 {
                return Err(MALFORMED);
            }
            let Some(reply) = body.get(..length) else { break };
            let (correlation, code) =
                wire::produce_reply(self.plan.version, reply).map_err(|_| MALFORMED)?;
            let (due, expected) = self.unanswered.pop_front().ok_or(MALFORMED)?;
            if correlation != expected {
                return Err(MALFORMED);
            }
            self.plan.over(&self.recorder, due, now, code);
            taken += 4 + length;
            rest = &rest[4 + length..];
        }
        self.inbox.copy_within(taken..self.filled, 0);
        self.filled -= taken;
        Ok(())
    }

    /// Adds up what is known only at the end.
    fn close(&self) {
        self.share.sent.store(self.sent, Ordering::Release);
        let mut recorder = self.recorder.lock();
        recorder.counts.sent += self.sent;
        recorder.counts.behind += self.plan.behind(self.share.index, self.sent);
    }
}

/// Fills `slices` with the bytes that are to leave next.
fn gather<'a>(
    out: &VecDeque<Leaving>,
    frames: &'a [Frame],
    mut skip: usize,
    slices: &mut [IoSlice<'a>; VECTOR],
) -> usize {
    let mut filled = 0;
    for piece in out.iter().flat_map(|leaving| &frames[leaving.frame].pieces) {
        if skip >= piece.len() {
            skip -= piece.len();
            continue;
        }
        let Some(slice) = slices.get_mut(filled) else { break };
        *slice = IoSlice::new(&piece[skip..]);
        skip = 0;
        filled += 1;
    }
    filled
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_partly_written_request_goes_on_where_it_stopped() {
        let batch = Bytes::from(vec![9; 10]);
        let frames = wire::frames(7, "t", &[0, 1], 1, 1, &batch);
        let whole: Vec<u8> = [frames[0].pieces.concat(), frames[1].pieces.concat()].concat();
        let out = VecDeque::from([Leaving { frame: 0, due: 0 }, Leaving { frame: 1, due: 0 }]);
        for skip in 0..frames[0].length {
            let mut slices = [IoSlice::new(&[]); VECTOR];
            let filled = gather(&out, &frames, skip, &mut slices);
            let bytes: Vec<u8> = slices[..filled].iter().flat_map(|s| s.to_vec()).collect();
            assert_eq!(bytes, whole[skip..]);
        }
    }
}
