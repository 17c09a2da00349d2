//! What a partition remembers of idempotent producers (KIP-98, KIP-360).
//!
//! Kafka's `ProducerStateManager`: for each producer id the epoch and the last five batches, so
//! that a retried batch is answered with the offset it already has, a gap in the sequence is
//! refused, and a producer fenced by a newer epoch cannot write. [`ProducerStates::apply`] is the
//! only way the state changes, on the live path and in recovery.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::fmt;

use crate::base::{Offset, ProducerEpoch, ProducerId};

/// How many batches of one producer are remembered (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
pub const BATCHES_TO_RETAIN: usize = 5;

/// How many producers one partition remembers before the longest silent ones are forgotten.
pub const DEFAULT_MAX_PRODUCERS: usize = 200_000;

/// What the sequence check needs to know of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerBatch {
    /// Who wrote it.
    pub producer_id: ProducerId,
    /// The writer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// Sequence of the first record.
    pub base_sequence: i32,
    /// Offset of the first record; before offsets are assigned, any value.
    pub base_offset: Offset,
    /// Last offset minus first offset.
    pub offset_delta: i32,
    /// The batch's largest timestamp; silence is measured from here.
    pub max_timestamp: i64,
    /// The batch is part of a transaction.
    pub transactional: bool,
    /// The batch is a transaction marker.
    pub control: bool,
}

impl ProducerBatch {
    /// Sequence of the last record; sequences wrap from `i32::MAX` to 0.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        increment_sequence(self.base_sequence, self.offset_delta)
    }

    /// Offset of the last record.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(i64::from(self.offset_delta))
    }
}

/// One remembered batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Sequence of the batch's last record.
    pub last_sequence: i32,
    /// Last offset minus first offset.
    pub offset_delta: i32,
    /// Offset of the batch's last record.
    pub last_offset: Offset,
    /// The batch's largest timestamp.
    pub timestamp: i64,
}

impl BatchMetadata {
    /// Sequence of the batch's first record.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        decrement_sequence(self.last_sequence, self.offset_delta)
    }

    /// Offset of the batch's first record.
    #[must_use]
    pub fn first_offset(&self) -> Offset {
        self.last_offset.plus(-i64::from(self.offset_delta))
    }
}

/// What is known of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerState {
    epoch: ProducerEpoch,
    /// The coordinator's epoch in the last transaction marker; -1 if none.
    pub coordinator_epoch: i32,
    /// When the producer last wrote, by its own timestamps.
    pub last_timestamp: i64,
    /// Where the open transaction began.
    pub current_txn_first_offset: Option<Offset>,
    batches: [BatchMetadata; BATCHES_TO_RETAIN],
    held: u8,
}

impl ProducerState {
    /// A producer of which nothing is known yet.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            epoch: ProducerEpoch::NONE,
            coordinator_epoch: -1,
            last_timestamp: -1,
            current_txn_first_offset: None,
            batches: [BatchMetadata::default(); BATCHES_TO_RETAIN],
            held: 0,
        }
    }

    /// A producer as a snapshot describes it.
    #[must_use]
    pub fn restored(
        epoch: ProducerEpoch,
        last: Option<BatchMetadata>,
        last_timestamp: i64,
        coordinator_epoch: i32,
        current_txn_first_offset: Option<Offset>,
    ) -> Self {
        let mut state = Self { epoch, coordinator_epoch, last_timestamp, ..Self::empty() };
        state.current_txn_first_offset = current_txn_first_offset;
        if let Some(last) = last {
            state.push(last);
        }
        state
    }

    /// The producer's current epoch, -1 if nothing is known.
    #[must_use]
    pub fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }

    /// The remembered batches, oldest first.
    #[must_use]
    pub fn batches(&self) -> &[BatchMetadata] {
        self.batches.get(..usize::from(self.held)).unwrap_or_default()
    }

    /// The newest remembered batch.
    #[must_use]
    pub fn last_batch(&self) -> Option<&BatchMetadata> {
        self.batches().last()
    }

    /// Sequence of the last record written in this epoch, -1 if none.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        self.last_batch().map_or(-1, |batch| batch.last_sequence)
    }

    fn set_epoch(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.held = 0;
        }
    }

    fn push(&mut self, batch: BatchMetadata) {
        if usize::from(self.held) == BATCHES_TO_RETAIN {
            self.batches.rotate_left(1);
            self.held -= 1;
        }
        if let Some(free) = self.batches.get_mut(usize::from(self.held)) {
            *free = batch;
            self.held += 1;
        }
    }

    /// The same batch, if it was already written in this epoch.
    fn duplicate_of(&self, batch: &ProducerBatch) -> Option<BatchMetadata> {
        if self.epoch != batch.producer_epoch {
            return None;
        }
        let last = batch.last_sequence();
        self.batches()
            .iter()
            .find(|seen| seen.last_sequence == last && seen.first_sequence() == batch.base_sequence)
            .copied()
    }

    fn apply(&mut self, batch: &ProducerBatch) {
        self.set_epoch(batch.producer_epoch);
        if batch.control {
            self.current_txn_first_offset = None;
        } else {
            self.push(BatchMetadata {
                last_sequence: batch.last_sequence(),
                offset_delta: batch.offset_delta,
                last_offset: batch.last_offset(),
                timestamp: batch.max_timestamp,
            });
            if batch.transactional && self.current_txn_first_offset.is_none() {
                self.current_txn_first_offset = Some(batch.base_offset);
            }
        }
        self.last_timestamp = batch.max_timestamp;
    }

    /// Kafka's `ProducerAppendInfo`: may this batch follow what is known?
    fn check(&self, known_before: bool, batch: &ProducerBatch) -> Result<(), SequenceError> {
        if batch.producer_epoch < self.epoch {
            return Err(SequenceError::InvalidProducerEpoch {
                producer_id: batch.producer_id,
                current: self.epoch,
                incoming: batch.producer_epoch,
            });
        }
        if batch.control {
            return Ok(());
        }
        let out_of_order = Err(SequenceError::OutOfOrder {
            producer_id: batch.producer_id,
            last_sequence: self.last_sequence(),
            incoming: batch.base_sequence,
        });
        if batch.producer_epoch != self.epoch {
            // a new epoch starts at 0, unless nothing at all is known of the producer: its records
            // may have been deleted by retention, so any sequence is taken (Kafka 2.5 and later)
            let known = self.epoch != ProducerEpoch::NONE;
            return if batch.base_sequence != 0 && known { out_of_order } else { Ok(()) };
        }
        if known_before && !in_sequence(self.last_sequence(), batch.base_sequence) {
            return out_of_order;
        }
        Ok(())
    }
}

/// What the sequence check says of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceVerdict {
    /// Not seen before: write it.
    Fresh,
    /// Already written: answer with where it is.
    Duplicate(BatchMetadata),
}

/// Why an idempotent producer's batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceError {
    /// The batch does not follow the last one of its producer.
    OutOfOrder {
        /// Who wrote it.
        producer_id: ProducerId,
        /// Sequence of the last record written.
        last_sequence: i32,
        /// First sequence of the refused batch.
        incoming: i32,
    },
    /// A newer incarnation of the producer has written.
    InvalidProducerEpoch {
        /// Who wrote it.
        producer_id: ProducerId,
        /// The epoch in force.
        current: ProducerEpoch,
        /// The refused batch's epoch.
        incoming: ProducerEpoch,
    },
}

impl fmt::Display for SequenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfOrder { producer_id, last_sequence, incoming } => write!(
                f,
                "out of order sequence number for producer {producer_id}: {incoming} (incoming), \
                 {last_sequence} (current end)"
            ),
            Self::InvalidProducerEpoch { producer_id, current, incoming } => write!(
                f,
                "epoch {incoming} of producer {producer_id} is below the last seen, {current}"
            ),
        }
    }
}

impl std::error::Error for SequenceError {}

/// The producers one partition knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerStates {
    producers: HashMap<ProducerId, ProducerState>,
    expiration_ms: i64,
    max_producers: usize,
}

impl ProducerStates {
    /// Knows nobody yet; forgets a producer silent for `expiration_ms`
    /// (`producer.id.expiration.ms`).
    #[must_use]
    pub fn new(expiration_ms: i64) -> Self {
        Self::bounded(expiration_ms, DEFAULT_MAX_PRODUCERS)
    }

    /// As [`Self::new`], remembering at most `max_producers`.
    #[must_use]
    pub fn bounded(expiration_ms: i64, max_producers: usize) -> Self {
        Self { producers: HashMap::new(), expiration_ms, max_producers: max_producers.max(1) }
    }

    /// How many producers are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.producers.len()
    }

    /// True if no producer is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    /// What is known of one producer.
    #[must_use]
    pub fn get(&self, producer: ProducerId) -> Option<&ProducerState> {
        self.producers.get(&producer)
    }

    /// Every known producer, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (ProducerId, &ProducerState)> {
        self.producers.iter().map(|(id, state)| (*id, state))
    }

    /// May these batches, one client append, follow what is known? Changes nothing.
    ///
    /// # Errors
    /// When a batch is out of sequence or fenced.
    pub fn check(&self, batches: &[ProducerBatch]) -> Result<SequenceVerdict, SequenceError> {
        let mut scratch: Option<(ProducerId, ProducerState)> = None;
        for batch in batches {
            if batch.producer_id.0 < 0 {
                continue;
            }
            let known = self.producers.get(&batch.producer_id);
            if let Some(seen) = known.and_then(|state| state.duplicate_of(batch)) {
                return Ok(SequenceVerdict::Duplicate(seen));
            }
            let mut state = match scratch.take() {
                Some((id, state)) if id == batch.producer_id => state,
                _ => known.cloned().unwrap_or_else(ProducerState::empty),
            };
            state.check(known.is_some(), batch)?;
            if batches.len() > 1 {
                state.apply(batch);
                scratch = Some((batch.producer_id, state));
            }
        }
        Ok(SequenceVerdict::Fresh)
    }

    /// Remembers a batch that is in the log: called after each append, and for each batch met in
    /// recovery.
    pub fn apply(&mut self, batch: &ProducerBatch) {
        if batch.producer_id.0 < 0 {
            return;
        }
        match self.producers.entry(batch.producer_id) {
            MapEntry::Occupied(mut known) => {
                // a replayed log may hold an older epoch behind a newer one; the newer one stands
                if batch.producer_epoch >= known.get().epoch {
                    known.get_mut().apply(batch);
                }
            }
            MapEntry::Vacant(free) => {
                let mut state = ProducerState::empty();
                state.apply(batch);
                free.insert(state);
                self.shed();
            }
        }
    }

    /// Takes one producer from a snapshot, unless it has been silent too long by `now_ms`.
    pub fn restore(&mut self, id: ProducerId, state: ProducerState, now_ms: i64) {
        if id.0 >= 0 && !self.expired(&state, now_ms) {
            self.producers.insert(id, state);
            self.shed();
        }
    }

    /// Forgets producers silent for longer than the expiry; returns how many.
    pub fn remove_expired(&mut self, now_ms: i64) -> usize {
        let before = self.producers.len();
        let expiration_ms = self.expiration_ms;
        self.producers.retain(|_, state| !is_expired(state, now_ms, expiration_ms));
        before - self.producers.len()
    }

    /// Changes `producer.id.expiration.ms`.
    pub fn set_expiration_ms(&mut self, expiration_ms: i64) {
        self.expiration_ms = expiration_ms;
    }

    /// Forgets everything, to be rebuilt from a snapshot and the log.
    pub fn clear(&mut self) {
        self.producers.clear();
    }

    fn expired(&self, state: &ProducerState, now_ms: i64) -> bool {
        is_expired(state, now_ms, self.expiration_ms)
    }

    /// Over the bound, forgets the eighth that wrote longest ago. By offset and not by clock, so
    /// that recovery forgets the same ones.
    fn shed(&mut self) {
        if self.producers.len() <= self.max_producers {
            return;
        }
        let last = |state: &ProducerState| state.last_batch().map_or(-1, |b| b.last_offset.0);
        let mut ages: Vec<i64> = self.producers.values().map(last).collect();
        let pivot = self.max_producers / 8;
        let (_, oldest_kept, _) = ages.select_nth_unstable(pivot);
        let oldest_kept = *oldest_kept;
        self.producers.retain(|_, state| last(state) > oldest_kept);
    }
}

fn is_expired(state: &ProducerState, now_ms: i64, expiration_ms: i64) -> bool {
    state.current_txn_first_offset.is_none()
        && now_ms.saturating_sub(state.last_timestamp) >= expiration_ms
}

fn in_sequence(last: i32, next: i32) -> bool {
    next == last.wrapping_add(1) && last != i32::MAX || next == 0 && last == i32::MAX
}

/// `sequence + delta`, where 0 follows `i32::MAX`.
fn increment_sequence(sequence: i32, delta: i32) -> i32 {
    if sequence > i32::MAX.saturating_sub(delta) {
        delta.wrapping_sub(i32::MAX.wrapping_sub(sequence)).wrapping_sub(1)
    } else {
        sequence.wrapping_add(delta)
    }
}

/// `sequence - delta`, where `i32::MAX` comes before 0.
fn decrement_sequence(sequence: i32, delta: i32) -> i32 {
    if sequence < delta {
        i32::MAX.wrapping_sub(delta.wrapping_sub(sequence)).wrapping_add(1)
    } else {
        sequence.wrapping_sub(delta)
    }
}

#[cfg(test)]
#[path = "producers_tests.rs"]
mod tests;
