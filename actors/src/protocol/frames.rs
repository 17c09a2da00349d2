//! Cuts the byte stream of one connection into frames.
//!
//! An idle connection holds no buffer: it takes one of its core's for as long as a read lasts, and
//! keeps it only while the beginning of a frame is in it. Long frames are handed on as parts of
//! the buffer they were received into, which goes back to the core when the last of them is done
//! with. A buffer grows as bytes arrive: the length a peer promises sets nothing aside.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::buffers::{self, Buffer, LARGEST};

/// Bytes read in one go.
const SCRATCH: usize = buffers::SMALLEST;
/// Frames at least this long are handed on without a copy; smaller ones would pin too much of the
/// buffer they came in for as long as one of them lives.
const SHARE_FROM: usize = SCRATCH / 8;
/// The beginning of a frame up to this long waits in a buffer of its own length.
const SMALL: usize = 4 * 1024;
/// How many times what has arrived a buffer may hold.
const GROWTH: usize = 16;
const LENGTH: usize = 4;

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
///
/// At most one of `cut` and `filling` holds bytes.
#[derive(Debug)]
pub(super) struct Frames {
    /// What is left of a buffer that frames are being cut from.
    cut: Bytes,
    /// What has been received, up to the beginning of a frame that is not here whole.
    filling: Buffer,
    /// Where in `filling` the next frame starts.
    start: usize,
    /// Bytes of the last long frame with its length: the next is likely to be as long.
    last_long: usize,
    limit: usize,
}

impl Frames {
    /// A reader of frames up to `limit` bytes long.
    pub(super) fn new(limit: usize) -> Self {
        Self { cut: Bytes::new(), filling: Buffer::default(), start: 0, last_long: 0, limit }
    }

    /// A reader that goes on behind `bytes`, which another has received.
    pub(super) fn resume(limit: usize, bytes: Bytes) -> Self {
        Self { cut: bytes, ..Self::new(limit) }
    }

    /// Takes out what is not yet whole frames, for another reader.
    pub(super) fn take_rest(&mut self) -> Bytes {
        if self.is_between_frames() {
            return Bytes::new();
        }
        if !self.cut.is_empty() {
            return std::mem::take(&mut self.cut);
        }
        let start = std::mem::take(&mut self.start);
        let mut rest = Bytes::from_owner(std::mem::take(&mut self.filling));
        rest.advance(start);
        rest
    }

    /// Memory held for bytes that are not yet a frame. A long frame's buffer counts as far as it
    /// has been filled: nothing else of it has been touched.
    pub(super) fn held_bytes(&self) -> usize {
        match self.rest().len() {
            0 => 0,
            rest if self.filling.capacity() > 2 * SCRATCH => rest,
            rest => rest.max(self.filling.capacity()),
        }
    }

    /// Whether nothing is held: the next byte starts a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.rest().is_empty()
    }

    fn rest(&self) -> &[u8] {
        if self.cut.is_empty() {
            self.filling.as_ref().get(self.start..).unwrap_or_default()
        } else {
            &self.cut
        }
    }

    /// The next whole frame among the bytes held, without its length.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, FrameError> {
        let rest = self.rest();
        let Some(size) = whole_frame(rest, self.limit)? else { return Ok(None) };
        let end = LENGTH + size;
        if size < SHARE_FROM {
            let frame = rest.get(LENGTH..end).map(Bytes::copy_from_slice);
            if self.cut.is_empty() {
                self.start += end;
            } else {
                self.cut.advance(end);
            }
            return Ok(frame);
        }
        if self.cut.is_empty() {
            self.cut = Bytes::from_owner(std::mem::take(&mut self.filling));
            self.cut.advance(self.start);
            self.start = 0;
        }
        self.last_long = if end > SCRATCH { end } else { 0 };
        let mut frame = self.cut.split_to(end);
        frame.advance(LENGTH);
        Ok(Some(frame))
    }

    /// Reads what has arrived. Ready with the number of bytes; 0 is the end of the stream.
    pub(super) fn poll_read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.settle();
        if self.has_room() {
            let room = self.room(self.filling.as_ref(), self.filling.capacity());
            return poll_read_into(&mut self.filling, room, stream, cx);
        }
        // nothing or little is held: the buffer stays with this connection only if bytes come
        let held = self.filling.as_ref();
        let long = if held.is_empty() { self.last_long.min(LARGEST) } else { 0 };
        let mut buffer = Buffer::with_room(long.max(SCRATCH));
        buffer.bytes_mut().extend_from_slice(held);
        let room = if long > 0 { long } else { self.room(held, buffer.capacity()) };
        let read = poll_read_into(&mut buffer, room, stream, cx);
        if matches!(read, Poll::Ready(Ok(1..))) {
            self.filling = buffer;
        }
        read
    }

    /// Gives back the buffer if no byte of it is needed, and finds the right one for the beginning
    /// of a frame: its size follows what has arrived, not what was promised.
    pub(super) fn settle(&mut self) {
        let rest = self.rest();
        let held = rest.len();
        if held == 0 {
            if self.start > 0 || self.has_room() {
                self.filling = Buffer::default();
                self.start = 0;
            }
            self.cut = Bytes::new();
            return;
        }
        let frame = length(rest).map_or(LENGTH, |size| LENGTH + usize::try_from(size).unwrap_or(0));
        let is_alone = self.cut.is_empty() && self.start == 0;
        if held >= frame {
            // requests that may not start yet
            if held >= SCRATCH / 2 || is_alone && !self.has_room() {
                return;
            }
            return self.move_to(Buffer::exact(held));
        }
        if held < SMALL {
            if !is_alone || self.has_room() {
                self.move_to(Buffer::exact(held.max(512)));
            }
            return;
        }
        let wanted = frame.min(self.limit.saturating_add(LENGTH)).min(held * GROWTH).max(SCRATCH);
        let fits = if held < self.filling.capacity() { held } else { frame };
        let is_right = is_alone && self.has_room() && fits <= self.filling.capacity();
        if !is_right || self.filling.capacity() > 2 * wanted {
            self.move_to(Buffer::with_room(wanted));
        }
    }

    /// Whether `filling` is made for reading into, and not for keeping a few bytes.
    fn has_room(&self) -> bool {
        self.filling.capacity() >= SCRATCH
    }

    fn move_to(&mut self, mut buffer: Buffer) {
        buffer.bytes_mut().extend_from_slice(self.rest());
        self.filling = buffer;
        self.start = 0;
        self.cut = Bytes::new();
    }

    /// How many bytes to read behind `held`. A long frame ends with its buffer, so that the next
    /// one starts in a buffer of its own and need not move.
    fn room(&self, held: &[u8], capacity: usize) -> usize {
        let free = capacity.saturating_sub(held.len());
        let Some(size) = length(held).and_then(|size| usize::try_from(size).ok()) else {
            return free;
        };
        let frame = LENGTH + size.min(self.limit);
        if frame > SCRATCH { free.min(frame.saturating_sub(held.len()).max(1)) } else { free }
    }
}

fn poll_read_into(
    buffer: &mut Buffer,
    room: usize,
    stream: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut target = buffer.bytes_mut().limit(room);
    pin!(stream.read_buf(&mut target)).poll(cx)
}

fn length(bytes: &[u8]) -> Option<i32> {
    bytes.first_chunk::<LENGTH>().map(|length| i32::from_be_bytes(*length))
}

/// The length of the frame at the front, if it is there whole.
fn whole_frame(bytes: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    let Some(length) = length(bytes) else { return Ok(None) };
    let Ok(size) = usize::try_from(length) else {
        return Err(FrameError::NegativeLength(length));
    };
    if size > limit {
        return Err(FrameError::TooLong { length, limit });
    }
    Ok((bytes.len() - LENGTH >= size).then_some(size))
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
