//! Users, clients and addresses: quotas, and the SCRAM credentials of users.

use ottla_actors::client::Admin;
use ottla_actors::client::admin::{QuotaMatch, Quotas, Refusal};
use serde_json::{Value, json};

use super::super::kit::{Out, Output, Stop, java, wording};
use super::Call;
use super::change::Added;

const QUOTAS: [&str; 4] =
    ["producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"];
const IP_QUOTA: &str = "connection_creation_rate";
/// The mechanisms by their codes.
const SCRAM: [(i8, &str); 2] = [(1, "SCRAM-SHA-256"), (2, "SCRAM-SHA-512")];

/// The type of a quota's entity.
fn entity_type(kind: &str) -> &'static str {
    match kind {
        "users" => "user",
        "clients" => "client-id",
        _ => "ip",
    }
}

/// The quotas of what is asked for.
async fn quotas(call: &Call<'_>, admin: &Admin) -> Result<Vec<Quotas>, Stop> {
    let entities = &call.entities;
    if entities.names.len() > entities.types.len() {
        return Err(Stop::error("More entity names specified than entity types"));
    }
    let mut names = entities.names.iter();
    let wanted: Vec<_> = entities
        .types
        .iter()
        .map(|kind| {
            let name = match names.next().map(String::as_str) {
                None => QuotaMatch::Any,
                Some("") => QuotaMatch::Default,
                Some(name) => QuotaMatch::Name(name.to_owned()),
            };
            (entity_type(kind), name)
        })
        .collect();
    let found = admin.describe_quotas(&wanted).await.map_err(|error| call.failed(&error))?;
    found.map_err(|refusal| refused(call, &refusal))
}

fn refused(call: &Call<'_>, refusal: &Refusal) -> Stop {
    call.error(&wording::refusal(refusal))
}

pub(super) async fn describe(
    call: &Call<'_>,
    admin: &Admin,
    output: Output,
    out: &mut Out,
) -> Result<(), Stop> {
    let found = quotas(call, admin).await?;
    let shown: Vec<Value> = found.iter().map(as_json).collect();
    if output.print(&Value::from(shown), out)? {
        return Ok(());
    }
    found.iter().try_for_each(|one| out.line(row(one)))?;
    let entities = &call.entities;
    let clients = entities.types.iter().any(|kind| kind == "clients");
    if entities.kind() != "users" || clients || entities.names.iter().any(String::is_empty) {
        return Ok(());
    }
    let users: Vec<&str> = entities.names.iter().map(String::as_str).collect();
    let users = admin.describe_scram(&users).await.map_err(|error| call.failed(&error))?;
    for user in users.map_err(|refusal| refused(call, &refusal))? {
        let name = &user.name;
        let Ok(credentials) = user.credentials else { continue };
        let credentials: Vec<String> = credentials
            .iter()
            .map(|(mechanism, iterations)| {
                let known = SCRAM.iter().find(|(code, _)| code == mechanism);
                let mechanism = known.map_or("UNKNOWN", |(_, name)| name);
                format!("{mechanism}=iterations={iterations}")
            })
            .collect();
        out.line(format!(
            "SCRAM credential configs for user-principal '{name}' are {}",
            credentials.join(", ")
        ))?;
    }
    Ok(())
}

fn row(quotas: &Quotas) -> String {
    let part = |kind: &str, shown: &str| {
        let (_, name) = quotas.entity.iter().find(|(found, _)| found == kind)?;
        Some(match name {
            Some(name) => format!("{shown} '{name}'"),
            None => format!("the default {shown}"),
        })
    };
    let entity: Vec<String> =
        [part("user", "user-principal"), part("client-id", "client-id"), part("ip", "ip")]
            .into_iter()
            .flatten()
            .collect();
    let (count, hash) = (quotas.values.len(), |(key, _): &(String, f64)| java::string_hash(key));
    let values = java::hash_order(count, quotas.values.clone(), hash);
    let values: Vec<String> =
        values.iter().map(|(key, value)| format!("{key}={}", java::double(*value))).collect();
    format!("Quota configs for {} are {}", entity.join(", "), values.join(", "))
}

fn as_json(quotas: &Quotas) -> Value {
    let entity: serde_json::Map<String, Value> =
        quotas.entity.iter().map(|(k, n)| (k.clone(), Value::from(n.clone()))).collect();
    let values: serde_json::Map<String, Value> =
        quotas.values.iter().map(|(key, value)| (key.clone(), Value::from(*value))).collect();
    json!({"entity": entity, "quotas": values})
}

pub(super) async fn alter(
    call: &Call<'_>,
    admin: &Admin,
    add: &Added,
    delete: &[String],
) -> Result<(), Stop> {
    let entities = &call.entities;
    if entities.kind() == "ips" {
        let keys = add.keys().chain(delete);
        let unknown: Vec<&str> = keys.map(String::as_str).filter(|key| *key != IP_QUOTA).collect();
        if !unknown.is_empty() {
            return Err(Stop::error(format!(
                "Only connection quota configs can be added for 'ips' using --bootstrap-server. \
                 Unexpected config names: {}",
                unknown.join(",")
            )));
        }
        return alter_quotas(call, admin, add, delete).await;
    }
    let clients = entities.kind() == "clients" || entities.types.len() == 2;
    let is_quota = |key: &str| QUOTAS.contains(&key);
    let is_scram = |key: &str| SCRAM.iter().any(|(_, name)| *name == key);
    let fits = |key: &str| is_quota(key) || !clients && is_scram(key);
    let (kind, what) = match clients {
        true => ("clients", "quota configs"),
        false => ("users", "quota and SCRAM credential configs"),
    };
    for (keys, verb, collection) in [
        (add.keys().map(String::as_str).collect::<Vec<_>>(), "added", "Set"),
        (delete.iter().map(String::as_str).collect(), "deleted", "ArrayBuffer"),
    ] {
        let unknown: Vec<&str> = keys.into_iter().filter(|key| !fits(key)).collect();
        if !unknown.is_empty() {
            return Err(Stop::error(format!(
                "Only {what} can be {verb} for '{kind}' using --bootstrap-server. Unexpected \
                 config names: {collection}({})",
                unknown.join(", ")
            )));
        }
    }
    let quota = add.keys().chain(delete).any(|key| is_quota(key));
    let scram = add.keys().chain(delete).any(|key| is_scram(key));
    match (quota, scram) {
        (_, false) => alter_quotas(call, admin, add, delete).await,
        (_, true) if entities.names.iter().any(String::is_empty) => Err(Stop::error(
            "The use of --entity-default or --user-defaults is not allowed with User SCRAM \
             Credentials using --bootstrap-server.",
        )),
        (true, true) => Err(Stop::error(
            "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' \
             using --bootstrap-server.",
        )),
        (false, true) => alter_scram(call, admin, add, delete).await,
    }
}

async fn alter_quotas(
    call: &Call<'_>,
    admin: &Admin,
    add: &Added,
    delete: &[String],
) -> Result<(), Stop> {
    let present = quotas(call, admin).await?.into_iter().next();
    let present = present.map(|quotas| quotas.values).unwrap_or_default();
    let missing: Vec<&str> = delete
        .iter()
        .map(String::as_str)
        .filter(|key| !present.iter().any(|(known, _)| known == key))
        .collect();
    if !missing.is_empty() {
        return Err(Stop::error(format!("Invalid config(s): {}", missing.join(","))));
    }
    let mut changes: Vec<(&str, Option<f64>)> = Vec::new();
    for (key, value) in add {
        let number = value.trim().parse().map_err(|_| {
            Stop::error(format!("Cannot parse quota configuration value for {key}: {value}"))
        })?;
        changes.push((key, Some(number)));
    }
    changes.extend(delete.iter().map(|key| (key.as_str(), None)));
    let names =
        call.entities.names.iter().map(|name| Some(name.as_str()).filter(|n| !n.is_empty()));
    let kinds = call.entities.types.iter().map(|kind| entity_type(kind));
    let entity: Vec<_> = kinds.zip(names).collect();
    let done = admin.alter_quotas(&entity, &changes).await.map_err(|error| call.failed(&error))?;
    done.map_err(|refusal| refused(call, &refusal))
}

async fn alter_scram(
    call: &Call<'_>,
    admin: &Admin,
    add: &Added,
    delete: &[String],
) -> Result<(), Stop> {
    if let Some(mechanism) = add.keys().next() {
        return Err(Stop::error(format!(
            "{mechanism}: this command cannot make credentials, it can only take them away"
        )));
    }
    let mechanisms: Vec<i8> = SCRAM
        .iter()
        .filter(|(_, name)| delete.iter().any(|key| key == name))
        .map(|(code, _)| *code)
        .collect();
    let done = admin.delete_scram(call.name(), &mechanisms).await;
    done.map_err(|error| call.failed(&error))?.map_err(|refusal| refused(call, &refusal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kafkas() {
        let quotas = Quotas {
            entity: vec![("client-id".into(), None), ("user".into(), Some("u1".into()))],
            values: vec![("producer_byte_rate".into(), 1024.0), ("consumer_byte_rate".into(), 1e7)],
        };
        assert_eq!(
            row(&quotas),
            "Quota configs for user-principal 'u1', the default client-id are \
             consumer_byte_rate=1.0E7, producer_byte_rate=1024.0"
        );
    }
}
