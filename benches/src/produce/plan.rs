//! What a fleet of producers is to send, and when.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;

use crate::clock::Window;
use crate::error::BenchError;
use crate::fleet::SharedRecorder;
use crate::histogram::as_f64;
use crate::wire::{self, Api, Client, Frame, Topic};

/// What all connections have in common.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) version: i16,
    pub(crate) acks: i16,
    /// Requests of a connection that may be without a reply.
    pub(crate) in_flight: usize,
    pub(crate) connections: u64,
    /// Nanoseconds between two requests of all connections together; 0: closed loop.
    pub(crate) interval: f64,
    pub(crate) window: Arc<Window>,
}

/// What one connection sends.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) address: String,
    pub(crate) index: u64,
    pub(crate) frames: Arc<[Frame]>,
    pub(crate) first_frame: usize,
    /// The most requests.
    pub(crate) quota: u64,
    /// Requests that were sent, once that is known; until then more than anyone could send.
    pub(crate) sent: AtomicU64,
}

impl Plan {
    /// When request `k` of connection `index` is due in an open loop.
    pub(crate) fn due(&self, index: u64, k: u64) -> u64 {
        let position = index + k * self.connections;
        self.window.begin() + (as_f64(position) * self.interval) as u64
    }

    /// Requests of connection `index` that were due inside the window and not sent.
    pub(crate) fn behind(&self, index: u64, sent: u64) -> u64 {
        let left = self.window.to().saturating_sub(self.due(index, sent));
        let step = self.interval * as_f64(self.connections);
        if step > 0.0 { (as_f64(left) / step) as u64 } else { 0 }
    }

    /// A request that was due at `due` is over at `now`, with an error code or none.
    pub(crate) fn over(&self, recorder: &SharedRecorder, due: u64, now: u64, code: i16) {
        let mut recorder = recorder.lock();
        recorder.counts.answered += 1;
        if code != 0 {
            recorder.counts.refused(code);
        }
        recorder.recent.record(due, now);
        if self.window.counts(now) {
            recorder.counts.counted += u64::from(code == 0);
            recorder.latencies.record(due, now);
        }
    }
}

/// How the requests are made.
pub(crate) struct Requests<'a> {
    pub(crate) batch: &'a Bytes,
    pub(crate) acks: i16,
    pub(crate) per_request: usize,
    /// The most requests of all connections together.
    pub(crate) quota: Option<u64>,
}

/// Divides the work among `connections`, each at a node that leads some of the partitions.
pub(crate) async fn shares(
    client: &mut Client,
    topic: &Topic,
    connections: usize,
    requests: &Requests<'_>,
) -> Result<Vec<Arc<Share>>, BenchError> {
    let version = client.versions().pick(Api::PRODUCE)?;
    let led = client.leaders(topic).await?;
    if led.is_empty() || connections == 0 {
        return Err(BenchError::options("at least one connection and one partition are needed"));
    }
    let (size, acks) = (requests.per_request, requests.acks);
    if led.iter().any(|(_, partitions)| partitions.len() < size) {
        return Err(BenchError::options(
            "a broker leads fewer partitions than --parts-per-request",
        ));
    }
    let sets: Vec<(String, Arc<[Frame]>)> = led
        .into_iter()
        .map(|(address, partitions)| {
            let partitions = whole_requests(&partitions, size);
            let frames =
                wire::frames(version, &topic.name, &partitions, size, acks, requests.batch);
            (address, frames.into())
        })
        .collect();
    let count = u64::try_from(connections).unwrap_or(u64::MAX);
    let share = |position: usize| {
        let (address, frames) = &sets[position % sets.len()];
        let index = u64::try_from(position).unwrap_or(u64::MAX);
        Arc::new(Share {
            address: address.clone(),
            index,
            frames: Arc::clone(frames),
            // they begin at different partitions
            first_frame: position * frames.len() / connections % frames.len(),
            sent: AtomicU64::new(u64::MAX),
            quota: requests
                .quota
                .map_or(u64::MAX, |all| all / count + u64::from(index < all % count)),
        })
    };
    Ok((0..connections).map(share).collect())
}

/// The partitions, and as many of the first ones again as fill the last request: all requests count
/// as the same number of records.
fn whole_requests(partitions: &[i32], per_request: usize) -> Vec<i32> {
    let filled = partitions.len().next_multiple_of(per_request.max(1));
    partitions.iter().copied().cycle().take(filled).collect()
}

/// A connection for each partition, at its leader.
pub(crate) async fn pairs(
    client: &mut Client,
    topic: &Topic,
    requests: &Requests<'_>,
) -> Result<Vec<Arc<Share>>, BenchError> {
    let version = client.versions().pick(Api::PRODUCE)?;
    let mut shares = Vec::new();
    for (address, partitions) in client.leaders(topic).await? {
        for partition in partitions {
            let acks = requests.acks;
            let frames = wire::frames(version, &topic.name, &[partition], 1, acks, requests.batch);
            shares.push(Arc::new(Share {
                address: address.clone(),
                index: u64::try_from(partition).unwrap_or(0),
                frames: frames.into(),
                first_frame: 0,
                quota: requests.quota.unwrap_or(u64::MAX),
                sent: AtomicU64::new(u64::MAX),
            }));
        }
    }
    shares.sort_by_key(|share| share.index);
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    fn plan(interval: f64) -> Plan {
        let window = Arc::new(Window::new(0.0, 1.0));
        window.open();
        Plan { version: 7, acks: 1, in_flight: 1, connections: 4, interval, window }
    }

    #[test]
    fn an_open_loop_spreads_its_requests_evenly_over_connections_and_time() {
        let plan = plan(1000.0);
        let begin = plan.window.begin();
        let due: Vec<u64> = (0..8).map(|i| plan.due(i % 4, i / 4) - begin).collect();
        assert_eq!(due, [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000]);
    }

    #[test]
    fn every_request_is_full() {
        assert_eq!(whole_requests(&[0, 1, 2, 3], 3), [0, 1, 2, 3, 0, 1]);
        assert_eq!(whole_requests(&[0, 1, 2, 3], 2), [0, 1, 2, 3]);
    }

    #[test]
    fn what_was_due_and_not_sent_is_behind() {
        // 4 connections, together 1,000 requests in the second, 250 each
        let plan = plan(1e6);
        assert_eq!(plan.behind(0, 250), 0);
        assert_eq!(plan.behind(0, 240), 10);
        assert_eq!(self::plan(0.0).behind(0, 0), 0, "a closed loop is never behind");
    }

    #[test]
    fn latency_counts_from_when_it_was_due_and_inside_the_window_only() {
        let plan = plan(1000.0);
        let recorder = SharedRecorder::default();
        let from = plan.window.from();
        plan.over(&recorder, from - 10, from - 5, 0);
        plan.over(&recorder, from, from + 7_000_000, 0);
        plan.over(&recorder, from, from + 3_000_000, 6);
        plan.over(&recorder, from, from + 2 * SECOND, 0);
        let recorder = recorder.lock();
        assert_eq!((recorder.counts.answered, recorder.counts.counted), (4, 1));
        assert_eq!((recorder.counts.errors, recorder.counts.first_error), (1, 6));
        assert_eq!(recorder.latencies.count(), 2);
        assert!((6990..=7010).contains(&recorder.latencies.quantile(1.0)));
    }
}
