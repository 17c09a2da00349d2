//! Short replies leave as one piece of memory, whatever they are made of.

use std::io;

use bytes::Bytes;

use super::Segment;

/// Replies up to this size are copied. A file range takes a call of its own to send, which costs
/// more than to read so little; and one piece of memory can be sent by the thread that answers.
const SHORT: usize = 8 * 1024;

/// Makes a short reply one piece of memory. Where a file cannot be read the reply stays as it is:
/// who sends it meets the same error, and closes the connection.
pub(super) fn copy_short(segments: &mut Vec<Segment>) {
    if matches!(segments.as_slice(), [] | [Segment::Bytes(_)]) {
        return;
    }
    let length = segments.iter().map(Segment::len).fold(0, usize::saturating_add);
    if length <= SHORT
        && let Ok(whole) = copied(segments, length)
    {
        segments.clear();
        segments.push(Segment::Bytes(whole));
    }
}

fn copied(segments: &[Segment], length: usize) -> io::Result<Bytes> {
    let mut whole = vec![0; length];
    let mut rest = whole.as_mut_slice();
    for segment in segments {
        let (place, behind) = rest.split_at_mut(segment.len());
        match segment {
            Segment::Bytes(bytes) => place.copy_from_slice(bytes),
            Segment::File(slice) => slice.read_into(place)?,
        }
        rest = behind;
    }
    Ok(whole.into())
}

#[cfg(test)]
#[path = "short_tests.rs"]
mod tests;
