//! Results: one line of JSON, or the same as text.

use serde_json::{Map, Value, json};

use crate::histogram::Latencies;

/// The result of one measurement.
#[derive(Clone, Debug, Default)]
pub struct Report {
    fields: Map<String, Value>,
    curves: Vec<(String, Vec<(f64, f64)>)>,
}

impl Report {
    /// A result of a kind of measurement.
    pub(crate) fn new(mode: &str) -> Self {
        let mut report = Self::default();
        report.set("mode", mode);
        report
    }

    /// Sets a field.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    /// Sets a field to a number with three decimals.
    pub(crate) fn number(&mut self, name: &str, value: f64) {
        self.set(name, rounded(value));
    }

    /// Sets a field to the figures of latencies, and keeps their curve for the plot.
    pub(crate) fn latencies(&mut self, name: &str, latencies: &Latencies) {
        self.set(name, latencies.to_json());
        self.curves.push((name.trim_end_matches("_us").to_owned(), latencies.curve()));
    }

    /// Takes over a curve of another result under a name of its own, in place of an earlier one.
    pub(crate) fn take_curve(&mut self, curve: &str, other: &Self, name: &str) {
        self.curves.retain(|(kept, _)| kept != name);
        let found = other.curves.iter().filter(|(of, _)| of == curve);
        self.curves.extend(found.map(|(_, points)| (name.to_owned(), points.clone())));
    }

    /// All fields.
    pub(crate) fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.fields
    }

    /// The result as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        Value::Object(self.fields.clone())
    }

    /// The result as a few lines for a reader.
    #[must_use]
    pub fn text(&self) -> String {
        let text = crate::text::lines(&self.json()).join("\n");
        match self.fields.get("turns").and_then(Value::as_array) {
            Some(turns) => format!("{}\n{text}", crate::cold::table(turns)),
            None => text,
        }
    }

    /// The result as a picture.
    #[must_use]
    pub fn svg(&self) -> String {
        let mode = self.fields.get("mode").and_then(Value::as_str).unwrap_or_default();
        let label = self.fields.get("label").and_then(Value::as_str).unwrap_or(mode);
        crate::svg::percentiles(label, &self.curves)
    }

    /// Whether the measurement can be believed: nothing failed, nothing is missing.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        sound(&self.json())
    }

    /// Whether Ctrl-C ended it.
    #[must_use]
    pub fn was_interrupted(&self) -> bool {
        self.fields.get("interrupted") == Some(&json!(true))
    }
}

/// Whether a result says that nothing failed and nothing is missing.
pub(crate) fn sound(result: &Value) -> bool {
    let no = |name: &str| result.get(name).is_none_or(|value| value == &json!(0));
    let yes = |name: &str| result.get(name).is_none_or(|value| value == &json!(true));
    no("errors") && yes("stored_ok") && yes("delivered_ok") && result.get("failed").is_none()
}

/// Three decimals, or none for what is large: more would be noise.
pub(crate) fn rounded(value: f64) -> f64 {
    if !value.is_finite() {
        return 0.0;
    }
    if value.abs() >= 1000.0 { value.round() } else { (value * 1000.0).round() / 1000.0 }
}

/// A number for a reader: three digits and a unit prefix.
pub(crate) fn count(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, " G"),
        v if v >= 1e6 => (value / 1e6, " M"),
        v if v >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    format!("{}{unit}", digits(scaled))
}

/// Microseconds for a reader.
pub(crate) fn time(microseconds: f64) -> String {
    match microseconds.abs() {
        v if v >= 1e6 => format!("{} s", digits(microseconds / 1e6)),
        v if v >= 1e3 => format!("{} ms", digits(microseconds / 1e3)),
        _ => format!("{} µs", digits(microseconds)),
    }
}

/// Three digits.
pub(crate) fn digits(value: f64) -> String {
    let text = match value.abs() {
        v if v >= 99.95 => return format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(count(7_191_450.0), "7.19 M");
        assert_eq!(count(12_000.0), "12 k");
        assert_eq!(count(9_999.0), "9999");
        assert_eq!(count(0.0), "0");
        assert_eq!(time(164.0), "164 µs");
        assert_eq!(time(2_703.0), "2.7 ms");
        assert_eq!(time(60_000_000.0), "60 s");
        assert_eq!(digits(99.96), "100");
    }

    #[test]
    fn rounding_keeps_what_matters() {
        assert_eq!(rounded(1234.56), 1235.0);
        assert_eq!(rounded(0.123_456), 0.123);
        assert_eq!(rounded(f64::NAN), 0.0);
        assert_eq!(rounded(f64::INFINITY), 0.0);
    }

    #[test]
    fn a_result_that_lost_records_is_not_sound() {
        let mut report = Report::new("produce");
        assert!(report.is_sound());
        report.set("errors", 0);
        report.set("stored_ok", true);
        assert!(report.is_sound());
        report.set("stored_ok", false);
        assert!(!report.is_sound());
        let mut refused = Report::new("produce");
        refused.set("errors", 1);
        assert!(!refused.is_sound());
        let line = report.json().to_string();
        assert!(!line.contains('\n'), "one line");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["mode"], "produce");
    }
}
