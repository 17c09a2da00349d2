//! Batches that Kafka's Java client wrote, and the message library as a second opinion.
//!
//! Each fixture holds the same three records, written by `MemoryRecordsBuilder` of Kafka 4.3.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use bytes::{Bytes, BytesMut};
use kafka_protocol::records::{
    Compression as LibraryCompression, Record as LibraryRecord, RecordBatchDecoder,
    RecordBatchEncoder, RecordEncodeOptions, TimestampType as LibraryTimestampType,
};
use proptest::prelude::*;

use super::{
    BatchBuilder, BatchIter, Compression, Record, RecordIter, ValidationRules, compress, crc32c,
    decompress, validate, verify_crc,
};
use crate::base::{LeaderEpoch, Offset, ProducerId};

const JAVA: [(Compression, &[u8]); 4] = [
    (Compression::Gzip, include_bytes!("fixtures/java-gzip.batch")),
    (Compression::Snappy, include_bytes!("fixtures/java-snappy.batch")),
    (Compression::Lz4, include_bytes!("fixtures/java-lz4.batch")),
    (Compression::Zstd, include_bytes!("fixtures/java-zstd.batch")),
];

fn java_value() -> Vec<u8> {
    // the Java expression (i*i >> 7) % 23 + 'a', where i*i wraps and % keeps the sign
    (0..70_000i32).map(|i| ((i.wrapping_mul(i) >> 7) % 23 + 97).to_le_bytes()[0]).collect()
}

fn records(bytes: &Bytes) -> Vec<Record> {
    let batch = BatchIter::new(bytes).next().unwrap().unwrap();
    RecordIter::of_batch(bytes, &batch, 1 << 20).unwrap().map(Result::unwrap).collect()
}

#[test]
fn java_batches_are_read_and_accepted() {
    for (codec, bytes) in JAVA {
        let bytes = Bytes::from_static(bytes);
        assert_eq!(verify_crc(&bytes), Ok(()));
        let batch = BatchIter::new(&bytes).next().unwrap().unwrap();
        assert_eq!(batch.header.compression(), Ok(codec));
        assert_eq!(batch.header.producer_id, ProducerId(4_711));
        assert_eq!(batch.header.max_timestamp, 1_700_000_000_007);
        let records = records(&bytes);
        assert_eq!(records.len(), 3);
        assert_eq!(records[0].headers[0].key, &b"trace"[..]);
        assert_eq!(records[0].headers[1].value, None);
        assert_eq!(records[1].key, None);
        assert_eq!(records[1].value.as_deref(), Some(&java_value()[..]));
        assert_eq!((records[2].timestamp_delta, records[2].offset_delta), (-1, 2));
        assert_eq!(records[2].value, None);
        let taken = validate(bytes.clone(), &ValidationRules::default(), 1_700_000_000_000);
        assert_eq!(taken.unwrap().to_bytes(), bytes);
    }
}

#[test]
fn the_frames_that_are_written_are_javas_kind() {
    let section = java_value();
    let snappy = compress(Compression::Snappy, None, &section).unwrap();
    assert_eq!(snappy[..16], *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    let lz4 = compress(Compression::Lz4, None, &section).unwrap();
    // magic, version 01 with independent blocks and no checksums, blocks of 64 KiB, its checksum
    assert_eq!(lz4[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
    let (_, java) = JAVA[2];
    assert_eq!(java[61..68], lz4[..7]);
}

#[test]
fn raw_snappy_and_reopened_xerial_are_read() {
    let text = b"snappy without a frame, as librdkafka writes it".repeat(9);
    let raw = snap::raw::Encoder::new().compress_vec(&text).unwrap();
    assert_eq!(decompress(Compression::Snappy, &raw, 1_000).unwrap(), text);
    let framed = compress(Compression::Snappy, None, &text).unwrap();
    let twice = [&framed[..], &framed[..]].concat();
    assert_eq!(decompress(Compression::Snappy, &twice, 1_000).unwrap(), text.repeat(2));
    let gzip = compress(Compression::Gzip, Some(9), &text).unwrap();
    let twice = [&gzip[..], &gzip[..]].concat();
    assert_eq!(decompress(Compression::Gzip, &twice, 1_000).unwrap(), text.repeat(2));
}

#[test]
fn levels_matter_and_odd_ones_do_no_harm() {
    let section = java_value();
    for level in [-1, 0, 1, 9, 99] {
        let packed = compress(Compression::Gzip, Some(level), &section).unwrap();
        assert_eq!(decompress(Compression::Gzip, &packed, 1 << 20).unwrap(), section);
    }
    for level in [-131_072, 1, 19, 22] {
        let packed = compress(Compression::Zstd, Some(level), &section).unwrap();
        assert_eq!(decompress(Compression::Zstd, &packed, 1 << 20).unwrap(), section);
    }
}

#[test]
fn the_checksum_uses_the_processor() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    if std::env::consts::ARCH == "x86_64" {
        let target = crc_fast::get_calculator_target(crc_fast::CrcAlgorithm::Crc32Iscsi);
        assert!(!target.contains("software"), "{target}");
    }
}

/// Timestamp, key, value.
type Plain = (i64, Option<Vec<u8>>, Option<Vec<u8>>);

fn plain_record() -> impl Strategy<Value = Plain> {
    let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    (0i64..1 << 44, bytes(), bytes())
}

fn library_batch(records: &[Plain]) -> Bytes {
    let records: Vec<LibraryRecord> = records
        .iter()
        .zip(0i64..)
        .map(|((timestamp, key, value), offset)| LibraryRecord {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: LibraryTimestampType::Creation,
            offset,
            sequence: i32::try_from(offset).unwrap(),
            timestamp: *timestamp,
            key: key.clone().map(Bytes::from),
            value: value.clone().map(Bytes::from),
            headers: Default::default(),
        })
        .collect();
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: LibraryCompression::None };
    RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

proptest! {
    #[test]
    fn the_library_reads_what_the_builder_writes(
        input in prop::collection::vec(plain_record(), 1..20),
    ) {
        let mut builder = BatchBuilder::new();
        for (timestamp, key, value) in &input {
            builder.push(*timestamp, key.as_deref(), value.as_deref(), &[("h", Some(b"1"))]);
        }
        let bytes = builder.build(Offset(5), LeaderEpoch(1), Compression::None);
        prop_assert_eq!(bytes.len(), builder.size_in_bytes());
        let read = RecordBatchDecoder::decode_all(&mut bytes.clone()).unwrap();
        let read: Vec<_> = read.into_iter().flat_map(|set| set.records).collect();
        prop_assert_eq!(read.len(), input.len());
        for (record, (timestamp, key, value)) in read.iter().zip(&input) {
            prop_assert_eq!(record.timestamp, *timestamp);
            prop_assert_eq!(record.key.as_deref(), key.as_deref());
            prop_assert_eq!(record.value.as_deref(), value.as_deref());
            prop_assert_eq!(record.headers.len(), 1);
        }
    }

    #[test]
    fn times_are_moved_together(
        input in prop::collection::vec(plain_record(), 1..20),
        newest in 0i64..1 << 40,
    ) {
        let mut builder = BatchBuilder::new();
        for (timestamp, key, value) in &input {
            builder.push(*timestamp, key.as_deref(), value.as_deref(), &[]);
        }
        builder.move_times(newest);
        let bytes = builder.build(Offset(5), LeaderEpoch(1), Compression::None);
        let read = RecordBatchDecoder::decode_all(&mut bytes.clone()).unwrap();
        let times = read.iter().flat_map(|set| &set.records).map(|record| record.timestamp);
        let times: Vec<i64> = times.collect();
        let by = newest - input.iter().map(|(timestamp, ..)| *timestamp).max().unwrap();
        let expected: Vec<i64> = input.iter().map(|(timestamp, ..)| timestamp + by).collect();
        prop_assert_eq!(times, expected);
    }

    #[test]
    fn the_libraries_batches_are_read(input in prop::collection::vec(plain_record(), 1..20)) {
        let bytes = library_batch(&input);
        prop_assert_eq!(verify_crc(&bytes), Ok(()));
        let batch = BatchIter::new(&bytes).next().unwrap().unwrap();
        let base = batch.header.base_timestamp;
        let read = records(&bytes);
        prop_assert_eq!(read.len(), input.len());
        for (record, (timestamp, key, value)) in read.iter().zip(&input) {
            prop_assert_eq!(base + record.timestamp_delta, *timestamp);
            prop_assert_eq!(record.key.as_deref(), key.as_deref());
            prop_assert_eq!(record.value.as_deref(), value.as_deref());
        }
    }

    #[test]
    fn the_checksum_agrees_with_another(data in prop::collection::vec(any::<u8>(), 0..5_000)) {
        prop_assert_eq!(crc32c(&data), ::crc32c::crc32c(&data));
    }
}
