//! Settings to be added and taken away, as the command line and files name them.

use std::collections::BTreeMap;

use super::super::kit::{Given, Properties, Stop};

/// Settings by name.
pub(super) type Added = BTreeMap<String, String>;

/// What `--add-config` and `--add-config-file` say.
pub(super) fn added(given: &Given) -> Result<Added, Stop> {
    let mut added = Added::new();
    if let Some(path) = given.value("add-config-file")? {
        // Kafka's tool says the path alone here
        let file = Properties::file(path)?;
        added.extend(file.iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
    if let Some(text) = given.value("add-config")? {
        added.extend(pairs(text)?);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "$._-".contains(c);
    match added.keys().find(|key| !key.chars().all(allowed)) {
        Some(bad) => Err(Stop::error(format!("Invalid character found for config key: {bad}"))),
        None => Ok(added),
    }
}

/// `k1=v1,k2=[a,b]`: commas within brackets belong to a value.
fn pairs(text: &str) -> Result<Added, Stop> {
    let mut pieces = vec![String::new()];
    let mut open = false;
    for c in text.chars() {
        open = match c {
            '[' => true,
            ']' => false,
            _ => open,
        };
        match (c, pieces.last_mut()) {
            (',', _) if !open => pieces.push(String::new()),
            (c, Some(piece)) => piece.push(c),
            (_, None) => {}
        }
    }
    // Java's split drops empty pieces at the end
    while pieces.len() > 1 && pieces.last().is_some_and(String::is_empty) {
        pieces.pop();
    }
    let mut added = Added::new();
    for piece in pieces {
        let (key, value) = pair(&piece).ok_or_else(|| {
            Stop::error(
                "requirement failed: Invalid entity config: all configs to be added must be in \
                 the format \"key=val\" or  \"key=[val1,val2]\" to group values which contain \
                 commas.",
            )
        })?;
        added.insert(key, value);
    }
    Ok(added)
}

/// One pair; an equals sign within brackets belongs to the value.
fn pair(piece: &str) -> Option<(String, String)> {
    let (key, value) = piece.split_once('=')?;
    let outside = match value.split_once('[') {
        Some((before, rest)) => {
            let after = rest.split_once(']').map_or("", |(_, after)| after);
            before.contains('=') || after.contains('=')
        }
        None => value.contains('='),
    };
    let plain = value.replace(['[', ']'], "");
    (!outside).then(|| (key.trim().to_owned(), plain.trim().to_owned()))
}

/// What `--delete-config` says.
pub(super) fn deleted(given: &Given) -> Vec<String> {
    given.values("delete-config").into_iter().map(|key| key.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_keep_a_list_together() {
        let added = pairs("retention.ms=1, cleanup.policy=[compact,delete],c=").expect("pairs");
        let found: Vec<_> = added.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, [("c", ""), ("cleanup.policy", "compact,delete"), ("retention.ms", "1")]);
        let scram = pairs("SCRAM-SHA-256=[iterations=8192,password=pw]").expect("a pair");
        assert_eq!(scram["SCRAM-SHA-256"], "iterations=8192,password=pw");
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for bad in ["a", "a=1=2", "a=1,b"] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
        assert!(pairs("a=1,").is_ok());
    }
}
