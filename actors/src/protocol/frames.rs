//! Cuts the byte stream of one connection into frames.
//!
//! An idle connection holds no buffer: bytes are first read into a scratch buffer of the core, and
//! whole frames leave it at once. Only the beginning of a frame that has not arrived whole is
//! kept, in a buffer that grows as its bytes arrive: the length a peer promises sets nothing
//! aside.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes read in one go.
const SCRATCH: usize = 64 * 1024;
/// Frames at least this long are handed on without a copy; smaller ones would pin the scratch
/// buffer for as long as one of them lives.
const SHARE_FROM: usize = 16 * 1024;
const LENGTH: usize = 4;

thread_local! {
    static SCRATCH_BUFFER: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// Why no further frame can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// A length below zero.
    NegativeLength(i32),
    /// A length above `socket.request.max.bytes`.
    TooLong {
        /// The length the peer promised.
        length: i32,
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NegativeLength(length) => write!(f, "request length {length} is negative"),
            Self::TooLong { length, limit } => {
                write!(f, "request length {length} is above socket.request.max.bytes ({limit})")
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// Bytes of one connection that are not yet whole frames.
#[derive(Debug)]
pub(super) struct Frames {
    held: BytesMut,
    limit: usize,
}

impl Frames {
    /// A reader of frames up to `limit` bytes long.
    pub(super) fn new(limit: usize) -> Self {
        Self { held: BytesMut::new(), limit }
    }

    /// Memory held for bytes that are not yet a frame.
    pub(super) fn held_bytes(&self) -> usize {
        if self.held.is_empty() { 0 } else { self.held.capacity() }
    }

    /// Whether nothing is held: the next byte starts a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.held.is_empty()
    }

    /// The next whole frame among the bytes held, without its length.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, FrameError> {
        cut(&mut self.held, self.limit)
    }

    /// Reads what has arrived. Ready with the number of bytes; 0 is the end of the stream.
    pub(super) fn poll_read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.held.len() < SHARE_FROM {
            return self.poll_read_scratch(stream, cx);
        }
        // by now the peer has sent something: room for as much again
        let room = self.room();
        self.held.reserve(room.min(self.held.len().max(SCRATCH)));
        let mut target = (&mut self.held).limit(room);
        pin!(stream.read_buf(&mut target)).poll(cx)
    }

    fn poll_read_scratch(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut scratch = take_scratch();
        let read = pin!(stream.read_buf(&mut scratch)).poll(cx);
        if matches!(read, Poll::Ready(Ok(1..))) {
            if self.held.is_empty() {
                // most reads bring whole frames only: they are cut from the scratch buffer itself
                self.held = scratch;
                return read;
            }
            self.held.extend_from_slice(&scratch);
        }
        SCRATCH_BUFFER.set(scratch);
        read
    }

    /// Gives the scratch buffer back to the core, keeping a copy of the little still needed.
    pub(super) fn settle(&mut self) {
        let length = self.held.len();
        if self.held.capacity() < SCRATCH / 2 && length > 0 || length >= SCRATCH / 2 {
            return;
        }
        let mut kept = BytesMut::new();
        if length > 0 {
            kept.reserve(length.max(512));
            kept.put_slice(&self.held);
        }
        let scratch = std::mem::replace(&mut self.held, kept);
        if scratch.capacity() <= 2 * SCRATCH {
            SCRATCH_BUFFER.set(scratch);
        }
    }

    /// How many bytes may be read without running into the frame behind this one.
    fn room(&self) -> usize {
        match length(&self.held) {
            Some(length) => {
                let length = usize::try_from(length).unwrap_or(0).min(self.limit);
                (LENGTH + length).saturating_sub(self.held.len()).max(1)
            }
            None => LENGTH.saturating_sub(self.held.len()).max(1),
        }
    }
}

/// An empty buffer with room for a whole read, the core's own if it is there.
fn take_scratch() -> BytesMut {
    let mut scratch = SCRATCH_BUFFER.take();
    scratch.clear();
    // reclaims the old allocation if no frame shares it any more
    scratch.reserve(SCRATCH);
    scratch
}

fn length(bytes: &[u8]) -> Option<i32> {
    bytes.first_chunk::<LENGTH>().map(|length| i32::from_be_bytes(*length))
}

fn cut(bytes: &mut BytesMut, limit: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(length) = length(bytes) else { return Ok(None) };
    let Ok(size) = usize::try_from(length) else {
        return Err(FrameError::NegativeLength(length));
    };
    if size > limit {
        return Err(FrameError::TooLong { length, limit });
    }
    if bytes.len() < LENGTH + size {
        return Ok(None);
    }
    bytes.advance(LENGTH);
    if size >= SHARE_FROM {
        return Ok(Some(bytes.split_to(size).freeze()));
    }
    let frame = bytes.get(..size).map(Bytes::copy_from_slice);
    bytes.advance(size);
    Ok(frame)
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
