//! Frames cut from streams that arrive in pieces.

use std::future::poll_fn;

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;

/// A stream that delivers `pieces`, one a read.
struct Pieces(Vec<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(piece) = self.0.first_mut() {
            let taken = piece.len().min(buf.remaining());
            buf.put_slice(&piece[..taken]);
            piece.drain(..taken);
            if piece.is_empty() {
                self.0.remove(0);
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = i32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// Every frame; with `handed_on` another reader goes on behind each.
fn read_all(pieces: Vec<Vec<u8>>, limit: usize, handed_on: bool) -> Result<Vec<Bytes>, FrameError> {
    let mut stream = Pieces(pieces.into_iter().filter(|p| !p.is_empty()).collect());
    let mut frames = Frames::new(limit);
    let mut all = Vec::new();
    loop {
        let read = poll_fn(|cx| frames.poll_read(&mut stream, cx)).now_or_never().unwrap().unwrap();
        while let Some(frame) = frames.next()? {
            all.push(frame);
            if handed_on {
                frames = Frames::resume(limit, frames.take_rest());
            }
        }
        frames.settle();
        if read == 0 {
            return Ok(all);
        }
    }
}

#[test]
fn a_length_out_of_bounds_is_refused_before_anything_is_set_aside() {
    for (length, error) in [
        (-1, FrameError::NegativeLength(-1)),
        (i32::MIN, FrameError::NegativeLength(i32::MIN)),
        (i32::MAX, FrameError::TooLong { length: i32::MAX, limit: 100 }),
        (101, FrameError::TooLong { length: 101, limit: 100 }),
    ] {
        assert_eq!(read_all(vec![length.to_be_bytes().to_vec()], 100, false), Err(error));
    }
}

#[test]
fn a_promised_length_sets_nothing_aside() {
    let mut stream = Pieces(vec![99_000_000_i32.to_be_bytes().to_vec()]);
    let mut frames = Frames::new(100_000_000);
    poll_fn(|cx| frames.poll_read(&mut stream, cx)).now_or_never().unwrap().unwrap();
    assert_eq!(frames.next(), Ok(None));
    frames.settle();
    assert!(frames.held_bytes() <= 1_024, "{} bytes held", frames.held_bytes());
}

#[test]
fn a_long_frame_is_received_where_it_stays() {
    let mut stream = Pieces((0..3).map(|i| framed(&vec![i; 1_000_000])).collect());
    let mut frames = Frames::new(10_000_000);
    let mut places = Vec::new();
    while places.len() < 3 {
        poll_fn(|cx| frames.poll_read(&mut stream, cx)).now_or_never().unwrap().unwrap();
        if let Some(frame) = frames.next().unwrap() {
            assert!(frame.iter().all(|byte| usize::from(*byte) == places.len()));
            places.push(frame.as_ptr());
        }
        frames.settle();
        assert!(frames.held_bytes() < 1_100_000);
    }
    // the first teaches how long the others are: they fill one buffer of the core's, in turn
    assert_eq!(places[1], places[2]);
}

#[test]
fn a_buffer_follows_what_has_arrived() {
    let mut start = 99_000_000_i32.to_be_bytes().to_vec();
    start.resize(300_000, 7);
    let mut stream = Pieces(vec![framed(&vec![1; 1_500_000]), start]);
    let mut frames = Frames::new(100_000_000);
    while frames.next().unwrap().is_none() {
        poll_fn(|cx| frames.poll_read(&mut stream, cx)).now_or_never().unwrap().unwrap();
    }
    frames.settle();
    assert_eq!(frames.held_bytes(), 0);
    for _ in 0..9 {
        poll_fn(|cx| frames.poll_read(&mut stream, cx)).now_or_never().unwrap().unwrap();
        assert_eq!(frames.next(), Ok(None));
        frames.settle();
    }
    assert!((300_000..310_000).contains(&frames.held_bytes()), "{}", frames.held_bytes());
    assert!(frames.filling.capacity() <= 300_000 * GROWTH);
}

#[test]
fn an_idle_connection_holds_nothing() {
    let mut stream = Pieces(vec![framed(&[7; 300])]);
    let mut frames = Frames::new(1_000);
    poll_fn(|cx| frames.poll_read(&mut stream, cx)).now_or_never().unwrap().unwrap();
    assert_eq!(frames.next().unwrap().unwrap().len(), 300);
    frames.settle();
    assert_eq!(frames.held_bytes(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn frames_survive_any_cut(
        sizes in prop::collection::vec(prop_oneof![0usize..200, 10_000usize..200_000], 1..8),
        cuts in prop::collection::vec(1usize..70_000, 1..60),
        handed_on: bool,
    ) {
        let bodies: Vec<Vec<u8>> = sizes
            .iter()
            .enumerate()
            .map(|(i, size)| vec![u8::try_from(i).unwrap(); *size])
            .collect();
        let mut stream: Vec<u8> = bodies.iter().flat_map(|b| framed(b)).collect();
        let mut pieces = Vec::new();
        for cut in cuts {
            let rest = stream.split_off(cut.min(stream.len()));
            pieces.push(std::mem::replace(&mut stream, rest));
        }
        pieces.push(stream);
        let frames = read_all(pieces, 1_000_000, handed_on).unwrap();
        prop_assert_eq!(frames.len(), bodies.len());
        for (frame, body) in frames.iter().zip(&bodies) {
            prop_assert_eq!(&frame[..], &body[..]);
        }
    }
}
