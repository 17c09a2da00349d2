//! What stands in front of every request and response.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ResponseHeader};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::WireError;

/// What stands in front of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// The kind of request.
    pub api_key: ApiKey,
    /// The version of its schema, which need not be one that is served.
    pub version: i16,
    /// Comes back in the response.
    pub correlation_id: i32,
    /// What the client calls itself (`client.id`).
    pub client_id: Option<StrBytes>,
}

/// Takes the header off the front of a frame (without its length) and leaves the body. A version
/// that is not served still gets its header read, because ApiVersions must answer it (KIP-511).
pub fn decode_header(frame: &mut Bytes) -> Result<RequestHeader, WireError> {
    let key = frame.try_get_i16().map_err(|_| WireError::Header)?;
    let version = frame.try_get_i16().map_err(|_| WireError::Header)?;
    let correlation_id = frame.try_get_i32().map_err(|_| WireError::Header)?;
    let api_key = ApiKey::try_from(key).map_err(|()| WireError::UnknownApi(key))?;
    let client_id = match frame.try_get_i16().map_err(|_| WireError::Header)? {
        -1 => None,
        length => {
            let length = usize::try_from(length).map_err(|_| WireError::Header)?;
            let text = take(frame, length)?;
            Some(StrBytes::from_utf8(text).map_err(|_| WireError::Header)?)
        }
    };
    if api_key.request_header_version(version) >= 2 {
        skip_tags(frame)?;
    }
    Ok(RequestHeader { api_key, version, correlation_id, client_id })
}

fn take(frame: &mut Bytes, length: usize) -> Result<Bytes, WireError> {
    if length > frame.len() { Err(WireError::Header) } else { Ok(frame.split_to(length)) }
}

/// The header has no tagged fields that mean anything.
fn skip_tags(frame: &mut Bytes) -> Result<(), WireError> {
    let count = unsigned_varint(frame)?;
    // every tagged field takes two bytes or more, so the loop ends with the frame
    for _ in 0..count {
        unsigned_varint(frame)?;
        let size = unsigned_varint(frame)?;
        take(frame, usize::try_from(size).map_err(|_| WireError::Header)?)?;
    }
    Ok(())
}

fn unsigned_varint(frame: &mut Bytes) -> Result<u32, WireError> {
    let mut value = 0u32;
    for shift in (0..35).step_by(7) {
        let byte = frame.try_get_u8().map_err(|_| WireError::Header)?;
        // the fifth byte has room for four bits only
        value |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(WireError::Header)
}

/// Writes a whole response: 4 bytes of length, header, body.
pub fn encode_response<T: Encodable>(
    header_version: i16,
    correlation_id: i32,
    body: &T,
    version: i16,
) -> Result<BytesMut, WireError> {
    let failed = WireError::Response { version };
    let size = body.compute_size(version).map_err(|_| failed)?;
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    let mut out = BytesMut::with_capacity(size.saturating_add(16));
    out.put_i32(0);
    header.encode(&mut out, header_version).map_err(|_| failed)?;
    body.encode(&mut out, version).map_err(|_| failed)?;
    let length = i32::try_from(out.len() - 4).map_err(|_| failed)?;
    out.get_mut(..4).ok_or(failed)?.copy_from_slice(&length.to_be_bytes());
    Ok(out)
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
