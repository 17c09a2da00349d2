//! What is sent when.

use std::collections::BTreeMap;

use super::{Accumulator, Identity, Output, Outputs, PartitionBatch, ProduceError};
use crate::base::{BrokerId, Tick, TopicPartition};
use crate::client::Metadata;

/// An idempotent producer may have this many batches of a partition under way: the leader
/// remembers as many (KIP-98, KAFKA-5494).
const MAX_IDEMPOTENT_IN_FLIGHT: usize = 5;

impl<W> Accumulator<W> {
    /// Gives up what is too old and sends what is ready. To be called after every input and when
    /// [`next_deadline`](Self::next_deadline) has come.
    pub fn poll(&mut self, now: Tick, metadata: &Metadata, out: &mut Outputs<W>) {
        self.expire(now, out);
        if self.busy.is_empty() {
            return;
        }
        if self.identity == Identity::Missing {
            self.identity = Identity::Asked;
            out.push(Output::NeedProducerId);
        }
        if self.identity == Identity::Asked {
            return;
        }
        self.begin_anew();
        let mut ready = self.ready(now, metadata, out);
        while !ready.is_empty() {
            ready.retain(|node, partitions| self.send_one(*node, partitions, out));
            // a partition may have more than one batch to send
            let more = |partition: &TopicPartition| self.may_send(now, partition);
            for partitions in ready.values_mut() {
                partitions.retain(more);
            }
            ready.retain(|_, partitions| !partitions.is_empty());
        }
    }

    /// When [`poll`](Self::poll) is due next if nothing happens, in monotonic milliseconds.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        let waiting = self.unresolved.values().flatten();
        let blocked = waiting.map(|one| one.accepted_ms.saturating_add(self.config.max_block_ms));
        let queues = self.busy.iter().filter_map(|partition| self.partitions.get(partition));
        let batches = queues.filter_map(|queue| {
            let head = queue.head()?;
            let expiry = head.created_ms.saturating_add(self.config.delivery_timeout_ms);
            let ready = self.ready_at(queue.len(), head);
            // what is held up by something else is looked at when that has happened
            Some(if queue.in_order(self.max_in_flight()) { ready.min(expiry) } else { expiry })
        });
        batches.chain(blocked).min()
    }

    fn max_in_flight(&self) -> usize {
        match self.identity {
            Identity::NotNeeded => self.config.max_in_flight,
            _ => self.config.max_in_flight.min(MAX_IDEMPOTENT_IN_FLIGHT),
        }
    }

    fn ready_at(&self, batches: usize, head: &super::Batch<W>) -> u64 {
        let lingers = head.is_open && batches == 1 && head.number() >= self.hurried;
        let linger = if lingers { self.config.linger_ms } else { 0 };
        head.created_ms.saturating_add(linger).max(head.retry_at)
    }

    fn expire(&mut self, now: Tick, out: &mut Outputs<W>) {
        let block = self.config.max_block_ms;
        let mut blocked = Vec::new();
        self.unresolved.retain(|_, waiting| {
            let due = |one: &mut super::Unresolved<W>| {
                one.accepted_ms.saturating_add(block) <= now.monotonic_ms
            };
            blocked.extend(waiting.extract_if(.., due));
            !waiting.is_empty()
        });
        self.fail(blocked, ProduceError::UnknownPartition, out);
        if let Some(limit) = now.monotonic_ms.checked_sub(self.config.delivery_timeout_ms) {
            for partition in self.busy.clone() {
                let queue = self.partitions.get_mut(&partition);
                for batch in queue.map(|queue| queue.take_older_than(limit)).unwrap_or_default() {
                    let error = ProduceError::TimedOut(batch.last_error);
                    self.done(&partition, batch, Err(error), out);
                }
            }
        }
        let queues = &self.partitions;
        self.busy.retain(|partition| queues.get(partition).is_some_and(|queue| queue.len() > 0));
        self.finish_flushes(out);
    }

    /// Raises the epoch of the partitions whose order is lost and that have nothing under way.
    fn begin_anew(&mut self) {
        for queue in self.partitions.values_mut() {
            if queue.bump && queue.in_flight() == 0 && !queue.begin_anew() {
                // epochs are used up: the next poll asks for another id
                self.identity = Identity::Missing;
            }
        }
    }

    fn may_send(&self, now: Tick, partition: &TopicPartition) -> bool {
        let Some(queue) = self.partitions.get(partition) else { return false };
        let due = queue.head().is_some_and(|h| self.ready_at(queue.len(), h) <= now.monotonic_ms);
        due && queue.in_order(self.max_in_flight())
    }

    /// The partitions with something to send, by leader.
    fn ready(
        &self,
        now: Tick,
        metadata: &Metadata,
        out: &mut Outputs<W>,
    ) -> BTreeMap<BrokerId, Vec<TopicPartition>> {
        let mut ready: BTreeMap<BrokerId, Vec<TopicPartition>> = BTreeMap::new();
        for partition in self.busy.iter().filter(|partition| self.may_send(now, partition)) {
            match metadata.leader(partition) {
                Some(leader) => ready.entry(leader).or_default().push(partition.clone()),
                None => out.push(Output::NeedMetadata(partition.topic.clone())),
            }
        }
        // whoever comes first must not always come first
        for partitions in ready.values_mut() {
            let turn = usize::try_from(self.next_request).unwrap_or(0) % partitions.len().max(1);
            partitions.rotate_left(turn);
        }
        ready
    }

    /// Sends one request to a broker, with one batch of each partition as far as there is room;
    /// whether the broker takes more.
    fn send_one(
        &mut self,
        node: BrokerId,
        partitions: &[TopicPartition],
        out: &mut Outputs<W>,
    ) -> bool {
        let under_way = self.in_flight.entry(node).or_insert(0);
        if *under_way >= self.config.max_in_flight {
            return false;
        }
        let id = self.next_request;
        let identity = match self.identity {
            Identity::Known(id, epoch) => Some((id, epoch)),
            _ => None,
        };
        let (mut size, mut batches) = (0, Vec::new());
        for partition in partitions {
            let Some(queue) = self.partitions.get_mut(partition) else { continue };
            size += queue.head().map_or(0, super::Batch::size);
            if size > self.config.max_request_size && !batches.is_empty() {
                break;
            }
            queue.send(id, identity);
            let Some(batch) = queue.just_sent(id) else { continue };
            let records = batch.encode(&self.config);
            batches.push(PartitionBatch { partition: partition.clone(), records });
            if queue.len() == 0 {
                self.busy.remove(partition);
            }
        }
        *under_way += 1;
        self.next_request += 1;
        let sent = batches.iter().map(|batch| batch.partition.clone()).collect();
        self.requests.insert(id, (node, sent));
        out.push(Output::Send { id, node, batches });
        true
    }
}
