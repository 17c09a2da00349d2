//! What the bare server answers, and what it closes a connection for.

use bytes::Bytes;
use ottla_core::record::Compression;

use super::*;
use crate::batch;
use crate::compare::Scratch;
use crate::options::RecordOptions;
use crate::wire::{frames, produce_reply};

const PORT: u16 = 9;

/// Topics in a folder of the test's own, with one topic of two partitions.
fn topics(test: &str) -> (Topics, Scratch) {
    let scratch = Scratch::new(None, test).unwrap();
    let mut topics = Topics::new(scratch.0.clone());
    assert_eq!(topics.create("t", 2), 0);
    (topics, scratch)
}

fn batch() -> Bytes {
    let compression_type = Compression::None;
    batch::encode(&RecordOptions { record_size: 20, batch_records: 3, compression_type }, 5)
}

/// Requests that write `batch` to partitions 0 to 2, of which the last is not there.
fn produce_requests(acks: i16, batch: &Bytes) -> Vec<Vec<u8>> {
    let frames = frames(PRODUCE.1, "t", &[0, 1, 2], 1, acks, batch);
    frames.iter().map(|frame| frame.pieces.concat()).collect()
}

fn request((key, version): Spoken, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 4];
    frame.put_i16(key);
    frame.put_i16(version);
    frame.put_i32(77);
    put_string(&mut frame, "test");
    frame.put_slice(body);
    close_frame(&mut frame, 0);
    frame
}

/// The answers' correlation ids and first error codes.
fn codes(mut answers: &[u8]) -> Vec<(i32, i16)> {
    let mut found = Vec::new();
    while let Some(size) = frame_size(answers).unwrap() {
        found.push(produce_reply(PRODUCE.1, &answers[4..size]).unwrap());
        answers = &answers[size..];
    }
    assert!(answers.is_empty(), "answers are whole");
    found
}

#[test]
fn whole_requests_are_answered_and_the_rest_waits() {
    let (mut topics, _scratch) = topics("bare-pieces");
    let requests = produce_requests(1, &batch());
    let all = requests.concat();
    let mut wanted = 0;
    for cut in 0..=all.len() {
        let mut out = Vec::new();
        let taken = answer(&all[..cut], &mut topics, PORT, &mut out).unwrap();
        let whole = (0..=3).rev().find(|n| requests[..*n].concat().len() <= cut).unwrap();
        assert_eq!(taken, requests[..whole].concat().len());
        assert_eq!(codes(&out), [(0, 0), (1, 0), (2, UNKNOWN_PARTITION)][..whole]);
        wanted += if whole > 0 { 3 } else { 0 };
        assert_eq!(topics.get("t", 0).unwrap().end, wanted);
    }
}

#[test]
fn what_is_appended_is_what_came() {
    let (mut topics, scratch) = topics("bare-appends");
    let batch = batch();
    let first = produce_requests(1, &batch).swap_remove(0);
    let received = [first.clone(), first.clone(), produce_requests(0, &batch).concat()].concat();
    let mut out = Vec::new();
    assert_eq!(answer(&received, &mut topics, PORT, &mut out).unwrap(), received.len());
    assert_eq!(codes(&out), [(0, 0), (0, 0)], "acks 0 has no answer");
    let written = |partition: &str| std::fs::read(scratch.0.join("1").join(partition)).unwrap();
    assert_eq!(written("0"), batch.repeat(3));
    assert_eq!(written("1"), batch.to_vec());
    assert_eq!((topics.get("t", 0).unwrap().end, topics.get("t", 1).unwrap().end), (9, 3));
}

#[test]
fn a_broken_batch_is_refused() {
    let (mut topics, _scratch) = topics("bare-broken");
    let mut broken = batch().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let longer = [&batch()[..], &[0]].concat();
    for bad in [broken, longer, batch()[..60].to_vec(), Vec::new()] {
        let mut out = Vec::new();
        let request = produce_requests(1, &bad.into()).swap_remove(0);
        answer(&request, &mut topics, PORT, &mut out).unwrap();
        assert_eq!(codes(&out), [(0, 2)]);
    }
    assert_eq!(topics.get("t", 0).unwrap().end, 0);
}

#[test]
fn versions_are_told_to_who_asks_in_another() {
    let (mut topics, _scratch) = topics("bare-versions");
    for (version, code) in [(0, 0), (3, UNSUPPORTED_VERSION)] {
        let mut out = Vec::new();
        answer(&request((18, version), &[]), &mut topics, PORT, &mut out).unwrap();
        let mut fields = Fields::new(&out);
        assert_eq!(fields.i32().map(|length| length as usize), Ok(out.len() - 4));
        assert_eq!((fields.i32(), fields.i16(), fields.length()), (Ok(77), Ok(code), Ok(6)));
    }
}

#[test]
fn what_it_does_not_know_or_cannot_hold_is_refused() {
    let (mut topics, _scratch) = topics("bare-refusals");
    let mut refused = |bytes: &[u8]| answer(bytes, &mut topics, PORT, &mut Vec::new()).unwrap_err();
    assert!(matches!(refused(&request((1, 11), &[])), Refused::Unknown(1, 11)));
    assert!(matches!(refused(&[0xff; 4]), Refused::Malformed));
    assert!(matches!(refused(&[0x7f, 0, 0, 0]), Refused::TooLarge));
    let mut many = Vec::new();
    put_length(&mut many, 1 << 21);
    many.extend([0, 1, b't'].repeat(1 << 21));
    assert!(matches!(refused(&request(METADATA, &many)), Refused::TooLarge));
}

#[test]
fn bad_bytes_never_panic() {
    let (mut topics, _scratch) = topics("bare-bytes");
    let list_offsets = [&[0; 5][..], &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1], &[0xff; 12]].concat();
    let create = [&[0, 0, 0, 1, 0, 1, b'u', 0, 0, 0, 3, 0, 1][..], &[0; 13]].concat();
    let names = [0, 0, 0, 1, 0, 1, b'v', 0, 0, 0, 0];
    let requests = [
        produce_requests(1, &batch()).concat(),
        request(LIST_OFFSETS, &list_offsets),
        request(CREATE_TOPICS, &create),
        request(METADATA, &names),
        request(DELETE_TOPICS, &names),
    ];
    for request in requests {
        answer(&request, &mut topics, PORT, &mut Vec::new()).unwrap();
        for at in 0..request.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = request.clone();
                bad[at] = value;
                if let Ok(taken) = answer(&bad, &mut topics, PORT, &mut Vec::new()) {
                    assert!(taken <= bad.len());
                }
            }
        }
    }
}
