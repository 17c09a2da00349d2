//! What two looks at a cluster say of the time between them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::sample::Sample;

/// What a topic does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TopicRow {
    pub(super) name: String,
    pub(super) partitions: usize,
    /// Records appended a second.
    pub(super) produced: f64,
    /// Records that groups have gone past a second, over all groups.
    pub(super) consumed: f64,
}

/// What a group does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupRow {
    pub(super) name: String,
    pub(super) state: String,
    /// Records that are still to be read.
    pub(super) lag: i64,
    /// Records gone past a second.
    pub(super) consumed: f64,
    /// Seconds until nothing is left at this rate; none if it does not get less.
    pub(super) until_done: Option<f64>,
}

/// What a partition does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PartitionRow {
    pub(super) name: String,
    /// Records appended a second.
    pub(super) produced: f64,
    /// Where it ends.
    pub(super) end: i64,
}

/// What is shown: the busiest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct View {
    pub(super) seconds: f64,
    pub(super) produced: f64,
    pub(super) consumed: f64,
    pub(super) offline: usize,
    pub(super) topics: Vec<TopicRow>,
    pub(super) groups: Vec<GroupRow>,
    pub(super) partitions: Vec<PartitionRow>,
}

impl View {
    /// What happened between two looks.
    pub(super) fn between(before: &Sample, now: &Sample) -> Self {
        let seconds = now.at.saturating_duration_since(before.at).as_secs_f64();
        let rate = |records: i64| if seconds > 0.0 { float(records.max(0)) / seconds } else { 0.0 };
        let mut topics: BTreeMap<&str, TopicRow> = BTreeMap::new();
        let mut partitions = Vec::new();
        for (at, end) in &now.ends {
            let produced = before.ends.get(at).map_or(0.0, |known| rate(end - known));
            let row = topics
                .entry(&at.topic)
                .or_insert_with(|| TopicRow { name: at.topic.to_string(), ..TopicRow::default() });
            row.partitions += 1;
            row.produced += produced;
            partitions.push(PartitionRow { name: at.to_string(), produced, end: *end });
        }
        let mut groups = Vec::new();
        for (name, group) in &now.groups {
            let known = before.groups.get(name);
            let mut row =
                GroupRow { name: name.clone(), state: group.state.clone(), ..GroupRow::default() };
            let mut arriving = 0.0;
            for (at, offset) in &group.committed {
                let earlier = known.and_then(|known| known.committed.get(at));
                let consumed = earlier.map_or(0.0, |earlier| rate(offset.0 - earlier.0));
                row.consumed += consumed;
                if let Some(topic) = topics.get_mut(&*at.topic) {
                    topic.consumed += consumed;
                }
                if let Some(end) = now.ends.get(at) {
                    row.lag += (end - offset.0).max(0);
                    arriving += before.ends.get(at).map_or(0.0, |known| rate(end - known));
                }
            }
            let gain = row.consumed - arriving;
            row.until_done = (row.lag > 0 && gain > 0.0).then(|| float(row.lag) / gain);
            groups.push(row);
        }
        let mut topics: Vec<TopicRow> = topics.into_values().collect();
        topics.sort_by(|a, b| (b.produced + b.consumed).total_cmp(&(a.produced + a.consumed)));
        groups.sort_by_key(|group| std::cmp::Reverse(group.lag));
        partitions.sort_by(|a, b| b.produced.total_cmp(&a.produced).then(b.end.cmp(&a.end)));
        Self {
            seconds,
            // from 0.0 on: the sum of nothing would be -0.0
            produced: topics.iter().fold(0.0, |sum, topic| sum + topic.produced),
            consumed: groups.iter().fold(0.0, |sum, group| sum + group.consumed),
            offline: now.offline,
            topics,
            groups,
            partitions,
        }
    }

    /// The first rows of each table as text.
    pub(super) fn text(&self, rows: usize) -> String {
        let mut text = format!(
            "{} records/s in, {} records/s out over {:.1} s, {} offline partitions\n\n",
            shown(self.produced),
            shown(self.consumed),
            self.seconds,
            self.offline
        );
        text.push_str(&format!(
            "{:<40} {:>10} {:>12} {:>12}\n",
            "TOPIC", "PARTITIONS", "IN/S", "OUT/S"
        ));
        for row in self.topics.iter().take(rows) {
            let (name, partitions) = (&row.name, row.partitions);
            let (produced, consumed) = (shown(row.produced), shown(row.consumed));
            text.push_str(&format!("{name:<40} {partitions:>10} {produced:>12} {consumed:>12}\n"));
        }
        text.push_str(&format!(
            "\n{:<40} {:>20} {:>12} {:>12} {:>10}\n",
            "GROUP", "STATE", "LAG", "OUT/S", "DONE IN"
        ));
        for row in self.groups.iter().take(rows) {
            let (name, state, lag) = (&row.name, &row.state, row.lag);
            let (consumed, until) = (shown(row.consumed), row.until_shown());
            text.push_str(&format!(
                "{name:<40} {state:>20} {lag:>12} {consumed:>12} {until:>10}\n"
            ));
        }
        text.push_str(&format!("\n{:<40} {:>12} {:>12}\n", "PARTITION", "IN/S", "END"));
        for row in self.partitions.iter().take(rows) {
            let (name, produced, end) = (&row.name, shown(row.produced), row.end);
            text.push_str(&format!("{name:<40} {produced:>12} {end:>12}\n"));
        }
        text
    }

    /// The first rows of each table for programs.
    pub(super) fn json(&self, rows: usize) -> Value {
        let topics = self.topics.iter().take(rows).map(|row| {
            json!({
                "topic": row.name,
                "partitions": row.partitions,
                "producedPerSecond": row.produced,
                "consumedPerSecond": row.consumed,
            })
        });
        let groups = self.groups.iter().take(rows).map(|row| {
            json!({
                "group": row.name,
                "state": row.state,
                "lag": row.lag,
                "consumedPerSecond": row.consumed,
                "secondsUntilDone": row.until_done,
            })
        });
        let partitions = self.partitions.iter().take(rows).map(
            |row| json!({"partition": row.name, "producedPerSecond": row.produced, "end": row.end}),
        );
        json!({
            "seconds": self.seconds,
            "producedPerSecond": self.produced,
            "consumedPerSecond": self.consumed,
            "offlinePartitions": self.offline,
            "topics": topics.collect::<Vec<_>>(),
            "groups": groups.collect::<Vec<_>>(),
            "partitions": partitions.collect::<Vec<_>>(),
        })
    }
}

impl GroupRow {
    /// How long it takes, in words.
    pub(super) fn until_shown(&self) -> String {
        match self.until_done {
            _ if self.lag == 0 => "-".to_owned(),
            None => "never".to_owned(),
            Some(seconds) if seconds < 90.0 => format!("{seconds:.0} s"),
            Some(seconds) if seconds < 5_400.0 => format!("{:.0} min", seconds / 60.0),
            Some(seconds) => format!("{:.0} h", seconds / 3_600.0),
        }
    }
}

/// A rate in few characters.
pub(super) fn shown(rate: f64) -> String {
    match rate {
        rate if rate < 1_000.0 => format!("{rate:.1}"),
        rate if rate < 1_000_000.0 => format!("{:.1}k", rate / 1_000.0),
        rate => format!("{:.1}M", rate / 1_000_000.0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is shown has four digits")]
fn float(records: i64) -> f64 {
    records as f64
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ottla_core::base::{Offset, TopicPartition};

    use super::super::sample::GroupSample;
    use super::*;

    fn sample(at: Instant, ends: &[(i32, i64)], committed: &[(i32, i64)]) -> Sample {
        let at_offset = |(index, offset): &(i32, i64)| (TopicPartition::new("t", *index), *offset);
        let committed = committed.iter().map(at_offset);
        let committed = committed.map(|(at, offset)| (at, Offset(offset))).collect();
        let group = GroupSample { state: "Stable".to_owned(), committed };
        Sample {
            at,
            ends: ends.iter().map(at_offset).collect(),
            offline: 0,
            groups: BTreeMap::from([("g".to_owned(), group)]),
        }
    }

    #[test]
    fn rates_are_differences_over_time() {
        let begun = Instant::now();
        let before = sample(begun, &[(0, 100), (1, 0)], &[(0, 20)]);
        let now = sample(begun + Duration::from_secs(2), &[(0, 300), (1, 10)], &[(0, 240)]);
        let view = View::between(&before, &now);
        assert_eq!((view.produced, view.consumed), (105.0, 110.0));
        assert_eq!(view.topics[0].partitions, 2);
        assert_eq!(view.groups[0].lag, 60);
        // it gains ten records a second on what comes in
        assert_eq!(view.groups[0].until_done, Some(6.0));
        assert_eq!(
            view.partitions[0],
            PartitionRow { name: "t-0".to_owned(), produced: 100.0, end: 300 }
        );
        assert!(view.text(10).contains("105.0 records/s in, 110.0 records/s out over 2.0 s"));
        assert_eq!(view.json(1)["partitions"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn what_is_new_deleted_or_reset_has_no_rate() {
        let begun = Instant::now();
        let before = sample(begun, &[(0, 100)], &[(0, 90)]);
        let now = sample(begun + Duration::from_secs(1), &[(0, 5), (7, 50)], &[(0, 0), (7, 1)]);
        let view = View::between(&before, &now);
        assert_eq!((view.produced, view.consumed), (0.0, 0.0));
        assert_eq!(view.groups[0].lag, 54);
        assert_eq!(view.groups[0].until_shown(), "never");
        let same = View::between(&before, &before);
        assert_eq!(same.produced, 0.0);
        let mut nobody = before.clone();
        nobody.groups.clear();
        let text = View::between(&nobody, &nobody).text(1);
        assert!(text.starts_with("0.0 records/s in, 0.0 records/s out"), "{text}");
    }

    #[test]
    fn rates_are_short() {
        assert_eq!(shown(0.0), "0.0");
        assert_eq!(shown(999.94), "999.9");
        assert_eq!(shown(12_345.0), "12.3k");
        assert_eq!(shown(2_000_000.0), "2.0M");
    }
}
