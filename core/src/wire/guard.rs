//! A guard between the message library and the wire.
//!
//! The library's array decoders reserve room for as many elements as the wire announces, before
//! they read one. The guard hands it the same bytes, but looks at every count first. A count is
//! *large* when it is beyond [`largest_count`]; small ones reserve little and end with the bytes.
//!
//! - **Flexible versions** write every count and length as an unsigned varint. A large one is
//!   answered with 1, which means "empty" for an array, a string and bytes alike. If the library
//!   then asks for no bytes, it was a length, and it gets the bytes that the wire announced; if it
//!   asks for one byte, it was the size of a tagged field. Anything else was a count: refused.
//! - **Classic versions** write counts as 32-bit integers, which look like any other number.
//!   First the message is decoded with every large one replaced by -2, which no array and no bytes
//!   accept; if that succeeds, they were all plain numbers, since a plain number never decides what
//!   is read next, and a second decode gets the true ones. Long byte fields (which may be large
//!   and right) are told apart in the way of the flexible versions, by answering 0.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::{ByteBuf, NotEnoughBytesError};
use kafka_protocol::protocol::{Decodable, HeaderVersion, Request};

use super::WireError;

/// Counts up to this many are never worth a second look.
const SMALL: usize = 4_096;
/// More elements than any array of any request has.
const PLENTY: usize = 262_144;

/// The largest count believed when `remaining` bytes follow.
fn largest_count(remaining: usize) -> usize {
    SMALL.max(remaining.min(PLENTY))
}

/// Decodes the body of a request or response; how it writes counts follows from its header.
pub fn decode<T: Decodable + HeaderVersion>(
    body: &mut Bytes,
    version: i16,
) -> Result<T, WireError> {
    // requests have header 2 from their first flexible version on (KIP-482)
    if T::header_version(version) >= 2 {
        decode_flexible(body, version)
    } else {
        decode_classic(body, version)
    }
}

/// Decodes the body of a response, as a client does. A response's own header does not tell how
/// counts are written (ApiVersions always has header 0), its request's does.
pub fn decode_response<R: Request>(
    body: &mut Bytes,
    version: i16,
) -> Result<R::Response, WireError> {
    if R::header_version(version) >= 2 {
        decode_flexible(body, version)
    } else {
        decode_classic(body, version)
    }
}

/// Decodes a message whose versions are all classic, such as the consumer protocol's metadata.
pub fn decode_classic<T: Decodable>(body: &mut Bytes, version: i16) -> Result<T, WireError> {
    let failed = WireError::Body { version };
    let mut guard = Guard::new(body, Mode::Survey);
    let first = T::decode(&mut guard, version);
    let (first, survey) = guard.finish(first, failed)?;
    let message = match (survey.poisoned, survey.undecided) {
        (false, false) => first,
        (true, false) => classic_pass(body, version, Mode::Trusting, &survey.lengths)?,
        (_, true) => {
            classic_pass::<T>(body, version, Mode::Poisoning, &survey.lengths)?;
            classic_pass(body, version, Mode::Trusting, &survey.lengths)?
        }
    };
    let read = survey.read;
    body.advance(read.min(body.len()));
    Ok(message)
}

fn classic_pass<T: Decodable>(
    body: &Bytes,
    version: i16,
    mode: Mode,
    lengths: &[usize],
) -> Result<T, WireError> {
    let mut guard = Guard::new(body, mode);
    guard.lengths = lengths.to_vec();
    let result = T::decode(&mut guard, version);
    guard.finish(result, WireError::Body { version }).map(|(message, _)| message)
}

fn decode_flexible<T: Decodable>(body: &mut Bytes, version: i16) -> Result<T, WireError> {
    let mut guard = Guard::new(body, Mode::Flexible);
    let result = T::decode(&mut guard, version);
    let (message, seen) = guard.finish(result, WireError::Body { version })?;
    body.advance(seen.read.min(body.len()));
    Ok(message)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Look at varints; pass numbers through.
    Flexible,
    /// Large numbers that cannot be lengths become -2, the others 0, to see what is asked next.
    Survey,
    /// Large numbers that are no known length become -2.
    Poisoning,
    /// Large numbers have been proven plain: pass them through.
    Trusting,
}

/// What one pass over the bytes has shown.
struct Seen {
    read: usize,
    lengths: Vec<usize>,
    poisoned: bool,
    undecided: bool,
}

/// A number that was answered with a stand-in; the next thing asked for tells what it was.
#[derive(Clone, Copy, Debug)]
struct Pending {
    position: usize,
    announced: u64,
}

#[derive(Debug)]
struct Guard {
    bytes: Bytes,
    total: usize,
    mode: Mode,
    pending: Option<Pending>,
    /// Bytes of a varint that has been looked at and is being handed out.
    varint_left: usize,
    refused: Option<WireError>,
    lengths: Vec<usize>,
    poisoned: bool,
    undecided: bool,
}

impl Guard {
    fn new(bytes: &Bytes, mode: Mode) -> Self {
        Self {
            bytes: bytes.clone(),
            total: bytes.len(),
            mode,
            pending: None,
            varint_left: 0,
            refused: None,
            lengths: Vec::new(),
            poisoned: false,
            undecided: false,
        }
    }

    fn position(&self) -> usize {
        self.total - self.bytes.len()
    }

    fn finish<T, E>(
        mut self,
        result: Result<T, E>,
        failed: WireError,
    ) -> Result<(T, Seen), WireError> {
        self.settle();
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        let read = self.position();
        let Self { lengths, poisoned, undecided, .. } = self;
        let seen = Seen { read, lengths, poisoned, undecided };
        result.map(|message| (message, seen)).map_err(|_| failed)
    }

    /// Something other than the pending number's bytes was asked for: it was no length.
    fn settle(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        if self.mode == Mode::Survey {
            self.undecided = true;
        } else {
            self.refuse(pending.announced);
        }
    }

    fn refuse(&mut self, announced: u64) {
        let announced = i64::try_from(announced).unwrap_or(i64::MAX);
        self.refused.get_or_insert(WireError::Count { announced, remaining: self.bytes.len() });
    }

    fn refusal(&self) -> TryGetError {
        TryGetError { requested: usize::MAX, available: self.bytes.len() }
    }

    /// What to answer for a 32-bit number of a classic version.
    fn answer(&mut self, position: usize, number: i32) -> i32 {
        let remaining = self.bytes.len();
        let large = usize::try_from(number).ok().filter(|n| *n > largest_count(remaining));
        let Some(announced) = large else { return number };
        let pending = Pending { position, announced: announced as u64 };
        let is_length = self.lengths.binary_search(&position).is_ok();
        match self.mode {
            Mode::Flexible => number,
            Mode::Trusting if !is_length => number,
            Mode::Survey if announced <= remaining => {
                self.pending = Some(pending);
                0
            }
            Mode::Survey | Mode::Poisoning if !is_length => {
                self.poisoned = true;
                -2
            }
            Mode::Survey | Mode::Poisoning | Mode::Trusting => {
                self.pending = Some(pending);
                0
            }
        }
    }

    /// Looks at the varint that starts here; a large one is taken whole and answered with 1.
    fn varint(&mut self) -> Result<Option<u8>, TryGetError> {
        let mut value = 0u64;
        for (at, byte) in self.bytes.iter().take(5).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte >= 0x80 {
                continue;
            }
            let remaining = self.bytes.len() - at - 1;
            let most = u64::try_from(largest_count(remaining)).unwrap_or(u64::MAX);
            if value <= most.saturating_add(1) {
                self.varint_left = at + 1;
                return Ok(None);
            }
            let position = self.position();
            self.bytes.advance(at + 1);
            self.pending = Some(Pending { position, announced: value });
            return Ok(Some(1));
        }
        // longer than any 32-bit number, or cut off
        self.refuse(value);
        Err(self.refusal())
    }
}

impl Buf for Guard {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.settle();
        self.varint_left = 0;
        self.bytes.advance(count);
    }

    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        self.settle();
        if self.refused.is_some() {
            return Err(self.refusal());
        }
        if self.mode == Mode::Flexible {
            if self.varint_left == 0
                && let Some(stand_in) = self.varint()?
            {
                return Ok(stand_in);
            }
            self.varint_left = self.varint_left.saturating_sub(1);
        }
        self.bytes.try_get_u8()
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        self.settle();
        self.varint_left = 0;
        let position = self.position();
        let number = self.bytes.try_get_i32()?;
        Ok(self.answer(position, number))
    }
}

impl ByteBuf for Guard {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.varint_left = 0;
        self.bytes.split_to(size)
    }

    fn try_get_bytes(&mut self, size: usize) -> Result<Bytes, NotEnoughBytesError> {
        let size = match self.pending.take() {
            None => size,
            Some(pending) => self.announced_size(pending, size),
        };
        if size > self.bytes.len() { Err(NotEnoughBytesError) } else { Ok(self.get_bytes(size)) }
    }
}

impl Guard {
    /// How many bytes the wire announced, when the library asks for what the stand-in said.
    fn announced_size(&mut self, pending: Pending, asked: usize) -> usize {
        let announced = match (self.mode, asked) {
            // a compact length counts one more than the bytes; a tagged field's size does not
            (Mode::Flexible, 0) => pending.announced.saturating_sub(1),
            (Mode::Flexible, _) => pending.announced,
            _ => {
                if self.mode == Mode::Survey {
                    self.lengths.push(pending.position);
                }
                pending.announced
            }
        };
        usize::try_from(announced).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
