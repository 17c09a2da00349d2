//! Tests of dumping segments.

use std::path::{Path, PathBuf};

use ottla_core::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use ottla_core::record::{BatchBuilder, Compression};

use super::super::decoder::{Class, Decoder};
use super::super::{Decoding, Options, dump};

pub(in super::super) fn options() -> Options {
    Options {
        print: false,
        deep: false,
        skip_metadata: false,
        decoder: Decoding::By(Decoder::Classes { key: Class::Text, value: Class::Text }),
        max_bytes: i32::MAX,
        max_message_size: 5 << 20,
        sanity_only: false,
        verify_only: false,
    }
}

/// What a dump prints to standard output and to standard error.
pub(in super::super) fn dumped(files: &[PathBuf], options: &Options) -> [String; 2] {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    if let Err(error) = dump(files, options, &mut out, &mut err) {
        err.extend(format!("FAILED {error}").into_bytes());
    }
    [out, err].map(|text| String::from_utf8(text).expect("text"))
}

/// Two batches: offsets 0 and 1, then 5.
pub(in super::super) fn write_segment(dir: &Path) -> PathBuf {
    let mut first = BatchBuilder::new().producer(ProducerId(7), ProducerEpoch(0), 3);
    let headers = [(&b"h"[..], Some(&b"1"[..])), (&b"i"[..], None)];
    first.push_at(0, 1000, Some(b"k"), Some(b"v"), headers.into_iter());
    first.push_at(1, 1007, None, None, [].into_iter());
    let mut bytes = first.build(Offset(0), LeaderEpoch(2), Compression::None).to_vec();
    let mut second = BatchBuilder::new();
    second.push_at(0, 990, None, Some(b"w"), [].into_iter());
    bytes.extend(second.build(Offset(5), LeaderEpoch(2), Compression::Gzip));
    let path = dir.join("00000000000000000000.log");
    std::fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn batches_are_a_line_each() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = write_segment(dir.path());
    let [out, err] = dumped(std::slice::from_ref(&path), &options());
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    assert_eq!(lines[0], format!("Dumping {}", path.display()));
    assert_eq!(lines[1], "Log starting offset: 0");
    let head = "baseOffset: 0 lastOffset: 1 count: 2 baseSequence: 3 lastSequence: 4 \
                producerId: 7 producerEpoch: 0 partitionLeaderEpoch: 2 isTransactional: false \
                isControl: false deleteHorizonMs: OptionalLong.empty position: 0 \
                CreateTime: 1007 size: 84 magic: 2 compresscodec: none crc: ";
    assert!(lines[2].starts_with(head), "{out}");
    assert!(lines[2].ends_with(" isvalid: true"), "{out}");
    assert!(lines[3].contains(" position: 84 CreateTime: 990 "), "{out}");
    assert!(lines[3].contains(" compresscodec: gzip "), "{out}");
    assert_eq!(err, "");
}

#[test]
fn records_are_printed_and_gaps_reported() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = write_segment(dir.path());
    let [out, err] =
        dumped(std::slice::from_ref(&path), &Options { print: true, deep: true, ..options() });
    let records: Vec<&str> = out.lines().filter(|line| line.starts_with('|')).collect();
    let wanted = [
        "| offset: 0 CreateTime: 1000 keySize: 1 valueSize: 1 sequence: 3 headerKeys: [h,i] \
         key: k payload: v",
        "| offset: 1 CreateTime: 1007 keySize: -1 valueSize: -1 sequence: 4 headerKeys: []",
        "| offset: 5 CreateTime: 990 keySize: -1 valueSize: 1 sequence: -1 headerKeys: [] \
         payload: w",
    ];
    assert_eq!(records, wanted);
    let gap = format!("Non-consecutive offsets in {}\n  1 is followed by 5\n", path.display());
    assert_eq!(err, gap);
    let short = Options { skip_metadata: true, print: true, deep: true, ..options() };
    let [out, _] = dumped(&[path], &short);
    let records: Vec<&str> = out.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(records, ["| key: k payload: v", "| payload: w"]);
}

#[test]
fn what_is_no_batch_is_counted_or_ends_the_dump() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = write_segment(dir.path());
    let whole = std::fs::read(&path).expect("read");
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    let [out, err] = dumped(std::slice::from_ref(&path), &options());
    let rest = whole.len() - 1 - 84;
    let text = format!("Found {rest} invalid bytes at the end of 00000000000000000000.log\n");
    assert!(out.ends_with(&text), "{out}");
    assert_eq!(err, "");
    // what lies behind the limit is not looked at, and not missed
    let [out, _] = dumped(std::slice::from_ref(&path), &Options { max_bytes: 100, ..options() });
    assert!(out.lines().count() == 3 && !out.contains("invalid"), "{out}");
    let mut zero = whole.clone();
    zero[8..12].fill(0);
    std::fs::write(&path, zero).expect("written");
    let [_, err] = dumped(std::slice::from_ref(&path), &options());
    assert!(err.contains("FAILED") && err.contains("position 0"), "{err}");
    let mut bad = whole;
    bad[70] ^= 1;
    std::fs::write(&path, bad).expect("written");
    let [out, _] = dumped(&[path], &options());
    assert_eq!(out.matches("isvalid: false").count(), 1, "{out}");
}
