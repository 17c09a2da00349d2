//! `--output`: the same result as a table, as JSON or as YAML.

use serde_json::Value;

use super::{Out, Stop};

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Output {
    /// As Kafka's tool prints it.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
}

impl Output {
    /// # Errors
    /// It is none of the formats.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Stop> {
        match text {
            None | Some("table") => Ok(Self::Table),
            Some("json") => Ok(Self::Json),
            Some("yaml") => Ok(Self::Yaml),
            Some(other) => {
                Err(Stop::error(format!("unknown output '{other}': use table, json or yaml")))
            }
        }
    }

    /// Prints `value` as JSON or YAML; whether it did, which it does not for a table.
    pub(crate) fn print(self, value: &Value, out: &mut Out) -> Result<bool, Stop> {
        match self {
            Self::Table => return Ok(false),
            Self::Json => out.line(format!("{value:#}"))?,
            Self::Yaml => {
                let mut text = String::new();
                yaml(value, 0, &mut text);
                out.line(text.trim_end())?;
            }
        }
        Ok(true)
    }
}

/// Writes `value` in block style; every text is quoted, so that none is taken for something else.
fn yaml(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                text.push_str(&format!("{indent}{}:", plain(key)));
                nested(value, depth, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut block = String::new();
                yaml(item, depth + 1, &mut block);
                // the first line of the item stands behind its dash
                text.push_str(&format!("{indent}- {}", block.trim_start()));
            }
        }
        scalar => text.push_str(&format!("{indent}{scalar}\n")),
    }
}

fn nested(value: &Value, depth: usize, text: &mut String) {
    let block = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if block {
        text.push('\n');
        yaml(value, depth + 1, text);
    } else {
        text.push_str(&format!(" {value}\n"));
    }
}

/// A key without quotes where it cannot be mistaken.
fn plain(key: &str) -> String {
    let simple = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if simple { key.to_owned() } else { Value::from(key).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_is_in_blocks() {
        let value = json!({"topics": [{"name": "a", "replicas": [1, 2]}, {"name": "on"}], "x": []});
        let mut text = String::new();
        yaml(&value, 0, &mut text);
        assert_eq!(
            text,
            "topics:\n  - name: \"a\"\n    replicas:\n      - 1\n      - 2\n  - name: \"on\"\n\
             x: []\n"
        );
    }

    #[test]
    fn only_three_formats_are_known() {
        assert_eq!(Output::parse(None), Ok(Output::Table));
        assert_eq!(Output::parse(Some("yaml")), Ok(Output::Yaml));
        assert!(Output::parse(Some("xml")).is_err());
    }
}
