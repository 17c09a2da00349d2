//! The batches of one partition, in order.

use std::collections::VecDeque;

use super::NewRecord;
use super::batch::{Batch, Sequence, after};
use crate::base::{ProducerEpoch, ProducerId};

/// Batches of one partition: those to be sent, the last of them perhaps still open, and those
/// under way.
pub(super) struct Queue<W> {
    waiting: VecDeque<Batch<W>>,
    /// Each with the request it is in.
    sent: Vec<(u64, Batch<W>)>,
    /// Who this producer is for the partition, and the next sequence.
    next: Option<Sequence>,
    /// The leader knows another order of things: begin anew under a higher epoch, once nothing is
    /// under way.
    pub(super) bump: bool,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), sent: Vec::new(), next: None, bump: false }
    }
}

impl<W> Queue<W> {
    /// How many batches are to be sent.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn head(&self) -> Option<&Batch<W>> {
        self.waiting.front()
    }

    /// Whether the last batch takes a record of this weight; one that does not is closed.
    pub(super) fn open_for(&mut self, weight: usize, batch_size: usize) -> bool {
        let Some(last) = self.waiting.back_mut().filter(|batch| batch.is_open) else {
            return false;
        };
        last.is_open = last.size() + weight <= batch_size;
        last.is_open
    }

    pub(super) fn push(&mut self, batch: Batch<W>) {
        self.waiting.push_back(batch);
    }

    pub(super) fn append(&mut self, record: NewRecord, timestamp: i64, waiter: W) {
        if let Some(last) = self.waiting.back_mut() {
            last.append(&record, timestamp, waiter);
        }
    }

    /// Closes the open batch if it is full; whether it was.
    pub(super) fn close_full(&mut self, batch_size: usize) -> bool {
        let Some(last) = self.waiting.back_mut() else { return false };
        last.is_open &= last.size() < batch_size;
        !last.is_open
    }

    pub(super) fn close_open(&mut self) {
        if let Some(last) = self.waiting.back_mut() {
            last.is_open = false;
        }
    }

    /// Whether the oldest batch may be sent as far as the order of batches is concerned.
    pub(super) fn in_order(&self, max_in_flight: usize) -> bool {
        let Some(head) = self.waiting.front() else { return false };
        if self.sent.is_empty() {
            return true;
        }
        // one that is sent again overtakes what came after it, and nothing that came before
        let oldest = self.sent.iter().all(|(_, sent)| sent.key() > head.key());
        // the leader may know a batch that is sent again from an attempt whose answer was lost, but
        // only for as long as few were written after it: nothing new goes behind one
        let again = |sent: &Batch<W>| sent.sequence.is_some() && sent.attempts > 1;
        let may_follow = head.sequence.is_none() && !self.sent.iter().any(|(_, sent)| again(sent));
        !self.bump && self.sent.len() < max_in_flight && (oldest || may_follow)
    }

    /// Takes the oldest batch for request `id`; an idempotent producer's gets its sequence now.
    pub(super) fn send(&mut self, id: u64, identity: Option<(ProducerId, ProducerEpoch)>) {
        let Some(mut batch) = self.waiting.pop_front() else { return };
        batch.is_open = false;
        batch.attempts += 1;
        if let Some(identity) = identity
            && batch.sequence.is_none()
        {
            batch.sequence = Some(self.take_sequence(identity, batch.len()));
        }
        self.sent.push((id, batch));
    }

    fn take_sequence(
        &mut self,
        (id, epoch): (ProducerId, ProducerEpoch),
        count: usize,
    ) -> Sequence {
        let next = self.next.filter(|next| next.id == id);
        let next = next.unwrap_or(Sequence { id, epoch, base: 0 });
        self.next = Some(after(next, count));
        next
    }

    /// The batch that request `id` has just taken.
    pub(super) fn just_sent(&mut self, id: u64) -> Option<&mut Batch<W>> {
        self.sent.last_mut().filter(|(request, _)| *request == id).map(|(_, batch)| batch)
    }

    /// Takes the batch of request `id` back.
    pub(super) fn take_sent(&mut self, id: u64) -> Option<Batch<W>> {
        let place = self.sent.iter().position(|(request, _)| *request == id)?;
        Some(self.sent.remove(place).1)
    }

    /// Whether nothing older than this batch is without a result.
    pub(super) fn is_oldest(&self, batch: &Batch<W>) -> bool {
        let sent = self.sent.iter().map(|(_, batch)| batch);
        sent.chain(&self.waiting).all(|other| other.key() > batch.key())
    }

    /// Puts a batch back into its place.
    pub(super) fn put_back(&mut self, mut batch: Batch<W>) {
        batch.is_open = false;
        let place = self.waiting.partition_point(|other| other.key() < batch.key());
        self.waiting.insert(place, batch);
    }

    /// Lets the oldest batch go now.
    pub(super) fn no_wait(&mut self, now_ms: u64) {
        if let Some(head) = self.waiting.front_mut() {
            head.retry_at = now_ms;
        }
    }

    /// Takes the batches out that were created before `limit` and wait to be sent.
    pub(super) fn take_older_than(&mut self, limit: u64) -> Vec<Batch<W>> {
        let expired = self.waiting.iter().take_while(|batch| batch.created_ms <= limit).count();
        self.waiting.drain(..expired).collect()
    }

    /// Begins anew under a higher epoch; whether there was one.
    pub(super) fn begin_anew(&mut self) -> bool {
        self.bump = false;
        for batch in &mut self.waiting {
            batch.sequence = None;
        }
        let Some(next) = self.next.take() else { return true };
        let Some(epoch) = next.epoch.0.checked_add(1).filter(|epoch| *epoch < i16::MAX) else {
            return false;
        };
        self.next = Some(Sequence { epoch: ProducerEpoch(epoch), base: 0, ..next });
        true
    }

    pub(super) fn take_all(&mut self) -> Vec<Batch<W>> {
        let sent = self.sent.drain(..).map(|(_, batch)| batch);
        sent.chain(self.waiting.drain(..)).collect()
    }
}
