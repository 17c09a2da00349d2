//! What is in force for a resource, key by key, with every layer below it: what DescribeConfigs
//! shows and CreateTopics answers.

use std::collections::BTreeMap;

use ottla_config::{Definition, Layer, Scope, Settings, Standing};

/// Kafka's numbers of the layers (`ConfigEntry.ConfigSource`).
pub(crate) mod source {
    pub(crate) const DYNAMIC_TOPIC: i8 = 1;
    pub(crate) const DYNAMIC_BROKER: i8 = 2;
    pub(crate) const DYNAMIC_DEFAULT_BROKER: i8 = 3;
    pub(crate) const STATIC_BROKER: i8 = 4;
    pub(crate) const DEFAULT: i8 = 5;
    pub(crate) const DYNAMIC_CLIENT_METRICS: i8 = 7;
    pub(crate) const DYNAMIC_GROUP: i8 = 8;
}

/// One layer's value for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layered {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) source: i8,
}

/// One key of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) read_only: bool,
    pub(crate) source: i8,
    pub(crate) sensitive: bool,
    /// The layers that have a value, the one in force first.
    pub(crate) layers: Vec<Layered>,
    pub(crate) kind: i8,
    pub(crate) doc: &'static str,
}

/// Keys that mean the same in other units, finest first: a value of any of them counts for all
/// (`DynamicBrokerConfig.brokerConfigSynonyms`).
const FAMILIES: [&[&str]; 4] = [
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
];

fn source_of(layer: Layer) -> i8 {
    match layer {
        Layer::DynamicBroker => source::DYNAMIC_BROKER,
        Layer::DynamicDefaultBroker => source::DYNAMIC_DEFAULT_BROKER,
        Layer::File | Layer::Environment | Layer::Override => source::STATIC_BROKER,
        Layer::Default => source::DEFAULT,
    }
}

/// The layers of broker key `name`. Layers of its relatives in finer units are left out where they
/// would come before its own, as Kafka does.
fn broker_layers(settings: &Settings, name: &str, sensitive: bool) -> Vec<Layered> {
    let own = [name];
    let family = FAMILIES.iter().find(|family| family.contains(&name));
    let names: &[&str] = family.copied().unwrap_or(&own);
    let sources = [
        source::DYNAMIC_BROKER,
        source::DYNAMIC_DEFAULT_BROKER,
        source::STATIC_BROKER,
        source::DEFAULT,
    ];
    let at = |wanted: i8, name: &str| -> Option<String> {
        if wanted == source::DEFAULT {
            return ottla_config::broker(name).and_then(|it| it.default).map(str::to_owned);
        }
        let chain = settings.values().chain(name);
        let found = chain.into_iter().find(|(_, layer)| source_of(*layer) == wanted);
        found.map(|(text, _)| text.to_owned())
    };
    let layers = sources.into_iter().flat_map(|source| {
        names.iter().filter_map(move |name| Some((source, *name, at(source, name)?)))
    });
    layers
        .map(|(source, name, value)| Layered {
            name: name.to_owned(),
            value: (!sensitive).then_some(value),
            source,
        })
        .skip_while(|layer| layer.name != name)
        .collect()
}

/// Every key of a topic with these overrides.
pub(crate) fn topic_entries(
    settings: &Settings,
    overrides: &BTreeMap<String, String>,
) -> Vec<Entry> {
    let keys = ottla_config::topic_definitions().iter().filter(|it| !it.internal);
    keys.map(|definition| {
        let own = overrides.get(definition.name);
        let server = definition.synonyms.first();
        let inherited = server.map(|it| broker_layers(settings, it.name, definition.sensitive()));
        let own_layer = own.map(|value| Layered {
            name: definition.name.to_owned(),
            value: Some(value.clone()),
            source: source::DYNAMIC_TOPIC,
        });
        let layers = own_layer.into_iter().chain(inherited.into_iter().flatten()).collect();
        let value = own.cloned().or_else(|| in_force(settings, definition));
        entry(definition, value, false, layers)
    })
    .collect()
}

/// The settings in force for a topic with these overrides; keys without a value are left out.
#[must_use]
pub fn topic_settings(
    settings: &Settings,
    overrides: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let entries = topic_entries(settings, overrides).into_iter();
    entries.filter_map(|entry| Some((entry.name, entry.value?))).collect()
}

/// What the broker's settings, or else the default, say for a topic or group key.
fn in_force(settings: &Settings, definition: &Definition) -> Option<String> {
    let given = definition.synonyms.iter().find_map(|synonym| {
        let (text, _) = settings.values().given(synonym.name)?;
        if synonym.factor == 1 {
            return Some(text.to_owned());
        }
        let number: i64 = text.trim().parse().ok()?;
        let scaled = if number < 0 { -1 } else { number.saturating_mul(synonym.factor) };
        Some(scaled.to_string())
    });
    given.or_else(|| definition.default.map(str::to_owned))
}

fn entry(
    definition: &Definition,
    value: Option<String>,
    read_only: bool,
    layers: Vec<Layered>,
) -> Entry {
    let sensitive = definition.sensitive();
    Entry {
        name: definition.name.to_owned(),
        value: value.filter(|_| !sensitive),
        read_only,
        source: layers.first().map_or(source::DEFAULT, |layer| layer.source),
        sensitive,
        layers,
        kind: definition.kind.wire_code(),
        doc: definition.doc,
    }
}

fn broker_entry(settings: &Settings, name: &str) -> Entry {
    let Some((listener, definition)) = ottla_config::definition_of(name) else {
        // a key nobody knows may hold a secret
        let layers = broker_layers(settings, name, true);
        return Entry {
            name: name.to_owned(),
            value: None,
            read_only: true,
            source: layers.first().map_or(source::DEFAULT, |layer| layer.source),
            sensitive: true,
            layers,
            kind: 0,
            doc: "",
        };
    };
    let text = settings.get(name).or(if listener.is_some() { None } else { definition.default });
    let value = text.map(|text| match definition.parse_as(name, text) {
        Ok(value) => value.to_string(),
        Err(_) => text.to_owned(),
    });
    let layers = broker_layers(settings, name, definition.sensitive());
    Entry { name: name.to_owned(), ..entry(definition, value, definition.read_only(), layers) }
}

/// Every key of this broker: all of Kafka's, and whatever else was given.
pub(crate) fn broker_entries(settings: &Settings) -> Vec<Entry> {
    let known = ottla_config::definitions().filter(|definition| {
        let current = matches!(definition.standing, Standing::Honoured | Standing::Noted(_));
        current && !definition.internal && !definition.name.starts_with("ottla.")
    });
    let mut names: BTreeMap<&str, ()> = known.map(|definition| (definition.name, ())).collect();
    names.extend(settings.values().fixed().map(|(name, _)| (name, ())));
    names.keys().map(|name| broker_entry(settings, name)).collect()
}

/// The keys that are set for all brokers while they run.
pub(crate) fn default_broker_entries(
    settings: &Settings,
    cluster: &BTreeMap<String, String>,
) -> Vec<Entry> {
    let one = |(name, value): (&String, &String)| {
        let mut entry = broker_entry(settings, name);
        entry.layers.retain(|layer| layer.source == source::DYNAMIC_DEFAULT_BROKER);
        entry.source = entry.layers.first().map_or(source::DEFAULT, |layer| layer.source);
        entry.value = (!entry.sensitive).then(|| value.clone());
        entry
    };
    cluster.iter().map(one).collect()
}

/// Every key of a group or a client metrics subscription with these overrides.
pub(crate) fn resource_entries(
    settings: &Settings,
    scope: Scope,
    overrides: &BTreeMap<String, String>,
) -> Vec<Entry> {
    let own_source = match scope {
        Scope::Group => source::DYNAMIC_GROUP,
        _ => source::DYNAMIC_CLIENT_METRICS,
    };
    let keys = ottla_config::resource_definitions().iter().filter(|it| it.scope == scope);
    keys.map(|definition| {
        let own = overrides.get(definition.name);
        let own_layer = own.map(|value| Layered {
            name: definition.name.to_owned(),
            value: Some(value.clone()),
            source: own_source,
        });
        let below = match (scope, definition.synonyms.first()) {
            (Scope::Group, Some(synonym)) => broker_layers(settings, synonym.name, false),
            (Scope::Group, None) => vec![Layered {
                name: definition.name.to_owned(),
                value: definition.default.map(str::to_owned),
                source: source::DEFAULT,
            }],
            _ => Vec::new(),
        };
        let layers = own_layer.into_iter().chain(below).collect();
        let value = own.cloned().or_else(|| in_force(settings, definition));
        entry(definition, value, false, layers)
    })
    .collect()
}
