//! Names that Kafka writes are understood, and ours are Kafka's.

use super::*;

#[test]
fn segment_names_have_twenty_digits() {
    assert_eq!(segment_file(Offset(42), LOG), "00000000000000000042.log");
    assert_eq!(classify("00000000000000000042.timeindex"), FileKind::TimeIndex(Offset(42)));
    assert_eq!(classify("00000000000000000042.log.deleted"), FileKind::Deleted);
    assert_eq!(classify("00000000000000000042.index.swap"), FileKind::Swap);
    assert_eq!(classify("partition.metadata"), FileKind::Other);
    assert_eq!(classify("99999999999999999999.log"), FileKind::Other);
}

#[test]
fn directories_are_told_apart() {
    let partition = |topic: &str, index| DirKind::Partition(TopicPartition::new(topic, index));
    assert_eq!(classify_dir("a-b-12"), partition("a-b", 12));
    assert_eq!(classify_dir("x-delete-0"), partition("x-delete", 0));
    assert_eq!(classify_dir("a-0.0123456789abcdef0123456789abcdef-delete"), DirKind::Delete);
    assert_eq!(classify_dir("__cluster_metadata-0"), DirKind::Other);
    assert_eq!(classify_dir("lost+found"), DirKind::Other);
    assert_eq!(classify_dir("-3"), DirKind::Other);
}

#[test]
fn a_deleted_directory_fits_in_a_file_name() {
    let long = TopicPartition::new("t".repeat(249), 1_234_567);
    let name = delete_dir(&long, uuid::Uuid::from_u128(7));
    assert_eq!(name.len(), 255);
    assert_eq!(classify_dir(&name), DirKind::Delete);
}
