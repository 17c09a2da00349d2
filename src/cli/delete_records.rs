//! `kafka-delete-records`: deletes the records before an offset in each partition of a JSON file.

use std::collections::BTreeMap;

use ottla_core::base::{Offset, TopicPartition};
use serde_json::{Map, Value};

use super::kit::java::{hash_order, partition_hash};
use super::kit::{Given, Kind, Out, Spec, Stop, Tool, block_on, exception};

/// The command.
pub(super) const TOOL: Tool = Tool {
    name: "delete-records",
    about: "Deletes records of partitions down to an offset",
    spec,
    run,
};

fn spec() -> Spec {
    Spec::joptsimple(
        "This tool helps to delete records of the given partitions down to the specified offset.",
    )
    .value(
        "bootstrap-server",
        Kind::Text,
        "server(s) to use for bootstrapping",
        "REQUIRED: The server to connect to.",
    )
    .value(
        "offset-json-file",
        Kind::File,
        "Offset json file path",
        "REQUIRED: The JSON file with offset per partition. The format to use is:\n\
         {\"partitions\":\n  [{\"topic\": \"foo\", \"partition\": 1, \"offset\": 1}],\n \
         \"version\":1\n}",
    )
    .value(
        "command-config",
        Kind::File,
        "command config property file path",
        "A property file containing configs to be passed to Admin Client.",
    )
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    given.require(&["bootstrap-server", "offset-json-file"])?;
    let path = given.value("offset-json-file")?.unwrap_or_default();
    block_on(async {
        let admin = given.admin("command-config")?;
        let text = std::fs::read_to_string(path)
            .map_err(|_| Stop::error(format!("Unable to read file {path}")))?;
        let before = read(&text).map_err(Stop::error)?;
        out.line("Executing records delete operation")?;
        let deleted = admin.delete_records_of(&before).await?;
        out.line("Records delete operation completed:")?;
        let deleted: Vec<_> = deleted.into_iter().collect();
        for (at, result) in hash_order(deleted.len(), deleted, |(at, _)| partition_hash(at)) {
            match result {
                Ok(low) => out.line(format!("partition: {at}\tlow_watermark: {}", low.0))?,
                Err(error) => {
                    let why = exception::thrown(&error);
                    out.line(format!("partition: {at}\terror: {why}"))?;
                }
            }
        }
        Ok(())
    })
}

/// What a file asks for.
///
/// # Errors
/// It is not of the form, in the words of the tool.
fn read(text: &str) -> Result<BTreeMap<TopicPartition, Offset>, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|_| "The input string is not a valid JSON")?;
    let file = object(&value)?;
    let version = file.get("version").map_or(Ok(1), |version| number(version, "Integer"))?;
    if version != 1 {
        return Err(format!("Not supported version field value {version}"));
    }
    let partitions = file.get("partitions").ok_or("Missing partitions field")?;
    let partitions = partitions
        .as_array()
        .ok_or_else(|| format!("Expected JSON array, received {partitions}"))?;
    let mut before = BTreeMap::new();
    let mut twice = Vec::new();
    for entry in partitions {
        let entry = object(entry)?;
        let topic = field(entry, "topic")?;
        let topic =
            topic.as_str().ok_or_else(|| format!("Expected `String` value, received {topic}"))?;
        let index = field(entry, "partition")?;
        let wide = number(index, "Integer")?;
        let index = i32::try_from(wide).map_err(|_| wrong("Integer", index))?;
        let offset = number(field(entry, "offset")?, "Long")?;
        let partition = TopicPartition::new(topic, index);
        if before.insert(partition.clone(), Offset(offset)).is_some() {
            twice.push(partition.to_string());
        }
    }
    if twice.is_empty() {
        return Ok(before);
    }
    twice.sort_unstable();
    twice.dedup();
    let twice = twice.join(",");
    Err(format!("Offset json file contains duplicate topic partitions: {twice}"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("Expected JSON object, received {value}"))
}

fn field<'a>(entry: &'a Map<String, Value>, name: &str) -> Result<&'a Value, String> {
    entry.get(name).ok_or_else(|| format!("No such field exists: `{name}`"))
}

fn number(value: &Value, kind: &str) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| wrong(kind, value))
}

fn wrong(kind: &str, value: &Value) -> String {
    format!("Expected `{kind}` value, received {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_offsets_by_partition() {
        let text = r#"{"version":1,"partitions":[{"topic":"t","partition":1,"offset":-1}]}"#;
        let read_one = read(text).unwrap();
        assert_eq!(read_one, BTreeMap::from([(TopicPartition::new("t", 1), Offset(-1))]));
        assert!(read(r#"{"partitions":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn wrong_files_are_refused_in_kafkas_words() {
        let entry = r#"{"topic":"t","partition":1,"offset":1}"#;
        for (text, why) in [
            ("{\"version\"", "The input string is not a valid JSON"),
            ("[]", "Expected JSON object, received []"),
            ("{\"version\":2,\"partitions\":[]}", "Not supported version field value 2"),
            ("{\"version\":1}", "Missing partitions field"),
            ("{\"partitions\":{}}", "Expected JSON array, received {}"),
            (
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":\"1\",\"offset\":1}]}",
                "Expected `Integer` value, received \"1\"",
            ),
            (
                "{\"partitions\":[{\"topic\":\"t\",\"offset\":1}]}",
                "No such field exists: `partition`",
            ),
            (
                &format!("{{\"partitions\":[{entry},{entry}]}}"),
                "Offset json file contains duplicate topic partitions: t-1",
            ),
        ] {
            assert_eq!(read(text), Err(why.to_owned()), "{text}");
        }
    }
}
