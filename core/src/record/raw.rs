//! One record as it lies in a section, before anything is shared or copied.

use super::{RecordError, varint};

/// A record's fields as slices of the section.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawRecord<'a> {
    pub(super) attributes: i8,
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: RawHeaders<'a>,
}

/// A record's headers: a count, and bytes that have been checked to hold as many.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawHeaders<'a> {
    left: usize,
    bytes: &'a [u8],
}

impl<'a> Iterator for RawHeaders<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        take_header(&mut self.bytes).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for RawHeaders<'_> {}

/// Takes one record off the front of a section, strictly: every length lies within the record, and
/// the fields fill it.
#[inline]
pub(super) fn take_record<'a>(section: &mut &'a [u8]) -> Result<RawRecord<'a>, RecordError> {
    let length = varint::take_i32(section)?;
    let mut body = take(section, length)?;
    let (&attributes, rest) = body.split_first().ok_or(RecordError::RecordLength(0))?;
    body = rest;
    let timestamp_delta = varint::take_i64(&mut body)?;
    let offset_delta = varint::take_i32(&mut body)?;
    let key = take_nullable(&mut body)?;
    let value = take_nullable(&mut body)?;
    let headers = take_headers(&mut body)?;
    if !body.is_empty() {
        return Err(RecordError::RecordTrailing(body.len()));
    }
    let attributes = attributes.cast_signed();
    Ok(RawRecord { attributes, timestamp_delta, offset_delta, key, value, headers })
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], length: i32) -> Result<&'a [u8], RecordError> {
    let wrong = RecordError::RecordLength(i64::from(length));
    let length = usize::try_from(length).map_err(|_| wrong)?;
    let (head, rest) = bytes.split_at_checked(length).ok_or(wrong)?;
    *bytes = rest;
    Ok(head)
}

#[inline]
fn take_nullable<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, RecordError> {
    match varint::take_i32(bytes)? {
        -1 => Ok(None),
        length => take(bytes, length).map(Some),
    }
}

fn take_header<'a>(bytes: &mut &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>), RecordError> {
    let length = varint::take_i32(bytes)?;
    Ok((take(bytes, length)?, take_nullable(bytes)?))
}

#[inline]
fn take_headers<'a>(bytes: &mut &'a [u8]) -> Result<RawHeaders<'a>, RecordError> {
    let count = varint::take_i32(bytes)?;
    let wrong = RecordError::RecordLength(i64::from(count));
    let left = usize::try_from(count).map_err(|_| wrong)?;
    let start = *bytes;
    // a header takes two bytes or more, so the loop ends with the record
    for _ in 0..left {
        take_header(bytes)?;
    }
    Ok(RawHeaders { left, bytes: start })
}

/// Walks the records of a section without sharing any: exactly `expected` of them, no bytes behind.
pub(super) fn walk<'a>(
    mut section: &'a [u8],
    expected: i32,
    mut each: impl FnMut(RawRecord<'a>),
) -> Result<(), RecordError> {
    for found in 0..expected {
        if section.is_empty() {
            return Err(RecordError::RecordsCount { header: expected, found });
        }
        each(take_record(&mut section)?);
    }
    if section.is_empty() {
        return Ok(());
    }
    Err(RecordError::RecordsCount { header: expected, found: expected.saturating_add(1) })
}
