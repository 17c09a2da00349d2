//! Tests of the snapshot file.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use super::super::producers::ProducerBatch;
use super::*;

fn states(batches: &[(i64, i16, i32, i64, i32)]) -> ProducerStates {
    let mut states = ProducerStates::new(i64::MAX);
    for (id, epoch, sequence, offset, delta) in batches {
        states.apply(&ProducerBatch {
            producer_id: ProducerId(*id),
            producer_epoch: ProducerEpoch(*epoch),
            base_sequence: *sequence,
            base_offset: Offset(*offset),
            offset_delta: *delta,
            max_timestamp: 1_700_000_000_000,
            transactional: *id == 3,
            control: false,
        });
    }
    states
}

#[test]
fn a_snapshot_reads_back() {
    let before = states(&[(1, 0, 0, 0, 4), (2, 7, 10, 5, 0), (3, 1, 0, 6, 1)]);
    let bytes = encode_snapshot(&before);
    assert_eq!(bytes.len(), 10 + 3 * 46);
    let mut after = ProducerStates::new(i64::MAX);
    for (id, state) in decode_snapshot(&bytes).expect("just written") {
        after.restore(id, state, 0);
    }
    assert_eq!(after, before);
}

#[test]
fn an_empty_snapshot_is_ten_bytes() {
    let bytes = encode_snapshot(&ProducerStates::new(1));
    assert_eq!(bytes.len(), 10);
    assert_eq!(&bytes[..2], [0, 1]);
    assert_eq!(decode_snapshot(&bytes), Ok(Vec::new()));
}

#[test]
fn damage_is_seen_wherever_it_is() {
    let bytes = encode_snapshot(&states(&[(1, 0, 0, 0, 4), (2, 7, 10, 5, 0)]));
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert!(decode_snapshot(&damaged).is_err(), "byte {at}");
        assert!(decode_snapshot(&bytes[..at]).is_err(), "cut at {at}");
    }
}
