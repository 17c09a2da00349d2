//! Fields of requests and replies, in the encoding without tagged fields.

use bytes::BufMut;

/// A reply ends before its fields do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short;

/// Reads the fields of a reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The fields that begin at `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Short> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        self.take(N)?.try_into().map_err(|_| Short)
    }

    /// Also a boolean.
    pub(crate) fn i8(&mut self) -> Result<i8, Short> {
        self.array().map(i8::from_be_bytes)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Short> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Short> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Short> {
        self.array().map(i64::from_be_bytes)
    }

    /// A string, empty if it is null.
    pub(crate) fn string(&mut self) -> Result<&'a str, Short> {
        let length = usize::try_from(self.i16()?).unwrap_or(0);
        std::str::from_utf8(self.take(length)?).map_err(|_| Short)
    }

    /// The length of an array, none if it is null.
    pub(crate) fn length(&mut self) -> Result<usize, Short> {
        Ok(usize::try_from(self.i32()?).unwrap_or(0))
    }
}

/// Writes a string.
pub(crate) fn put_string(out: &mut Vec<u8>, text: &str) {
    // names of topics and settings are short
    out.put_i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
    out.put_slice(text.as_bytes());
}

/// Writes the length of an array.
pub(crate) fn put_length(out: &mut Vec<u8>, length: usize) {
    out.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
}

/// Writes the header of a request behind room for the length of its frame.
pub(crate) fn put_header(out: &mut Vec<u8>, key: i16, version: i16, correlation: i32) {
    out.put_i32(0);
    out.put_i16(key);
    out.put_i16(version);
    out.put_i32(correlation);
    put_string(out, "ottla-bench");
}

/// Fills in the length of the frame that begins at `frame`, of which `elsewhere` bytes follow from
/// another place.
pub(crate) fn close_frame(frame: &mut [u8], elsewhere: usize) {
    let length = i32::try_from(frame.len() + elsewhere - 4).unwrap_or(i32::MAX);
    if let Some(front) = frame.first_chunk_mut::<4>() {
        *front = length.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_and_end() {
        let mut out = Vec::new();
        out.put_i64(-5);
        put_string(&mut out, "topic");
        put_length(&mut out, 3);
        let mut fields = Fields::new(&out);
        assert_eq!(fields.i64(), Ok(-5));
        assert_eq!(fields.string(), Ok("topic"));
        assert_eq!(fields.length(), Ok(3));
        assert_eq!(fields.i8(), Err(Short));
    }

    #[test]
    fn null_reads_as_empty() {
        let mut fields = Fields::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(fields.string(), Ok(""));
        assert_eq!(fields.length(), Ok(0));
    }

    #[test]
    fn a_frame_says_how_long_it_is() {
        let mut out = Vec::new();
        put_header(&mut out, 0, 7, 9);
        close_frame(&mut out, 100);
        assert_eq!(usize::try_from(Fields::new(&out).i32().unwrap()), Ok(out.len() - 4 + 100));
    }
}
