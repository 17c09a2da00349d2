//! Pairs of a sender and a reader, whatever they speak: connected, let loose, stopped, reported.

use std::sync::Arc;

use actix::{Actor, Addr};

use crate::clock::Window;
use crate::error::BenchError;
use crate::fleet::{Bearer, Fleet, SharedRecorder, begin_all, connect_all};
use crate::histogram::as_f64;
use crate::live::Unit;
use crate::options::Common;
use crate::report::Report;
use crate::run::{Observed, observe};
use crate::stop::Stop;
use crate::usage::Work;

/// Senders and readers. Each side has its own threads, or the time one takes would count as the
/// broker's.
pub(crate) struct Pairs<S: Actor, R: Actor> {
    senders: Fleet,
    readers: Fleet,
    sending: Vec<Addr<S>>,
    reading: Vec<Addr<R>>,
}

impl<S: Bearer, R: Bearer> Pairs<S, R> {
    /// No pair yet, and `threads` threads for each side.
    pub(crate) fn start(threads: usize) -> Self {
        Self {
            senders: Fleet::start(threads),
            readers: Fleet::start(threads),
            sending: Vec::new(),
            reading: Vec::new(),
        }
    }

    /// Starts one more pair.
    pub(crate) fn add(
        &mut self,
        sender: impl FnOnce(SharedRecorder) -> S + Send + 'static,
        reader: impl FnOnce(SharedRecorder) -> R + Send + 'static,
    ) {
        let index = self.sending.len();
        self.sending.push(self.senders.spawn(index, sender));
        self.reading.push(self.readers.spawn(index, reader));
    }

    /// Connects all, lets them run through the window, and stops them; `record_size` is in the
    /// result.
    pub(crate) async fn run(
        mut self,
        window: &Arc<Window>,
        common: &Common,
        record_size: usize,
        stop: &Stop,
    ) -> Result<Report, BenchError> {
        let report = self.measured(window, common, record_size, stop).await;
        self.senders.stop();
        self.readers.stop();
        report
    }

    async fn measured(
        &mut self,
        window: &Arc<Window>,
        common: &Common,
        record_size: usize,
        stop: &Stop,
    ) -> Result<Report, BenchError> {
        connect_all(&self.sending).await?;
        connect_all(&self.reading).await?;
        window.open();
        let sending = std::mem::take(&mut self.sending);
        let reading = std::mem::take(&mut self.reading);
        let work = async {
            let sending = begin_all(sending, Arc::clone(window));
            let (sent, read) = tokio::join!(sending, begin_all(reading, Arc::clone(window)));
            sent.and(read)
        };
        let unit = Unit::Counted;
        let observed = observe(&self.readers, window, common.pid, stop, unit, work).await;
        match self.report(&observed, record_size, stop) {
            Some(report) => Ok(report),
            None => Err(observed.failed.unwrap_or(BenchError::Interrupted)),
        }
    }

    /// The result; none if they ended before the window did.
    fn report(&self, observed: &Observed, record_size: usize, stop: &Stop) -> Option<Report> {
        let mut report = Report::new("tail");
        let used = observed.used?;
        let (acks, lag) = self.senders.latencies();
        let sent = self.senders.counts();
        report.number("secs", used.seconds);
        report.latencies("e2e_us", &self.readers.latencies().0);
        report.latencies("ack_us", &acks);
        report.set("send_lag_us", lag.to_json());
        observed.write(&mut report, stop);
        // what the senders were told; readers fail at the first error
        report.set("errors", sent.errors);
        if sent.errors > 0 {
            report.set("first_error", sent.first_error);
        }
        report.set("sent", sent.sent);
        report.set("delivered", observed.all.messages);
        report.set("delivered_ok", observed.all.messages == sent.sent);
        report.set("behind_reqs", sent.behind);
        report.set("fetches", observed.all.answered);
        let messages = as_f64(observed.inside.messages);
        let megabytes = messages * record_size as f64 / 1e6;
        used.write(report.fields(), Work { messages, megabytes, requests: messages });
        Some(report)
    }
}

/// Refuses numbers that are no load.
pub(crate) fn check(pairs: u16, rate: f64) -> Result<(), BenchError> {
    if pairs == 0 || !(rate > 0.0 && rate < 1e9) {
        return Err(BenchError::options("--pairs must be at least 1 and --rate more than 0"));
    }
    Ok(())
}
