//! What is taken in place, what is written anew, what is refused and how.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use kafka_protocol::error::ResponseError;
use proptest::prelude::*;

use super::*;
use crate::record::{RecordIter, stamp};

const NOW: i64 = 1_700_000_000_000;

fn batch(records: usize, codec: Compression) -> Bytes {
    let mut builder = BatchBuilder::new();
    for at in 0..records {
        let value = format!("value {at}");
        builder.push(NOW + at as i64, Some(b"key"), Some(value.as_bytes()), &[("h", None)]);
    }
    builder.build(Offset::ZERO, LeaderEpoch::NONE, codec)
}

fn refused(records: Bytes, rules: &ValidationRules) -> ResponseError {
    validate(records, rules, NOW).expect_err("refused").response_error()
}

fn values(validated: &Validated) -> Vec<Bytes> {
    let bytes = Bytes::copy_from_slice(&validated.bytes);
    let header = BatchHeader::parse(&bytes).expect("header");
    crate::record::verify_crc(&bytes).expect("crc");
    let section = bytes.slice(BatchHeader::SIZE..);
    let section = decompress(header.compression().expect("codec"), &section, 1 << 20);
    RecordIter::new(section.expect("unpacks"), header.records_count)
        .map(|record| record.expect("reads back").value.expect("a value"))
        .collect()
}

#[test]
fn a_good_batch_keeps_its_bytes() {
    for codec in [Compression::None, Compression::Gzip, Compression::Lz4, Compression::Zstd] {
        let sent = batch(5, codec);
        let taken = validate(sent.clone(), &ValidationRules::default(), NOW).expect("good");
        assert_eq!(taken.bytes, sent);
        assert_eq!(taken.batches.len(), 1);
        assert_eq!(taken.log_append_time, -1);
    }
}

#[test]
fn a_topic_with_a_codec_gets_batches_written_anew() {
    let compression = TargetCompression::Codec(Compression::Zstd, None);
    let rules = ValidationRules { compression, ..ValidationRules::default() };
    let taken = validate(batch(50, Compression::Gzip), &rules, NOW).expect("good");
    assert_eq!(taken.batches[0].header.compression(), Ok(Compression::Zstd));
    assert_eq!(taken.batches[0].header.records_count, 50);
    assert_eq!(values(&taken)[49], "value 49");
}

#[test]
fn the_broker_stamps_its_time_where_the_topic_wants_it() {
    let timestamp_type = TimestampType::LogAppendTime;
    let rules = ValidationRules { timestamp_type, ..ValidationRules::default() };
    let taken = validate(batch(3, Compression::None), &rules, NOW + 77).expect("good");
    assert_eq!(taken.log_append_time, NOW + 77);
    let header = taken.batches[0].header;
    assert_eq!((header.timestamp_type(), header.max_timestamp), (timestamp_type, NOW + 77));
    assert_eq!(BatchHeader::parse(&taken.bytes), Ok(header));
    assert_eq!(values(&taken).len(), 3);
}

#[test]
fn a_wrong_largest_timestamp_is_put_right() {
    let mut lied = BytesMut::from(batch(3, Compression::None));
    lied[35..43].copy_from_slice(&i64::MAX.to_be_bytes());
    let crc = batch_crc(&lied).expect("a batch");
    lied[CRC_FIELD..CRC_FIELD + 4].copy_from_slice(&crc.to_be_bytes());
    let taken = validate(lied.freeze(), &ValidationRules::default(), NOW).expect("good");
    assert_eq!(taken.batches[0].header.max_timestamp, NOW + 2);
    assert_eq!(values(&taken).len(), 3);
}

#[test]
fn each_refusal_has_its_code() {
    let rules = ValidationRules::default();
    assert_eq!(refused(Bytes::new(), &rules), ResponseError::InvalidRecord);
    let twice = [batch(1, Compression::None), batch(1, Compression::None)].concat();
    assert_eq!(refused(twice.into(), &rules), ResponseError::InvalidRecord);
    let mut corrupt = BytesMut::from(batch(1, Compression::None));
    corrupt[70] ^= 1;
    assert_eq!(refused(corrupt.freeze(), &rules), ResponseError::CorruptMessage);
    let small = ValidationRules { max_message_bytes: 80, ..rules.clone() };
    assert_eq!(refused(batch(9, Compression::None), &small), ResponseError::MessageTooLarge);
    let mut moved = BytesMut::from(batch(1, Compression::None));
    stamp(&mut moved, Offset(5), LeaderEpoch::NONE);
    assert_eq!(refused(moved.freeze(), &rules), ResponseError::InvalidRecord);
    let control = BatchBuilder::new().control().push(NOW, Some(b"k"), None, &[]).build(
        Offset::ZERO,
        LeaderEpoch::NONE,
        Compression::None,
    );
    assert_eq!(refused(control, &rules), ResponseError::InvalidRecord);
}

#[test]
fn records_at_fault_are_named() {
    let rules = ValidationRules { compacted: true, ..ValidationRules::default() };
    let mut builder = BatchBuilder::new();
    builder.push(NOW, Some(b"k"), None, &[]).push(NOW, None, None, &[]);
    let keyless = builder.build(Offset::ZERO, LeaderEpoch::NONE, Compression::None);
    let error = validate(keyless, &rules, NOW).expect_err("a record has no key");
    assert_eq!(error.response_error(), ResponseError::InvalidRecord);
    assert_eq!(error.record_errors(), [InvalidRecord::NoKey { index: 1 }]);
    let late = ValidationRules { timestamp_before_max_ms: 1000, ..ValidationRules::default() };
    let error = validate(batch(3, Compression::None), &late, NOW + 1001).expect_err("too old");
    assert_eq!(error.response_error(), ResponseError::InvalidTimestamp);
    assert_eq!(error.record_errors().len(), 1);
}

#[test]
fn internal_batches_may_have_holes_and_control_records() {
    let mut builder = BatchBuilder::new().control();
    builder.push_at(3, NOW, Some(b"k"), None, std::iter::empty());
    let control = builder.build(Offset(9), LeaderEpoch(1), Compression::None);
    assert!(validate_internal(control, &ValidationRules::default(), NOW).is_ok());
}

proptest! {
    /// Whatever comes, nothing panics, and what is taken is a whole batch with a right checksum.
    #[test]
    fn no_bytes_break_it(
        mut bytes in Just(batch(4, Compression::None).to_vec()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        renew in any::<bool>(),
    ) {
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if renew && let Ok(crc) = batch_crc(&bytes) {
            bytes[CRC_FIELD..CRC_FIELD + 4].copy_from_slice(&crc.to_be_bytes());
        } else {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        if let Ok(taken) = validate(Bytes::from(bytes), &ValidationRules::default(), NOW) {
            prop_assert!(crate::record::verify_crc(&taken.bytes).is_ok());
            prop_assert_eq!(taken.batches[0].len, taken.bytes.len());
        }
    }
}
