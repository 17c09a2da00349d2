//! Which replies become one piece, and with which bytes.

use std::path::Path;
use std::sync::Arc;

use ottla_core::base::Offset;
use ottla_core::storage::{Disk, DiskFile, LogSlice, OpenMode, RealDisk};

use super::*;

fn file(dir: &Path, length: usize) -> (Arc<dyn DiskFile>, Vec<u8>) {
    let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let path = dir.join("segment");
    std::fs::write(&path, &content).unwrap();
    (RealDisk.open(&path, OpenMode::Read).unwrap(), content)
}

fn slice(file: &Arc<dyn DiskFile>, position: u64, length: u32) -> Segment {
    let file = Arc::clone(file);
    Segment::File(LogSlice { file, position, length, segment_base_offset: Offset::ZERO })
}

fn bytes(text: &'static str) -> Segment {
    Segment::Bytes(Bytes::from_static(text.as_bytes()))
}

/// How many file ranges are left, and all bytes in memory.
fn shape(segments: &[Segment]) -> (usize, usize, Vec<u8>) {
    let files = segments.iter().filter(|segment| matches!(segment, Segment::File(_))).count();
    let memory = segments.iter().filter_map(|segment| match segment {
        Segment::Bytes(bytes) => Some(bytes.to_vec()),
        Segment::File(_) => None,
    });
    (segments.len(), files, memory.flatten().collect())
}

#[test]
fn short_ranges_are_copied_in_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let (file, content) = file(dir.path(), 10_000);
    let mut segments = vec![
        bytes("head"),
        slice(&file, 7, 1_000),
        bytes(""),
        slice(&file, 9, 0),
        bytes("next"),
        slice(&file, 9_990, 10),
    ];
    copy_short(&mut segments);
    let expected = [b"head", &content[7..1_007], b"next", &content[9_990..]].concat();
    assert_eq!(shape(&segments), (1, 0, expected));
}

#[test]
fn what_is_long_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = file(dir.path(), SHORT);
    let length = u32::try_from(SHORT).unwrap();
    let mut long = vec![bytes("x"), slice(&file, 0, length)];
    copy_short(&mut long);
    assert_eq!(shape(&long), (2, 1, b"x".to_vec()));
    let mut longest = vec![slice(&file, 0, length)];
    copy_short(&mut longest);
    assert_eq!(shape(&longest).1, 0);
    let mut memory = vec![bytes("a"), bytes("b")];
    copy_short(&mut memory);
    assert_eq!(shape(&memory), (1, 0, b"ab".to_vec()));
}

#[test]
fn a_file_that_was_cut_is_left_to_who_sends_it() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = file(dir.path(), 100);
    let mut segments = vec![bytes("head"), slice(&file, 50, 51)];
    copy_short(&mut segments);
    assert_eq!(shape(&segments), (2, 1, b"head".to_vec()));
}
