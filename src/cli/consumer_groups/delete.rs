//! `--delete` and `--delete-offsets`.

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;
use ottla_actors::client::{Admin, ClientError};
use ottla_core::base::TopicPartition;

use super::topics::{self, Scope};
use super::{Trouble, chosen, error, print};
use crate::cli::kit::java::{hash_order, string_hash};
use crate::cli::kit::{Given, Out, exception, wording};

/// Deletes groups, and says which could not be deleted.
pub(super) async fn groups(given: &Given, admin: &Admin, out: &mut Out) -> Result<(), Trouble> {
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for group in hash_order(16, chosen(given, admin).await?, |group| string_hash(group)) {
        match admin.delete_group(&group).await {
            Ok(()) => gone.push(format!("'{group}'")),
            Err(error) => match Trouble::caused(&error) {
                Trouble::Failed(why) => kept.push((group, why)),
                trouble => return Err(trouble),
            },
        }
    }
    let gone = gone.join(", ");
    if kept.is_empty() {
        out.line(format!("Deletion of requested consumer groups ({gone}) was successful."))?;
        return Ok(());
    }
    error(out, "Deletion of some consumer groups failed:")?;
    for (group, why) in kept {
        out.line(format!("* Group '{group}' could not be deleted due to: {why}"))?;
    }
    if !gone.is_empty() {
        out.line(format!("\nThese consumer groups were deleted successfully: {gone}"))?;
    }
    Ok(())
}

/// Deletes what a group has committed for some topics.
pub(super) async fn offsets(given: &Given, admin: &Admin, out: &mut Out) -> Result<(), Trouble> {
    let group = given.value("group")?.unwrap_or_default();
    let mut partitions = BTreeSet::new();
    let mut names = Vec::new();
    for text in given.values("topic") {
        match topics::scope(text)? {
            Scope::Topic(name) => names.push(name),
            Scope::Partitions(named) => partitions.extend(named),
        }
    }
    // each with the number of the partition, -1 where there is none, and what became of it
    let mut rows: Vec<(String, i32, Option<String>)> = Vec::new();
    let described = topics::describe(admin, names.iter().map(String::as_str)).await;
    for (name, found) in described.map_err(|error| Trouble::caused(&error))? {
        match found {
            Ok(found) => {
                let each =
                    found.iter().map(|(index, _)| TopicPartition::new(name.as_str(), *index));
                partitions.extend(each);
            }
            Err(error) => {
                let thrown = exception::named(error, wording::response(error));
                rows.push((name, -1, Some(thrown)));
            }
        }
    }
    let partitions: Vec<TopicPartition> = partitions.into_iter().collect();
    let mut first = None;
    match admin.delete_group_offsets(group, &partitions).await {
        Ok(results) => {
            for (partition, result) in results {
                let failed = result.err();
                first = first.or(failed.as_ref().map(|refusal| refusal.error));
                let thrown = failed.map(|refusal| exception::refused(&refusal));
                rows.push((partition.topic.to_string(), partition.partition, thrown));
            }
        }
        Err(ClientError::Refused(error)) => {
            first = Some(error);
            let thrown = exception::named(error, wording::response(error));
            let each = partitions.iter().map(|partition| {
                (partition.topic.to_string(), partition.partition, Some(thrown.clone()))
            });
            rows.extend(each);
        }
        Err(other) => return Err(Trouble::caused(&other)),
    }
    headline(group, first, out)?;
    print::deleted(&lines(rows), out)?;
    Ok(())
}

/// What is said of the whole.
fn headline(group: &str, first: Option<ResponseError>, out: &mut Out) -> Result<(), Trouble> {
    use ResponseError as E;
    match first {
        None => {
            out.line(format!("Request succeeded for deleting offsets from group {group}."))?;
        }
        Some(
            known @ (E::InvalidGroupId
            | E::GroupIdNotFound
            | E::GroupAuthorizationFailed
            | E::NonEmptyGroup),
        ) => error(out, wording::response(known))?,
        Some(
            E::GroupSubscribedToTopic | E::TopicAuthorizationFailed | E::UnknownTopicOrPartition,
        ) => error(out, "Encountered some partition-level error, see the follow-up details.")?,
        Some(other) => error(out, &format!("Encountered some unknown error: {other}"))?,
    }
    Ok(())
}

/// The rows by topic and partition as one text, which is how the tool sorts them.
fn lines(mut rows: Vec<(String, i32, Option<String>)>) -> Vec<(String, String, String)> {
    rows.sort_by_key(|(topic, index, _)| format!("{topic}{index}"));
    let each = rows.into_iter().map(|(topic, index, thrown)| {
        let index = if index < 0 { print::NOTHING.to_owned() } else { index.to_string() };
        let status = thrown.map_or("Successful".to_owned(), |thrown| format!("Error: {thrown}"));
        (topic, index, status)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_as_text() {
        let row = |topic: &str, index| (topic.to_owned(), index, None);
        let sorted = lines(vec![row("t", 10), row("t", 2), row("nobody", -1)]);
        let places: Vec<_> = sorted.iter().map(|(t, p, _)| (t.as_str(), p.as_str())).collect();
        assert_eq!(places, [("nobody", "-"), ("t", "10"), ("t", "2")]);
    }
}
