//! How a line becomes a record: Kafka's `LineMessageReader`.
//!
//! ```text
//! parse.headers=true and parse.key=true:  h1:v1,h2:v2 TAB key TAB value
//! ```
//!
//! Lines are taken as bytes, so what is not UTF-8 reaches the log as it was read.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use ottla_core::record::Header;

/// What a reader can be told (`--reader-property`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    parse_key: bool,
    key_separator: String,
    parse_headers: bool,
    headers_delimiter: String,
    headers_separator: String,
    headers_key_separator: String,
    ignore_error: bool,
    null_marker: Option<String>,
}

/// The parts of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) key: Option<Bytes>,
    pub(super) value: Option<Bytes>,
    pub(super) headers: Vec<Header>,
}

/// Why the rules, or a line, cannot be used. Displayed in Kafka's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RuleError {
    /// Two properties that must differ.
    Equal(&'static str, &'static str),
    /// A line without one of its separators.
    Missing { what: &'static str, line: u64, text: String },
    /// A header without its separator.
    Header { line: u64, pair: String },
    /// A header without a key.
    NullKey { marker: String },
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(one, other) => write!(f, "{one} and {other} may not be equal"),
            Self::Missing { what, line, text } => {
                write!(f, "No {what} found on line number {line}: '{text}'")
            }
            Self::Header { line, pair } => {
                write!(f, "No header key separator found in pair '{pair}' on line number {line}")
            }
            Self::NullKey { marker } => write!(
                f,
                "Header keys should not be equal to the null marker '{marker}' as they can't be \
                 null"
            ),
        }
    }
}

impl std::error::Error for RuleError {}

impl Rules {
    /// The rules that these properties make; keys of other readers are ignored, as Kafka does.
    pub(super) fn new(properties: &BTreeMap<String, String>) -> Result<Self, RuleError> {
        let truth = |key: &str| {
            properties.get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
        };
        let text = |key: &str, default: &str| {
            properties.get(key).map_or(default, String::as_str).to_owned()
        };
        let rules = Self {
            parse_key: truth("parse.key"),
            key_separator: text("key.separator", "\t"),
            parse_headers: truth("parse.headers"),
            headers_delimiter: text("headers.delimiter", "\t"),
            headers_separator: text("headers.separator", ","),
            headers_key_separator: text("headers.key.separator", ":"),
            ignore_error: truth("ignore.error"),
            null_marker: properties.get("null.marker").cloned(),
        };
        rules.check()?;
        Ok(rules)
    }

    fn check(&self) -> Result<(), RuleError> {
        let delimiter = ("headers.delimiter", Some(&self.headers_delimiter));
        let separator = ("headers.separator", Some(&self.headers_separator));
        let in_header = ("headers.key.separator", Some(&self.headers_key_separator));
        let marker = ("null.marker", self.null_marker.as_ref());
        let key = ("key.separator", Some(&self.key_separator));
        let pairs = [
            (delimiter, separator),
            (delimiter, in_header),
            (separator, in_header),
            (marker, key),
            (marker, separator),
            (marker, delimiter),
            (marker, in_header),
        ];
        match pairs.into_iter().find(|(one, other)| one.1 == other.1) {
            Some((one, other)) => Err(RuleError::Equal(one.0, other.0)),
            None => Ok(()),
        }
    }

    /// Takes line `number`, counted from 1, apart.
    pub(super) fn parse(&self, line: &Bytes, number: u64) -> Result<Parts, RuleError> {
        let mut rest = line.clone();
        let mut take = |wanted: bool, separator: &str, what: &'static str| {
            let found = wanted.then(|| find(&rest, separator)).flatten();
            match found {
                Some(at) => {
                    let head = rest.split_to(at);
                    drop(rest.split_to(separator.len()));
                    Ok(Some(head))
                }
                None if !wanted || self.ignore_error => Ok(None),
                None => Err(RuleError::Missing { what, line: number, text: lossy(line) }),
            }
        };
        let headers = take(self.parse_headers, &self.headers_delimiter, "headers delimiter")?;
        let key = take(self.parse_key, &self.key_separator, "key separator")?;
        let headers = headers.filter(|headers| !self.is_null(headers));
        Ok(Parts {
            key: key.filter(|key| !self.is_null(key)),
            value: Some(rest).filter(|value| !self.is_null(value)),
            headers: headers.map_or(Ok(Vec::new()), |headers| self.headers(&headers, number))?,
        })
    }

    fn is_null(&self, bytes: &[u8]) -> bool {
        self.null_marker.as_ref().is_some_and(|marker| marker.as_bytes() == bytes)
    }

    fn headers(&self, text: &Bytes, line: u64) -> Result<Vec<Header>, RuleError> {
        let mut pairs = Vec::new();
        let mut rest = text.clone();
        while let Some(at) = find(&rest, &self.headers_separator) {
            pairs.push(rest.split_to(at));
            drop(rest.split_to(self.headers_separator.len()));
        }
        pairs.push(rest);
        // Java's split drops what is empty at the end, if there was anything to split
        while pairs.len() > 1 && pairs.last().is_some_and(Bytes::is_empty) {
            pairs.pop();
        }
        pairs.into_iter().map(|pair| self.header(pair, line)).collect()
    }

    fn header(&self, mut pair: Bytes, line: u64) -> Result<Header, RuleError> {
        let Some(at) = find(&pair, &self.headers_key_separator) else {
            if self.ignore_error {
                return Ok(Header { key: pair, value: None });
            }
            return Err(RuleError::Header { line, pair: lossy(&pair) });
        };
        let key = pair.split_to(at);
        drop(pair.split_to(self.headers_key_separator.len()));
        if self.is_null(&key) {
            return Err(RuleError::NullKey { marker: lossy(&key) });
        }
        Ok(Header { key, value: Some(pair).filter(|value| !self.is_null(value)) })
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where `needle` begins in `hay`.
fn find(hay: &[u8], needle: &str) -> Option<usize> {
    match needle.as_bytes() {
        [] => Some(0),
        [one] => hay.iter().position(|byte| byte == one),
        needle => hay.windows(needle.len()).position(|window| window == needle),
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
