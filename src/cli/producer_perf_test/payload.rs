//! What the records of a run hold.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::random::SplittableRandom;
use crate::cli::kit::Stop;

/// Makes one value after the other.
#[derive(Debug)]
pub(super) enum Payload {
    /// Letters, this many.
    Random(usize, SplittableRandom),
    /// One of these, at random.
    Listed(Vec<Bytes>, SplittableRandom),
    /// The record's number.
    Monotonic,
}

impl Payload {
    /// The value of record `number`, counted from 0.
    pub(super) fn value(&mut self, number: u64) -> Bytes {
        match self {
            Self::Random(size, random) => {
                (0..*size).map(|_| b'A' + letter(random.below(26))).collect()
            }
            Self::Listed(values, random) => {
                let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
                let at = usize::try_from(random.below(count.max(1))).unwrap_or(0);
                values.get(at).cloned().unwrap_or_default()
            }
            Self::Monotonic => Bytes::from(number.to_string()),
        }
    }
}

fn letter(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(0)
}

/// The values of a file, cut at `delimiter`.
pub(super) fn read(path: &str, delimiter: &str) -> Result<Vec<Bytes>, Stop> {
    let empty = || Stop::error("File does not exist or empty file provided.");
    let whole = fs::read(Path::new(path)).map_err(|_| empty())?;
    if whole.is_empty() {
        return Err(empty());
    }
    let text = String::from_utf8_lossy(&whole);
    // as a Java scanner does: one delimiter in front is passed over, and one at the end
    let text = text.strip_prefix(delimiter).unwrap_or(&text);
    let text = text.strip_suffix(delimiter).unwrap_or(text);
    Ok(text.split(delimiter).map(|value| Bytes::copy_from_slice(value.as_bytes())).collect())
}

#[cfg(test)]
mod tests {
    use super::{Payload, SplittableRandom, read};

    #[test]
    fn values_are_made_or_read() {
        let mut random = Payload::Random(16, SplittableRandom::new(0));
        assert_eq!(&random.value(0)[..], b"YQHHNEBSEPDNSEIF");
        assert_eq!(&Payload::Monotonic.value(12)[..], b"12");
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("payloads").display().to_string();
        std::fs::write(&path, "a;;b;").expect("written");
        assert_eq!(read(&path, ";").expect("read"), ["a", "", "b"]);
        std::fs::write(&path, "").expect("written");
        assert!(read(&path, ";").is_err());
        assert!(read("/no/such/file", ";").is_err());
    }
}
