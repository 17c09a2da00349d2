//! Zig-zag varints, as records use them.

use super::RecordError;

/// Takes an unsigned varint of at most 32 bits off the front of `bytes`.
#[inline]
pub(crate) fn take_unsigned(bytes: &mut &[u8]) -> Result<u32, RecordError> {
    // nearly all are of one or two bytes
    match **bytes {
        [one, ref rest @ ..] if one < 0x80 => {
            *bytes = rest;
            Ok(u32::from(one))
        }
        [low, high, ref rest @ ..] if high < 0x80 => {
            *bytes = rest;
            Ok(u32::from(low & 0x7f) | u32::from(high) << 7)
        }
        _ => take_long(bytes),
    }
}

fn take_long(bytes: &mut &[u8]) -> Result<u32, RecordError> {
    let mut value = 0u32;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(RecordError::Varint)?;
        *bytes = rest;
        // the fifth byte has room for four bits only; Java drops the rest as well
        value |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(RecordError::Varint)
}

/// Takes a signed varint of at most 32 bits.
#[inline]
pub(crate) fn take_i32(bytes: &mut &[u8]) -> Result<i32, RecordError> {
    let raw = take_unsigned(bytes)?;
    Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
}

/// Takes a signed varint of at most 64 bits.
#[inline]
pub(crate) fn take_i64(bytes: &mut &[u8]) -> Result<i64, RecordError> {
    match **bytes {
        [one, ref rest @ ..] if one < 0x80 => {
            *bytes = rest;
            Ok(i64::from(one >> 1) ^ -i64::from(one & 1))
        }
        _ => take_long_i64(bytes),
    }
}

fn take_long_i64(bytes: &mut &[u8]) -> Result<i64, RecordError> {
    let mut raw = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(RecordError::Varint)?;
        *bytes = rest;
        raw |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed());
        }
    }
    Err(RecordError::Varint)
}

/// Appends a signed varint; one of 32 bits looks the same as one of 64.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_u64(out, (value.wrapping_shl(1) ^ (value >> 63)).cast_unsigned());
}

#[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that [`put_signed`] writes.
pub(crate) fn size_signed(value: i64) -> usize {
    size_u64((value.wrapping_shl(1) ^ (value >> 63)).cast_unsigned())
}

fn size_u64(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

#[cfg(test)]
#[path = "varint_tests.rs"]
mod tests;
