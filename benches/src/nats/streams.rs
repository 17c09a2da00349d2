//! The streams of a run: made for it, counted, and deleted after it.

use std::time::Duration;

use super::client::{Client, StreamState};
use crate::clock::now;
use crate::error::BenchError;
use crate::fleet::Counts;
use crate::report::Report;

/// The streams that are written or read.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct StreamOptions {
    /// The stream, or what the names of several begin with; made for the run and deleted after it
    /// if it is not there
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    pub stream: Option<String>,
    /// Streams, each with one subject; a connection keeps to one of them
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub streams: u16,
    /// Keeps streams that were made for the run
    #[arg(long)]
    pub keep: bool,
}

fn stream_name(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !text.is_empty() && text.len() <= 200 && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("letters, digits, - and _ only")
    }
}

/// Streams for a run.
pub(super) struct RunStreams {
    pub(super) names: Vec<String>,
    made: Vec<String>,
    keep: bool,
}

impl RunStreams {
    /// The streams that the options name, or such of its own.
    pub(super) async fn open(
        client: &mut Client,
        options: &StreamOptions,
    ) -> Result<Self, BenchError> {
        if options.streams == 0 {
            return Err(BenchError::options("--streams must be at least 1"));
        }
        let own = format!("ottla-bench-{}-{}", std::process::id(), now() % 1_000_000_000);
        let base = options.stream.as_deref().unwrap_or(&own);
        let name = |index| match options.streams {
            1 => base.to_owned(),
            _ => format!("{base}-{index}"),
        };
        let names: Vec<String> = (0..options.streams).map(name).collect();
        let mut run = Self { names, made: Vec::new(), keep: options.keep };
        for name in run.names.clone() {
            match client.create_stream(&name).await {
                Ok(true) => run.made.push(name),
                Ok(false) => {}
                Err(error) => {
                    // the first failure is the one to tell
                    _ = run.close(client).await;
                    return Err(error);
                }
            }
        }
        Ok(run)
    }

    /// What each holds.
    pub(super) async fn states(&self, client: &mut Client) -> Result<Vec<StreamState>, BenchError> {
        let mut states = Vec::with_capacity(self.names.len());
        for name in &self.names {
            states.push(client.stream(name).await?);
        }
        Ok(states)
    }

    /// Messages in all of them.
    pub(super) async fn messages(&self, client: &mut Client) -> Result<u64, BenchError> {
        Ok(self.states(client).await?.iter().map(|state| state.messages).sum())
    }

    /// Compares what the server holds with what it has acknowledged.
    pub(super) async fn stored(
        &self,
        client: &mut Client,
        before: u64,
        counts: &Counts,
        report: &mut Report,
    ) -> Result<(), BenchError> {
        let mut stored = 0;
        // what was sent and not answered when the run broke off may still be on its way
        for _ in 0..50 {
            let now = self.messages(client).await?.saturating_sub(before);
            let settled = now == stored;
            stored = now;
            if settled || stored >= counts.sent {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        report.set("acked_msgs", counts.answered);
        report.set("stored_msgs", stored);
        report.set("stored_ok", (counts.answered..=counts.sent).contains(&stored));
        Ok(())
    }

    /// Deletes those that were made for the run.
    pub(super) async fn close(&self, client: &mut Client) -> Result<(), BenchError> {
        if self.keep {
            return Ok(());
        }
        for name in &self.made {
            client.delete_stream(name).await?;
        }
        Ok(())
    }
}
