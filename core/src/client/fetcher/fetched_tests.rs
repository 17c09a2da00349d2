//! Batches of every kind, read record by record.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;
use crate::base::ProducerEpoch;
use crate::record::{BatchBuilder, Compression};

fn batch(base: i64, values: &[&str], codec: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    for value in values {
        builder.push(base + 1_000, None, Some(value.as_bytes()), &[("h", None)]);
    }
    builder.build(Offset(base), LeaderEpoch(4), codec).to_vec()
}

/// A batch of a transaction, or the marker that ends it.
fn transaction(base: i64, producer: i64, marker: Option<i16>) -> Vec<u8> {
    let epoch = ProducerEpoch(0);
    let builder = BatchBuilder::new().transactional();
    let mut builder = builder.producer(ProducerId(producer), epoch, 0);
    match marker {
        None => builder.push(5, None, Some(b"v"), &[]),
        Some(kind) => {
            builder = builder.control();
            let [high, low] = kind.to_be_bytes();
            builder.push(5, Some(&[0, 0, high, low]), Some(&[0; 6]), &[])
        }
    };
    builder.build(Offset(base), LeaderEpoch(4), Compression::None).to_vec()
}

fn fetched(from: i64, bytes: Vec<u8>, aborted: &[(i64, i64)]) -> Fetched {
    let aborted = aborted.iter().map(|(first, id)| (Offset(*first), ProducerId(*id))).collect();
    Fetched::new(TopicPartition::new("t", 1), Offset(from), bytes.into(), aborted)
}

fn offsets(fetched: &mut Fetched, config: &FetcherConfig) -> Vec<i64> {
    let records = std::iter::from_fn(|| fetched.next_record(config));
    records.map(|record| record.unwrap().offset.0).collect()
}

#[test]
fn every_codec_is_read_from_the_offset_that_was_asked_for() {
    for codec in Compression::ALL {
        let bytes = [batch(10, &["a", "b", "c"], codec), batch(13, &["d"], codec)].concat();
        assert_eq!(reach(&bytes), (Some(Offset(14)), bytes.len()));
        let mut fetched = fetched(11, bytes, &[]);
        let record = fetched.next_record(&FetcherConfig::default()).unwrap().unwrap();
        assert_eq!((record.offset, record.partition, &*record.topic), (Offset(11), 1, "t"));
        assert_eq!((record.timestamp, record.leader_epoch), (1_010, LeaderEpoch(4)));
        assert_eq!(record.value.as_deref(), Some(&b"b"[..]));
        assert_eq!(record.headers.len(), 1);
        assert_eq!(fetched.next, Offset(12));
        assert_eq!(offsets(&mut fetched, &FetcherConfig::default()), [12, 13], "{codec:?}");
        assert_eq!((fetched.next, fetched.epoch), (Offset(14), LeaderEpoch(4)));
    }
}

#[test]
fn a_last_batch_that_is_cut_short_is_left_for_the_next_answer() {
    let mut bytes = [batch(0, &["a"], Compression::None), batch(1, &["b"], Compression::None)];
    bytes[1].truncate(70);
    let first = bytes[0].len();
    let bytes = bytes.concat();
    assert_eq!(reach(&bytes), (Some(Offset(1)), first));
    let mut cut = fetched(0, bytes.clone(), &[]);
    assert_eq!(offsets(&mut cut, &FetcherConfig::default()), [0]);
    assert_eq!(cut.next, Offset(1));
    // one that is all there is can never be read
    let mut alone = fetched(1, bytes[first..].to_vec(), &[]);
    let error = alone.next_record(&FetcherConfig::default()).unwrap().unwrap_err();
    assert!(matches!(error, RecordError::Truncated { .. }), "{error}");
}

#[test]
fn a_broken_batch_is_an_error_each_time_and_nothing_before_it_is_lost() {
    let mut bytes = [batch(0, &["a"], Compression::None), batch(1, &["b"], Compression::None)];
    *bytes[1].last_mut().unwrap() ^= 1;
    let mut broken = fetched(0, bytes.concat(), &[]);
    assert_eq!(broken.next_record(&FetcherConfig::default()).unwrap().unwrap().offset, Offset(0));
    for _ in 0..3 {
        let error = broken.next_record(&FetcherConfig::default()).unwrap().unwrap_err();
        assert!(matches!(error, RecordError::Crc { .. }), "{error}");
        assert_eq!(broken.next, Offset(1));
    }
    // whoever does not look does not see
    let unchecked = FetcherConfig { check_crcs: false, ..FetcherConfig::default() };
    bytes[0][17] ^= 1;
    let mut broken = fetched(0, bytes[0].clone(), &[]);
    assert_eq!(offsets(&mut broken, &unchecked), [0]);
}

#[test]
fn markers_are_never_seen_and_move_the_position() {
    let bytes = [transaction(0, 7, None), transaction(1, 7, Some(1))].concat();
    let mut all = fetched(0, bytes, &[]);
    assert_eq!(offsets(&mut all, &FetcherConfig::default()), [0]);
    assert_eq!(all.next, Offset(2));
}

#[test]
fn aborted_transactions_are_left_out_where_that_is_asked_for() {
    // producer 7 aborts 0..=2, then commits 4; producer 8 commits 1; 9 is of no transaction
    let plain = batch(6, &["p"], Compression::None);
    let bytes = [
        transaction(0, 7, None),
        transaction(1, 8, None),
        transaction(2, 7, None),
        transaction(3, 7, Some(ABORT)),
        transaction(4, 7, None),
        transaction(5, 8, Some(1)),
        plain,
    ]
    .concat();
    let committed =
        FetcherConfig { isolation: IsolationLevel::ReadCommitted, ..FetcherConfig::default() };
    let mut read = fetched(0, bytes.clone(), &[(0, 7)]);
    assert_eq!(offsets(&mut read, &committed), [1, 4, 6]);
    assert_eq!(read.next, Offset(7));
    let mut read = fetched(0, bytes, &[(0, 7)]);
    assert_eq!(offsets(&mut read, &FetcherConfig::default()), [0, 1, 2, 4, 6]);
}
