//! What is said about keys that Ottla does not act on: one line each.

use std::fmt;

use crate::definition::{Scope, Standing};
use crate::settings::{Settings, definition_of};
use crate::table;
use crate::values::{Layer, Values};

/// One line about a setting, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No release of Kafka's has this key, nor has Ottla.
    Unknown {
        /// The key.
        key: String,
        /// Where it was given.
        layer: Layer,
        /// A key that looks like it.
        like: Option<&'static str>,
    },
    /// Ottla knows the key and does not act on it.
    Noted {
        /// The key.
        key: String,
        /// What happens instead.
        said: &'static str,
    },
    /// Only older releases have the key.
    Old {
        /// The key.
        key: String,
        /// What happens instead.
        said: &'static str,
    },
    /// Keys about ZooKeeper, all together.
    ZooKeeper {
        /// The keys.
        keys: Vec<String>,
    },
    /// Keys of older releases were read as a key of today.
    Replaced {
        /// The older keys.
        keys: Vec<String>,
        /// The key of today.
        by: String,
        /// What it is set to.
        value: String,
    },
    /// Keys of older releases give way to a key of today that is set too.
    Overruled {
        /// The older keys.
        keys: Vec<String>,
        /// The key of today.
        by: String,
    },
    /// A KRaft controller listener is not opened.
    Controller {
        /// The listeners.
        listeners: Vec<String>,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { key, layer, like } => {
                let place = layer.name();
                write!(f, "setting {key} ({place}): there is no such key, it has no effect")?;
                match like {
                    Some(like) => write!(f, "; did you mean {like}?"),
                    None => Ok(()),
                }
            }
            Self::Noted { key, said } => write!(f, "setting {key}: {said}"),
            Self::Old { key, said } => {
                write!(f, "setting {key} (older Kafka releases): {said}")
            }
            Self::ZooKeeper { keys } => write!(
                f,
                "ZooKeeper settings ({}): Ottla keeps the cluster's metadata itself and connects \
                 to no ZooKeeper; they have no effect",
                keys.join(", ")
            ),
            Self::Replaced { keys, by, value } => write!(
                f,
                "setting {} (older Kafka releases): read as {by}={value}; please set {by}",
                keys.join(", ")
            ),
            Self::Overruled { keys, by } => write!(
                f,
                "setting {} (older Kafka releases): no effect, because {by} is set",
                keys.join(", ")
            ),
            Self::Controller { listeners } => write!(
                f,
                "controller listener {}: not opened, the controller is part of this process",
                listeners.join(", ")
            ),
        }
    }
}

/// One line for each given key that Ottla does not act on, and one for all of ZooKeeper's.
pub(super) fn about_keys(values: &Values, notices: &mut Vec<Notice>) {
    let mut zookeeper = Vec::new();
    for (key, given) in values.fixed() {
        let definition = definition_of(key).map(|(_, definition)| definition);
        let key = key.to_owned();
        match definition.map(|definition| definition.standing) {
            Some(Standing::Honoured | Standing::Translated) => {}
            Some(Standing::Noted(said)) => notices.push(Notice::Noted { key, said }),
            Some(Standing::Old(said)) => notices.push(Notice::Old { key, said }),
            Some(Standing::ZooKeeper) => zookeeper.push(key),
            None if key.starts_with("zookeeper.") => zookeeper.push(key),
            None => {
                let like = closest(&key);
                notices.push(Notice::Unknown { key, layer: given.layer, like });
            }
        }
    }
    if !zookeeper.is_empty() {
        notices.push(Notice::ZooKeeper { keys: zookeeper });
    }
}

/// What is said about listeners once they are known.
pub(super) fn about_listeners(settings: &Settings, notices: &mut Vec<Notice>) {
    let listeners = settings.controller_listeners.clone();
    if !listeners.is_empty() {
        notices.push(Notice::Controller { listeners });
    }
}

/// The key that `key` was probably meant to be: a topic key's broker name, or a slip of the pen.
fn closest(key: &str) -> Option<&'static str> {
    if let Some(definition) = table::lookup(Scope::Topic, key) {
        return definition.synonyms.first().map(|synonym| synonym.name);
    }
    let near = table::definitions()
        .filter(|definition| matches!(definition.standing, Standing::Honoured | Standing::Noted(_)))
        .map(|definition| (distance(key, definition.name), definition.name))
        .min()?;
    (near.0 <= 2).then_some(near.1)
}

/// How many letters must be added, dropped or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, above), left_above) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(i);
            let change = left_above + usize::from(from != *to);
            next.push(change.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
