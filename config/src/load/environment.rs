//! Settings from the environment: `KAFKA_*` as Kafka's container image maps them, `CLUSTER_ID`, and
//! `OTTLA_*` over both.

use crate::settings::definition_of;

/// Variables of Kafka's image and scripts that are not settings.
const NOT_SETTINGS: [&str; 19] = [
    "KAFKA_CLASSPATH",
    "KAFKA_CLUSTER_ID",
    "KAFKA_DEBUG",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_HEAP_OPTS",
    "KAFKA_HOME",
    "KAFKA_JMX_HOSTNAME",
    "KAFKA_JMX_OPTS",
    "KAFKA_JMX_PORT",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_LOG4J_LOGGERS",
    "KAFKA_LOG4J_OPTS",
    "KAFKA_LOG4J_ROOT_LOGLEVEL",
    "KAFKA_MODE",
    "KAFKA_OPTS",
    "KAFKA_TOOLS_LOG4J_LOGLEVEL",
    "KAFKA_USER",
    "KAFKA_VERSION",
    "KAFKA_GROUP",
];

/// The settings among these variables, those that win last.
pub(super) fn settings(variables: &[(String, String)]) -> Vec<(String, String)> {
    let mut sorted: Vec<_> = variables.iter().collect();
    sorted.sort();
    let kafka = sorted.iter().filter_map(|(name, value)| {
        let rest = name.strip_prefix("KAFKA_").filter(|rest| !rest.is_empty())?;
        let setting = !NOT_SETTINGS.contains(&name.as_str());
        (setting && !value.is_empty()).then(|| (property_name(rest), value.clone()))
    });
    let cluster = sorted.iter().filter_map(|(name, value)| {
        let named = name == "CLUSTER_ID" || name == "KAFKA_CLUSTER_ID";
        (named && !value.is_empty()).then(|| ("ottla.cluster.id".to_owned(), value.clone()))
    });
    let ottla = sorted.iter().filter_map(|(name, value)| {
        let rest = name.strip_prefix("OTTLA_").filter(|rest| !rest.is_empty())?;
        (!value.is_empty()).then(|| (own_name(rest), value.clone()))
    });
    kafka.chain(cluster).chain(ottla).collect()
}

/// `_` is a dot, `__` an underscore, `___` a hyphen.
fn property_name(rest: &str) -> String {
    rest.to_lowercase().replace('_', ".").replace("...", "-").replace("..", "_")
}

/// `OTTLA_X` is `ottla.x` where there is such a key, else Kafka's `x`.
fn own_name(rest: &str) -> String {
    let name = property_name(rest);
    let own = format!("ottla.{name}");
    if definition_of(&own).is_none() && definition_of(&name).is_some() { name } else { own }
}
