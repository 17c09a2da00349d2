//! One test a rule; codes and sentences as Kafka 4.3 gives them.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use proptest::prelude::*;

use super::{
    InvalidRecords, TargetCompression, Validated, ValidationRules, validate, validate_internal,
};
use crate::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition};
use crate::record::{
    BatchBuilder, BatchHeader, BatchIter, Compression, RecordError, RecordIter, TimestampType,
    crc32c, verify_crc,
};

const NOW: i64 = 1_700_000_000_000;

fn builder() -> BatchBuilder {
    let mut builder = BatchBuilder::new();
    builder.push(NOW - 5, Some(b"a"), Some(b"one"), &[("h", Some(b"x"))]);
    builder.push(NOW - 1, Some(b"b"), None, &[]);
    builder.push(NOW - 3, None, Some(b"three"), &[("n", None)]);
    builder
}

fn built(builder: &BatchBuilder, codec: Compression) -> Bytes {
    builder.build(Offset::ZERO, LeaderEpoch::NONE, codec)
}

/// Changes bytes behind the checksum and makes it right again.
fn patched(batch: &Bytes, at: usize, field: &[u8]) -> Bytes {
    let mut bytes = batch.to_vec();
    bytes[at..at + field.len()].copy_from_slice(field);
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    Bytes::from(bytes)
}

fn refused(records: Bytes, rules: &ValidationRules) -> (ResponseError, InvalidRecords) {
    let error = validate(records, rules, NOW).unwrap_err();
    (error.response_error(), error)
}

fn rules() -> ValidationRules {
    ValidationRules::default()
}

fn values(validated: &Validated) -> Vec<Option<Bytes>> {
    let buffer = validated.to_bytes();
    let batch = BatchIter::new(&buffer).next().unwrap().unwrap();
    let records = RecordIter::of_batch(&buffer, &batch, 1 << 20).unwrap();
    records.map(|record| record.unwrap().value).collect()
}

#[test]
fn a_good_batch_goes_through_byte_for_byte() {
    for codec in Compression::ALL {
        let batch = built(&builder(), codec);
        let ok = validate(batch.clone(), &rules(), NOW).unwrap();
        assert_eq!(ok.to_bytes(), batch, "{codec:?}");
        assert_eq!(ok.size(), batch.len());
        assert_eq!(ok.header.max_timestamp, NOW - 1);
        assert_eq!((ok.offset_delta_of_max_timestamp(), ok.log_append_time), (2, -1));
    }
}

#[test]
fn exactly_one_batch_is_taken() {
    let batch = built(&builder(), Compression::None);
    assert_eq!(refused(Bytes::new(), &rules()).1, InvalidRecords::NoBatch);
    assert_eq!(refused(batch.slice(..batch.len() - 1), &rules()).1, InvalidRecords::NoBatch);
    let twice = Bytes::from([&batch[..], &batch[..]].concat());
    assert_eq!(
        refused(twice, &rules()),
        (ResponseError::InvalidRecord, InvalidRecords::ManyBatches)
    );
    // a second batch that is cut short is dropped, as Kafka drops it
    let tail = Bytes::from([&batch[..], &batch[..40]].concat());
    assert_eq!(validate(tail, &rules(), NOW).unwrap().to_bytes(), batch);
}

#[test]
fn old_formats_and_nonsense_are_told_apart() {
    let batch = built(&builder(), Compression::None);
    for (magic, error) in [
        (0, ResponseError::InvalidRecord),
        (1, ResponseError::InvalidRecord),
        (3, ResponseError::CorruptMessage),
        (-1i8, ResponseError::CorruptMessage),
    ] {
        let old = patched(&batch, 16, &magic.to_be_bytes());
        assert_eq!(refused(old, &rules()).0, error, "{magic}");
    }
    let short = patched(&batch, 8, &13i32.to_be_bytes());
    assert_eq!(refused(short, &rules()).0, ResponseError::CorruptMessage);
    let headless = patched(&batch, 8, &20i32.to_be_bytes());
    assert_eq!(refused(headless, &rules()).0, ResponseError::CorruptMessage);
}

#[test]
fn the_checksum_counts() {
    let mut bytes = built(&builder(), Compression::None).to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let (code, error) = refused(Bytes::from(bytes), &rules());
    assert_eq!(code, ResponseError::CorruptMessage);
    assert!(matches!(error, InvalidRecords::Corrupt(RecordError::Crc { .. })));
}

#[test]
fn the_header_has_to_be_a_clients() {
    let batch = built(&builder(), Compression::None);
    let base = builder().build(Offset(7), LeaderEpoch::NONE, Compression::None);
    assert_eq!(refused(base, &rules()).1, InvalidRecords::BaseOffset(Offset(7)));
    for (delta, count) in [(-1, 3), (3, 3), (2, 0), (2, -1), (1, 3)] {
        let batch = patched(&batch, 23, &i32::to_be_bytes(delta));
        let batch = patched(&batch, 57, &i32::to_be_bytes(count));
        let (code, error) = refused(batch, &rules());
        assert_eq!(code, ResponseError::InvalidRecord);
        assert_eq!(error, InvalidRecords::OffsetRange { last_offset_delta: delta, count });
    }
    let control = built(&builder().control(), Compression::None);
    assert_eq!(refused(control.clone(), &rules()).1, InvalidRecords::ControlBatch);
    assert!(validate_internal(control, &rules(), NOW).is_ok());
    let unnumbered = builder().producer(ProducerId(4), ProducerEpoch(0), -1);
    let unnumbered = built(&unnumbered, Compression::None);
    assert_eq!(refused(unnumbered, &rules()).1, InvalidRecords::Sequence(-1));
}

#[test]
fn size_is_checked_before_and_after_recompression() {
    let batch = built(&builder(), Compression::None);
    let limit = batch.len() - 1;
    let small = ValidationRules { max_message_bytes: limit, ..rules() };
    assert_eq!(
        refused(batch, &small),
        (ResponseError::MessageTooLarge, InvalidRecords::TooLarge { size: limit + 1, limit })
    );
    let mut big = BatchBuilder::new();
    big.push(NOW, None, Some(&[7; 10_000]), &[]);
    let unpacked = ValidationRules {
        max_message_bytes: 1_000,
        compression: TargetCompression::Codec(Compression::None, None),
        ..rules()
    };
    let (code, _) = refused(built(&big, Compression::Zstd), &unpacked);
    assert_eq!(code, ResponseError::MessageTooLarge);
}

#[test]
fn announced_records_must_be_there() {
    let batch = built(&builder(), Compression::None);
    for count in [2, 4] {
        let wrong = patched(&batch, 57, &i32::to_be_bytes(count));
        let wrong = patched(&wrong, 23, &(count - 1).to_be_bytes());
        let (code, error) = refused(wrong, &rules());
        assert_eq!(code, ResponseError::InvalidRecord);
        assert!(matches!(error, InvalidRecords::Unreadable(RecordError::RecordsCount { .. })));
    }
}

#[test]
fn broken_compression_has_kafkas_code() {
    let batch = built(&builder(), Compression::None);
    let claimed = patched(&batch, 21, &1i16.to_be_bytes());
    assert_eq!(refused(claimed, &rules()).0, ResponseError::UnknownServerError);
    let unknown = patched(&batch, 21, &7i16.to_be_bytes());
    assert_eq!(refused(unknown, &rules()).0, ResponseError::UnknownServerError);
    let tight = ValidationRules { decompressed_limit: 10, ..rules() };
    let bomb = built(&builder(), Compression::Zstd);
    assert_eq!(refused(bomb, &tight).0, ResponseError::MessageTooLarge);
}

#[test]
fn compacted_topics_need_keys() {
    let compacted = ValidationRules { compacted: true, ..rules() };
    for codec in Compression::ALL {
        let (code, error) = refused(built(&builder(), codec), &compacted);
        assert_eq!(code, ResponseError::InvalidRecord);
        assert_eq!(error.record_errors().len(), 1);
        assert_eq!(error.record_errors()[0].batch_index(), 2);
        let text = error.message(&TopicPartition::new("t", 0)).unwrap();
        assert_eq!(
            text,
            "One or more records have been rejected due to 1 record errors in total, and only \
             showing the first three errors at most: [RecordError(batchIndex=2, message='Compacted \
             topic cannot accept message without key in topic partition t-0')]"
        );
    }
}

#[test]
fn timestamps_must_be_near_the_present() {
    let near = ValidationRules { timestamp_before_max_ms: 4, timestamp_after_max_ms: 0, ..rules() };
    let (code, error) = refused(built(&builder(), Compression::None), &near);
    assert_eq!(code, ResponseError::InvalidTimestamp);
    let partition = TopicPartition::new("t", 0);
    assert_eq!(
        error.message(&partition).unwrap(),
        "One or more records have been rejected due to invalid timestamp"
    );
    let first = &error.record_errors()[0];
    assert_eq!(first.batch_index(), 0);
    assert_eq!(
        first.message(&partition),
        format!(
            "Timestamp {} of message with offset 0 is out of range. The timestamp should be \
             within [{}, {}]",
            NOW - 5,
            NOW - 4,
            NOW
        )
    );
    let mut late = BatchBuilder::new();
    late.push(NOW + 3_600_001, None, None, &[]);
    assert_eq!(
        refused(built(&late, Compression::None), &rules()).0,
        ResponseError::InvalidTimestamp
    );
    let mut timeless = BatchBuilder::new();
    timeless.push(-1, None, None, &[]);
    assert!(validate(built(&timeless, Compression::None), &near, NOW).is_ok());
}

#[test]
fn the_brokers_clock_wins_where_the_topic_says_so() {
    let append = ValidationRules { timestamp_type: TimestampType::LogAppendTime, ..rules() };
    for codec in Compression::ALL {
        let ok = validate(built(&builder(), codec), &append, NOW + 9).unwrap();
        assert_eq!(verify_crc(&ok.to_bytes()), Ok(()));
        let header = BatchHeader::parse(&ok.to_bytes()).unwrap();
        assert_eq!(header, ok.header);
        assert_eq!(header.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!((header.max_timestamp, ok.log_append_time), (NOW + 9, NOW + 9));
    }
    let pretender = builder().timestamp_type(TimestampType::LogAppendTime);
    let (code, error) = refused(built(&pretender, Compression::None), &append);
    assert_eq!(code, ResponseError::InvalidTimestamp);
    assert_eq!(error.record_errors().len(), 3);
}

#[test]
fn a_wrong_max_timestamp_is_put_right() {
    let batch = built(&builder(), Compression::None);
    let wrong = patched(&batch, 35, &(NOW + 99).to_be_bytes());
    let ok = validate(wrong, &rules(), NOW).unwrap();
    assert_eq!(ok.to_bytes(), batch);
    assert_eq!(ok.header, BatchHeader::parse(&batch).unwrap());
}

#[test]
fn the_topics_codec_is_applied() {
    for from in Compression::ALL {
        for to in Compression::ALL {
            let target = TargetCompression::Codec(to, None);
            let rules = ValidationRules { compression: target, ..rules() };
            let source = builder().producer(ProducerId(9), ProducerEpoch(2), 30).transactional();
            let ok = validate(built(&source, from), &rules, NOW).unwrap();
            let header = ok.header;
            assert_eq!(header.compression(), Ok(to));
            assert_eq!(verify_crc(&ok.to_bytes()), Ok(()));
            assert!(header.is_transactional());
            assert_eq!((header.producer_id, header.base_sequence), (ProducerId(9), 30));
            assert_eq!((header.records_count, header.max_timestamp), (3, NOW - 1));
            let want = [Some(&b"one"[..]), None, Some(b"three")];
            assert_eq!(values(&ok), want.map(|value| value.map(Bytes::from_static)));
        }
    }
}

#[test]
fn offsets_that_do_not_count_up_are_renumbered() {
    let mut odd = BatchBuilder::new();
    odd.push_at(1, NOW, None, Some(b"x"), std::iter::empty());
    odd.push_at(0, NOW, None, Some(b"y"), std::iter::empty());
    let ok = validate(built(&odd, Compression::Lz4), &rules(), NOW).unwrap();
    let buffer = ok.to_bytes();
    let batch = BatchIter::new(&buffer).next().unwrap().unwrap();
    let records = RecordIter::of_batch(&buffer, &batch, 1_000).unwrap();
    let deltas: Vec<i32> = records.map(|record| record.unwrap().offset_delta).collect();
    assert_eq!(deltas, [0, 1]);
}

#[test]
fn internal_batches_may_have_holes_and_control_records() {
    let mut builder = BatchBuilder::new().control();
    builder.push_at(3, NOW, Some(b"k"), None, std::iter::empty());
    let control = builder.build(Offset(9), LeaderEpoch(1), Compression::None);
    assert!(validate_internal(control, &rules(), NOW).is_ok());
}

fn damaged() -> impl Strategy<Value = Bytes> {
    let codec = prop::sample::select(&Compression::ALL[..]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let cut = prop::option::weighted(0.2, any::<prop::sample::Index>());
    (codec, changes, cut, any::<bool>()).prop_map(|(codec, changes, cut, resealed)| {
        let mut bytes = built(&builder(), codec).to_vec();
        // behind the length and the magic, so that most damage reaches the records
        for (at, value) in changes {
            let at = 17 + at.index(bytes.len() - 17);
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        let bytes = Bytes::from(bytes);
        if resealed && bytes.len() > BatchHeader::SIZE { patched(&bytes, 0, &[]) } else { bytes }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever comes, nothing panics, and what is taken reads back, record by record.
    #[test]
    fn what_is_taken_reads_back(records in damaged(), to in prop::option::of(0usize..5)) {
        let compression = match to {
            None => TargetCompression::Producer,
            Some(codec) => TargetCompression::Codec(Compression::ALL[codec], None),
        };
        let rules = ValidationRules {
            compression,
            timestamp_after_max_ms: i64::MAX,
            decompressed_limit: 1 << 20,
            ..rules()
        };
        if let Ok(taken) = validate(records, &rules, NOW) {
            let buffer = taken.to_bytes();
            prop_assert_eq!(verify_crc(&buffer), Ok(()));
            prop_assert_eq!(taken.size(), buffer.len());
            prop_assert_eq!(BatchHeader::parse(&buffer), Ok(taken.header));
            let batch = BatchIter::new(&buffer).next().unwrap().unwrap();
            let records: Result<Vec<_>, _> =
                RecordIter::of_batch(&buffer, &batch, 1 << 20).unwrap().collect();
            let deltas: Vec<i32> = records.unwrap().iter().map(|r| r.offset_delta).collect();
            let want: Vec<i32> = (0..taken.header.records_count).collect();
            prop_assert_eq!(deltas, want);
        }
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = validate(Bytes::from(noise), &rules(), NOW);
    }
}

#[test]
fn records_are_never_copied() {
    let sent = built(&builder(), Compression::None);
    // as they come off a socket: a part of a buffer that others hold as well
    let mut buffer = bytes::BytesMut::from(&b"some header"[..]);
    buffer.extend_from_slice(&sent);
    let buffer = buffer.freeze();
    let records = buffer.slice(11..);
    let place = records[BatchHeader::SIZE..].as_ptr();
    let mut taken = validate(records, &ValidationRules::default(), NOW).expect("good");
    assert_eq!(taken.payload.as_ptr(), place);
    taken.stamp(Offset(77), LeaderEpoch(3));
    let stamped = taken.to_bytes();
    assert_eq!(verify_crc(&stamped), Ok(()));
    let header = BatchHeader::parse(&stamped).expect("a header");
    assert_eq!((header.base_offset, header.partition_leader_epoch), (Offset(77), LeaderEpoch(3)));
    assert_eq!(stamped[16..], sent[16..]);
    assert_eq!(buffer[11..], sent[..]);
}
