//! Tests of the table against the definitions of Kafka 4.3 and older releases.

use super::*;
use crate::definition::{Importance, Standing, Update};

fn scope(word: &str) -> Scope {
    match word {
        "broker" => Scope::Broker,
        "dynamic-broker" => Scope::DynamicBroker,
        "topic" => Scope::Topic,
        "group" => Scope::Group,
        "client" => Scope::Client,
        "ip" => Scope::Ip,
        "client-metrics" => Scope::ClientMetrics,
        other => panic!("{other}"),
    }
}

/// Where Ottla needs no value, or has a better one.
const OWN_DEFAULTS: [&str; 4] =
    ["controller.listener.names", "log.dir", "node.id", "process.roles"];

#[test]
fn every_key_of_kafka_is_there_as_kafka_has_it() {
    let golden = include_str!("../fixtures/kafka-4.3-definitions.tsv");
    let lines: Vec<_> = golden.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 422);
    for line in lines {
        let fields: Vec<_> = line.split('\t').collect();
        let [of, name, kind, default, importance, update, internal] = fields[..] else {
            panic!("{line}");
        };
        let found = lookup(scope(of), name).unwrap_or_else(|| panic!("{of} key {name}"));
        assert_eq!(found.kind.name(), kind, "{name}");
        assert_eq!(format!("{:?}", found.importance).to_uppercase(), importance, "{name}");
        assert_eq!(found.internal, internal == "internal", "{name}");
        if update != "-" {
            assert_eq!(found.update.name(), update, "{name}");
        }
        if of != "broker" || !OWN_DEFAULTS.contains(&name) {
            let value = found.default_value().map(|value| value.to_string());
            assert_eq!(value.as_deref().unwrap_or("<null>"), default, "{name}");
        }
        assert!(
            matches!(found.standing, Standing::Honoured | Standing::Noted(_)),
            "{name} is a key of today"
        );
    }
}

#[test]
fn every_key_of_older_releases_is_known() {
    let names = include_str!("../fixtures/kafka-older-keys.txt").lines();
    for name in names.filter(|line| !line.starts_with('#')) {
        assert!(broker(name).is_some(), "{name}");
    }
}

#[test]
fn every_default_fits_its_own_rule() {
    for definition in all() {
        if let Some(text) = definition.default {
            definition.parse(text).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn names_are_unique_and_every_key_says_what_it_is_for() {
    assert_eq!(all().count(), INDEX.len());
    for definition in all() {
        assert!(definition.doc.ends_with('.'), "{}: {}", definition.name, definition.doc);
        if let Standing::Noted(said) | Standing::Old(said) = definition.standing {
            assert!(said.starts_with("no effect"), "{}: {said}", definition.name);
        }
    }
}

#[test]
fn synonyms_are_broker_keys_of_a_like_type() {
    for definition in all() {
        for synonym in definition.synonyms {
            let found = broker(synonym.name).unwrap_or_else(|| panic!("{}", synonym.name));
            assert!(found.scope == Scope::Broker && found.update != Update::PerBroker);
            let scaled = synonym.factor != 1;
            assert!(scaled || found.kind == definition.kind, "{}", definition.name);
        }
    }
}

#[test]
fn typed_fields_belong_to_keys_in_the_table() {
    for key in crate::Settings::typed_keys() {
        assert!(broker(key).is_some(), "{key}");
    }
    assert!(Importance::High < Importance::Low);
}
