//! A puller: one connection with a consumer of its own, that reads a stream from its start to its
//! end and begins again.

use std::collections::VecDeque;
use std::sync::Arc;

use actix::prelude::*;

use super::client::{self, Client};
use super::link::WHAT;
use super::protocol::{self, Message};
use crate::clock::{SECOND, Window, now};
use crate::error::BenchError;
use crate::fleet::{Begin, Connect, SharedRecorder};

/// What all pullers have in common.
#[derive(Debug)]
pub(super) struct PullPlan {
    pub(super) address: String,
    /// Messages of a pull.
    pub(super) batch: u64,
    /// Pulls that are under way on a connection.
    pub(super) pulls: usize,
    /// Reads to the end once, instead of again and again until the window is over.
    pub(super) once: bool,
    /// Bytes of the buffer that messages are read through.
    pub(super) buffer: usize,
    pub(super) window: Arc<Window>,
}

/// The part of a stream that is read.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) index: usize,
    pub(super) stream: String,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// Reads its stream.
pub(super) struct Puller {
    plan: Arc<PullPlan>,
    span: Span,
    recorder: SharedRecorder,
    client: Option<Client>,
}

impl Puller {
    /// A puller that has yet to connect.
    pub(super) fn new(plan: Arc<PullPlan>, span: Span, recorder: SharedRecorder) -> Self {
        Self { plan, span, recorder, client: None }
    }
}

impl Actor for Puller {
    type Context = Context<Self>;
}

impl Handler<Connect> for Puller {
    type Result = ResponseActFuture<Self, Result<(), BenchError>>;

    fn handle(&mut self, _: Connect, _: &mut Self::Context) -> Self::Result {
        let plan = Arc::clone(&self.plan);
        let opened = async move { Client::with_buffer(&plan.address, plan.buffer).await };
        Box::pin(opened.into_actor(self).map(|client, actor, _| {
            actor.client = Some(client?);
            Ok(())
        }))
    }
}

impl Handler<Begin> for Puller {
    type Result = ResponseFuture<Result<(), BenchError>>;

    fn handle(&mut self, _: Begin, _: &mut Self::Context) -> Self::Result {
        let (plan, recorder) = (Arc::clone(&self.plan), Arc::clone(&self.recorder));
        let (client, span) = (self.client.take(), self.span.clone());
        Box::pin(async move {
            let Some(mut client) = client else { return Err(BenchError::Closed { what: WHAT }) };
            let reply = client.subscribe().await?;
            crate::clock::sleep_until(plan.window.begin()).await;
            let mut round = 0;
            while now() < plan.window.to() {
                let consumer = format!("ottla-{}-{}-{round}", std::process::id(), span.index);
                client.create_consumer(&span.stream, &consumer, span.first).await?;
                let pulls = Pulls::new(&span.stream, span.first, span.last);
                let names = (consumer.as_str(), reply.as_str());
                let read = read(&plan, &mut client, pulls, names, &recorder).await;
                client.delete_consumer(&span.stream, &consumer).await?;
                read?;
                round += 1;
                if plan.once {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// The pulls of one consumer: what was asked for, and what must come next.
#[derive(Debug)]
pub(super) struct Pulls {
    stream: String,
    /// The sequence number that must come next.
    pub(super) next: u64,
    last: u64,
    /// Messages up to the last that nobody has asked for.
    unasked: u64,
    /// For each pull under way how many messages are still to come, and when it was sent.
    under_way: VecDeque<(u64, u64)>,
}

impl Pulls {
    /// To read the messages `next` to `last`.
    pub(super) fn new(stream: &str, next: u64, last: u64) -> Self {
        let unasked = (last + 1).saturating_sub(next);
        Self { stream: stream.to_owned(), next, last, unasked, under_way: VecDeque::new() }
    }

    /// Whether something is to come.
    pub(super) fn expects_more(&self) -> bool {
        self.next <= self.last
    }

    /// How many messages the next pull is to ask for, sent at `now`; none if there are enough
    /// pulls.
    pub(super) fn ask(&mut self, batch: u64, pulls: usize, now: u64) -> Option<u64> {
        let batch = batch.min(self.unasked);
        if batch == 0 || self.under_way.len() >= pulls {
            return None;
        }
        self.unasked -= batch;
        self.under_way.push_back((batch, now));
        Some(batch)
    }

    /// Takes the message of a sequence number; says when the pull was sent that it is the last of.
    pub(super) fn take(&mut self, sequence: u64) -> Result<Option<u64>, BenchError> {
        if sequence != self.next {
            let (stream, next) = (&self.stream, self.next);
            let what = format!("{stream}: message {sequence} came where {next} was expected");
            return Err(BenchError::Stored { what });
        }
        let (left, begun) =
            self.under_way.front_mut().ok_or(BenchError::Malformed { api: WHAT })?;
        self.next += 1;
        *left -= 1;
        let begun = *begun;
        if *left > 0 {
            return Ok(None);
        }
        self.under_way.pop_front();
        Ok(Some(begun))
    }
}

/// The sequence number of a message that a pull has brought; none of what is for another.
pub(super) fn sequence(client: &Client, message: &Message) -> Result<Option<u64>, BenchError> {
    let inbox = &client.link.inbox;
    if message.subscription != client::MESSAGES {
        return Ok(None);
    }
    inbox.refused("pull", message)?;
    let sequence = protocol::delivered(inbox.part(&message.reply));
    sequence.map(Some).ok_or(BenchError::Malformed { api: WHAT })
}

async fn read(
    plan: &PullPlan,
    client: &mut Client,
    mut pulls: Pulls,
    (consumer, reply): (&str, &str),
    recorder: &SharedRecorder,
) -> Result<(), BenchError> {
    let stands = (plan.window.to().saturating_sub(now()) / SECOND).max(1) + 60;
    let mut requests = Vec::new();
    while pulls.expects_more() && now() < plan.window.to() {
        while let Some(batch) = pulls.ask(plan.batch, plan.pulls, now()) {
            let stream = &pulls.stream;
            requests.append(&mut client::pull(stream, consumer, reply, batch, stands));
        }
        if !requests.is_empty() {
            client.link.send(&requests).await?;
            requests.clear();
        }
        let (mut messages, mut bytes, mut wire) = (0_u64, 0, 0);
        let mut ended = Vec::new();
        let mut message = Some(client.link.message().await?);
        while let Some(present) = message {
            if let Some(sequence) = sequence(client, &present)? {
                ended.extend(pulls.take(sequence)?);
                messages += 1;
                bytes += present.payload.len() as u64;
                wire += present.payload.end as u64 + 2;
            }
            message = client.link.message_here().await?;
        }
        let at = now();
        let mut recorder = recorder.lock();
        for begun in ended {
            recorder.recent.record(begun, at);
            if begun >= plan.window.from() {
                recorder.latencies.record(begun, at);
            }
            recorder.counts.answered += 1;
        }
        recorder.counts.messages += messages;
        recorder.counts.bytes += bytes;
        recorder.counts.wire += wire;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_asked_for_than_there_is() {
        let mut pulls = Pulls::new("s", 11, 35);
        assert_eq!(pulls.ask(10, 2, 1), Some(10));
        assert_eq!(pulls.ask(10, 2, 2), Some(10));
        assert_eq!(pulls.ask(10, 2, 3), None, "two are under way");
        for sequence in 11..20 {
            assert_eq!(pulls.take(sequence).unwrap(), None);
        }
        assert_eq!(pulls.take(20).unwrap(), Some(1), "the first pull is over");
        assert_eq!(pulls.ask(10, 2, 4), Some(5), "up to the last");
        for sequence in 21..=35 {
            pulls.take(sequence).unwrap();
        }
        assert!(!pulls.expects_more());
        assert_eq!(pulls.ask(10, 2, 5), None);
    }

    #[test]
    fn gaps_repetitions_and_what_nobody_asked_for_are_seen() {
        let mut pulls = Pulls::new("s", 1, 100);
        assert!(pulls.take(1).is_err(), "nobody asked");
        pulls.ask(100, 1, 0);
        pulls.take(1).unwrap();
        assert!(pulls.take(1).is_err(), "1 came twice");
        assert!(pulls.take(3).is_err(), "2 is missing");
        pulls.take(2).unwrap();
    }
}
