//! What answers mean for the batches of a request.

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;

use super::batch::Batch;
use super::{Accumulator, Identity, Output, Outputs, ProduceError};
use crate::base::{Offset, Tick, TopicPartition};

/// What the leader said about one batch of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionAnswer {
    /// The partition the batch was for.
    pub partition: TopicPartition,
    /// Kafka's error code; 0 is none.
    pub code: i16,
    /// The offset of the batch's first record.
    pub base_offset: Offset,
    /// The time the broker gave the records, or -1.
    pub log_append_time: i64,
    /// Whether the answer named a leader that was not known: there is no need to wait.
    pub new_leader: bool,
}

impl<W> Accumulator<W> {
    /// A request was answered. A partition that the answer leaves out counts as not answered.
    pub fn on_answers(
        &mut self,
        now: Tick,
        request: u64,
        answers: &[PartitionAnswer],
        out: &mut Outputs<W>,
    ) {
        let mut left = self.finish_request(request);
        for answer in answers {
            if left.remove(&answer.partition) {
                self.answered(now, request, answer, out);
            }
        }
        for partition in left {
            self.retry_sent(now, request, &partition, None, out);
        }
        self.finish_flushes(out);
    }

    /// A request with acks=0 is on its way: there is nothing more to learn.
    pub fn on_sent(&mut self, request: u64, out: &mut Outputs<W>) {
        for partition in self.finish_request(request) {
            let queue = self.partitions.get_mut(&partition);
            if let Some(batch) = queue.and_then(|queue| queue.take_sent(request)) {
                self.done(&partition, batch, Ok((Offset::NONE, -1)), out);
            }
        }
        self.finish_flushes(out);
    }

    /// A request was not answered: the connection broke, or the time was up.
    pub fn on_lost(&mut self, now: Tick, request: u64, out: &mut Outputs<W>) {
        for partition in self.finish_request(request) {
            out.push(Output::NeedMetadata(partition.topic.clone()));
            self.retry_sent(now, request, &partition, None, out);
        }
        self.finish_flushes(out);
    }

    fn finish_request(&mut self, request: u64) -> BTreeSet<TopicPartition> {
        let Some((node, partitions)) = self.requests.remove(&request) else {
            return BTreeSet::new();
        };
        if let Some(count) = self.in_flight.get_mut(&node) {
            *count = count.saturating_sub(1);
        }
        partitions.into_iter().collect()
    }

    fn answered(
        &mut self,
        now: Tick,
        request: u64,
        answer: &PartitionAnswer,
        out: &mut Outputs<W>,
    ) {
        let partition = &answer.partition;
        let error = ResponseError::try_from_code(answer.code);
        let Some(error) = error else {
            return self.finish(request, partition, Ok(answer), out);
        };
        match error {
            // written before, by an attempt whose answer was lost
            ResponseError::DuplicateSequenceNumber => {
                self.finish(request, partition, Err(None), out);
            }
            ResponseError::MessageTooLarge => self.split(request, partition, error, out),
            ResponseError::OutOfOrderSequenceNumber
            | ResponseError::UnknownProducerId
            | ResponseError::InvalidProducerEpoch
                if self.identity != Identity::NotNeeded =>
            {
                self.out_of_order(now, request, partition, error, out);
            }
            _ if error.is_retriable() => {
                out.push(Output::NeedMetadata(partition.topic.clone()));
                self.retry_sent(now, request, partition, Some(error), out);
                if answer.new_leader {
                    self.retry_now(now, partition);
                }
            }
            _ => self.finish(request, partition, Err(Some(error)), out),
        }
    }

    /// `Err(None)` is a batch that was there before, at an offset nobody knows.
    fn finish(
        &mut self,
        request: u64,
        partition: &TopicPartition,
        result: Result<&PartitionAnswer, Option<ResponseError>>,
        out: &mut Outputs<W>,
    ) {
        let queue = self.partitions.get_mut(partition);
        let Some(batch) = queue.and_then(|queue| queue.take_sent(request)) else { return };
        let result = match result {
            Ok(answer) => Ok((answer.base_offset, answer.log_append_time)),
            Err(None) => Ok((Offset::NONE, -1)),
            Err(Some(error)) => Err(ProduceError::Refused(error)),
        };
        self.done(partition, batch, result, out);
    }

    /// The leader expected another sequence. Behind a batch that is to be sent again that is no
    /// surprise; for the oldest one it means that the leader's memory is another: begin anew.
    fn out_of_order(
        &mut self,
        now: Tick,
        request: u64,
        partition: &TopicPartition,
        error: ResponseError,
        out: &mut Outputs<W>,
    ) {
        let Some(queue) = self.partitions.get_mut(partition) else { return };
        let Some(batch) = queue.take_sent(request) else { return };
        queue.bump |= queue.is_oldest(&batch);
        self.retry(now, partition, batch, Some(error), out);
    }

    fn split(
        &mut self,
        request: u64,
        partition: &TopicPartition,
        error: ResponseError,
        out: &mut Outputs<W>,
    ) {
        let Some(queue) = self.partitions.get_mut(partition) else { return };
        let Some(batch) = queue.take_sent(request) else { return };
        if !batch.can_split() {
            return self.done(partition, batch, Err(ProduceError::Refused(error)), out);
        }
        // both halves are counted under the number of the whole
        *self.outstanding.entry(batch.number()).or_insert(0) += 1;
        batch.split().into_iter().for_each(|half| queue.put_back(half));
        self.busy.insert(partition.clone());
    }

    fn retry_sent(
        &mut self,
        now: Tick,
        request: u64,
        partition: &TopicPartition,
        error: Option<ResponseError>,
        out: &mut Outputs<W>,
    ) {
        let queue = self.partitions.get_mut(partition);
        if let Some(batch) = queue.and_then(|queue| queue.take_sent(request)) {
            self.retry(now, partition, batch, error, out);
        }
    }

    /// Lets the oldest batch of a partition go without its wait.
    fn retry_now(&mut self, now: Tick, partition: &TopicPartition) {
        if let Some(queue) = self.partitions.get_mut(partition) {
            queue.no_wait(now.monotonic_ms);
        }
    }

    fn retry(
        &mut self,
        now: Tick,
        partition: &TopicPartition,
        mut batch: Batch<W>,
        error: Option<ResponseError>,
        out: &mut Outputs<W>,
    ) {
        batch.last_error = error.or(batch.last_error);
        let expiry = batch.created_ms.saturating_add(self.config.delivery_timeout_ms);
        if expiry <= now.monotonic_ms || batch.attempts > self.config.retries {
            let error = match batch.last_error {
                Some(error) if expiry > now.monotonic_ms => ProduceError::Refused(error),
                error => ProduceError::TimedOut(error),
            };
            return self.done(partition, batch, Err(error), out);
        }
        batch.retry_at = now.monotonic_ms + self.config.backoff_ms(batch.attempts);
        if let Some(queue) = self.partitions.get_mut(partition) {
            queue.put_back(batch);
            self.busy.insert(partition.clone());
        }
    }
}
