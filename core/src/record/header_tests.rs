//! Header fields against a batch that the message library wrote.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use crate::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use crate::record::{BatchBuilder, BatchHeader, BatchIter, Compression, RecordError, verify_crc};

fn batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new().producer(ProducerId(7), ProducerEpoch(3), 40);
    builder.push(1_000, Some(b"k"), Some(b"v"), &[("h", None)]);
    builder.push(1_005, None, None, &[]);
    builder.build(Offset(100), LeaderEpoch(9), Compression::None).to_vec()
}

#[test]
fn a_built_batch_reads_back() {
    let bytes = batch();
    let header = BatchHeader::parse(&bytes).unwrap();
    assert_eq!(header.size_in_bytes(), bytes.len());
    assert_eq!((header.base_offset, header.last_offset()), (Offset(100), Offset(101)));
    assert_eq!((header.base_timestamp, header.max_timestamp), (1_000, 1_005));
    assert_eq!((header.base_sequence, header.last_sequence()), (40, 41));
    assert_eq!(header.records_count, 2);
    assert_eq!(verify_crc(&bytes), Ok(()));
    assert_eq!(header.encode(), bytes[..BatchHeader::SIZE]);
}

#[test]
fn a_flipped_bit_is_noticed() {
    let mut bytes = batch();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(matches!(verify_crc(&bytes), Err(RecordError::Crc { .. })));
}

#[test]
fn a_cut_batch_comes_out_as_one_error() {
    let mut bytes = batch();
    let size = bytes.len();
    bytes.extend_from_slice(&batch()[..70]);
    let mut iter = BatchIter::new(&bytes);
    assert_eq!(iter.next().unwrap().unwrap().bytes.len(), size);
    assert!(matches!(iter.next(), Some(Err(RecordError::Truncated { .. }))));
    assert!(iter.next().is_none());
    assert_eq!(iter.position(), size);
}

#[test]
fn sequences_wrap_to_zero() {
    let mut header = BatchHeader::parse(&batch()).unwrap();
    header.base_sequence = i32::MAX;
    assert_eq!(header.last_sequence(), 0);
}
