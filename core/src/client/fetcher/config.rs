//! What the reading half of a consumer can be told.

use std::fmt;

/// Where to begin in a partition without a position, or with one that is gone
/// (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetPolicy {
    /// With the first record that is there.
    Earliest,
    /// With the next record that is written (Kafka's default).
    #[default]
    Latest,
    /// Nowhere: the application is told.
    None,
    /// With the first record that is at most so many milliseconds old (KIP-1106).
    ByDuration(u64),
}

/// A value that `auto.offset.reset` cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownReset;

impl fmt::Display for UnknownReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be earliest, latest, none or by_duration:PnDTnHnMn.nS")
    }
}

impl std::error::Error for UnknownReset {}

impl ResetPolicy {
    /// The policy that a setting names.
    ///
    /// # Errors
    /// It names none.
    pub fn from_name(name: &str) -> Result<Self, UnknownReset> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            "none" => Ok(Self::None),
            other => {
                let duration = other.strip_prefix("by_duration:").ok_or(UnknownReset)?;
                duration_ms(duration).map(Self::ByDuration).ok_or(UnknownReset)
            }
        }
    }
}

/// The milliseconds of an ISO 8601 duration of days or less, as Java's `Duration.parse` reads it,
/// given in lower case; none if it is negative or something else.
fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix('p')?;
    let mut in_time = false;
    let mut units: &[(char, u64)] = &[('d', 86_400_000)];
    let mut total = 0_u64;
    let mut fields = 0;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('t').filter(|_| !in_time) {
            (rest, in_time) = (time, true);
            units = &[('h', 3_600_000), ('m', 60_000), ('s', 1_000)];
            fields = 0;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let unit = tail.chars().next()?;
        let place = units.iter().position(|(name, _)| *name == unit)?;
        let scale = units.get(place)?.1;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if part.len() > 9 || number.contains('.') && unit != 's' {
            return None;
        }
        total = total.checked_add(whole.parse::<u64>().ok()?.checked_mul(scale)?)?;
        if !part.is_empty() {
            let thousandths = format!("{part}00");
            total = total.checked_add(thousandths.get(..3)?.parse().ok()?)?;
        }
        units = units.get(place + 1..)?;
        rest = tail.strip_prefix(unit)?;
        fields += 1;
    }
    // "p" and "pt" alone are no durations
    (fields > 0).then_some(total)
}

/// Which records of transactions are read (`isolation.level`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsolationLevel {
    /// All of them.
    #[default]
    ReadUncommitted,
    /// Those of transactions that were committed.
    ReadCommitted,
}

impl IsolationLevel {
    /// The level that a setting names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "read_uncommitted" => Some(Self::ReadUncommitted),
            "read_committed" => Some(Self::ReadCommitted),
            _ => None,
        }
    }

    /// How requests write it.
    #[must_use]
    pub fn code(self) -> i8 {
        i8::from(self == Self::ReadCommitted)
    }
}

/// The settings of a [`Fetcher`](super::Fetcher), with Kafka 4.3's defaults.
#[derive(Clone, Debug)]
pub struct FetcherConfig {
    /// A broker waits until it has this many bytes to send (`fetch.min.bytes`).
    pub min_bytes: i32,
    /// Bytes of one answer, unless its first batch alone is larger (`fetch.max.bytes`).
    pub max_bytes: i32,
    /// Bytes of one partition in an answer, with the same exception
    /// (`max.partition.fetch.bytes`).
    pub partition_max_bytes: i32,
    /// How long a broker waits for enough to send (`fetch.max.wait.ms`).
    pub max_wait_ms: i32,
    /// Whether checksums are compared (`check.crcs`).
    pub check_crcs: bool,
    /// Which records of transactions are read (`isolation.level`).
    pub isolation: IsolationLevel,
    /// Where to begin without a position (`auto.offset.reset`).
    pub reset: ResetPolicy,
    /// The wait before a request is sent again (`retry.backoff.ms`).
    pub retry_backoff_ms: u64,
    /// With this many bytes waiting for the application, no more are asked for.
    pub buffer_bytes: usize,
}

impl Default for FetcherConfig {
    fn default() -> Self {
        Self {
            min_bytes: 1,
            max_bytes: 50 << 20,
            partition_max_bytes: 1 << 20,
            max_wait_ms: 500,
            check_crcs: true,
            isolation: IsolationLevel::default(),
            reset: ResetPolicy::default(),
            retry_backoff_ms: 100,
            buffer_bytes: 50 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_policies_have_kafkas_names() {
        let hours = 3_600_000;
        for (name, policy) in [
            ("earliest", ResetPolicy::Earliest),
            ("LATEST", ResetPolicy::Latest),
            ("none", ResetPolicy::None),
            ("by_duration:P2D", ResetPolicy::ByDuration(48 * hours)),
            ("by_duration:PT36H", ResetPolicy::ByDuration(36 * hours)),
            ("by_duration:P1DT2H3M4.5S", ResetPolicy::ByDuration(26 * hours + 184_500)),
            ("by_duration:pt0.001s", ResetPolicy::ByDuration(1)),
        ] {
            assert_eq!(ResetPolicy::from_name(name), Ok(policy), "{name}");
        }
        for name in [
            "",
            "smallest",
            "by_duration",
            "by_duration:",
            "by_duration:P",
            "by_duration:PT",
            "by_duration:P1DT",
            "by_duration:1h",
            "by_duration:-PT1H",
            "by_duration:PT1.5H",
            "by_duration:PT1M1H",
            "by_duration:PT99999999999999999999S",
        ] {
            assert_eq!(ResetPolicy::from_name(name), Err(UnknownReset), "{name}");
        }
    }
}
