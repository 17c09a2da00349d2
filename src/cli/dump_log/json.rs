//! JSON as Jackson writes it, byte for byte.

/// An object of fields whose values are JSON already.
pub(super) fn object<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut out = String::from("{");
    for (at, (name, value)) in fields.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        text(name, &mut out);
        out.push(':');
        out.push_str(&value);
    }
    out.push('}');
    out
}

/// A string.
pub(super) fn text(value: &str, out: &mut String) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Bytes, in base64 with padding.
pub(super) fn bytes(value: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push('"');
    for chunk in value.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(chunk.get(at).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        for digit in 0..4 {
            let there = digit <= chunk.len();
            let at = usize::try_from(bits >> (18 - 6 * digit) & 0x3f).unwrap_or(0);
            let letter = ALPHABET.get(at).copied().filter(|_| there).unwrap_or(b'=');
            out.push(char::from(letter));
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #[test]
    fn strings_are_escaped_as_jackson_escapes_them() {
        let mut out = String::new();
        super::text("a\"\\\u{1f}\n\u{e9}/", &mut out);
        assert_eq!(out, "\"a\\\"\\\\\\u001F\\n\u{e9}/\"");
    }

    #[test]
    fn bytes_are_padded_base64() {
        for (bytes, wanted) in [
            (&b""[..], "\"\""),
            (b"f", "\"Zg==\""),
            (b"fo", "\"Zm8=\""),
            (b"foo", "\"Zm9v\""),
            (b"\xff\xfe\xfd\xfc", "\"//79/A==\""),
        ] {
            let mut out = String::new();
            super::bytes(bytes, &mut out);
            assert_eq!(out, wanted);
        }
    }
}
