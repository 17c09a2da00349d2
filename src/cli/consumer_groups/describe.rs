//! `--describe`: offsets with lag, members, or state of groups.

use std::collections::BTreeMap;

use ottla_actors::client::admin::{CommittedOffset, GroupDescription, GroupMember, OffsetSpec};
use ottla_actors::client::{Admin, ClientError};
use ottla_core::base::TopicPartition;
use serde_json::{Value, json};

use super::print::{self, OffsetRow};
use super::{Trouble, chosen, error, topics};
use crate::cli::kit::{Given, Out, exception};

/// Prints what `--offsets` (the default), `--members` or `--state` asks for.
pub(super) async fn describe(given: &Given, admin: &Admin, out: &mut Out) -> Result<(), Trouble> {
    let output = given.output()?;
    let verbose = given.has("verbose");
    let groups = described(admin, &chosen(given, admin).await?).await?;
    if given.has("members") {
        if output != Default::default() {
            output.print(&groups.iter().map(members_json).collect(), out)?;
            return Ok(());
        }
        for group in &groups {
            // the tool prints the titles even where it has nothing to say
            if should_print(group, group.members.len(), out)? {
                print::members(group, verbose, out)?;
            } else {
                print::members(
                    &GroupDescription { members: Vec::new(), ..group.clone() },
                    verbose,
                    out,
                )?;
            }
        }
        return Ok(());
    }
    if given.has("state") {
        if output != Default::default() {
            output.print(&groups.iter().map(state_json).collect(), out)?;
            return Ok(());
        }
        for group in &groups {
            if should_print(group, 1, out)? {
                print::state(group, verbose, out)?;
            }
        }
        return Ok(());
    }
    let mut tables = Vec::new();
    for group in &groups {
        tables.push((group, rows(admin, group).await?));
    }
    if output != Default::default() {
        output
            .print(&tables.iter().map(|(group, rows)| offsets_json(group, rows)).collect(), out)?;
        return Ok(());
    }
    for (group, rows) in &tables {
        if should_print(group, rows.len(), out)? {
            print::offsets(&group.id, rows, verbose, out)?;
        }
    }
    Ok(())
}

/// The groups by id, each of which must be known and of consumers.
async fn described(admin: &Admin, groups: &[String]) -> Result<Vec<GroupDescription>, Trouble> {
    let found = admin.describe_consumer_groups(groups).await;
    let mut described = Vec::new();
    for (id, group) in found.map_err(|error| Trouble::caused(&error))? {
        let group = group.map_err(|refusal| Trouble::Failed(exception::refused(&refusal)))?;
        if !matches!(group.protocol_type.as_str(), "" | "consumer") {
            return Err(Trouble::Failed(format!(
                "java.lang.IllegalArgumentException: GroupId {id} is not a consumer group ({}).",
                group.protocol_type
            )));
        }
        described.push(group);
    }
    described.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(described)
}

/// Says what there is to say of the group's state; whether its table is printed.
fn should_print(group: &GroupDescription, rows: usize, out: &mut Out) -> Result<bool, Trouble> {
    let id = &group.id;
    match group.state.as_str() {
        "Dead" => error(out, &format!("Consumer group '{id}' does not exist."))?,
        "Empty" => eprintln!("\nConsumer group '{id}' has no active members."),
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" => {
            eprintln!("\nWarning: Consumer group '{id}' is rebalancing.");
        }
        "Stable" => {}
        other => {
            return Err(Trouble::Failed(format!(
                "Expected a valid consumer group state, but found '{other}'."
            )));
        }
    }
    Ok(group.state != "Dead" && rows > 0)
}

/// Every partition that a member reads or that the group has committed.
async fn rows(admin: &Admin, group: &GroupDescription) -> Result<Vec<OffsetRow>, Trouble> {
    let committed = admin.committed_offsets(&group.id).await;
    let committed = committed.map_err(|error| Trouble::wrapped(&error))?;
    let assigned = group.members.iter().flat_map(|member| member.assignment.iter());
    let all: std::collections::BTreeSet<&TopicPartition> =
        assigned.chain(committed.keys()).collect();
    let ends = ends(admin, &all.into_iter().cloned().collect::<Vec<_>>()).await?;
    Ok(arranged(group, &committed, &ends))
}

/// The end of each partition that has a leader.
async fn ends(
    admin: &Admin,
    partitions: &[TopicPartition],
) -> Result<BTreeMap<TopicPartition, i64>, Trouble> {
    let wrapped = |error: ClientError| Trouble::wrapped(&error);
    let names = partitions.iter().map(|partition| &*partition.topic);
    let described = topics::describe(admin, names).await.map_err(wrapped)?;
    let mut wanted = BTreeMap::new();
    for partition in partitions {
        // of a topic that is gone there is no end, but there is what the group has committed
        let Some(Ok(found)) = described.get(&*partition.topic) else { continue };
        if found.contains(&(partition.partition, true)) {
            wanted.insert(partition.clone(), OffsetSpec::Latest);
        }
    }
    let mut ends = BTreeMap::new();
    for (partition, found) in admin.offsets(&wanted).await.map_err(wrapped)? {
        if let Some(found) = found.map_err(wrapped)? {
            ends.insert(partition, found.offset.0);
        }
    }
    Ok(ends)
}

/// The rows in Kafka's order: members with the most partitions first, then what nobody reads.
fn arranged(
    group: &GroupDescription,
    committed: &BTreeMap<TopicPartition, CommittedOffset>,
    ends: &BTreeMap<TopicPartition, i64>,
) -> Vec<OffsetRow> {
    let row = |partition: &TopicPartition, member: Option<&GroupMember>| {
        let found = committed.get(partition);
        OffsetRow {
            partition: partition.clone(),
            leader_epoch: found.and_then(|found| found.leader_epoch),
            offset: found.map(|found| found.offset.0),
            end: ends.get(partition).copied(),
            member: member.map(|m| (m.id.clone(), m.host.clone(), m.client_id.clone())),
        }
    };
    let mut members: Vec<&GroupMember> = group.members.iter().collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.assignment.len()));
    let mut rows = Vec::new();
    let mut read = std::collections::BTreeSet::new();
    for member in members {
        let mut partitions: Vec<&TopicPartition> = member.assignment.iter().collect();
        partitions.sort_unstable();
        for partition in partitions {
            read.insert(partition);
            rows.push(row(partition, Some(member)));
        }
    }
    let unread = committed.keys().filter(|partition| !read.contains(partition));
    rows.extend(unread.map(|partition| row(partition, None)));
    rows
}

fn offsets_json(group: &GroupDescription, rows: &[OffsetRow]) -> Value {
    let offsets = rows.iter().map(|row| {
        let member = row.member.as_ref();
        json!({
            "topic": &*row.partition.topic,
            "partition": row.partition.partition,
            "leaderEpoch": row.leader_epoch,
            "currentOffset": row.offset,
            "logEndOffset": row.end,
            "lag": row.lag(),
            "consumerId": member.map(|(id, ..)| id),
            "host": member.map(|(_, host, _)| host),
            "clientId": member.map(|(.., client)| client),
        })
    });
    json!({"group": group.id, "state": group.state, "offsets": offsets.collect::<Vec<_>>()})
}

fn members_json(group: &GroupDescription) -> Value {
    let named = |partitions: &[TopicPartition]| -> Vec<String> {
        partitions.iter().map(ToString::to_string).collect()
    };
    let members = group.members.iter().map(|member| {
        json!({
            "consumerId": member.id,
            "groupInstanceId": member.instance_id,
            "host": member.host,
            "clientId": member.client_id,
            "epoch": member.epoch,
            "assignment": named(&member.assignment),
            "targetAssignment": member.target.as_deref().map(named),
        })
    });
    json!({"group": group.id, "state": group.state, "members": members.collect::<Vec<_>>()})
}

fn state_json(group: &GroupDescription) -> Value {
    let node = &group.coordinator;
    json!({
        "group": group.id,
        "coordinator": {"id": node.id, "host": node.host, "port": node.port},
        "assignmentStrategy": group.assignor,
        "state": group.state,
        "groupEpoch": group.epoch,
        "targetAssignmentEpoch": group.target_epoch,
        "members": group.members.len(),
    })
}

#[cfg(test)]
mod tests {
    use ottla_actors::client::admin::Node;
    use ottla_core::base::Offset;

    use super::*;

    fn member(id: &str, partitions: &[(&str, i32)]) -> GroupMember {
        GroupMember {
            id: id.to_owned(),
            instance_id: None,
            client_id: "c".to_owned(),
            host: "/127.0.0.1".to_owned(),
            epoch: None,
            assignment: partitions.iter().map(|(t, p)| TopicPartition::new(*t, *p)).collect(),
            target: None,
            upgraded: None,
        }
    }

    #[test]
    fn busy_members_come_first_and_what_nobody_reads_last() {
        let group = GroupDescription {
            id: "g".to_owned(),
            is_consumer: false,
            state: "Stable".to_owned(),
            protocol_type: "consumer".to_owned(),
            assignor: "range".to_owned(),
            epoch: None,
            target_epoch: None,
            coordinator: Node { id: 1, host: "h".to_owned(), port: 1 },
            members: vec![
                member("idle", &[]),
                member("one", &[("t", 0)]),
                member("two", &[("t", 2), ("a", 1)]),
            ],
        };
        let at = TopicPartition::new;
        let found =
            CommittedOffset { offset: Offset(4), leader_epoch: Some(1), metadata: String::new() };
        let committed = BTreeMap::from([(at("t", 0), found.clone()), (at("t", 1), found)]);
        let ends = BTreeMap::from([(at("t", 0), 6), (at("t", 2), 1)]);
        let rows = arranged(&group, &committed, &ends);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                (row.partition.to_string(), row.member.as_ref().map(|m| m.0.as_str()), row.lag())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("a-1".to_owned(), Some("two"), None),
                ("t-2".to_owned(), Some("two"), None),
                ("t-0".to_owned(), Some("one"), Some(2)),
                ("t-1".to_owned(), None, None),
            ]
        );
    }
}
