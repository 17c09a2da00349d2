//! The same load for NATS JetStream, whose clients speak a protocol of their own.
//!
//! `protocol` knows the operations as bytes, `link` a connection, `client` the few requests to
//! JetStream's API. A publisher sends one message that was encoded once; a puller reads what it
//! asked for where it lies. Streams are in files, with one replica and all else as the server has
//! it.

mod client;
mod e2e;
mod link;
mod protocol;
mod publish;
mod publisher;
mod pull;
mod puller;
mod streams;

pub use e2e::NatsE2eOptions;
pub use publish::PublishOptions;
pub use pull::PullOptions;
pub use streams::StreamOptions;

pub(crate) use client::Client;

use crate::conns::{self, ConnsOptions};
use crate::error::BenchError;
use crate::greet::Protocol;
use crate::options::Common;
use crate::report::Report;
use crate::startup::{self, StartupOptions};
use crate::stop::Stop;

/// What is measured on a NATS server.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(mut_subcommands(|command| {
    command.mut_arg("bootstrap_server", |argument| argument.default_value("localhost:4222"))
}))]
pub enum NatsBench {
    #[expect(missing_docs, reason = "the options have the text")]
    Produce(PublishOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    Consume(PullOptions),
    #[expect(missing_docs, reason = "the options have the text")]
    E2e(NatsE2eOptions),
    /// Measures connections that do nothing: each says PING, waits, and says it again
    #[command(long_about = None)]
    Conns(ConnsOptions),
    /// Measures a start: starts the command and asks it until JetStream answers, then stops it
    #[command(long_about = None)]
    Startup(StartupOptions),
}

impl NatsBench {
    /// What every kind of measurement is given.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Produce(options) => &options.common,
            Self::Consume(options) => &options.common,
            Self::E2e(options) => &options.common,
            Self::Conns(options) => &options.common,
            Self::Startup(options) => &options.common,
        }
    }

    /// Measures, or stops early.
    pub(crate) async fn run(&self, stop: &Stop) -> Result<Report, BenchError> {
        match self {
            Self::Produce(options) => publish::run(options, stop).await,
            Self::Consume(options) => pull::run(options, stop).await,
            Self::E2e(options) => e2e::run(options, stop).await,
            Self::Conns(options) => conns::run(options, Protocol::Nats, stop).await,
            Self::Startup(options) => startup::run(options, Protocol::Nats, stop).await,
        }
    }
}

#[cfg(test)]
#[path = "scripted_tests.rs"]
mod tests;
