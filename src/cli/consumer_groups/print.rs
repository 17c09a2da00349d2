//! The tables of the command, as Kafka lays them out.

use ottla_actors::client::admin::{GroupDescription, GroupMember};
use ottla_core::base::TopicPartition;

use crate::cli::kit::{Out, Stop, left, widest};

/// What stands for nothing.
pub(super) const NOTHING: &str = "-";

/// A group of `--list`; what is none is not printed.
pub(super) struct GroupRow<'a> {
    pub(super) group: &'a str,
    pub(super) kind: Option<&'a str>,
    pub(super) state: Option<&'a str>,
}

/// `--list --state --type`.
pub(super) fn groups(
    rows: &[GroupRow<'_>],
    kinds: bool,
    states: bool,
    out: &mut Out,
) -> Result<(), Stop> {
    let width = widest(rows.iter().map(|row| row.group), 15) + 10;
    let line = |group: &str, kind: Option<&str>, state: Option<&str>| {
        let mut line = left(group, width);
        for cell in [kind, state].into_iter().flatten() {
            line.push(' ');
            line.push_str(&left(cell, 20));
        }
        line
    };
    out.line(line("GROUP", kinds.then_some("TYPE"), states.then_some("STATE")))?;
    for row in rows {
        out.line(line(row.group, row.kind, row.state))?;
    }
    Ok(())
}

/// A partition of a group in `--describe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OffsetRow {
    pub(super) partition: TopicPartition,
    pub(super) leader_epoch: Option<i32>,
    pub(super) offset: Option<i64>,
    pub(super) end: Option<i64>,
    /// The member that reads it: its id, host and client id.
    pub(super) member: Option<(String, String, String)>,
}

impl OffsetRow {
    /// How many records are still to be read.
    pub(super) fn lag(&self) -> Option<i64> {
        self.end.zip(self.offset.filter(|offset| *offset != -1)).map(|(end, offset)| end - offset)
    }

    fn cells(&self, group: &str, verbose: bool) -> Vec<String> {
        let (id, host, client) = match &self.member {
            Some((id, host, client)) => (id.as_str(), host.as_str(), client.as_str()),
            None => (NOTHING, NOTHING, NOTHING),
        };
        let mut cells = vec![
            group.to_owned(),
            self.partition.topic.to_string(),
            self.partition.partition.to_string(),
        ];
        if verbose {
            cells.push(or_nothing(self.leader_epoch));
        }
        cells.extend([or_nothing(self.offset), or_nothing(self.end), or_nothing(self.lag())]);
        cells.extend([id, host, client].map(str::to_owned));
        cells
    }
}

fn or_nothing<T: ToString>(value: Option<T>) -> String {
    value.map_or(NOTHING.to_owned(), |value| value.to_string())
}

/// `--describe --offsets` of one group.
pub(super) fn offsets(
    group: &str,
    rows: &[OffsetRow],
    verbose: bool,
    out: &mut Out,
) -> Result<(), Stop> {
    let mut header = vec!["GROUP", "TOPIC", "PARTITION"];
    if verbose {
        header.push("LEADER-EPOCH");
    }
    header.extend(["CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"]);
    let mut table = vec![header.into_iter().map(str::to_owned).collect()];
    table.extend(rows.iter().map(|row| row.cells(group, verbose)));
    let column = |place: usize, rows: &[Vec<String>]| {
        let cells = rows.iter().skip(1).filter_map(|row| row.get(place).map(String::as_str));
        widest(cells, 15)
    };
    // the partition is narrower, and only names make a column wider
    let epoch = usize::from(verbose);
    let mut widths = vec![column(0, &table), column(1, &table), 10];
    widths.extend(vec![15; 3 + epoch]);
    widths.extend([column(6 + epoch, &table), column(7 + epoch, &table)]);
    for row in &table {
        let mut line = String::new();
        for (place, cell) in row.iter().enumerate() {
            match widths.get(place) {
                Some(width) => line.push_str(&format!("{} ", left(cell, *width))),
                None => line.push_str(cell),
            }
        }
        begin(&line, out)?;
    }
    out.line("")
}

/// A line that is begun by the end of the one before it.
fn begin(line: &str, out: &mut Out) -> Result<(), Stop> {
    use std::io::Write;
    write!(out, "\n{line}")?;
    Ok(())
}

/// `--describe --members` of one group.
pub(super) fn members(group: &GroupDescription, verbose: bool, out: &mut Out) -> Result<(), Stop> {
    let all = &group.members;
    let is_static =
        all.iter().any(|member| member.instance_id.as_deref().is_some_and(|i| !i.is_empty()));
    let mixed = all.iter().any(|member| member.upgraded == Some(false))
        && all.iter().any(|member| member.upgraded == Some(true));
    let mut header = vec!["GROUP", "CONSUMER-ID"];
    if is_static {
        header.push("GROUP-INSTANCE-ID");
    }
    header.extend(["HOST", "CLIENT-ID", "#PARTITIONS"]);
    if verbose {
        header.extend(["CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT"]);
    }
    let mut table: Vec<Vec<String>> = vec![header.into_iter().map(str::to_owned).collect()];
    table.extend(all.iter().map(|member| member_cells(group, member, is_static, verbose)));
    let least = |title: &str| match title {
        "GROUP-INSTANCE-ID" => 17,
        "CURRENT-ASSIGNMENT" | "TARGET-ASSIGNMENT" => 20,
        _ => 15,
    };
    let grows = |title: &str| !matches!(title, "#PARTITIONS" | "CURRENT-EPOCH" | "TARGET-EPOCH");
    let titles = table.first().cloned().unwrap_or_default();
    let widths: Vec<usize> = titles
        .iter()
        .enumerate()
        .map(|(place, title)| {
            let cells = table.iter().skip(1).filter_map(|row| row.get(place).map(String::as_str));
            let cells = cells.filter(|_| grows(title));
            widest(cells, least(title))
        })
        .collect();
    for (index, row) in table.iter().enumerate() {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line.push_str(&left(cell, *width));
            // without assignments, the last column is followed by a blank too
            if place + 1 < row.len() || !verbose {
                line.push(' ');
            }
        }
        if verbose && mixed {
            let upgraded = index.checked_sub(1).and_then(|index| all.get(index));
            line.push(' ');
            match upgraded {
                Some(member) => line.push_str(&or_nothing(member.upgraded)),
                None => line.push_str("UPGRADED"),
            }
        }
        let first = if index == 0 { "\n" } else { "" };
        out.line(format!("{first}{line}"))?;
    }
    Ok(())
}

fn member_cells(
    group: &GroupDescription,
    member: &GroupMember,
    is_static: bool,
    verbose: bool,
) -> Vec<String> {
    let mut cells = vec![group.id.clone(), member.id.clone()];
    if is_static {
        cells.push(member.instance_id.clone().unwrap_or_default());
    }
    let count = member.assignment.len().to_string();
    cells.extend([member.host.clone(), member.client_id.clone(), count]);
    if verbose {
        cells.push(or_nothing(member.epoch));
        cells.push(assignment(&member.assignment));
        cells.push(or_nothing(group.target_epoch));
        cells.push(assignment(member.target.as_deref().unwrap_or_default()));
    }
    cells
}

/// `a:0,1;b:2`.
fn assignment(partitions: &[TopicPartition]) -> String {
    if partitions.is_empty() {
        return NOTHING.to_owned();
    }
    let mut sorted = partitions.to_vec();
    sorted.sort_unstable();
    let mut topics: Vec<String> = Vec::new();
    for (index, partition) in sorted.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| sorted.get(index));
        match topics.last_mut().filter(|_| before.is_some_and(|b| b.topic == partition.topic)) {
            Some(topic) => topic.push_str(&format!(",{}", partition.partition)),
            None => topics.push(format!("{}:{}", partition.topic, partition.partition)),
        }
    }
    topics.sort_unstable();
    topics.join(";")
}

/// `--describe --state` of one group.
pub(super) fn state(group: &GroupDescription, verbose: bool, out: &mut Out) -> Result<(), Stop> {
    let node = &group.coordinator;
    let coordinator = format!("{}:{}  ({})", node.host, node.port, node.id);
    let assignor = if group.assignor.is_empty() { NOTHING } else { &group.assignor };
    let count = group.members.len().to_string();
    let group_width = widest([group.id.as_str()], 15);
    let coordinator_width = widest([coordinator.as_str()], 25);
    let epochs = [or_nothing(group.epoch), or_nothing(group.target_epoch)];
    let line = |cells: [&str; 7]| {
        let [id, coordinator, assignor, state, epoch, target, count] = cells;
        let mut line = format!("{} ", left(id, group_width));
        line.push_str(&format!("{} ", left(coordinator, coordinator_width)));
        line.push_str(&format!("{assignor:<20} {state:<20} "));
        if verbose {
            line.push_str(&format!("{epoch:<15} {target:<25} "));
        }
        line + count
    };
    let titles = [
        "GROUP",
        "COORDINATOR (ID)",
        "ASSIGNMENT-STRATEGY",
        "STATE",
        "GROUP-EPOCH",
        "TARGET-ASSIGNMENT-EPOCH",
        "#MEMBERS",
    ];
    begin(&line(titles), out)?;
    let [epoch, target] = &epochs;
    begin(&line([&group.id, &coordinator, assignor, &group.state, epoch, target, &count]), out)?;
    out.line("")
}

/// A partition with the offset that it is reset to.
pub(super) type NewOffset = (TopicPartition, i64);

/// The new offsets of `--reset-offsets`.
pub(super) fn new_offsets(groups: &[(String, Vec<NewOffset>)], out: &mut Out) -> Result<(), Stop> {
    let group_width = widest(groups.iter().map(|(group, _)| group.as_str()), 15);
    let topics = groups.iter().flat_map(|(_, offsets)| offsets);
    let topic_width = widest(topics.map(|(partition, _)| &*partition.topic), 15);
    let line = |group: &str, topic: &str, partition: &str, offset: &str| {
        let (group, topic) = (left(group, group_width), left(topic, topic_width));
        format!("{group} {topic} {partition:<10} {offset}")
    };
    if !groups.is_empty() {
        begin(&line("GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"), out)?;
    }
    for (group, offsets) in groups {
        for (at, offset) in offsets {
            let (index, offset) = (at.partition.to_string(), offset.to_string());
            begin(&line(group, &at.topic, &index, &offset), out)?;
        }
    }
    out.line("")
}

/// What became of the offsets of `--delete-offsets`.
pub(super) fn deleted(rows: &[(String, String, String)], out: &mut Out) -> Result<(), Stop> {
    let width = widest(rows.iter().map(|(topic, ..)| topic.as_str()), 15);
    let line = |topic: &str, partition: &str, status: &str| {
        format!("{} {partition:<10} {status:<15}", left(topic, width))
    };
    begin(&line("TOPIC", "PARTITION", "STATUS"), out)?;
    for (topic, partition, status) in rows {
        begin(&line(topic, partition, status), out)?;
    }
    out.line("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_grouped_by_topic() {
        let at = TopicPartition::new;
        let all = [at("b", 1), at("a", 10), at("b", 0), at("a", 2)];
        assert_eq!(assignment(&all), "a:2,10;b:0,1");
        assert_eq!(assignment(&[]), "-");
    }

    #[test]
    fn lag_needs_both_ends() {
        let row = |offset, end| OffsetRow {
            partition: TopicPartition::new("t", 0),
            leader_epoch: None,
            offset,
            end,
            member: None,
        };
        assert_eq!(row(Some(3), Some(10)).lag(), Some(7));
        assert_eq!(row(None, Some(10)).lag(), None);
        assert_eq!(row(Some(3), None).lag(), None);
        assert_eq!(row(Some(-1), Some(10)).lag(), None);
        let cells = row(None, Some(10)).cells("g", true);
        assert_eq!(cells, ["g", "t", "0", "-", "-", "10", "-", "-", "-", "-"]);
    }
}
