//! Tests of dumping and checking indexes.

use std::path::PathBuf;

use super::super::Options;
use super::super::log::tests::{dumped, options, write_segment};

fn offsets(entries: &[(i32, i32)]) -> Vec<u8> {
    entries.iter().flat_map(|(o, p)| [o.to_be_bytes(), p.to_be_bytes()].concat()).collect()
}

fn times(entries: &[(i64, i32)]) -> Vec<u8> {
    entries
        .iter()
        .flat_map(|(t, o)| [&t.to_be_bytes()[..], &o.to_be_bytes()[..]].concat())
        .collect()
}

struct Dir {
    _dir: tempfile::TempDir,
    index: PathBuf,
    times: PathBuf,
}

fn dir(offsets: &[u8], times: &[u8]) -> Dir {
    let dir = tempfile::tempdir().expect("a directory");
    write_segment(dir.path());
    let index = dir.path().join("00000000000000000000.index");
    let path = dir.path().join("00000000000000000000.timeindex");
    std::fs::write(&index, offsets).expect("written");
    std::fs::write(&path, times).expect("written");
    Dir { _dir: dir, index, times: path }
}

#[test]
fn entries_are_printed_and_verified() {
    // zeros behind the entries are what an open index of Kafka's ends in
    let dir = dir(&offsets(&[(1, 0), (5, 84), (0, 0)]), &times(&[(1007, 1), (0, 0)]));
    let [out, err] = dumped(std::slice::from_ref(&dir.index), &options());
    assert!(out.ends_with("offset: 1 position: 0\noffset: 5 position: 84\n"), "{out}");
    assert_eq!(err, "");
    let [out, err] = dumped(std::slice::from_ref(&dir.times), &options());
    assert!(out.ends_with("timestamp: 1007 offset: 1\n"), "{out}");
    assert_eq!(err, "");
    let verify = Options { verify_only: true, ..options() };
    let [out, err] = dumped(&[dir.index.clone(), dir.times.clone()], &verify);
    assert_eq!((out.lines().count(), err.as_str()), (2, ""));
    let sanity = Options { sanity_only: true, ..options() };
    let [out, _] = dumped(std::slice::from_ref(&dir.index), &sanity);
    assert!(out.ends_with(".index passed sanity check.\n"), "{out}");
}

#[test]
fn faults_are_reported_in_kafkas_words() {
    let dir =
        dir(&offsets(&[(0, 0), (4, 84)]), &times(&[(1006, 1), (999, 3), (990, 5), (2000, 9)]));
    let [_, err] = dumped(std::slice::from_ref(&dir.index), &options());
    let file = dir.index.display();
    let wanted = format!(
        "Mismatches in :{file}\n  Index offset: 4, log offset: 5\n\
         \x20 Index offset: 0, log offset: 1\n"
    );
    assert_eq!(err, wanted);
    let [_, err] = dumped(std::slice::from_ref(&dir.times), &options());
    let file = dir.times.display();
    let wanted = format!(
        "Found timestamp mismatch in :{file}\n  Index timestamp: 1006, log timestamp: 1007\n\
         Found out of order timestamp in :{file}\n  Index timestamp: 990, \
         Previously indexed timestamp: 999\n\
         The following indexed offsets are not found in :{file}\n\
         Indexed offset: 3, found log offset: 5\nIndexed offset: 9, found log offset: -1\n"
    );
    assert_eq!(err, wanted);
}

#[test]
fn a_broken_index_ends_the_dump() {
    let sanity = Options { sanity_only: true, ..options() };
    let odd = dir(&[0, 0, 0, 1, 0, 0, 0, 0, 9], &[1; 13]);
    let [_, err] = dumped(std::slice::from_ref(&odd.index), &sanity);
    assert!(err.contains("corrupt, found 9 bytes which is neither"), "{err}");
    let [_, err] = dumped(std::slice::from_ref(&odd.times), &sanity);
    assert!(err.contains("Time index file") && err.contains("found 13 bytes"), "{err}");
    let falling = dir(&offsets(&[(-3, 0)]), &times(&[(9, 1), (8, 2)]));
    let [_, err] = dumped(std::slice::from_ref(&falling.index), &sanity);
    assert!(err.contains("last offset is -3 which is less than the base offset 0"), "{err}");
    let [_, err] = dumped(std::slice::from_ref(&falling.times), &sanity);
    assert!(err.contains("last timestamp is 8 which is less than the first timestamp 9"), "{err}");
    let beyond = dir(&offsets(&[(1, 4000)]), &[]);
    let [_, err] = dumped(std::slice::from_ref(&beyond.index), &options());
    assert!(err.contains("no whole batch at position 4000"), "{err}");
    let empty = dir(&[], &[]);
    let [out, _] = dumped(&[empty.index], &options());
    assert!(out.ends_with(" is empty.\n"), "{out}");
}
