//! End-to-end latency: from the moment a message was due to the moment a consumer has it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::prelude::*;

use super::client::{self, Client};
use super::link::WHAT;
use super::publish;
use super::publisher::{Publisher, Task};
use super::puller::{Pulls, sequence};
use super::streams::{RunStreams, StreamOptions};
use crate::clock::{SECOND, Window, now};
use crate::error::BenchError;
use crate::fleet::{Begin, Connect, SharedRecorder};
use crate::options::{Common, TimeOptions};
use crate::pairs::{self, Pairs};
use crate::produce::Plan;
use crate::report::Report;
use crate::stop::Stop;

/// Measures end-to-end latency on JetStream: from when a message was due to when a consumer has it.
///
/// Pairs of a publisher, which sends messages at fixed times, and a pull consumer whose pulls wait
/// for them; each pair has a stream of its own.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct NatsE2eOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// Pairs of publisher and consumer, each with its stream
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub pairs: u16,
    /// Messages a second, of all pairs together
    #[arg(long, visible_alias = "throughput", value_name = "N", default_value_t = 1000.0)]
    pub rate: f64,
    /// Bytes of a message
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub record_size: usize,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub time: TimeOptions,
}

/// Messages without an acknowledgement before the publisher of a pair waits.
const IN_FLIGHT: usize = 10_000;
/// Messages of a pull that waits for them.
const BATCH: u64 = 500;
/// Seconds behind the window for what is still on its way.
const PATIENCE: u64 = 5;

/// Reads what the publisher of its pair sends.
struct Tailer {
    plan: Arc<Plan>,
    task: Arc<Task>,
    /// The sequence number of the publisher's first message.
    first: u64,
    recorder: SharedRecorder,
    client: Option<Client>,
}

impl Actor for Tailer {
    type Context = Context<Self>;
}

/// The name of the consumer; each stream has one.
const CONSUMER: &str = "ottla-tail";

impl Handler<Connect> for Tailer {
    type Result = ResponseActFuture<Self, Result<(), BenchError>>;

    fn handle(&mut self, _: Connect, _: &mut Self::Context) -> Self::Result {
        let (task, first) = (Arc::clone(&self.task), self.first);
        let opened = async move {
            let room = task.payload.len().saturating_add(65_536);
            let mut client = Client::with_buffer(&task.address, room).await?;
            client.create_consumer(&task.stream, CONSUMER, first).await?;
            Ok(client)
        };
        Box::pin(opened.into_actor(self).map(|client: Result<_, BenchError>, actor, _| {
            actor.client = Some(client?);
            Ok(())
        }))
    }
}

impl Handler<Begin> for Tailer {
    type Result = ResponseFuture<Result<(), BenchError>>;

    fn handle(&mut self, _: Begin, _: &mut Self::Context) -> Self::Result {
        let tail = Tail {
            plan: Arc::clone(&self.plan),
            task: Arc::clone(&self.task),
            first: self.first,
            recorder: Arc::clone(&self.recorder),
        };
        let client = self.client.take();
        Box::pin(async move {
            let Some(client) = client else { return Err(BenchError::Closed { what: WHAT }) };
            tail.read(client).await
        })
    }
}

struct Tail {
    plan: Arc<Plan>,
    task: Arc<Task>,
    first: u64,
    recorder: SharedRecorder,
}

impl Tail {
    /// Whether something is still to come; a message that was lost is not waited for.
    fn expects_more(&self, next: u64) -> bool {
        next - self.first < self.task.sent.load(Ordering::Acquire) && now() < self.limit()
    }

    fn limit(&self) -> u64 {
        self.plan.window.to() + PATIENCE * SECOND
    }

    async fn read(self, mut client: Client) -> Result<(), BenchError> {
        let reply = client.subscribe().await?;
        let stands = self.limit().saturating_sub(now()) / SECOND + 60;
        let mut pulls = Pulls::new(&self.task.stream, self.first, u64::MAX - 1);
        while self.expects_more(pulls.next) {
            // while one is being served the next is there already
            while let Some(batch) = pulls.ask(BATCH, 2, now()) {
                let request = client::pull(&self.task.stream, CONSUMER, &reply, batch, stands);
                client.link.send(&request).await?;
            }
            let before = pulls.next;
            // the window may end early, and a message that was lost never comes
            let waited = tokio::time::timeout(TICK, client.link.message());
            let Ok(message) = waited.await else { continue };
            let mut message = Some(message?);
            while let Some(present) = message {
                if let Some(sequence) = sequence(&client, &present)? {
                    pulls.take(sequence)?;
                }
                message = client.link.message_here().await?;
            }
            self.arrived(before, pulls.next, now());
        }
        Ok(())
    }

    /// Messages from `before` to `next` were read at `at`; place and schedule tell when each was
    /// due.
    fn arrived(&self, before: u64, next: u64, at: u64) {
        let mut recorder = self.recorder.lock();
        recorder.counts.answered += 1;
        for sequence in before..next {
            let due = self.plan.due(self.task.index, sequence - self.first);
            recorder.counts.messages += 1;
            recorder.recent.record(due, at);
            if self.plan.window.counts(due) {
                recorder.latencies.record(due, at);
            }
        }
    }
}

/// How often a consumer that gets nothing looks whether there is something to come.
const TICK: std::time::Duration = std::time::Duration::from_millis(100);

/// Runs pairs.
pub(super) async fn run(options: &NatsE2eOptions, stop: &Stop) -> Result<Report, BenchError> {
    options.time.check()?;
    publish::check_size(options.record_size)?;
    pairs::check(options.pairs, options.rate)?;
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let own = StreamOptions { stream: None, streams: options.pairs, keep: false };
    let streams = RunStreams::open(&mut client, &own).await?;
    let result = measured(options, stop, &streams).await;
    let closed = streams.close(&mut client).await;
    let report = result?;
    closed.map(|()| report)
}

async fn measured(
    options: &NatsE2eOptions,
    stop: &Stop,
    streams: &RunStreams,
) -> Result<Report, BenchError> {
    let pairs = streams.names.len();
    let (address, shape) = (&options.common.bootstrap_server, (options.record_size, &[][..]));
    let tasks = publish::tasks(address, &streams.names, pairs, shape, None);
    let window = Window::new(options.time.warmup, options.time.seconds);
    let plan = publish::plan(IN_FLIGHT, pairs, options.rate, window);
    let mut pairs = Pairs::start(options.common.threads);
    for task in &tasks {
        let (of, to_send) = (Arc::clone(&plan), Arc::clone(task));
        let (to_read, task) = (Arc::clone(&plan), Arc::clone(task));
        pairs.add(
            move |recorder| Publisher::new(of, to_send, recorder),
            // the streams are new: their first message is the publisher's first
            move |recorder| Tailer { plan: to_read, task, first: 1, recorder, client: None },
        );
    }
    let mut report = pairs.run(&plan.window, &options.common, options.record_size, stop).await?;
    report.set("protocol", "nats");
    Ok(report)
}
