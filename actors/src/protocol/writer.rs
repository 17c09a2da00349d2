//! Writes replies: runs of memory segments with one vectored send, file ranges with `sendfile`, or
//! through a pipe where they are long.
//!
//! Nothing is copied here: a reply waits in the queue until the socket takes it, and its ticket is
//! freed after its last byte. A peer that never reads therefore keeps its tickets, and its
//! connection stops reading.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::Segment;
use super::outbox::Finished;
use super::pipe::Pipe;

/// Segments sent with one call.
const VECTOR: usize = 64;
/// Bytes sent with one call, and a turn is over after as many: one reader must not keep a core for
/// long. They take 0.1 ms if they are copied. What a pipe holds goes with one call all the same.
const CALL_BYTES: usize = 512 * 1024;
/// File ranges up to this size go without a pipe: one call sends them.
const SMALL_FILE: usize = 64 * 1024;
/// The send buffer towards a peer on this machine. Such a peer answers at once, so nothing is
/// gained by a larger one; and what it has not read yet stays in the processor's cache.
const LOCAL_BUFFER: usize = 256 * 1024;
/// Calls made in one turn.
const CALLS: usize = 16;

/// The largest reply that the thread which answers sends itself.
const SMALL: usize = 16 * 1024;

/// Whether a reply is worth being sent by the thread that answers.
pub(super) fn is_small(segments: &[Segment]) -> bool {
    match segments {
        [] => true,
        [Segment::Bytes(bytes)] => bytes.len() <= SMALL,
        _ => false,
    }
}

/// Sends a small reply with one call. False if some of it has not left, which it then still holds.
pub(super) fn send_whole(stream: &TcpStream, segments: &mut [Segment]) -> bool {
    segments.iter_mut().all(|segment| {
        let Segment::Bytes(bytes) = segment else { return false };
        // an error is met again by the pump, which closes the connection
        let sent = rustix::net::send(stream, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        bytes.advance(sent.unwrap_or(0));
        bytes.is_empty()
    })
}

/// What a turn of writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Every reply has left.
    All,
    /// The turn is over and the socket would still take bytes.
    Enough,
}

/// The replies that are next to be written, in order.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Replies whose bytes have not all left.
    pub(super) queue: VecDeque<Finished>,
    /// The first segment of the first reply that has not left.
    segment: usize,
    sent: u64,
    /// Holds the next bytes of the file that is being sent.
    pipe: Option<Pipe>,
    /// The socket's send buffer has not been fitted to its peer, and may be.
    fit_buffer: Cell<bool>,
    /// The turn is over when so much has been sent since the connection opened.
    turn_ends: u64,
}

impl Writer {
    /// A writer with nothing to write; with `fit_buffer` it sets the socket's send buffer, once it
    /// sends much.
    pub(super) fn new(fit_buffer: bool) -> Self {
        Self { fit_buffer: Cell::new(fit_buffer), ..Self::default() }
    }

    /// A turn begins.
    pub(super) fn begin_turn(&mut self) {
        self.turn_ends = self.sent + CALL_BYTES as u64;
    }

    /// Bytes written since the connection opened.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Bytes in memory that wait to be written.
    pub(super) fn unsent_bytes(&self) -> usize {
        let in_memory = |segment: &Segment| match segment {
            Segment::Bytes(bytes) => bytes.len(),
            Segment::File(_) => 0,
        };
        self.queue.iter().flat_map(|reply| &reply.segments).map(in_memory).sum()
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Writes until the socket takes no more or the turn is over.
    pub(super) fn poll_write(
        &mut self,
        stream: &TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Written>> {
        for _ in 0..CALLS {
            let Some(is_file) = self.front_is_file() else {
                return Poll::Ready(Ok(Written::All));
            };
            if self.sent >= self.turn_ends {
                break;
            }
            ready!(stream.poll_write_ready(cx))?;
            let sent = stream.try_io(Interest::WRITABLE, || {
                if is_file { self.send_file(stream) } else { self.send_bytes(stream) }
            });
            match sent {
                Ok(sent) => self.advance(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let written = if self.front_is_file().is_some() { Written::Enough } else { Written::All };
        Poll::Ready(Ok(written))
    }

    /// Drops replies that have left; whether the next segment is a file, or none if there is none.
    fn front_is_file(&mut self) -> Option<bool> {
        loop {
            let reply = self.queue.front()?;
            match reply.segments.get(self.segment) {
                Some(segment) if segment.is_empty() => self.segment += 1,
                Some(Segment::File(_)) => return Some(true),
                Some(Segment::Bytes(_)) => return Some(false),
                None => {
                    self.queue.pop_front();
                    self.segment = 0;
                }
            }
        }
    }

    fn unsent(&self) -> impl Iterator<Item = &Segment> {
        let segments = self.queue.iter().flat_map(|reply| &reply.segments);
        segments.skip(self.segment).filter(|segment| !segment.is_empty())
    }

    fn send_bytes(&self, stream: &TcpStream) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); VECTOR];
        let (mut count, mut room) = (0, CALL_BYTES);
        let mut flags = SendFlags::NOSIGNAL;
        let mut unsent = self.unsent();
        for (slot, segment) in slices.iter_mut().zip(&mut unsent) {
            let Segment::Bytes(bytes) = segment else {
                // the header of a fetch leaves in one packet with the records behind it
                flags |= SendFlags::MORE;
                break;
            };
            let piece = bytes.get(..room).unwrap_or(bytes);
            *slot = IoSlice::new(piece);
            count += 1;
            room -= piece.len();
            if room == 0 {
                break;
            }
        }
        if CALL_BYTES - room > SMALL_FILE {
            fit_buffer(&self.fit_buffer, stream);
        }
        let slices = slices.get(..count).unwrap_or_default();
        if let [one] = slices {
            return Ok(rustix::net::send(stream, one, flags)?);
        }
        let mut space: [MaybeUninit<u8>; 0] = [];
        let mut control = SendAncillaryBuffer::new(&mut space);
        Ok(rustix::net::sendmsg(stream, slices, &mut control, flags)?)
    }

    fn send_file(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let segment = self.queue.front_mut().and_then(|r| r.segments.get_mut(self.segment));
        let Some(segment) = segment else { return Ok(0) };
        let Segment::File(slice) = &*segment else { return Ok(0) };
        let Some(file) = slice.fd() else {
            // not a file of the operating system's: a test disk
            *segment = Segment::Bytes(slice.read_to_vec()?.into());
            return self.send_bytes(stream);
        };
        let length = usize::try_from(slice.length).unwrap_or(CALL_BYTES);
        if self.pipe.is_none() && length > SMALL_FILE {
            self.pipe = Pipe::borrow();
            fit_buffer(&self.fit_buffer, stream);
        }
        let mut position = slice.position;
        let Some(pipe) = &mut self.pipe else {
            let count = length.min(CALL_BYTES);
            return not_cut(rustix::fs::sendfile(stream, file, Some(&mut position), count)?);
        };
        if pipe.held() == 0 {
            not_cut(pipe.fill(file, position, length)?)?;
        }
        let more = pipe.held() < length;
        let sent = pipe.drain(stream, more)?;
        if pipe.held() == 0 {
            self.pipe = None;
        }
        Ok(sent)
    }

    /// Takes `sent` bytes off the front of what is unsent.
    fn advance(&mut self, mut sent: usize) {
        self.sent += sent as u64;
        while sent > 0 {
            let Some(reply) = self.queue.front_mut() else { return };
            let Some(segment) = reply.segments.get_mut(self.segment) else {
                self.queue.pop_front();
                self.segment = 0;
                continue;
            };
            let taken = sent.min(segment.len());
            match segment {
                Segment::Bytes(bytes) => bytes.advance(taken),
                Segment::File(slice) => {
                    slice.position += taken as u64;
                    slice.length -= u32::try_from(taken).unwrap_or(slice.length);
                }
            }
            sent -= taken;
            if segment.is_empty() {
                self.segment += 1;
            }
        }
    }
}

/// Bounds the send buffer if the peer is on this machine, if that is still to be done.
fn fit_buffer(to_do: &Cell<bool>, stream: &TcpStream) {
    if !to_do.take() {
        return;
    }
    let (Ok(own), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else { return };
    if own.ip() == peer.ip() {
        // with the system's own size it works as well
        _ = SockRef::from(stream).set_send_buffer_size(LOCAL_BUFFER);
    }
}

/// A file that ends before the range does was cut: what was promised cannot be sent.
fn not_cut(bytes: usize) -> io::Result<usize> {
    if bytes == 0 { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) } else { Ok(bytes) }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
