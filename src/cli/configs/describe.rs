//! `--describe`.

use ottla_actors::client::Admin;
use ottla_actors::client::admin::{ConfigEntry, ResourceKind};
use ottla_core::controller::validate_topic_name;
use serde_json::{Value, json};

use super::super::kit::{Out, Output, Stop, java};
use super::{Call, quotas, resource, singular};

pub(super) async fn describe(call: &Call<'_>, admin: &Admin, out: &mut Out) -> Result<(), Stop> {
    let output = call.given.output()?;
    let Some(kind) = resource(call.entities.kind()) else {
        return quotas::describe(call, admin, output, out).await;
    };
    let all = call.given.has("all");
    let names = match call.entities.names.first() {
        // what is in force everywhere is in force for what does not exist, too
        Some(name) if !all && !exists(call, admin, kind, name).await? => {
            let one = singular(call.entities.kind());
            return out.line(format!(
                "The {one} '{name}' doesn't exist and doesn't have dynamic config."
            ));
        }
        Some(name) => vec![name.clone()],
        None => everything(call, admin, kind).await?,
    };
    let mut shown = Vec::with_capacity(names.len());
    for name in names {
        if output == Output::Table {
            // before the broker is asked, as Kafka's tool does
            out.line(head(call, &name))?;
        }
        if kind == ResourceKind::Topic {
            validate_topic_name(&name).map_err(Stop::error)?;
        }
        let entries = call.settings(admin, kind, &name, all).await?;
        if output == Output::Table {
            entries.iter().try_for_each(|entry| out.line(row(entry)))?;
        } else {
            let configs: Vec<Value> = entries.iter().map(as_json).collect();
            let kind = call.entities.kind();
            shown.push(json!({"entityType": kind, "entityName": name, "configs": configs}));
        }
    }
    output.print(&Value::from(shown), out).map(|_| ())
}

fn head(call: &Call<'_>, name: &str) -> String {
    let kind = call.entities.kind();
    let which = if call.given.has("all") { "All" } else { "Dynamic" };
    match name {
        "" => format!("Default configs for {kind} in the cluster are:"),
        name => format!("{which} configs for {} {name} are:", singular(kind)),
    }
}

fn row(entry: &ConfigEntry) -> String {
    let null = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let synonyms: Vec<String> = entry
        .synonyms
        .iter()
        .map(|one| format!("{}:{}={}", one.source.name(), one.name, null(&one.value)))
        .collect();
    format!(
        "  {}={} sensitive={} synonyms={{{}}}",
        entry.name,
        null(&entry.value),
        entry.sensitive,
        synonyms.join(", ")
    )
}

fn as_json(entry: &ConfigEntry) -> Value {
    let synonyms: Vec<Value> = entry
        .synonyms
        .iter()
        .map(|s| json!({"name": s.name, "value": s.value, "source": s.source.name()}))
        .collect();
    json!({
        "name": entry.name,
        "value": entry.value,
        "source": entry.source.name(),
        "sensitive": entry.sensitive,
        "readOnly": entry.read_only,
        "synonyms": synonyms,
    })
}

/// Whether there is such a thing; the default of all always is.
async fn exists(
    call: &Call<'_>,
    admin: &Admin,
    kind: ResourceKind,
    name: &str,
) -> Result<bool, Stop> {
    if name.is_empty() && kind != ResourceKind::Topic {
        return Ok(true);
    }
    if kind == ResourceKind::Topic
        && let Err(reason) = validate_topic_name(name)
    {
        return Err(Stop::error(reason));
    }
    let known = everything(call, admin, kind).await?;
    Ok(known.iter().any(|known| known == name))
}

/// Every entity of the kind, in the order of Kafka's tool.
async fn everything(
    call: &Call<'_>,
    admin: &Admin,
    kind: ResourceKind,
) -> Result<Vec<String>, Stop> {
    let failed = |error| call.failed(&error);
    match kind {
        ResourceKind::Topic => {
            let topics = admin.list_topics().await.map_err(failed)?;
            let names = topics.iter().filter_map(|topic| Some(topic.name.as_ref()?.to_string()));
            Ok(java::hash_order(16, names.collect(), |name| java::string_hash(name)))
        }
        ResourceKind::Broker | ResourceKind::BrokerLogger => {
            let cluster = admin.describe_cluster().await.map_err(failed)?;
            let mut ids: Vec<String> =
                cluster.brokers.iter().map(|broker| broker.broker_id.0.to_string()).collect();
            ids.push(String::new());
            Ok(ids)
        }
        ResourceKind::ClientMetrics => admin.list_config_resources(kind).await.map_err(failed),
        ResourceKind::Group => {
            let groups = admin.list_groups().await.map_err(failed)?;
            let mut ids: Vec<String> = groups.iter().map(|g| g.group_id.to_string()).collect();
            // brokers before 4.1 do not know which groups have settings
            for id in admin.list_config_resources(kind).await.unwrap_or_default() {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            Ok(ids)
        }
    }
}
