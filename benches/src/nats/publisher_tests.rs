//! What leaves a publisher, byte by byte.

use super::*;

/// Lets `length` bytes leave, never more than the outlet offers.
fn leave(out: &mut Outlet, mut length: usize, left: &mut Vec<u8>) {
    while length > 0 {
        let next = out.next();
        let step = next.len().min(length);
        assert!(step > 0, "there is something to leave");
        left.extend_from_slice(&next[..step]);
        out.left(step);
        length -= step;
    }
}

#[test]
fn a_partly_written_message_goes_on_where_it_stopped() {
    let frame = b"PUB s r 3\r\nabc\r\n";
    for step in 1..=frame.len() * 2 {
        let mut out = Outlet::new(frame);
        out.owed = frame.len() * 3;
        let mut left = Vec::new();
        while !out.next().is_empty() {
            let length = step.min(out.owed);
            leave(&mut out, length, &mut left);
        }
        assert_eq!(left, frame.repeat(3), "by {step}");
    }
}

#[test]
fn an_answer_goes_between_two_messages() {
    let frame = b"PUB s r 3\r\nabc\r\n";
    for cut in 0..frame.len() {
        let mut out = Outlet::new(frame);
        out.owed = frame.len() * 2;
        let mut left = Vec::new();
        leave(&mut out, cut, &mut left);
        out.answers.extend_from_slice(b"PONG\r\n");
        while !out.next().is_empty() {
            leave(&mut out, 1, &mut left);
        }
        let before = if cut == 0 { 0 } else { frame.len() };
        assert_eq!(&left[..before], &frame[..before]);
        assert_eq!(&left[before..before + 6], b"PONG\r\n", "cut at {cut}");
        assert_eq!(left.len(), frame.len() * 2 + 6);
    }
}

#[test]
fn a_message_larger_than_a_block_is_whole() {
    let frame = vec![7; BLOCK * 2 + 1];
    let mut out = Outlet::new(&frame);
    out.owed = frame.len() * 2;
    assert_eq!(out.next().len(), frame.len());
    let mut left = Vec::new();
    leave(&mut out, frame.len() * 2, &mut left);
    assert!(out.next().is_empty());
}
