//! `--list`: the groups of the cluster.

use kafka_protocol::messages::list_groups_response::ListedGroup;
use ottla_actors::client::Admin;
use ottla_actors::client::admin::GroupFilter;
use serde_json::json;

use super::{Trouble, print};
use crate::cli::kit::java::{hash_order, string_hash};
use crate::cli::kit::{Given, Out};

/// The states that a consumer group can be in.
const STATES: [&str; 7] = [
    "PreparingRebalance",
    "CompletingRebalance",
    "Stable",
    "Dead",
    "Empty",
    "Assigning",
    "Reconciling",
];

/// The types that a consumer group can have.
const TYPES: [&str; 2] = ["Consumer", "Classic"];

/// Prints the groups; with `--state` or `--type` in a table.
pub(super) async fn list(given: &Given, admin: &Admin, out: &mut Out) -> Result<(), Trouble> {
    let (has_type, has_state) = (given.has("type"), given.has("state"));
    let output = given.output()?;
    let filter = GroupFilter {
        states: named(given.value("state")?, &STATES, "state")?,
        types: named(given.value("type")?, &TYPES, "types")?,
    };
    let groups = groups(admin, &filter).await.map_err(|error| match has_type || has_state {
        true => Trouble::caused(&error),
        false => Trouble::wrapped(&error),
    })?;
    let value = || {
        let groups = groups.iter().map(|group| {
            json!({
                "group": group.group_id.as_str(),
                "type": kind(&group.group_type),
                "state": shown(&group.group_state),
            })
        });
        groups.collect()
    };
    if output != Default::default() {
        output.print(&value(), out)?;
        return Ok(());
    }
    if has_type || has_state {
        let rows: Vec<print::GroupRow<'_>> = groups
            .iter()
            .map(|group| print::GroupRow {
                group: &group.group_id,
                kind: has_type.then(|| kind(&group.group_type)),
                state: has_state.then(|| shown(&group.group_state)),
            })
            .collect();
        print::groups(&rows, has_type, has_state, out)?;
        return Ok(());
    }
    for group in &groups {
        out.line(group.group_id.as_str())?;
    }
    Ok(())
}

/// A type as Kafka's tool spells it; brokers write it in small letters.
fn kind(text: &str) -> &'static str {
    TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(text)).unwrap_or("Unknown")
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "Unknown" } else { text }
}

/// The ids of all consumer groups.
pub(super) async fn names(admin: &Admin) -> Result<Vec<String>, Trouble> {
    let found = groups(admin, &GroupFilter::default()).await;
    let groups = found.map_err(|error| Trouble::wrapped(&error))?;
    Ok(groups.iter().map(|group| group.group_id.as_str().to_owned()).collect())
}

/// The groups of consumers, in the order in which the tool prints them.
async fn groups(
    admin: &Admin,
    filter: &GroupFilter,
) -> Result<Vec<ListedGroup>, ottla_actors::client::ClientError> {
    let mut groups = admin.list_groups_with(filter).await?;
    groups.retain(|group| matches!(group.protocol_type.as_str(), "" | "consumer"));
    groups.retain(|group| {
        matches!(group.group_type.to_ascii_lowercase().as_str(), "" | "classic" | "consumer")
    });
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|group| seen.insert(group.group_id.clone()));
    Ok(hash_order(16, groups, |group| string_hash(&group.group_id)))
}

/// The names of a list (`stable,empty`) as Kafka spells them; nothing stands for all.
fn named(text: Option<&str>, known: &[&str], what: &str) -> Result<Vec<String>, Trouble> {
    let text = text.unwrap_or_default();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let find = |name: &str| known.iter().find(|known| known.eq_ignore_ascii_case(name.trim()));
    let names: Option<Vec<String>> =
        text.split(',').map(|name| find(name).map(|name| (*name).to_owned())).collect();
    let many = if what == "state" { "states" } else { what };
    names.ok_or_else(|| {
        let known = known.join(", ");
        Trouble::Usage(format!("Invalid {what} list '{text}'. Valid {many} are: {known}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_types_are_spelled_as_kafka_spells_them() {
        assert_eq!(named(None, &STATES, "state"), Ok(vec![]));
        assert_eq!(named(Some(""), &STATES, "state"), Ok(vec![]));
        let two = named(Some("stable, PREPARINGrebalance"), &STATES, "state");
        assert_eq!(two, Ok(vec!["Stable".to_owned(), "PreparingRebalance".to_owned()]));
        let wrong = named(Some("silly"), &TYPES, "types").unwrap_err();
        let said = "Invalid types list 'silly'. Valid types are: Consumer, Classic";
        assert_eq!(wrong, Trouble::Usage(said.to_owned()));
        assert_eq!((kind("classic"), kind("")), ("Classic", "Unknown"));
    }
}
