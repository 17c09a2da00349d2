//! The arithmetic of batching: what lingering for a batch buys where each request takes its time.

use std::sync::Arc;

use actix::prelude::*;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::batch;
use crate::clock::{Pacer, Window, nanoseconds, now, seconds};
use crate::error::BenchError;
use crate::histogram::{Latencies, as_f64};
use crate::options::{Common, RecordOptions, TopicOptions};
use crate::produce::RunTopic;
use crate::report::{Report, rounded};
use crate::stop::Stop;
use crate::wire::{self, Api, Client, LATEST};

/// Shows the arithmetic of batching: one record a request against lingering for a batch.
///
/// One connection, one request at a time. A request takes as long as the broker takes, and the
/// time of an imitated network: 2 ms a message are 500 a second; 8 ms to gather 1,000, and 2 ms to
/// send them, are 100,000. The ratio without the network is measured too.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct BatchingOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// Milliseconds that records are gathered, as `linger.ms`
    #[arg(long, value_name = "MS", default_value_t = 8.0)]
    pub linger: f64,
    /// Records that are gathered in that time
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub batch: usize,
    /// Bytes of a record's value
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub record_size: usize,
    /// Milliseconds of network that each request is charged with
    #[arg(long, value_name = "MS", default_value_t = 2.0)]
    pub network: f64,
    /// Acknowledgements to wait for: 1 or all
    #[arg(long, value_name = "ACKS", default_value = "1", value_parser = crate::options::acks,
          allow_hyphen_values = true)]
    pub acks: i16,
    /// Seconds of each of the four measurements
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    pub seconds: f64,
}

/// Gathers and sends, one request at a time.
struct Gatherer {
    client: Option<Client>,
}

impl Actor for Gatherer {
    type Context = Context<Self>;
}

/// driver → Gatherer, ask: answered when the time is over.
#[derive(Debug, Message)]
#[rtype(result = "Result<Gathered, BenchError>")]
struct Gather {
    frame: Bytes,
    /// Nanoseconds to gather, and nanoseconds of network.
    linger: u64,
    network: u64,
    window: Arc<Window>,
}

/// What one way of sending came to.
#[derive(Debug)]
struct Gathered {
    requests: u64,
    seconds: f64,
    /// Of the first record of each batch: the one that waits longest.
    latencies: Latencies,
}

impl Gathered {
    fn rate(&self, records: usize) -> f64 {
        as_f64(self.requests) * records as f64 / self.seconds.max(1e-9)
    }

    fn to_json(&self, records: usize) -> Value {
        json!({
            "msgs_per_s": rounded(self.rate(records)),
            "req_per_s": rounded(self.rate(1)),
            "lat_us": self.latencies.to_json(),
        })
    }
}

impl Handler<Gather> for Gatherer {
    type Result = ResponseActFuture<Self, Result<Gathered, BenchError>>;

    fn handle(&mut self, order: Gather, _: &mut Self::Context) -> Self::Result {
        let client = self.client.take();
        let work = async move {
            let Some(mut client) = client else {
                return (None, Err(BenchError::Closed { what: "Produce" }));
            };
            let outcome = gather(&mut client, &order).await;
            (Some(client), outcome)
        };
        Box::pin(work.into_actor(self).map(|(client, outcome), actor, _| {
            actor.client = client;
            outcome
        }))
    }
}

async fn gather(client: &mut Client, order: &Gather) -> Result<Gathered, BenchError> {
    let timer = || BenchError::system("timer");
    let version = client.versions().pick(Api::PRODUCE)?;
    let mut pacer = Pacer::new().map_err(timer())?;
    let mut latencies = Latencies::new();
    let mut requests = 0;
    let begun = now();
    while now() < order.window.to() {
        let first = now();
        if order.linger > 0 {
            pacer.until(first + order.linger).await.map_err(timer())?;
        }
        let reply = client.exchange(Api::PRODUCE.name, &order.frame).await?;
        let (_, code) = wire::produce_reply(version, &reply)
            .map_err(|_| BenchError::Malformed { api: Api::PRODUCE.name })?;
        BenchError::check(|| "Produce".into(), code)?;
        if order.network > 0 {
            pacer.until(now() + order.network).await.map_err(timer())?;
        }
        latencies.record(first, now());
        requests += 1;
    }
    Ok(Gathered { requests, seconds: seconds(now() - begun), latencies })
}

/// Runs the four measurements.
pub(crate) async fn run(options: &BatchingOptions, stop: &Stop) -> Result<Report, BenchError> {
    let times = [options.linger, options.network, options.seconds];
    if !times.iter().all(|time| (0.0..1e6).contains(time)) || options.acks == 0 {
        let what = "--linger, --network and --seconds must not be negative, and --acks not 0";
        return Err(BenchError::options(what));
    }
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let topic = TopicOptions {
        topic: None,
        partitions: 1,
        replication_factor: 1,
        settings: Vec::new(),
        keep: false,
    };
    let work =
        async |client: &mut Client, topic: &RunTopic| measured(options, stop, client, topic).await;
    RunTopic::during(&mut client, &topic, work).await
}

async fn measured(
    options: &BatchingOptions,
    stop: &Stop,
    client: &mut Client,
    topic: &RunTopic,
) -> Result<Report, BenchError> {
    let name = &topic.topic.name;
    let before: i64 = client.offsets(name, &[0], LATEST).await?.iter().sum();
    let own = Client::connect(&options.common.bootstrap_server).await?;
    let version = own.versions().pick(Api::PRODUCE)?;
    let gatherer = Gatherer { client: Some(own) }.start();
    let mut sent = 0;
    let mut measure = async |records: usize, linger: f64, network: f64| {
        if stop.asked() {
            return Err(BenchError::Interrupted);
        }
        let records_of = RecordOptions {
            record_size: options.record_size,
            batch_records: records,
            compression_type: ottla_core::record::Compression::None,
        };
        records_of.check()?;
        let batch = batch::encode(&records_of, batch::wall_ms());
        let frames = wire::frames(version, name, &[0], 1, options.acks, &batch);
        let frame = frames.first().map(|frame| frame.pieces.concat()).unwrap_or_default();
        let window = Arc::new(Window::new(0.0, options.seconds));
        window.open();
        let order = Gather {
            frame: frame.into(),
            linger: nanoseconds(linger / 1e3),
            network: nanoseconds(network / 1e3),
            window: Arc::clone(&window),
        };
        let outcome = tokio::select! {
            outcome = gatherer.send(order) => outcome,
            () = stop.wait() => {
                window.end_now();
                return Err(BenchError::Interrupted);
            }
        };
        let gathered = outcome.unwrap_or(Err(BenchError::Closed { what: "bench actor" }))?;
        sent += i64::try_from(gathered.requests).unwrap_or(0) * records as i64;
        Ok(gathered)
    };
    let single = measure(1, 0.0, options.network).await?;
    let lingering = measure(options.batch, options.linger, options.network).await?;
    let bare_single = measure(1, 0.0, 0.0).await?;
    let bare_full = measure(options.batch, 0.0, 0.0).await?;

    let ratio = |many: &Gathered, one: &Gathered| many.rate(options.batch) / one.rate(1).max(1e-9);
    let mut report = Report::new("batching");
    report.set("no_linger", single.to_json(1));
    report.set("linger", lingering.to_json(options.batch));
    report.set("bare_single", bare_single.to_json(1));
    report.set("bare_full_batches", bare_full.to_json(options.batch));
    report.number("ratio", ratio(&lingering, &single));
    report.number("ratio_without_network", ratio(&bare_full, &bare_single));
    let after: i64 = client.offsets(name, &[0], LATEST).await?.iter().sum();
    report.set("acked_msgs", sent);
    report.set("stored_msgs", after - before);
    report.set("stored_ok", after - before == sent);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_milliseconds_a_message_are_five_hundred_a_second() {
        let one = Gathered { requests: 1000, seconds: 2.0, latencies: Latencies::new() };
        assert!((one.rate(1) - 500.0).abs() < 1e-9);
        let many = Gathered { requests: 200, seconds: 2.0, latencies: Latencies::new() };
        assert!((many.rate(1000) / one.rate(1) - 200.0).abs() < 1e-9);
        assert_eq!(many.to_json(1000)["msgs_per_s"], 100_000.0);
    }
}
