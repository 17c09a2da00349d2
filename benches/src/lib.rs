//! Bench actors: load for any broker that speaks Kafka's protocol, and what it costs the broker.
//!
//! A bench actor bears one connection. It is a light client of its own (`wire` knows seven
//! requests), so that a broker and its load fit on one small machine: the batch is encoded once, a
//! request is written with one vectored write and never patched, replies are read in place. Actors
//! are spread over the threads of a fleet; the driver asks them to connect, asks them to begin, and
//! watches the clock, `/proc` and the counters.
//!
//! A closed loop sends when a slot is free. An open loop sends at fixed times, and latency counts
//! from the time a request was due, not from when it could be sent: a broker that stalls is
//! charged for all that waited.

mod bare;
mod batch;
mod batching;
mod clock;
mod cold;
mod compare;
mod conns;
mod consume;
mod e2e;
mod embed;
mod engines;
mod error;
mod fleet;
mod floors;
mod greet;
mod growth;
mod histogram;
mod idle;
mod live;
mod memory;
mod nats;
mod options;
mod pairs;
mod paths;
mod produce;
mod report;
mod run;
mod stalls;
mod startup;
mod stop;
mod svg;
mod text;
mod topics;
mod usage;
mod wire;

pub use bare::{BareOptions, bare};
pub use batching::BatchingOptions;
pub use cold::ColdOptions;
pub use compare::{CompareOptions, Comparison, compare};
pub use conns::ConnsOptions;
pub use consume::ConsumeOptions;
pub use e2e::E2eOptions;
pub use embed::{Appender, Embedded, Embedder, Ephemeral, Later, Load, Place};
pub use engines::{EnginesOptions, engines, text as engines_text};
pub use error::BenchError;
pub use floors::{FloorsOptions, floors};
pub use growth::GrowthOptions;
pub use idle::IdleOptions;
pub use nats::{NatsBench, NatsE2eOptions, PublishOptions, PullOptions, StreamOptions};
pub use options::{Common, RecordOptions, TimeOptions, TopicOptions};
pub use paths::{Paths, PathsOptions, paths};
pub use produce::{Path, ProduceOptions};
pub use report::Report;
pub use startup::StartupOptions;
pub use stop::INTERRUPTED;
pub use topics::TopicsOptions;

use greet::Protocol;
use stop::Stop;

/// What is measured.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Bench {
    #[expect(missing_docs, reason = "the options have the text")]
    Produce(ProduceOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Consume(ConsumeOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    E2e(E2eOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Batching(BatchingOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Conns(ConnsOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Topics(TopicsOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Startup(StartupOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Idle(IdleOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Growth(GrowthOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Cold(ColdOptions),
    /// Measures NATS JetStream with the same load, in its own protocol
    #[command(subcommand)]
    Nats(NatsBench),
}

impl Bench {
    /// What every kind of measurement is given.
    #[must_use]
    pub fn common(&self) -> &Common {
        match self {
            Self::Produce(options) => &options.common,
            Self::Consume(options) => &options.common,
            Self::E2e(options) => &options.common,
            Self::Batching(options) => &options.common,
            Self::Conns(options) => &options.common,
            Self::Topics(options) => &options.common,
            Self::Startup(options) => &options.common,
            Self::Idle(options) => &options.common,
            Self::Growth(options) => &options.common,
            Self::Cold(options) => &options.common,
            Self::Nats(bench) => bench.common(),
        }
    }

    /// A line of JSON for a measurement without a result.
    #[must_use]
    pub fn failure(&self, error: &BenchError) -> serde_json::Value {
        let mut report = Report::default();
        report.set("error", error.to_string());
        self.name(&mut report);
        report.json()
    }

    fn name(&self, report: &mut Report) {
        let common = self.common();
        if let Some(label) = &common.label {
            report.set("label", label.as_str());
        }
        if let Some(broker) = &common.broker {
            report.set("broker_name", broker.as_str());
        }
    }

    /// Measures; to be called inside a running actix system. What is to be measured inside this
    /// process needs an `embedder`.
    ///
    /// # Errors
    /// There is no result.
    pub async fn run(&self, embedder: Option<&dyn Embedder>) -> Result<Report, BenchError> {
        raise_open_files();
        self.run_until(&Stop::listen(), embedder).await
    }

    /// Measures, or stops early.
    pub(crate) async fn run_until(
        &self,
        stop: &Stop,
        embedder: Option<&dyn Embedder>,
    ) -> Result<Report, BenchError> {
        let mut report = match self {
            Self::Produce(options) => produce::run(options, stop, embedder).await,
            Self::Consume(options) => consume::run(options, stop).await,
            Self::E2e(options) => e2e::run(options, stop).await,
            Self::Batching(options) => batching::run(options, stop).await,
            Self::Conns(options) => conns::run(options, Protocol::Kafka, stop).await,
            Self::Topics(options) => topics::run(options, stop).await,
            Self::Startup(options) => startup::run(options, Protocol::Kafka, stop).await,
            Self::Idle(options) => idle::run(options, stop).await,
            Self::Growth(options) => growth::run(options, stop).await,
            Self::Cold(options) => cold::run(options, stop).await,
            Self::Nats(bench) => bench.run(stop).await,
        }?;
        self.name(&mut report);
        report.number("load1", usage::load());
        Ok(report)
    }
}

/// Lets this process open as many connections as its hard limit allows.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // with fewer, connections fail and say so
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
