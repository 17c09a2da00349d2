//! The client's side of the NATS protocol as bytes: operations read where they lie, and written.
//!
//! ```text
//! server → client   INFO {…}␍␊   PING␍␊   PONG␍␊   +OK␍␊   -ERR '…'␍␊
//!                   MSG subject sid [reply] length␍␊payload␍␊
//!                   HMSG subject sid [reply] headers length␍␊NATS/1.0[ status]␍␊…␍␊␍␊payload␍␊
//! client → server   CONNECT {…}␍␊   SUB subject sid␍␊   PING␍␊   PONG␍␊
//!                   PUB subject reply length␍␊payload␍␊
//!                   HPUB subject reply headers length␍␊NATS/1.0␍␊key: value␍␊␍␊payload␍␊
//! ```
//! `length` of an operation with headers is that of headers and payload together.

use std::ops::Range;

use bytes::BufMut;

/// The longest line that is believed; INFO may name many servers.
const LONGEST_LINE: usize = 64 * 1024;
/// The largest payload that is believed.
const LARGEST: usize = 64 * 1024 * 1024;

/// Bytes that are no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A message: where its parts lie, counted from the first byte of the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Where it was published: for what a consumer delivers, the stream's subject, not the one that
    /// was subscribed to.
    pub(super) subject: Range<usize>,
    /// The subscription that it is for.
    pub(super) subscription: usize,
    /// Empty where there is none.
    pub(super) reply: Range<usize>,
    /// Empty where there are none.
    pub(super) headers: Range<usize>,
    pub(super) payload: Range<usize>,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Who it is, as JSON.
    Info(Range<usize>),
    Message(Message),
    Ping,
    Pong,
    Ok,
    /// Why it closes the connection, or what it refuses.
    Error(Range<usize>),
}

/// The first operation of `bytes` and how many bytes it takes; none while it is not whole.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Operation, usize)>, Malformed> {
    let Some(newline) = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n') else {
        return if bytes.len() < LONGEST_LINE { Ok(None) } else { Err(Malformed) };
    };
    let line = bytes.get(..newline).and_then(|line| line.strip_suffix(b"\r")).ok_or(Malformed)?;
    let after = newline + 1;
    let name_end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let rest = (name_end + 1).min(line.len())..line.len();
    let (operation, length) = match line.get(..name_end).ok_or(Malformed)? {
        b"MSG" => return message(bytes, line, rest, after, false),
        b"HMSG" => return message(bytes, line, rest, after, true),
        b"PING" => (Operation::Ping, after),
        b"PONG" => (Operation::Pong, after),
        b"+OK" => (Operation::Ok, after),
        b"INFO" => (Operation::Info(rest), after),
        b"-ERR" => (Operation::Error(rest), after),
        _ => return Err(Malformed),
    };
    Ok(Some((operation, length)))
}

fn message(
    bytes: &[u8],
    line: &[u8],
    rest: Range<usize>,
    after: usize,
    with_headers: bool,
) -> Result<Option<(Operation, usize)>, Malformed> {
    let mut words: [Range<usize>; 5] = Default::default();
    let mut count = 0;
    let mut begin = rest.start;
    for end in rest.start..=rest.end {
        if line.get(end).is_none_or(|byte| *byte == b' ') {
            if end > begin {
                *words.get_mut(count).ok_or(Malformed)? = begin..end;
                count += 1;
            }
            begin = end + 1;
        }
    }
    let [subject, subscription, third, fourth, fifth] = words;
    let nothing = 0..0;
    let number = |range: &Range<usize>| digits(line.get(range.clone()).unwrap_or_default());
    let subscription = number(&subscription).ok_or(Malformed)?;
    let (reply, header, total) = match (with_headers, count) {
        (false, 3) => (nothing, 0, number(&third)),
        (false, 4) => (third, 0, number(&fourth)),
        (true, 4) => (nothing, number(&third).ok_or(Malformed)?, number(&fourth)),
        (true, 5) => (third, number(&fourth).ok_or(Malformed)?, number(&fifth)),
        _ => return Err(Malformed),
    };
    let total = total.filter(|total| *total <= LARGEST && header <= *total).ok_or(Malformed)?;
    let end = after + total;
    match bytes.get(end..end + 2) {
        None => Ok(None),
        Some(b"\r\n") => {
            let (headers, payload) = (after..after + header, after + header..end);
            let message = Message { subject, subscription, reply, headers, payload };
            Ok(Some((Operation::Message(message), end + 2)))
        }
        Some(_) => Err(Malformed),
    }
}

fn digits(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// The status in the first line of headers, such as `503 No Responders`; none where they are only
/// headers.
pub(super) fn status(headers: &[u8]) -> Option<&str> {
    let line = headers.split(|byte| *byte == b'\r').next()?;
    let text = std::str::from_utf8(line.strip_prefix(b"NATS/1.0")?).ok()?.trim();
    (!text.is_empty()).then_some(text)
}

/// The stream's sequence number in the acknowledgement of a publish; none where it is an error.
pub(super) fn acknowledged(payload: &[u8]) -> Option<u64> {
    const FIELD: &[u8] = b"\"seq\":";
    // the error comes first where there is one, and has a sequence number of 0 behind it
    if payload.starts_with(b"{\"error\"") {
        return None;
    }
    let at = payload.windows(FIELD.len()).position(|window| window == FIELD)?;
    let rest = payload.get(at + FIELD.len()..)?.trim_ascii_start();
    let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()
}

/// The stream's sequence number in the reply subject of a message that a consumer was given:
/// `$JS.ACK.stream.consumer.deliveries.STREAM.consumer.time.pending`, with a domain, the account's
/// hash before the stream and a token behind it where the server has domains.
pub(super) fn delivered(reply: &[u8]) -> Option<u64> {
    let mut tokens = reply.split(|byte| *byte == b'.');
    let count = reply.iter().filter(|byte| **byte == b'.').count() + 1;
    if (tokens.next()?, tokens.next()?) != (b"$JS", b"ACK") {
        return None;
    }
    // what follows are stream, consumer and deliveries, behind a domain and a hash if there are any
    let skipped = match count {
        9 => 3,
        11.. => 5,
        _ => return None,
    };
    std::str::from_utf8(tokens.nth(skipped)?).ok()?.parse().ok()
}

/// A whole publish; with `headers` an HPUB.
pub(super) fn publish(
    subject: &str,
    reply: &str,
    headers: &[(String, String)],
    payload: &[u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 128);
    let line = if headers.is_empty() {
        format!("PUB {subject} {reply} {}\r\n", payload.len())
    } else {
        let mut block = String::from("NATS/1.0\r\n");
        headers.iter().for_each(|(key, value)| block.extend([key, ": ", value, "\r\n"]));
        block.push_str("\r\n");
        let total = block.len() + payload.len();
        format!("HPUB {subject} {reply} {} {total}\r\n{block}", block.len())
    };
    out.put_slice(line.as_bytes());
    out.put_slice(payload);
    out.put_slice(b"\r\n");
    out
}

/// What a client says first.
pub(super) const CONNECT: &str = concat!(
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false,\
     \"name\":\"ottla-bench\",\"lang\":\"rust\",\"version\":\"",
    env!("CARGO_PKG_VERSION"),
    "\",\"protocol\":1,\"echo\":true,\"headers\":true,\"no_responders\":true}\r\n"
);

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
