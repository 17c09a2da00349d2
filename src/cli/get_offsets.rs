//! `kafka-get-offsets`: offsets of partitions by time.

use std::collections::BTreeMap;

use ottla_actors::client::Admin;
use ottla_actors::client::admin::OffsetSpec;
use ottla_core::base::TopicPartition;
use serde_json::json;

use super::kit::{Given, Kind, Out, Spec, Stop, Tool, block_on, exception};
use super::topics::filter::Filter;

/// The command.
pub(super) const TOOL: Tool = Tool {
    name: "get-offsets",
    about: "Prints offsets of partitions: the first, the last, or those of a time",
    spec,
    run,
};

fn spec() -> Spec {
    Spec::joptsimple("An interactive shell for getting topic-partition offsets.")
        .address_is_enough()
        .value(
            "bootstrap-server",
            Kind::Text,
            "HOST1:PORT1,...,HOST3:PORT3",
            "REQUIRED. The server(s) to connect to in the form HOST1:PORT1,HOST2:PORT2.",
        )
        .value(
            "topic-partitions",
            Kind::Text,
            "topic1:1,topic2:0-3,topic3,topic4:5-,topic5:-3",
            "Comma separated list of topic-partition patterns: a regular expression of topics \
             (none for all), and after a colon one partition, or a range whose upper end is not \
             in it.",
        )
        .value(
            "topic",
            Kind::Text,
            "topic",
            "The topic to get the offsets for. It also accepts a regular expression. Cannot be \
             used if --topic-partitions is present.",
        )
        .value(
            "partitions",
            Kind::Text,
            "partition ids",
            "Comma separated list of partition ids to get the offsets for. Cannot be used if \
             --topic-partitions is present.",
        )
        .value(
            "time",
            Kind::Text,
            "<timestamp> / -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or \
             earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload",
            "timestamp of the offsets before that. [Note: No offset is returned, if the timestamp \
             greater than recently committed record timestamp is given.]",
        )
        .default("latest")
        .value(
            "command-config",
            Kind::File,
            "config file",
            "Property file containing configs to be passed to Admin Client.",
        )
        .flag("exclude-internal-topics", "By default, internal topics are included.")
        .output()
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    given.require(&["bootstrap-server"])?;
    let servers = given.value("bootstrap-server")?.unwrap_or_default();
    let valid =
        |server: &str| server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if !servers.split(',').all(valid) {
        return Err(given.usage("Please provide valid host:port like host1:9091,host2:9092"));
    }
    block_on(list(given, out)).map_err(|stop| match stop.message() {
        Some(message) => Stop::error(format!("Error occurred: {message}")),
        None => stop,
    })
}

async fn list(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let by_pattern = given.value("topic-partitions")?;
    if by_pattern.is_some() && (given.has("topic") || given.has("partitions")) {
        let message = "--topic-partitions cannot be used with --topic or --partitions";
        return Err(Stop::error(message));
    }
    let time = time(given.value("time")?.unwrap_or("latest"))?;
    let rules = match by_pattern {
        Some(patterns) => Rule::read_all(patterns)?,
        None => vec![Rule::of(given.value("topic")?, given.value("partitions")?)?],
    };
    let output = given.output()?;
    let mut config = given.client("command-config")?;
    config.client_id = "GetOffsetShell".to_owned();
    let admin = Admin::start(config)?;
    let partitions = partitions(&admin, &rules, given.has("exclude-internal-topics")).await?;
    if partitions.is_empty() {
        let message = "Could not match any topic-partitions with the specified filters";
        return Err(Stop::error(message));
    }
    let offsets = offsets(&admin, partitions, time).await?;
    let rows = offsets.iter().map(
        |(at, offset)| json!({"topic": &*at.topic, "partition": at.partition, "offset": offset}),
    );
    if output.print(&rows.collect(), out)? {
        return Ok(());
    }
    for (at, offset) in &offsets {
        out.line(format!("{}:{}:{offset}", at.topic, at.partition))?;
    }
    Ok(())
}

/// The partitions that a rule allows.
async fn partitions(
    admin: &Admin,
    rules: &[Rule],
    exclude_internal: bool,
) -> Result<Vec<TopicPartition>, Stop> {
    let topics = admin.list_topics().await?;
    let mut partitions = Vec::new();
    for topic in topics.iter().filter(|topic| !(topic.is_internal && exclude_internal)) {
        let Some(name) = topic.name.as_ref().map(|name| name.as_str()) else { continue };
        for partition in &topic.partitions {
            let index = partition.partition_index;
            if rules.iter().any(|rule| rule.allows(name, index)) {
                partitions.push(TopicPartition::new(name, index));
            }
        }
    }
    Ok(partitions)
}

/// The offsets, sorted as text; what has none is left out, and said if that is an error.
async fn offsets(
    admin: &Admin,
    partitions: Vec<TopicPartition>,
    time: OffsetSpec,
) -> Result<Vec<(TopicPartition, i64)>, Stop> {
    let mut offsets = Vec::new();
    let wanted = partitions.into_iter().map(|at| (at, time)).collect::<BTreeMap<_, _>>();
    for (at, found) in admin.offsets(&wanted).await? {
        match found {
            Ok(Some(found)) => offsets.push((at, found.offset.0)),
            Ok(None) => {}
            Err(error) => {
                let why = exception::thrown(&error);
                eprintln!("Skip getting offsets for topic-partition {at} due to error: {why}");
            }
        }
    }
    offsets.sort_by_key(|(at, _)| at.to_string());
    Ok(offsets)
}

/// What `--time` asks for.
fn time(text: &str) -> Result<OffsetSpec, Stop> {
    Ok(match text {
        "latest" | "-1" => OffsetSpec::Latest,
        "earliest" | "-2" => OffsetSpec::Earliest,
        "max-timestamp" | "-3" => OffsetSpec::MaxTimestamp,
        "earliest-local" | "-4" => OffsetSpec::EarliestLocal,
        "latest-tiered" | "-5" => OffsetSpec::LatestTiered,
        "earliest-pending-upload" | "-6" => OffsetSpec::EarliestPendingUpload,
        other => OffsetSpec::At(other.parse().map_err(|_| {
            Stop::error(format!(
                "Malformed time argument {other}. Please use -1 or latest / -2 or earliest / \
                 -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or \
                 earliest-pending-upload, or a specified long format timestamp"
            ))
        })?),
    })
}

/// Some partitions of some topics.
#[derive(Debug)]
struct Rule {
    topics: Filter,
    partitions: Partitions,
}

#[derive(Debug, PartialEq, Eq)]
enum Partitions {
    /// These; all of them if none is named.
    Named(Vec<i32>),
    /// From the first to before the last.
    Range(i32, i32),
}

impl Rule {
    /// `--topic` and `--partitions`.
    fn of(topic: Option<&str>, partitions: Option<&str>) -> Result<Self, Stop> {
        let text = partitions.unwrap_or_default();
        let each = text.split(',').filter(|_| !text.is_empty()).map(str::parse);
        let named: Result<Vec<i32>, _> = each.collect();
        let named = named.map_err(|_| {
            Stop::error(format!(
                "--partitions expects a comma separated list of numeric partition ids, but \
                 received: {text}"
            ))
        })?;
        Ok(Self { topics: Filter::new(topic, false)?, partitions: Partitions::Named(named) })
    }

    /// `--topic-partitions`.
    fn read_all(text: &str) -> Result<Vec<Self>, Stop> {
        let mut patterns: Vec<&str> = text.split(',').collect();
        while patterns.len() > 1 && patterns.last().is_some_and(|pattern| pattern.is_empty()) {
            patterns.pop();
        }
        patterns.into_iter().map(Self::read).collect()
    }

    fn read(pattern: &str) -> Result<Self, Stop> {
        let (topic, partitions) = match pattern.split_once(':') {
            Some((topic, partitions)) => (topic, Some(partitions)),
            None => (pattern, None),
        };
        let partitions = Partitions::read(partitions.unwrap_or_default()).ok_or_else(|| {
            Stop::error(format!(
                "org.apache.kafka.tools.TerseException: Invalid rule specification: {pattern}"
            ))
        })?;
        let topics = Filter::new(Some(topic).filter(|topic| !topic.is_empty()), false)?;
        Ok(Self { topics, partitions })
    }

    fn allows(&self, topic: &str, partition: i32) -> bool {
        self.topics.allows(topic)
            && match &self.partitions {
                Partitions::Named(named) => named.is_empty() || named.contains(&partition),
                Partitions::Range(from, to) => (*from..*to).contains(&partition),
            }
    }
}

impl Partitions {
    /// `3`, `0-3`, `3-`, `-3`, or nothing.
    fn read(text: &str) -> Option<Self> {
        let number = |text: &str, otherwise: i32| match text {
            "" => Some(otherwise),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        };
        match text.split_once('-') {
            Some((from, to)) => Some(Self::Range(number(from, 0)?, number(to, i32::MAX)?)),
            None if text.is_empty() => Some(Self::Named(Vec::new())),
            None => Some(Self::Named(vec![number(text, 0)?])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_numbers_and_names() {
        for (text, spec) in [
            ("-1", OffsetSpec::Latest),
            ("earliest", OffsetSpec::Earliest),
            ("-3", OffsetSpec::MaxTimestamp),
            ("earliest-local", OffsetSpec::EarliestLocal),
            ("-5", OffsetSpec::LatestTiered),
            ("-6", OffsetSpec::EarliestPendingUpload),
            ("1700000000000", OffsetSpec::At(1_700_000_000_000)),
            ("-7", OffsetSpec::At(-7)),
        ] {
            assert_eq!(time(text), Ok(spec));
        }
        let wrong = time("soon").unwrap_err();
        assert!(wrong.message().is_some_and(|m| m.starts_with("Malformed time argument soon.")));
    }

    #[test]
    fn patterns_of_partitions_are_kafkas() {
        let allows = |pattern: &str, topic: &str, partition: i32| {
            let rules = Rule::read_all(pattern).expect(pattern);
            rules.iter().any(|rule| rule.allows(topic, partition))
        };
        assert!(allows("t1:0-2,a.*:1", "t1", 1) && !allows("t1:0-2,a.*:1", "t1", 2));
        assert!(allows("t1:0-2,a.*:1", "abc", 1) && !allows("t1:0-2,a.*:1", "abc", 0));
        assert!(allows(":5-", "any", 5) && !allows(":5-", "any", 4));
        assert!(allows(":-3", "any", 2) && !allows(":-3", "any", 3));
        assert!(allows("t", "t", 99) && allows("t:", "t", 99) && allows("t:-", "t", 99));
        for wrong in ["t:x", "t:1-2-3", "t:1:2", "t:-x", "t:99999999999"] {
            assert!(Rule::read_all(wrong).is_err(), "{wrong}");
        }
        let some = Rule::of(Some("t"), Some("0,2")).unwrap();
        assert!(some.allows("t", 2) && !some.allows("t", 1) && !some.allows("u", 2));
        assert!(Rule::of(None, Some("x")).is_err());
        assert!(Rule::of(None, None).unwrap().allows("any", 7));
    }
}
