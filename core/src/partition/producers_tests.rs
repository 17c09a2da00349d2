//! Tests of the producer state: Kafka's rules one by one, and duplicates under random retries.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

const DAY: i64 = 86_400_000;

fn batch(id: i64, epoch: i16, sequence: i32, offset: i64, records: i32) -> ProducerBatch {
    ProducerBatch {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: sequence,
        base_offset: Offset(offset),
        offset_delta: records - 1,
        max_timestamp: 1000,
        transactional: false,
        control: false,
    }
}

fn written(states: &mut ProducerStates, batch: ProducerBatch) {
    assert_eq!(states.check(&[batch]), Ok(SequenceVerdict::Fresh));
    states.apply(&batch);
}

#[test]
fn batches_follow_each_other() {
    let mut states = ProducerStates::new(DAY);
    written(&mut states, batch(1, 0, 0, 0, 3));
    written(&mut states, batch(1, 0, 3, 3, 2));
    let gap = states.check(&[batch(1, 0, 6, 5, 1)]);
    assert!(matches!(gap, Err(SequenceError::OutOfOrder { last_sequence: 4, incoming: 6, .. })));
    let back = states.check(&[batch(1, 0, 4, 5, 1)]);
    assert!(matches!(back, Err(SequenceError::OutOfOrder { .. })));
}

#[test]
fn the_last_five_batches_are_known_again() {
    let mut states = ProducerStates::new(DAY);
    for i in 0..7 {
        written(&mut states, batch(1, 0, i * 2, i64::from(i) * 2, 2));
    }
    for i in 2..7 {
        let Ok(SequenceVerdict::Duplicate(seen)) = states.check(&[batch(1, 0, i * 2, 999, 2)])
        else {
            panic!("batch {i} is not known");
        };
        assert_eq!(seen.first_offset(), Offset(i64::from(i) * 2));
    }
    assert!(states.check(&[batch(1, 0, 2, 999, 2)]).is_err());
    // the same first sequence with another length is not the same batch
    assert!(states.check(&[batch(1, 0, 12, 999, 1)]).is_err());
}

#[test]
fn a_new_epoch_starts_at_zero_and_fences_the_old() {
    let mut states = ProducerStates::new(DAY);
    written(&mut states, batch(1, 3, 0, 0, 1));
    assert!(states.check(&[batch(1, 4, 1, 1, 1)]).is_err());
    written(&mut states, batch(1, 4, 0, 1, 1));
    let old = states.check(&[batch(1, 3, 1, 2, 1)]);
    assert!(matches!(old, Err(SequenceError::InvalidProducerEpoch { .. })));
}

#[test]
fn an_unknown_producer_may_start_anywhere() {
    let mut states = ProducerStates::new(DAY);
    written(&mut states, batch(9, 2, 41, 0, 2));
    written(&mut states, batch(9, 2, 43, 2, 1));
}

#[test]
fn sequences_wrap_to_zero() {
    let mut states = ProducerStates::new(DAY);
    written(&mut states, batch(1, 0, i32::MAX - 1, 0, 4));
    let last = states.get(ProducerId(1)).and_then(|s| s.last_batch().copied());
    let last = last.expect("one batch was written");
    assert_eq!(last.last_sequence, 1);
    assert_eq!(last.first_sequence(), i32::MAX - 1);
    written(&mut states, batch(1, 0, 2, 4, 1));
    let mut states = ProducerStates::new(DAY);
    written(&mut states, batch(1, 0, i32::MAX, 0, 1));
    written(&mut states, batch(1, 0, 0, 1, 1));
}

#[test]
fn silent_producers_are_forgotten() {
    let mut states = ProducerStates::new(DAY);
    written(&mut states, batch(1, 0, 0, 0, 1));
    let mut open = batch(2, 0, 0, 1, 1);
    open.transactional = true;
    written(&mut states, open);
    assert_eq!(states.remove_expired(1000 + DAY - 1), 0);
    assert_eq!(states.remove_expired(1000 + DAY), 1);
    assert!(states.get(ProducerId(1)).is_none());
    assert_eq!(states.len(), 1);
}

#[test]
fn a_crowd_of_producers_is_bounded() {
    let mut states = ProducerStates::bounded(DAY, 100);
    for id in 0..1000 {
        states.apply(&batch(id, 0, 0, id, 1));
        assert!(states.len() <= 100);
    }
    assert!(states.get(ProducerId(999)).is_some());
}

#[test]
fn records_without_a_producer_leave_no_trace() {
    let mut states = ProducerStates::new(DAY);
    let plain = batch(-1, -1, -1, 0, 5);
    assert_eq!(states.check(&[plain]), Ok(SequenceVerdict::Fresh));
    states.apply(&plain);
    assert!(states.is_empty());
}

#[test]
fn several_batches_in_one_append_follow_each_other() {
    let states = ProducerStates::new(DAY);
    let good = [batch(1, 0, 0, 0, 2), batch(1, 0, 2, 2, 2)];
    assert_eq!(states.check(&good), Ok(SequenceVerdict::Fresh));
    let mut states = states;
    states.apply(&batch(1, 0, 0, 0, 1));
    assert!(states.check(&[batch(1, 0, 1, 1, 1), batch(1, 0, 3, 2, 1)]).is_err());
}

proptest! {
    /// Whatever a producer retries, each batch is in the log once and keeps its offset.
    #[test]
    fn retries_never_double(steps in proptest::collection::vec((0usize..6, 1i32..4), 1..80)) {
        let mut states = ProducerStates::new(DAY);
        let mut log: Vec<ProducerBatch> = Vec::new();
        let (mut sequence, mut end) = (0, 0i64);
        for (back, records) in steps {
            let sent = match log.len().checked_sub(back) {
                Some(at) if back > 0 && at < log.len() => log[at],
                _ => batch(7, 0, sequence, end, records),
            };
            match states.check(&[sent]) {
                Ok(SequenceVerdict::Fresh) => {
                    prop_assert_eq!(sent.base_sequence, sequence);
                    states.apply(&sent);
                    sequence += sent.offset_delta + 1;
                    end += i64::from(sent.offset_delta) + 1;
                    log.push(sent);
                }
                Ok(SequenceVerdict::Duplicate(seen)) => {
                    prop_assert_eq!(seen.first_offset(), sent.base_offset);
                }
                Err(_) => prop_assert!(false, "a batch no further back than five is known"),
            }
        }
        let mut recovered = ProducerStates::new(DAY);
        for batch in &log {
            recovered.apply(batch);
        }
        prop_assert_eq!(recovered, states);
    }
}
