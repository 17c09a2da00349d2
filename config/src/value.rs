//! Values: text read as Kafka's `ConfigDef` reads it, and the rules a value must satisfy.

use std::fmt;

use crate::definition::{Kind, MayBeEmpty, Rule};
use crate::error::SettingError;

/// A value of one of Kafka's types.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A 16-bit number.
    Short(i16),
    /// A 32-bit number.
    Int(i32),
    /// A 64-bit number.
    Long(i64),
    /// A floating point number.
    Double(f64),
    /// Text, a class name or a password.
    Text(String),
    /// Members in their order, each once.
    List(Vec<String>),
}

impl Value {
    /// Reads `text` as `kind`: blanks around it do not count, except in a password.
    ///
    /// # Errors
    /// [`SettingError::Invalid`] when it is not of that type.
    pub fn parse(kind: Kind, key: &str, text: &str) -> Result<Self, SettingError> {
        let trimmed = text.trim();
        let number = || SettingError::invalid(key, text, not_a_number(kind));
        match kind {
            Kind::Boolean => parse_bool(trimmed).map(Self::Boolean).ok_or_else(|| {
                SettingError::invalid(key, text, "Expected value to be either true or false")
            }),
            Kind::Short => trimmed.parse().map(Self::Short).map_err(|_| number()),
            Kind::Int => trimmed.parse().map(Self::Int).map_err(|_| number()),
            Kind::Long => trimmed.parse().map(Self::Long).map_err(|_| number()),
            Kind::Double => parse_double(trimmed).map(Self::Double).ok_or_else(number),
            Kind::String | Kind::Class => Ok(Self::Text(trimmed.to_owned())),
            Kind::Password => Ok(Self::Text(text.to_owned())),
            Kind::List => Ok(Self::List(split_list(trimmed))),
        }
    }

    fn number(&self) -> Option<i64> {
        match self {
            Self::Short(n) => Some(i64::from(*n)),
            Self::Int(n) => Some(i64::from(*n)),
            Self::Long(n) => Some(*n),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(v) => v.fmt(f),
            Self::Short(v) => v.fmt(f),
            Self::Int(v) => v.fmt(f),
            Self::Long(v) => v.fmt(f),
            Self::Double(v) => f.write_str(&java_double(*v)),
            Self::Text(v) => v.fmt(f),
            Self::List(v) => f.write_str(&v.join(",")),
        }
    }
}

fn not_a_number(kind: Kind) -> String {
    format!("Not a number of type {}", kind.name())
}

fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Java's `Double.parseDouble` takes a type suffix, which Rust's does not; and Rust's takes `inf`.
fn parse_double(text: &str) -> Option<f64> {
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | 'e' | 'E');
    if digits.is_empty() || !digits.chars().all(plain) {
        return None;
    }
    digits.parse().ok()
}

/// Writes a double as Java's `Double.toString` does: `1.7976931348623157E308`, `0.5`.
fn java_double(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-3..1e7).contains(&magnitude) {
        let text = format!("{value:E}");
        return match text.split_once('E') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                format!("{mantissa}.0E{exponent}")
            }
            _ => text,
        };
    }
    format!("{value:?}")
}

/// Splits at commas; blanks around members do not count; a member that repeats counts once.
fn split_list(text: &str) -> Vec<String> {
    let mut members: Vec<String> = Vec::new();
    if text.is_empty() {
        return members;
    }
    for member in text.split(',').map(str::trim) {
        if !members.iter().any(|known| known == member) {
            members.push(member.to_owned());
        }
    }
    members
}

/// Checks `value`, read from `text`, against `rule`.
pub(crate) fn check(rule: Rule, key: &str, text: &str, value: &Value) -> Result<(), SettingError> {
    let refuse = |allowed: String| Err(SettingError::invalid(key, text.trim(), allowed));
    match (rule, value) {
        (Rule::AtLeast(least), v) => match v.number() {
            Some(n) if n < least => refuse(format!("Value must be at least {least}")),
            _ => Ok(()),
        },
        (Rule::Between(least, most), v) => match v.number() {
            Some(n) if n < least => refuse(format!("Value must be at least {least}")),
            Some(n) if n > most => refuse(format!("Value must be no more than {most}")),
            _ => Ok(()),
        },
        (Rule::Fraction(least, most), Value::Double(n)) => {
            if *n < least {
                refuse(format!("Value must be at least {least}"))
            } else if *n > most {
                refuse(format!("Value must be no more than {most}"))
            } else {
                Ok(())
            }
        }
        (Rule::BetweenOr(least, most, other), v) => match v.number() {
            Some(n) if n != other && !(least..=most).contains(&n) => {
                refuse(format!("Value must be between {least} and {most} or equal to {other}"))
            }
            _ => Ok(()),
        },
        (_, Value::Text(word)) => check_text(rule, key, word),
        (Rule::Members(words, empty), Value::List(list)) => check_members(key, list, words, empty),
        (Rule::ThrottledReplicas, Value::List(list)) => check_throttled(key, list),
        _ => Ok(()),
    }
}

fn check_text(rule: Rule, key: &str, word: &str) -> Result<(), SettingError> {
    let fits = match rule {
        Rule::OneOf(words) => words.contains(&word),
        Rule::OneOfAnyCase(words) => words.iter().any(|known| known.eq_ignore_ascii_case(word)),
        Rule::NonEmptyText => !word.is_empty(),
        Rule::ShareOffsetReset => {
            matches!(word, "earliest" | "latest") || word.starts_with("by_duration:P")
        }
        _ => true,
    };
    if fits { Ok(()) } else { Err(SettingError::invalid(key, word, rule_words(rule))) }
}

fn check_members(
    key: &str,
    list: &[String],
    words: &[&str],
    empty: MayBeEmpty,
) -> Result<(), SettingError> {
    if list.is_empty() && empty == MayBeEmpty::No {
        let allowed = if words.is_empty() {
            "any non-empty value".to_owned()
        } else {
            format!("[{}]", words.join(", "))
        };
        return Err(SettingError::EmptyList { key: key.into(), allowed });
    }
    for member in list {
        if member.is_empty() {
            return Err(SettingError::EmptyMember { key: key.into() });
        }
        if !words.is_empty() && !words.contains(&member.as_str()) {
            let allowed = format!("String must be one of: {}", words.join(", "));
            return Err(SettingError::invalid(key, member, allowed));
        }
    }
    Ok(())
}

fn check_throttled(key: &str, list: &[String]) -> Result<(), SettingError> {
    let pair = |member: &String| {
        member.split_once(':').is_some_and(|(partition, broker)| {
            let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            digits(partition) && digits(broker)
        })
    };
    let all = matches!(list, [only] if only == "*");
    if all || list.iter().all(pair) {
        return Ok(());
    }
    let allowed = format!(
        "{key} must be the literal '*' or a list of replicas in the following format: \
         [partitionId]:[brokerId],[partitionId]:[brokerId],..."
    );
    Err(SettingError::invalid(key, &format!("[{}]", list.join(", ")), allowed))
}

fn rule_words(rule: Rule) -> String {
    match rule {
        Rule::OneOf(words) => format!("String must be one of: {}", words.join(", ")),
        Rule::OneOfAnyCase(words) => {
            format!("String must be one of (case insensitive): {}", words.join(", "))
        }
        Rule::NonEmptyText => "String must be non-empty".to_owned(),
        Rule::ShareOffsetReset => {
            "String must be earliest, latest or by_duration:PnDTnHnMn.nS".to_owned()
        }
        _ => String::new(),
    }
}

/// In words, what a type and a rule allow.
pub(crate) fn allowed(kind: Kind, rule: Rule) -> String {
    match rule {
        Rule::Any => match kind {
            Kind::Boolean => "true or false".to_owned(),
            Kind::Short | Kind::Int | Kind::Long => "a whole number".to_owned(),
            Kind::Double => "a number".to_owned(),
            Kind::List => "values separated by commas".to_owned(),
            Kind::String | Kind::Class | Kind::Password => "text".to_owned(),
        },
        Rule::AtLeast(least) => format!("a number of at least {least}"),
        Rule::Between(least, most) => format!("a number from {least} to {most}"),
        Rule::Fraction(least, most) => format!("a number from {least} to {most}"),
        Rule::BetweenOr(least, most, other) => {
            format!("a number from {least} to {most}, or {other}")
        }
        Rule::OneOf(words) => format!("one of {}", words.join(", ")),
        Rule::OneOfAnyCase(words) => format!("one of {} in any case", words.join(", ")),
        Rule::NonEmptyText => "text that is not empty".to_owned(),
        Rule::Members([], _) => "values separated by commas".to_owned(),
        Rule::Members(words, _) => format!("some of {} separated by commas", words.join(", ")),
        Rule::ThrottledReplicas => "* or partition:broker pairs separated by commas".to_owned(),
        Rule::ShareOffsetReset => "earliest, latest or by_duration:PnDTnHnMn.nS".to_owned(),
    }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
