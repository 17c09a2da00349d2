//! A fetcher: one connection that asks for the next records, reads them over and asks again.

use std::sync::Arc;

use actix::prelude::*;
use tokio::io::AsyncWriteExt;

use crate::clock::{Window, now};
use crate::error::BenchError;
use crate::fleet::{Begin, Connect, SharedRecorder};
use crate::wire::{self, FetchLimits, FetchStream, Fetched};

const WHAT: &str = "Fetch";

/// What all fetchers have in common.
#[derive(Debug)]
pub(crate) struct FetchPlan {
    pub(crate) version: i16,
    pub(crate) topic: String,
    pub(crate) limits: FetchLimits,
    pub(crate) verify: bool,
    /// Reads to the end once, instead of again and again until the window is over.
    pub(crate) once: bool,
    /// Bytes of the buffer that replies are read through.
    pub(crate) buffer: usize,
    pub(crate) window: Arc<Window>,
}

/// A partition that is read from `start` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) partition: i32,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) next: i64,
    /// Whether the present reply has records of it.
    served: bool,
}

impl Range {
    /// To be read from its start.
    pub(crate) fn new(partition: i32, start: i64, end: i64) -> Self {
        Self { partition, start, end, next: start, served: false }
    }

    /// Takes a batch; the first of a reply may begin before what was asked for, the others
    /// follow without a gap.
    fn take(&mut self, first: i64, last: i64) -> Result<(), BenchError> {
        let next = self.next;
        if first > next || last < next || self.served && first != next {
            let partition = self.partition;
            let what = format!(
                "partition {partition}: a batch of offsets {first} to {last} where {next} was \
                 expected"
            );
            return Err(BenchError::Stored { what });
        }
        self.next = last + 1;
        self.served = true;
        Ok(())
    }
}

/// Reads its partitions.
pub(crate) struct Fetcher {
    plan: Arc<FetchPlan>,
    address: String,
    ranges: Vec<Range>,
    recorder: SharedRecorder,
    stream: Option<FetchStream>,
}

impl Fetcher {
    /// A fetcher that has yet to connect.
    pub(crate) fn new(
        plan: Arc<FetchPlan>,
        address: String,
        ranges: Vec<Range>,
        recorder: SharedRecorder,
    ) -> Self {
        Self { plan, address, ranges, recorder, stream: None }
    }
}

impl Actor for Fetcher {
    type Context = Context<Self>;
}

impl Handler<Connect> for Fetcher {
    type Result = ResponseActFuture<Self, Result<(), BenchError>>;

    fn handle(&mut self, _: Connect, _: &mut Self::Context) -> Self::Result {
        let address = self.address.clone();
        let opened = async move { wire::connect(&address).await };
        Box::pin(opened.into_actor(self).map(|stream, actor, _| {
            let plan = &actor.plan;
            actor.stream = Some(FetchStream::new(stream?, plan.buffer, plan.verify));
            Ok(())
        }))
    }
}

impl Handler<Begin> for Fetcher {
    type Result = ResponseFuture<Result<(), BenchError>>;

    fn handle(&mut self, _: Begin, _: &mut Self::Context) -> Self::Result {
        let (plan, recorder) = (Arc::clone(&self.plan), Arc::clone(&self.recorder));
        let (stream, ranges) = (self.stream.take(), std::mem::take(&mut self.ranges));
        Box::pin(async move {
            let Some(stream) = stream else { return Err(BenchError::Closed { what: WHAT }) };
            crate::clock::sleep_until(plan.window.begin()).await;
            read(&plan, stream, ranges, &recorder).await
        })
    }
}

async fn read(
    plan: &FetchPlan,
    mut stream: FetchStream,
    mut ranges: Vec<Range>,
    recorder: &SharedRecorder,
) -> Result<(), BenchError> {
    let mut request = Vec::new();
    while !ranges.is_empty() && now() < plan.window.to() {
        let asked = ranges.iter().map(|range| (range.partition, range.next));
        wire::fetch_request(&mut request, plan.version, &plan.topic, asked, &plan.limits);
        let begun = now();
        let written = stream.write.write_all(&request).await;
        written.map_err(|source| BenchError::Lost { what: WHAT, source })?;
        let (mut messages, mut bytes) = (0, 0);
        let wire = stream
            .reply(plan.version, &mut |fetched| {
                let (records, size) = took(&mut ranges, fetched)?;
                messages += records;
                bytes += size;
                Ok(())
            })
            .await?;
        let ended = now();
        {
            let mut recorder = recorder.lock();
            recorder.recent.record(begun, ended);
            if begun >= plan.window.from() {
                recorder.latencies.record(begun, ended);
            }
            let counts = &mut recorder.counts;
            counts.answered += 1;
            counts.messages += messages;
            counts.bytes += bytes as u64;
            counts.wire += wire as u64;
            counts.empty += u64::from(messages == 0);
        }
        next_round(&mut ranges, plan.once);
    }
    Ok(())
}

/// Records and bytes of what came.
fn took(ranges: &mut [Range], fetched: Fetched) -> Result<(u64, usize), BenchError> {
    match fetched {
        Fetched::Refused { partition, code } => {
            Err(BenchError::Refused { what: format!("Fetch of partition {partition}"), code })
        }
        Fetched::Batch { partition, first, last, records, bytes } => {
            let range = ranges.iter_mut().find(|range| range.partition == partition);
            let range = range.ok_or(BenchError::Malformed { api: WHAT })?;
            range.take(first, last)?;
            Ok((u64::try_from(records).unwrap_or(0), bytes))
        }
    }
}

/// Begins again where the end was reached, or lets go of it; those that were served go to the end
/// of the list, as Kafka's consumer does.
fn next_round(ranges: &mut Vec<Range>, once: bool) {
    if once {
        ranges.retain(|range| range.next < range.end);
    }
    ranges.sort_by_key(|range| range.served);
    for range in ranges {
        range.served = false;
        if range.next >= range.end {
            range.next = range.start;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_repetitions_are_seen() {
        let mut range = Range::new(0, 10, 100);
        assert!(range.take(11, 20).is_err(), "offset 10 is missing");
        range.take(5, 14).unwrap();
        assert!(range.take(14, 20).is_err(), "offset 14 came twice");
        assert!(range.take(16, 20).is_err(), "offset 15 is missing");
        range.take(15, 99).unwrap();
        assert_eq!(range.next, 100);
    }

    #[test]
    fn what_was_served_goes_to_the_end_and_starts_again() {
        let mut ranges = vec![Range::new(0, 0, 10), Range::new(1, 0, 10)];
        ranges[0].take(0, 9).unwrap();
        next_round(&mut ranges, false);
        assert_eq!(
            ranges.iter().map(|r| (r.partition, r.next)).collect::<Vec<_>>(),
            [(1, 0), (0, 0)]
        );
        ranges[0].take(0, 9).unwrap();
        next_round(&mut ranges, true);
        assert_eq!(ranges.len(), 1);
    }
}
