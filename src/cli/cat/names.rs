//! librdkafka's settings that this client has too: what they are called, and which values they
//! take.

use self::Kind::{Acks, Flag, Float, Integer, Text, Word};

/// A setting under one of its names.
pub(super) struct Name {
    /// As `-X` has it.
    pub(super) theirs: &'static str,
    /// As Kafka's own clients have it.
    pub(super) ours: &'static str,
    /// As librdkafka calls it in complaints.
    proper: &'static str,
    kind: Kind,
}

/// What a value may be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Flag,
    /// From one number to another.
    Integer(i64, i64),
    /// An integer, or `all`.
    Acks,
    /// Milliseconds with a fraction, up to this.
    Float(i32),
    /// One of these, in any case.
    Word(&'static [&'static str]),
}

const MAX: i64 = i32::MAX as i64;
const CODECS: Kind = Word(&["none", "gzip", "snappy", "lz4", "zstd"]);
const RESETS: Kind =
    Word(&["smallest", "earliest", "beginning", "largest", "latest", "end", "error"]);
const ISOLATION: Kind = Word(&["read_uncommitted", "read_committed"]);
const PROTOCOLS: Kind = Word(&["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]);

const fn name(theirs: &'static str, ours: &'static str, proper: &'static str, kind: Kind) -> Name {
    Name { theirs, ours, proper, kind }
}

/// One that is called the same everywhere.
const fn same(name: &'static str, kind: Kind) -> Name {
    Name { theirs: name, ours: name, proper: name, kind }
}

/// All of them, with the ranges of librdkafka 2.
pub(super) const NAMES: &[Name] = &[
    same("allow.auto.create.topics", Flag),
    same("auto.commit.interval.ms", Integer(10, 86_400_000)),
    same("auto.offset.reset", RESETS),
    same("batch.size", Integer(1, MAX)),
    same("bootstrap.servers", Text),
    same("client.id", Text),
    name("compression.codec", "compression.type", "compression.codec", CODECS),
    name("compression.type", "compression.type", "compression.codec", CODECS),
    name("delivery.timeout.ms", "delivery.timeout.ms", "message.timeout.ms", Integer(0, MAX)),
    name("enable.auto.commit", "enable.auto.commit", "auto.commit.enable", Flag),
    same("enable.idempotence", Flag),
    same("fetch.max.bytes", Integer(0, 2_147_483_135)),
    name(
        "fetch.message.max.bytes",
        "max.partition.fetch.bytes",
        "fetch.message.max.bytes",
        Integer(1, 1_000_000_000),
    ),
    same("fetch.min.bytes", Integer(1, 100_000_000)),
    name("fetch.wait.max.ms", "fetch.max.wait.ms", "fetch.wait.max.ms", Integer(0, 300_000)),
    same("group.id", Text),
    same("group.instance.id", Text),
    same("heartbeat.interval.ms", Integer(1, 3_600_000)),
    same("isolation.level", ISOLATION),
    name("linger.ms", "linger.ms", "queue.buffering.max.ms", Float(900_000)),
    name("max.in.flight", IN_FLIGHT, IN_FLIGHT, Integer(1, 1_000_000)),
    same(IN_FLIGHT, Integer(1, 1_000_000)),
    name(
        "max.partition.fetch.bytes",
        "max.partition.fetch.bytes",
        "fetch.message.max.bytes",
        Integer(1, 1_000_000_000),
    ),
    same("max.poll.interval.ms", Integer(1, 86_400_000)),
    name(
        "message.max.bytes",
        "max.request.size",
        "message.max.bytes",
        Integer(1_000, 1_000_000_000),
    ),
    name("message.send.max.retries", "retries", "message.send.max.retries", Integer(0, MAX)),
    name("message.timeout.ms", "delivery.timeout.ms", "message.timeout.ms", Integer(0, MAX)),
    name("metadata.broker.list", "bootstrap.servers", "metadata.broker.list", Text),
    same("partition.assignment.strategy", Text),
    name("queue.buffering.max.ms", "linger.ms", "queue.buffering.max.ms", Float(900_000)),
    same("reconnect.backoff.max.ms", Integer(0, 3_600_000)),
    same("reconnect.backoff.ms", Integer(0, 3_600_000)),
    name("request.required.acks", "acks", "request.required.acks", Acks),
    name("acks", "acks", "request.required.acks", Acks),
    same("request.timeout.ms", Integer(1, 900_000)),
    name("retries", "retries", "message.send.max.retries", Integer(0, MAX)),
    same("retry.backoff.ms", Integer(1, 300_000)),
    same("security.protocol", PROTOCOLS),
    same("session.timeout.ms", Integer(1, 3_600_000)),
];

const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";

impl Name {
    /// The value as Kafka's own clients read it; none if it is empty and so left as it is.
    ///
    /// # Errors
    /// It cannot be used; in librdkafka's words.
    pub(super) fn value(&self, text: &str) -> Result<Option<String>, String> {
        let kind = match self.kind {
            Text => return Ok(Some(text.to_owned()).filter(|text| !text.is_empty())),
            Flag => "Bool configuration",
            Integer(..) | Acks => "Integer configuration",
            Float(_) => "Float configuration",
            Word(_) => "Configuration",
        };
        let proper = self.proper;
        if text.is_empty() {
            return Err(format!("{kind} property \"{proper}\" cannot be set to empty value"));
        }
        let invalid = || format!("Invalid value for configuration property \"{proper}\"");
        let range = |value: String, low: i64, high: i64| {
            format!(
                "Configuration property \"{proper}\" value {value} is outside allowed range \
                 {low}..{high}"
            )
        };
        let value = match self.kind {
            Acks if text.eq_ignore_ascii_case("all") => "-1".to_owned(),
            Acks => within(integer(text).ok_or_else(invalid)?, -1, 1_000, range)?,
            Integer(low, high) => within(integer(text).ok_or_else(invalid)?, low, high, range)?,
            Float(high) => match float(text).ok_or_else(invalid)? {
                value if (0.0..=f64::from(high)).contains(&value) => format!("{:.0}", value.ceil()),
                value => return Err(range(value.to_string(), 0, high.into())),
            },
            Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" => "true".to_owned(),
                "false" | "f" | "0" => "false".to_owned(),
                _ => {
                    return Err(format!("Expected bool value for \"{proper}\": true or false"));
                }
            },
            Word(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
                Some(word) => (*word).to_owned(),
                None => {
                    return Err(format!(
                        "Invalid value \"{text}\" for configuration property \"{proper}\""
                    ));
                }
            },
            Text => text.to_owned(),
        };
        Ok(Some(value))
    }
}

fn within(
    value: i64,
    low: i64,
    high: i64,
    outside: impl Fn(String, i64, i64) -> String,
) -> Result<String, String> {
    match (low..=high).contains(&value) {
        true => Ok(value.to_string()),
        false => Err(outside(value.to_string(), low, high)),
    }
}

/// The number at the front as C's `strtol` reads it with base 0: decimal, `0x…`, or octal after a
/// zero.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let hex = hex.filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
    let (digits, base) = match hex {
        Some(rest) => (rest, 16),
        None if digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(base)).unwrap_or(digits.len());
    let digits = digits.get(..end).filter(|digits| !digits.is_empty())?;
    let value = i64::from_str_radix(digits, base).unwrap_or(i64::MAX);
    Some(if text.starts_with('-') { value.saturating_neg() } else { value })
}

/// The number at the front as C's `strtod` reads it.
fn float(text: &str) -> Option<f64> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.rev().find_map(|end| text.get(..end)?.trim_start().parse().ok())
}
