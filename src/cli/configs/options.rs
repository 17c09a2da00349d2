//! What `kafka-configs` accepts, and which options go together.

use std::net::ToSocketAddrs;

use ottla_config::{Scope, Update, definitions, resource_definitions, topic_definitions};

use super::super::kit::{Given, Kind, Spec, Stop};

/// The entity types in the order in which Kafka's tool lists them.
const TYPES: [&str; 8] =
    ["topics", "clients", "users", "brokers", "ips", "client-metrics", "groups", "broker-loggers"];
/// The short options that name an entity, with its type.
const FLAGS: [(&str, &str); 8] = [
    ("topic", "topics"),
    ("client", "clients"),
    ("user", "users"),
    ("broker", "brokers"),
    ("broker-logger", "broker-loggers"),
    ("ip", "ips"),
    ("client-metrics", "client-metrics"),
    ("group", "groups"),
];
/// The short options that mean the default of all, with the type.
const DEFAULTS: [(&str, &str); 4] = [
    ("client-defaults", "clients"),
    ("user-defaults", "users"),
    ("broker-defaults", "brokers"),
    ("ip-defaults", "ips"),
];
/// The types that have quotas or defaults of all.
const WITH_DEFAULT: [&str; 4] = ["users", "clients", "brokers", "ips"];

pub(super) fn spec() -> Spec {
    let spec = Spec::joptsimple(
        "This tool helps to manipulate and describe entity config for a topic, client, user, \
         broker, ip, client-metrics or group",
    )
    .bootstrap("The Kafka servers to connect to.")
    .value(
        "bootstrap-controller",
        Kind::Text,
        "controller to connect to",
        "The Kafka controllers to connect to.",
    )
    .value(
        "command-config",
        Kind::File,
        "command config property file",
        "Property file containing configs to be passed to Admin Client. This is used only with \
         --bootstrap-server option for describing and altering broker configs.",
    )
    .flag("alter", "Alter the configuration for the entity.")
    .flag("describe", "List configs for the given entity.")
    .flag("all", "List all configs for the given entity, including static configs if available.")
    .value(
        "entity-type",
        Kind::Text,
        "",
        "Type of entity (topics/clients/users/brokers/broker-loggers/ips/client-metrics/groups)",
    )
    .value(
        "entity-name",
        Kind::Text,
        "",
        "Name of entity (topic name/client id/user principal name/broker id/ip/client \
         metrics/group id)",
    )
    .flag(
        "entity-default",
        "Default entity name for clients/users/brokers/ips (applies to corresponding entity type)",
    )
    .value("add-config", Kind::Text, "", add_config())
    .value(
        "add-config-file",
        Kind::File,
        "",
        "Path to a properties file with configs to add. See add-config for a list of valid \
         configurations.",
    )
    .value("delete-config", Kind::Text, "", "config keys to remove 'k1,k2'")
    .separated_by(',');
    entities(spec).output()
}

fn entities(spec: Spec) -> Spec {
    spec.value("topic", Kind::Text, "", "The topic's name.")
        .value("client", Kind::Text, "", "The client's ID.")
        .flag("client-defaults", "The config defaults for all clients.")
        .value("user", Kind::Text, "", "The user's principal name.")
        .flag("user-defaults", "The config defaults for all users.")
        .value("broker", Kind::Text, "", "The broker's ID.")
        .flag("broker-defaults", "The config defaults for all brokers.")
        .value("broker-logger", Kind::Text, "", "The broker's ID for its logger config.")
        .flag("ip-defaults", "The config defaults for all IPs.")
        .value("ip", Kind::Text, "", "The IP address.")
        .value("group", Kind::Text, "", "The group's ID.")
        .value("client-metrics", Kind::Text, "", "The client metrics config resource name.")
}

/// The help of `--add-config`, which lists every setting of every type.
fn add_config() -> String {
    let mut text = String::from(
        "Key Value pairs of configs to add. Square brackets can be used to group values which \
         contain commas: 'k1=v1,k2=[v1,v2,v2],k3=v3'. The following is a list of valid \
         configurations: ",
    );
    let of = |scope: Scope| {
        let keys = resource_definitions().iter().filter(move |key| key.scope == scope);
        keys.map(|key| key.name).collect::<Vec<_>>()
    };
    let topics = topic_definitions().iter().filter(|key| !key.internal).map(|key| key.name);
    let brokers = definitions().filter(|key| key.update != Update::ReadOnly && !key.internal);
    let mut quotas = of(Scope::Client);
    quotas.extend(["SCRAM-SHA-256", "SCRAM-SHA-512"]);
    for (kind, mut names) in [
        ("topics", topics.collect::<Vec<_>>()),
        ("brokers", brokers.map(|key| key.name).collect()),
        ("users", quotas),
        ("clients", of(Scope::Client)),
        ("ips", of(Scope::Ip)),
        ("client-metrics", of(Scope::ClientMetrics)),
        ("groups", of(Scope::Group)),
    ] {
        names.sort_unstable();
        names.dedup();
        text.push_str(&format!("For entity-type '{kind}': \n\t{}\n", names.join("\n\t")));
    }
    text.push_str(
        "Entity types 'users' and 'clients' may be specified together to update config for \
         clients of a specific user.",
    );
    text
}

/// What the options are about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entities {
    /// Types, in the order of Kafka's tool.
    pub(super) types: Vec<String>,
    /// Names; the empty one means the default of all.
    pub(super) names: Vec<String>,
}

impl Entities {
    fn new(given: &Given) -> Result<Self, Stop> {
        let mut types: Vec<String> =
            given.values("entity-type").into_iter().map(str::to_owned).collect();
        let mut names: Vec<String> = Vec::new();
        for (option, value) in given.in_order() {
            match option {
                "entity-name" => names.push(value.to_owned()),
                "entity-default" => names.push(String::new()),
                _ => {}
            }
        }
        for (flag, kind) in FLAGS.into_iter().filter(|(flag, _)| given.has(flag)) {
            types.push(kind.to_owned());
            names.push(given.value(flag)?.unwrap_or_default().to_owned());
        }
        for (_, kind) in DEFAULTS.into_iter().filter(|(flag, _)| given.has(flag)) {
            types.push(kind.to_owned());
            names.push(String::new());
        }
        Ok(Self { types, names })
    }

    /// The first type.
    pub(super) fn kind(&self) -> &str {
        self.types.first().map_or("", String::as_str)
    }

    fn is_any(&self, kinds: &[&str]) -> bool {
        self.types.iter().any(|kind| kinds.contains(&kind.as_str()))
    }
}

/// Checks what goes with what, in the order of Kafka's tool.
pub(super) fn check(given: &Given) -> Result<Entities, Stop> {
    if given.has("alter") == given.has("describe") {
        return Err(given.usage("Command must include exactly one action: --describe, --alter"));
    }
    given.exclude("describe", &["alter", "add-config", "delete-config"])?;
    let entities = Entities::new(given)?;
    types(given, &entities)?;
    names(given, &entities)?;
    let action = if given.has("describe") { described } else { altered };
    action(given, &entities)?;
    Ok(entities)
}

fn types(given: &Given, entities: &Entities) -> Result<(), Stop> {
    let types = &entities.types;
    let mut seen: Vec<&String> = Vec::new();
    let mut twice: Vec<&str> = Vec::new();
    for kind in types {
        match seen.contains(&kind) {
            true => twice.push(kind),
            false => seen.push(kind),
        }
    }
    if !twice.is_empty() {
        let twice = twice.join(",");
        return Err(Stop::error(format!("Duplicate entity type(s) specified: {twice}")));
    }
    let (server, controller) = (given.has("bootstrap-server"), given.has("bootstrap-controller"));
    if !server && !controller {
        return Err(Stop::error(
            "Either --bootstrap-server or --bootstrap-controller must be specified.",
        ));
    }
    if let Some(bad) = types.iter().find(|kind| !TYPES.contains(&kind.as_str())) {
        let all = TYPES.join(", ");
        return Err(Stop::error(format!(
            "Invalid entity type {bad}, the entity type must be one of {all} with a \
             --bootstrap-server or --bootstrap-controller argument"
        )));
    }
    if types.is_empty() {
        return Err(Stop::error("At least one entity type must be specified"));
    }
    let pair = types.len() == 2 && entities.is_any(&["users"]) && entities.is_any(&["clients"]);
    if types.len() > 1 && !pair {
        return Err(Stop::error(
            "Only 'users' and 'clients' entity types may be specified together",
        ));
    }
    let long = ["entity-name", "entity-type", "entity-default"].iter().any(|o| given.has(o));
    let short = FLAGS.iter().chain(&DEFAULTS).any(|(flag, _)| given.has(flag));
    if long && short {
        return Err(Stop::error(
            "--entity-{type,name,default} should not be used in conjunction with specific entity \
             flags",
        ));
    }
    match server && controller {
        true => Err(Stop::error(
            "Only one of --bootstrap-server or --bootstrap-controller can be specified",
        )),
        false => Ok(()),
    }
}

fn names(given: &Given, entities: &Entities) -> Result<(), Stop> {
    let kind = entities.kind();
    let named = |options: &[&str]| -> Result<Vec<String>, Stop> {
        let mut names = Vec::new();
        for option in options.iter().filter(|option| given.has(option)) {
            names.extend(given.value(option)?.map(str::to_owned));
        }
        Ok(names.into_iter().filter(|name| !name.is_empty()).collect())
    };
    if entities.is_any(&["brokers", "broker-loggers"]) {
        for id in named(&["entity-name", "broker", "broker-logger"])? {
            if id.parse::<i32>().is_err() {
                return Err(Stop::error(format!(
                    "The entity name for {kind} must be a valid integer broker id, but it is: {id}"
                )));
            }
        }
    }
    if entities.is_any(&["ips"]) {
        for name in named(&["entity-name", "ip"])? {
            if (name.as_str(), 0).to_socket_addrs().is_err() {
                return Err(Stop::error(format!(
                    "The entity name for {kind} must be a valid IP or resolvable host, but it is: \
                     {name}"
                )));
            }
        }
    }
    Ok(())
}

fn described(given: &Given, entities: &Entities) -> Result<(), Stop> {
    let types = entities.types.join(",");
    if !entities.is_any(&WITH_DEFAULT) && given.has("entity-default") {
        return Err(Stop::error(format!(
            "--entity-default must not be specified with --describe of {types}"
        )));
    }
    if entities.is_any(&["broker-loggers"]) && entities.names.iter().all(String::is_empty) {
        return Err(Stop::error(format!(
            "An entity name must be specified with --describe of {types}"
        )));
    }
    Ok(())
}

fn altered(given: &Given, entities: &Entities) -> Result<(), Stop> {
    let named = entities.names.iter().any(|name| !name.is_empty());
    let default = entities.names.iter().any(String::is_empty);
    if entities.is_any(&WITH_DEFAULT) {
        if !named && !default {
            return Err(Stop::error(
                "An entity-name or default entity must be specified with --alter of users, \
                 clients, brokers or ips",
            ));
        }
    } else if !named {
        let types = entities.types.join(",");
        return Err(Stop::error(format!(
            "An entity name must be specified with --alter of {types}"
        )));
    }
    let (add, file) = (given.has("add-config"), given.has("add-config-file"));
    if add && file {
        return Err(Stop::error("Only one of --add-config or --add-config-file must be specified"));
    }
    match add || file || given.has("delete-config") {
        true => Ok(()),
        false => Err(Stop::error(
            "At least one of --add-config, --add-config-file, or --delete-config must be \
             specified with --alter",
        )),
    }
}
