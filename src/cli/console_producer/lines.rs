//! Cuts what is read into lines: each ends at LF, CR or CR LF, the last one also at the end.

use bytes::{Bytes, BytesMut};

/// Bytes of a line not yet ended, and what is known of the byte before.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: BytesMut,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    /// How much of `held` has been looked through.
    searched: usize,
}

impl Lines {
    /// Takes bytes in and passes on each line that ends in them.
    pub(super) fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Bytes)) {
        self.held.extend_from_slice(bytes);
        let mut whole = std::mem::take(&mut self.held);
        let mut from = std::mem::take(&mut self.searched);
        loop {
            if self.after_cr && whole.first() == Some(&b'\n') {
                drop(whole.split_to(1));
                from = 0;
            }
            if !whole.is_empty() {
                self.after_cr = false;
            }
            let rest = whole.get(from..).unwrap_or_default();
            let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                break;
            };
            let end = from + at;
            self.after_cr = whole.get(end) == Some(&b'\r');
            let line = whole.split_to(end);
            drop(whole.split_to(1));
            from = 0;
            each(line.freeze());
        }
        self.searched = whole.len();
        self.held = whole;
    }

    /// The line that the end of the input ends.
    pub(super) fn finish(&mut self) -> Option<Bytes> {
        let last = std::mem::take(&mut self.held);
        (!last.is_empty()).then(|| last.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    fn lines(pieces: &[&str]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        let text = |bytes: bytes::Bytes| String::from_utf8_lossy(&bytes).into_owned();
        for piece in pieces {
            lines.push(piece.as_bytes(), |line| found.push(text(line)));
        }
        found.extend(lines.finish().map(text));
        found
    }

    #[test]
    fn lines_end_at_any_line_end() {
        assert_eq!(lines(&["a\nb\r\nc\rd"]), ["a", "b", "c", "d"]);
        assert_eq!(lines(&["a\n\n\r\r\nb\n"]), ["a", "", "", "", "b"]);
        assert!(lines(&[""]).is_empty());
        assert_eq!(lines(&["\n"]), [""]);
    }

    #[test]
    fn pieces_may_be_cut_anywhere() {
        let text = "one\r\ntwo\rthree\n\nfour\r";
        let whole = lines(&[text]);
        assert_eq!(whole, ["one", "two", "three", "", "four"]);
        for at in 0..text.len() {
            let (left, right) = text.split_at(at);
            assert_eq!(lines(&[left, right]), whole, "cut at {at}");
        }
        let each: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(lines(&each.iter().map(String::as_str).collect::<Vec<_>>()), whole);
    }
}
