//! `--reset-offsets`: to what a group's offsets are set, and that they are.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_protocol::error::ResponseError;
use ottla_actors::client::admin::OffsetSpec;
use ottla_actors::client::{Admin, ClientError};
use ottla_core::base::{Offset, TopicPartition};

use super::options::{Numbers, SCENARIOS};
use super::plan_file::{self, Plan};
use super::print::{self, NewOffset};
use super::topics::{self, Scope};
use super::{Trouble, chosen, error};
use crate::cli::kit::java::{hash_order, partition_hash, string_hash};
use crate::cli::kit::{Given, Out, exception, times, wording};

/// Shows the new offsets of each inactive group, and with `--execute` commits them.
pub(super) async fn reset(
    given: &Given,
    numbers: &Numbers,
    admin: &Admin,
    out: &mut Out,
) -> Result<(), Trouble> {
    let groups = chosen(given, admin).await?;
    let single = given.values("group").len() == 1;
    let found = admin.describe_consumer_groups(&groups).await;
    let found = found.map_err(|error| Trouble::wrapped(&error))?;
    let mut plans = Vec::new();
    for (group, described) in hash_order(16, found, |(group, _)| string_hash(group)) {
        let state = match described {
            Ok(described) => described.state,
            Err(refusal) if refusal.error == ResponseError::GroupIdNotFound => "Dead".to_owned(),
            Err(refusal) => {
                let thrown = exception::refused(&refusal);
                let wrapped = format!("java.util.concurrent.ExecutionException: {thrown}");
                return Err(Trouble::Failed(wrapped));
            }
        };
        if !matches!(state.as_str(), "Empty" | "Dead") {
            let why = format!("is inactive, but the current state is {state}.");
            error(out, &format!("Assignments can only be reset if the group '{group}' {why}"))?;
            plans.push((group, Vec::new()));
            continue;
        }
        let one = OneGroup { given, numbers, admin, group: &group };
        let offsets = one.plan(out).await?;
        if given.has("execute") && !given.has("dry-run") {
            one.commit(&offsets).await?;
        }
        plans.push((group, offsets));
    }
    if given.has("export") {
        out.line(plan_file::write(&plans, !single))?;
        return Ok(());
    }
    Ok(print::new_offsets(&plans, out)?)
}

/// The reset of one group.
struct OneGroup<'a> {
    given: &'a Given,
    numbers: &'a Numbers,
    admin: &'a Admin,
    group: &'a str,
}

/// A partition with the offset that somebody asks for, before the log has its say.
type Requested = Vec<NewOffset>;

impl OneGroup<'_> {
    /// The new offsets, in the order in which the tool prints them.
    async fn plan(&self, out: &mut Out) -> Result<Vec<NewOffset>, Trouble> {
        let partitions = self.partitions().await?;
        self.must_exist(&partitions).await?;
        let planned = self.offsets(partitions, out).await?;
        Ok(hash_order(16, planned, |(partition, _)| partition_hash(partition)))
    }

    /// The partitions that `--all-topics` or `--topic` name.
    async fn partitions(&self) -> Result<Vec<TopicPartition>, Trouble> {
        if self.given.has("all-topics") {
            let committed = self.committed().await?.into_keys().collect();
            return Ok(hash_order(16, committed, partition_hash));
        }
        if !self.given.has("topic") {
            if self.given.has("from-file") {
                return Ok(Vec::new());
            }
            let message = "One of the reset scopes should be defined: --all-topics, --topic.";
            return Err(Trouble::Usage(message.to_owned()));
        }
        let mut partitions = Vec::new();
        let mut names = Vec::new();
        for text in self.given.values("topic") {
            match topics::scope(text)? {
                Scope::Topic(name) => names.push(name),
                Scope::Partitions(named) => partitions.extend(named),
            }
        }
        let described = topics::describe(self.admin, names.iter().map(String::as_str)).await;
        let described = described.map_err(|error| Trouble::caused(&error))?;
        for (name, found) in
            hash_order(16, described.into_iter().collect(), |(name, _)| string_hash(name))
        {
            let found =
                found.map_err(|error| Trouble::Failed(wording::response(error).to_owned()))?;
            let each = found.iter().map(|(index, _)| TopicPartition::new(name.as_str(), *index));
            partitions.extend(each);
        }
        let mut seen = std::collections::BTreeSet::new();
        partitions.retain(|partition| seen.insert(partition.clone()));
        Ok(partitions)
    }

    async fn must_exist(&self, partitions: &[TopicPartition]) -> Result<(), Trouble> {
        let names = partitions.iter().map(|partition| &*partition.topic);
        let described = topics::describe(self.admin, names).await;
        let described = described.map_err(|error| Trouble::wrapped(&error))?;
        if let Some(error) = described.values().find_map(|found| found.as_ref().err()) {
            return Err(Trouble::wrapped(&ClientError::Refused(*error)));
        }
        let found = |partition: &TopicPartition| {
            let all = described.get(&*partition.topic)?.as_ref().ok()?;
            all.iter().find(|(index, _)| *index == partition.partition).map(|(_, leader)| *leader)
        };
        let listed = |wanted: Option<bool>| -> Option<String> {
            let all = partitions.iter().filter(|partition| found(partition) == wanted);
            let all: Vec<String> = all.map(ToString::to_string).collect();
            (!all.is_empty()).then(|| all.join(","))
        };
        if let Some(missing) = listed(None) {
            return Err(Trouble::Failed(format!("The partitions \"{missing}\" do not exist")));
        }
        match listed(Some(false)) {
            Some(all) => Err(Trouble::Failed(format!("The partitions \"{all}\" have no leader"))),
            None => Ok(()),
        }
    }

    /// What each partition is set to, by the scenario that the command line asks for.
    async fn offsets(
        &self,
        partitions: Vec<TopicPartition>,
        out: &mut Out,
    ) -> Result<Vec<NewOffset>, Trouble> {
        let given = self.given;
        if let Some(offset) = self.numbers.to_offset {
            let all = partitions.into_iter().map(|partition| (partition, offset));
            return self.in_range(all.collect()).await;
        }
        if given.has("to-earliest") {
            return self.all_at(&partitions, OffsetSpec::Earliest).await;
        }
        if given.has("to-latest") {
            return self.all_at(&partitions, OffsetSpec::Latest).await;
        }
        if let Some(by) = self.numbers.shift_by {
            let committed = self.committed().await?;
            return self.in_range(shifted(partitions, &committed, by)?).await;
        }
        if let Some(date) = given.value("to-datetime")? {
            let at = times::date_time(date);
            let at = at.map_err(|e| Trouble::Failed(format!("java.text.ParseException: {e}")))?;
            return self.at_time(partitions, at, out).await;
        }
        if let Some(duration) = given.value("by-duration")? {
            let back = times::duration(duration).map_err(Trouble::Failed)?;
            return self.at_time(partitions, now_ms().saturating_sub(back), out).await;
        }
        if let Some(path) = given.value("from-file")? {
            return self.planned_in(path, out).await;
        }
        if given.has("to-current") {
            let committed = self.committed().await?;
            let (known, unknown): (Vec<_>, Vec<_>) =
                partitions.into_iter().partition(|partition| committed.contains_key(partition));
            let mut planned: Vec<NewOffset> = known
                .into_iter()
                .filter_map(|p| committed.get(&p).map(|offset| (p.clone(), offset.0)))
                .collect();
            planned.extend(self.all_at(&unknown, OffsetSpec::Latest).await?);
            return Ok(planned);
        }
        let all: Vec<String> = SCENARIOS.iter().map(|scenario| format!("[{scenario}]")).collect();
        let all = all.join(", ");
        Err(Trouble::Usage(format!(
            "Option '[reset-offsets]' requires one of the following scenarios: [{all}]"
        )))
    }

    async fn planned_in(&self, path: &str, out: &mut Out) -> Result<Vec<NewOffset>, Trouble> {
        let text = std::fs::read_to_string(path).map_err(|_| {
            Trouble::Failed(format!("java.io.IOException: Unable to read file {path}"))
        })?;
        let only = match self.given.values("group")[..] {
            [group] => Some(group),
            _ => None,
        };
        let plan: Plan = plan_file::read(&text, only).map_err(Trouble::Failed)?;
        match plan.into_iter().find(|(group, _)| group == self.group) {
            Some((_, requested)) => self.in_range(requested).await,
            None => {
                error(out, &format!("No reset plan for group {} found", self.group))?;
                Ok(Vec::new())
            }
        }
    }

    /// The offsets of a time; where there is no record so late, the end.
    async fn at_time(
        &self,
        partitions: Vec<TopicPartition>,
        time: i64,
        out: &mut Out,
    ) -> Result<Vec<NewOffset>, Trouble> {
        let mut planned = Vec::new();
        let mut late = Vec::new();
        let found = self.listed(&partitions, OffsetSpec::At(time)).await?;
        for partition in hash_order(16, partitions, partition_hash) {
            match found.get(&partition).copied().flatten() {
                Some(offset) => planned.push((partition, offset)),
                None => late.push(partition),
            }
        }
        for partition in &late {
            let (index, topic) = (partition.partition, &partition.topic);
            out.line(format!(
                "\nWarn: Partition {index} from topic {topic} is empty. Falling back to latest \
                 known offset."
            ))?;
        }
        planned.extend(self.all_at(&late, OffsetSpec::Latest).await?);
        Ok(planned)
    }

    /// The same offset of every partition.
    async fn all_at(
        &self,
        partitions: &[TopicPartition],
        spec: OffsetSpec,
    ) -> Result<Vec<NewOffset>, Trouble> {
        let found = self.listed(partitions, spec).await?;
        let offset = |partition: &TopicPartition| found.get(partition).copied().flatten();
        Ok(partitions.iter().map(|p| (p.clone(), offset(p).unwrap_or(-1))).collect())
    }

    async fn listed(
        &self,
        partitions: &[TopicPartition],
        spec: OffsetSpec,
    ) -> Result<BTreeMap<TopicPartition, Option<i64>>, Trouble> {
        let wanted = partitions.iter().map(|partition| (partition.clone(), spec)).collect();
        let found = self.admin.offsets(&wanted).await;
        let found = found.map_err(|error| Trouble::wrapped(&error))?;
        let mut listed = BTreeMap::new();
        for (partition, result) in found {
            let offset = result.map_err(|error| unlisted(&partition, &error))?;
            listed.insert(partition, offset.map(|found| found.offset.0));
        }
        Ok(listed)
    }

    /// What is asked for, as far as the log goes.
    async fn in_range(&self, requested: Requested) -> Result<Vec<NewOffset>, Trouble> {
        let partitions: Vec<TopicPartition> =
            requested.iter().map(|(partition, _)| partition.clone()).collect();
        let starts = self.listed(&partitions, OffsetSpec::Earliest).await?;
        let ends = self.listed(&partitions, OffsetSpec::Latest).await?;
        let range = |partition: &TopicPartition| {
            let known =
                |all: &BTreeMap<TopicPartition, Option<i64>>| all.get(partition).copied()?;
            (known(&starts), known(&ends))
        };
        Ok(requested
            .into_iter()
            .map(|(partition, offset)| {
                let (offset, warning) = clamped(&partition, offset, range(&partition));
                if let Some(warning) = warning {
                    eprintln!("WARN {warning}");
                }
                (partition, offset)
            })
            .collect())
    }

    async fn committed(&self) -> Result<BTreeMap<TopicPartition, Offset>, Trouble> {
        let found = self.admin.group_offsets(self.group).await;
        found.map_err(|error| Trouble::wrapped(&error))
    }

    async fn commit(&self, offsets: &[NewOffset]) -> Result<(), Trouble> {
        if offsets.is_empty() {
            return Ok(());
        }
        let offsets = offsets.iter().map(|(at, offset)| (at.clone(), Offset(*offset))).collect();
        let done = self.admin.alter_group_offsets(self.group, &offsets).await;
        let done = done.map_err(|error| Trouble::of(&error, wording::client(&error)))?;
        match done.into_iter().find_map(|(_, result)| result.err()) {
            Some(refusal) => Err(Trouble::Failed(wording::refusal(&refusal))),
            None => Ok(()),
        }
    }
}

/// Why a partition has no offset, as the tool words it.
fn unlisted(partition: &TopicPartition, error: &ClientError) -> Trouble {
    if *error != ClientError::Refused(ResponseError::UnknownTopicOrPartition) {
        return Trouble::wrapped(error);
    }
    let topic = &partition.topic;
    let thrown = exception::named(
        ResponseError::UnknownTopicOrPartition,
        &format!(
            "Failed to fetch metadata for partition {partition} because metadata for topic \
             `{topic}` could not be found"
        ),
    );
    Trouble::Failed(format!("java.util.concurrent.ExecutionException: {thrown}"))
}

/// `--shift-by`: what is committed, moved.
fn shifted(
    partitions: Vec<TopicPartition>,
    committed: &BTreeMap<TopicPartition, Offset>,
    by: i64,
) -> Result<Requested, Trouble> {
    let each = partitions.into_iter().map(|partition| match committed.get(&partition) {
        Some(offset) => Ok((partition, offset.0.saturating_add(by))),
        None => Err(Trouble::Usage(format!(
            "Cannot shift offset for partition {partition} since there is no current committed \
             offset"
        ))),
    });
    each.collect()
}

/// An offset within the log, and what is said if it had to be moved there.
fn clamped(
    partition: &TopicPartition,
    offset: i64,
    (start, end): (Option<i64>, Option<i64>),
) -> (i64, Option<String>) {
    let moved = |to: i64, than: &str| {
        let warning = format!(
            "New offset ({offset}) is {than} offset for topic partition {partition}. Value will be \
             set to {to}"
        );
        (to, Some(warning))
    };
    match (start, end) {
        (_, Some(end)) if offset > end => moved(end, "higher than latest"),
        (Some(start), _) if offset < start => moved(start, "lower than earliest"),
        _ => (offset, None),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_stay_within_the_log() {
        let at = TopicPartition::new("t", 1);
        let range = (Some(5), Some(9));
        assert_eq!(clamped(&at, 7, range), (7, None));
        assert_eq!(clamped(&at, 9, range), (9, None));
        let (offset, warning) = clamped(&at, 10, range);
        assert_eq!(offset, 9);
        assert_eq!(
            warning.as_deref(),
            Some(
                "New offset (10) is higher than latest offset for topic partition t-1. Value will \
                 be set to 9"
            )
        );
        assert_eq!(clamped(&at, -3, range).0, 5);
        assert_eq!(clamped(&at, -3, (None, None)), (-3, None));
    }

    #[test]
    fn only_what_is_committed_can_be_shifted() {
        let (t, u) = (TopicPartition::new("t", 0), TopicPartition::new("u", 0));
        let committed = BTreeMap::from([(t.clone(), Offset(10))]);
        assert_eq!(shifted(vec![t.clone()], &committed, -4), Ok(vec![(t.clone(), 6)]));
        let Err(Trouble::Usage(message)) = shifted(vec![t, u], &committed, 1) else {
            panic!("u has no offset")
        };
        let why = "since there is no current committed offset";
        assert_eq!(message, format!("Cannot shift offset for partition u-0 {why}"));
    }
}
