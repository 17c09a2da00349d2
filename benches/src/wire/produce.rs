//! Produce requests, encoded once and never touched again.

use bytes::{BufMut, Bytes};

use super::fields::{Fields, Short, close_frame, put_header, put_length, put_string};
use super::messages::Api;

/// A whole request as pieces of memory; the batches are shared by all requests.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) pieces: Vec<Bytes>,
    pub(crate) length: usize,
    /// Comes back with the reply.
    pub(crate) correlation: i32,
}

/// A request for each `per_request` of `partitions`, with `batch` for each of them.
pub(crate) fn frames(
    version: i16,
    topic: &str,
    partitions: &[i32],
    per_request: usize,
    acks: i16,
    batch: &Bytes,
) -> Vec<Frame> {
    let groups = partitions.chunks(per_request.max(1));
    (0..).zip(groups).map(|(i, group)| frame(version, topic, group, acks, batch, i)).collect()
}

fn frame(
    version: i16,
    topic: &str,
    partitions: &[i32],
    acks: i16,
    batch: &Bytes,
    correlation: i32,
) -> Frame {
    let mut head = Vec::new();
    put_header(&mut head, Api::PRODUCE.key, version, correlation);
    head.put_i16(-1);
    head.put_i16(acks);
    head.put_i32(30_000);
    put_length(&mut head, 1);
    put_string(&mut head, topic);
    put_length(&mut head, partitions.len());
    let between = partitions.len().saturating_sub(1) * 8;
    let follows = partitions.len() * batch.len() + between;
    let mut pieces = Vec::with_capacity(partitions.len() * 2);
    for (position, partition) in partitions.iter().enumerate() {
        let mut piece = if position == 0 { std::mem::take(&mut head) } else { Vec::new() };
        piece.put_i32(*partition);
        put_length(&mut piece, batch.len());
        if position == 0 {
            close_frame(&mut piece, follows);
        }
        pieces.push(Bytes::from(piece));
        pieces.push(batch.clone());
    }
    let length = pieces.iter().map(Bytes::len).sum();
    Frame { pieces, length, correlation }
}

/// The correlation id of a reply (without its length) and the first error in it, 0 if none.
pub(crate) fn produce_reply(version: i16, reply: &[u8]) -> Result<(i32, i16), Short> {
    let mut fields = Fields::new(reply);
    let correlation = fields.i32()?;
    let mut first = 0;
    for _ in 0..fields.length()? {
        fields.string()?;
        for _ in 0..fields.length()? {
            fields.i32()?;
            let code = fields.i16()?;
            if first == 0 {
                first = code;
            }
            // base offset, log append time, and from version 5 the start of the log
            fields.take(if version >= 5 { 24 } else { 16 })?;
            if version >= 8 {
                for _ in 0..fields.length()? {
                    fields.i32()?;
                    fields.string()?;
                }
                fields.string()?;
            }
        }
    }
    Ok((correlation, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_in_front_covers_every_piece() {
        let batch = Bytes::from(vec![7; 50]);
        let all = frames(7, "topic", &[0, 1, 2, 3, 4], 2, 1, &batch);
        assert_eq!(all.iter().map(|f| f.pieces.len() / 2).collect::<Vec<_>>(), [2, 2, 1]);
        for frame in all {
            let whole: Vec<u8> = frame.pieces.concat();
            assert_eq!(whole.len(), frame.length);
            let said = Fields::new(&whole).i32().unwrap();
            assert_eq!(usize::try_from(said), Ok(whole.len() - 4));
        }
    }

    #[test]
    fn the_first_error_of_a_reply_counts() {
        for version in [3, 5, 7, 8] {
            let mut reply = Vec::new();
            reply.put_i32(9);
            put_length(&mut reply, 1);
            put_string(&mut reply, "t");
            put_length(&mut reply, 3);
            for code in [0, 6, 3] {
                reply.put_i32(0);
                reply.put_i16(code);
                reply.put_slice(&vec![0; if version >= 5 { 24 } else { 16 }]);
                if version >= 8 {
                    put_length(&mut reply, 0);
                    reply.put_i16(-1);
                }
            }
            reply.put_i32(0);
            assert_eq!(produce_reply(version, &reply), Ok((9, 6)));
            assert_eq!(produce_reply(version, &reply[..reply.len() - 8]), Err(Short));
        }
    }
}
