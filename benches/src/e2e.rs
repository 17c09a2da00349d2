//! End-to-end latency: from the moment a record was due to the moment a consumer has it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::prelude::*;
use tokio::io::AsyncWriteExt;

use crate::batch;
use crate::clock::{SECOND, Window, now};
use crate::error::BenchError;
use crate::fleet::{Begin, Connect, SharedRecorder};
use crate::options::{Common, RecordOptions, TimeOptions, TopicOptions};
use crate::pairs::{self, Pairs};
use crate::produce::{self, Plan, Producer, Requests, RunTopic, Share};
use crate::report::Report;
use crate::stop::Stop;
use crate::wire::{self, Api, Client, FetchLimits, FetchStream, Fetched, LATEST};

/// Measures end-to-end latency: from when a record was due to when a consumer has it.
///
/// Pairs of a producer, which sends single records at fixed times, and a fetcher that long-polls
/// for them; each pair has a partition of its own.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct E2eOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// The topic; made for the run and deleted after it
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,
    /// Keeps the topic
    #[arg(long)]
    pub keep: bool,
    /// Pairs of producer and fetcher, each with its partition
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub pairs: u16,
    /// Records a second, of all pairs together
    #[arg(long, visible_alias = "throughput", value_name = "N", default_value_t = 1000.0)]
    pub rate: f64,
    /// Bytes of a record's value
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub record_size: usize,
    /// Acknowledgements to wait for: 0, 1 or all
    #[arg(long, value_name = "ACKS", default_value = "1", value_parser = crate::options::acks,
          allow_hyphen_values = true)]
    pub acks: i16,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub time: TimeOptions,
}

/// Requests without a reply before the producer of a pair waits.
const IN_FLIGHT: usize = 10_000;

/// Reads what the producer of its pair writes.
struct Tailer {
    version: i16,
    topic: String,
    base: i64,
    plan: Arc<Plan>,
    share: Arc<Share>,
    recorder: SharedRecorder,
    stream: Option<FetchStream>,
}

impl Actor for Tailer {
    type Context = Context<Self>;
}

impl Handler<Connect> for Tailer {
    type Result = ResponseActFuture<Self, Result<(), BenchError>>;

    fn handle(&mut self, _: Connect, _: &mut Self::Context) -> Self::Result {
        let share = Arc::clone(&self.share);
        let opened = async move { wire::connect(&share.address).await };
        Box::pin(opened.into_actor(self).map(|stream, actor, _| {
            actor.stream = Some(FetchStream::new(stream?, 65_536, false));
            Ok(())
        }))
    }
}

impl Handler<Begin> for Tailer {
    type Result = ResponseFuture<Result<(), BenchError>>;

    fn handle(&mut self, _: Begin, _: &mut Self::Context) -> Self::Result {
        let tail = Tail {
            version: self.version,
            topic: self.topic.clone(),
            next: self.base,
            base: self.base,
            plan: Arc::clone(&self.plan),
            share: Arc::clone(&self.share),
            recorder: Arc::clone(&self.recorder),
        };
        let stream = self.stream.take();
        Box::pin(async move {
            let Some(stream) = stream else { return Err(BenchError::Closed { what: "Fetch" }) };
            tail.read(stream).await
        })
    }
}

struct Tail {
    version: i16,
    topic: String,
    next: i64,
    base: i64,
    plan: Arc<Plan>,
    share: Arc<Share>,
    recorder: SharedRecorder,
}

impl Tail {
    /// Whether something is still to come; a record that was lost is not waited for.
    fn expects_more(&self) -> bool {
        let window = &self.plan.window;
        let had = u64::try_from(self.next - self.base).unwrap_or(0);
        had < self.share.sent.load(Ordering::Acquire) && now() < window.to() + 5 * SECOND
    }

    async fn read(mut self, mut stream: FetchStream) -> Result<(), BenchError> {
        let limits = FetchLimits {
            max_wait_ms: 500,
            min_bytes: 1,
            max_bytes: 52_428_800,
            max_partition_bytes: 1_048_576,
        };
        let partition = i32::try_from(self.share.index).unwrap_or(0);
        let mut request = Vec::new();
        while self.expects_more() {
            let asked = std::iter::once((partition, self.next));
            wire::fetch_request(&mut request, self.version, &self.topic, asked, &limits);
            let written = stream.write.write_all(&request).await;
            written.map_err(|source| BenchError::Lost { what: "Fetch", source })?;
            let before = self.next;
            stream.reply(self.version, &mut |fetched| self.took(fetched)).await?;
            self.arrived(before, now());
        }
        Ok(())
    }

    fn took(&mut self, fetched: Fetched) -> Result<(), BenchError> {
        match fetched {
            Fetched::Refused { partition, code } => {
                Err(BenchError::Refused { what: format!("Fetch of partition {partition}"), code })
            }
            Fetched::Batch { first, last, .. } if first > self.next || last < self.next => {
                let what = format!("offset {first} came where {} was expected", self.next);
                Err(BenchError::Stored { what })
            }
            Fetched::Batch { last, .. } => {
                self.next = last + 1;
                Ok(())
            }
        }
    }

    /// Offsets from `before` on were read at `at`; offset and schedule tell when each was due.
    fn arrived(&self, before: i64, at: u64) {
        let mut recorder = self.recorder.lock();
        recorder.counts.answered += 1;
        for offset in before..self.next {
            let k = u64::try_from(offset - self.base).unwrap_or(0);
            let due = self.plan.due(self.share.index, k);
            recorder.counts.messages += 1;
            recorder.recent.record(due, at);
            if self.plan.window.counts(due) {
                recorder.latencies.record(due, at);
            }
        }
    }
}

/// Runs pairs.
pub(crate) async fn run(options: &E2eOptions, stop: &Stop) -> Result<Report, BenchError> {
    options.time.check()?;
    pairs::check(options.pairs, options.rate)?;
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let topic = TopicOptions {
        topic: options.topic.clone(),
        partitions: options.pairs,
        replication_factor: 1,
        settings: Vec::new(),
        keep: options.keep,
    };
    let work =
        async |client: &mut Client, topic: &RunTopic| measured(options, stop, client, topic).await;
    RunTopic::during(&mut client, &topic, work).await
}

async fn measured(
    options: &E2eOptions,
    stop: &Stop,
    client: &mut Client,
    topic: &RunTopic,
) -> Result<Report, BenchError> {
    let partitions = topic.partitions();
    let base = client.offsets(&topic.topic.name, &partitions, LATEST).await?;
    let records = RecordOptions {
        record_size: options.record_size,
        batch_records: 1,
        compression_type: ottla_core::record::Compression::None,
    };
    records.check()?;
    let batch = batch::encode(&records, batch::wall_ms());
    let requests = Requests { batch: &batch, acks: options.acks, per_request: 1, quota: None };
    let shares = produce::pairs(client, &topic.topic, &requests).await?;
    let plan = Arc::new(Plan {
        version: client.versions().pick(Api::PRODUCE)?,
        acks: options.acks,
        in_flight: IN_FLIGHT,
        connections: u64::from(options.pairs),
        interval: 1e9 / options.rate,
        window: Arc::new(Window::new(options.time.warmup, options.time.seconds)),
    });
    let version = client.versions().pick(Api::FETCH)?;
    let window = Arc::clone(&plan.window);
    let mut pairs = Pairs::start(options.common.threads);
    for (share, base) in shares.iter().zip(base) {
        let (to_send, to_read) = ((Arc::clone(&plan), Arc::clone(share)), Arc::clone(&plan));
        let (topic, share) = (topic.topic.name.clone(), Arc::clone(share));
        pairs.add(
            move |recorder| Producer::new(to_send.0, to_send.1, recorder),
            move |recorder| Tailer {
                version,
                topic,
                base,
                plan: to_read,
                share,
                recorder,
                stream: None,
            },
        );
    }
    pairs.run(&window, &options.common, options.record_size, stop).await
}
