//! `--create`, `--alter` and `--delete`.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use ottla_actors::client::Admin;
use ottla_actors::client::admin::{NewTopic, Refusal};
use ottla_config::{Settings, validate_topic};

use super::super::kit::{Given, Out, Stop};
use super::existing;

/// The brokers of each partition, the preferred leader first.
type Assignment = Vec<Vec<i32>>;

pub(super) async fn create(admin: &Admin, given: &Given, out: &mut Out) -> Result<(), Stop> {
    let topic = new_topic(given)?;
    if topic.name.contains(['.', '_']) {
        out.line(
            "WARNING: Due to limitations in metric names, topics with a period ('.') or \
             underscore ('_') could collide. To avoid issues it is best to use either, but not \
             both.",
        )?;
    }
    let factor = given.number::<i32>("replication-factor")?;
    if factor.is_some_and(|factor| !(1..=i32::from(i16::MAX)).contains(&factor)) {
        let most = i16::MAX;
        let message = format!("The replication factor must be between 1 and {most} inclusive");
        return Err(Stop::error(message));
    }
    if given.number::<i32>("partitions")?.is_some_and(|partitions| partitions < 1) {
        return Err(Stop::error("The partitions must be greater than 0"));
    }
    let name = topic.name.clone();
    let results = admin.create_topics(&[topic], false).await?;
    match first_refusal(results) {
        None => out.line(format!("Created topic {name}.")),
        Some(refusal)
            if refusal.error == ResponseError::TopicAlreadyExists && given.has("if-not-exists") =>
        {
            Ok(())
        }
        Some(refusal) => Err(refusal.into()),
    }
}

/// What the options say about the topic, in the order in which Kafka's tool looks at them.
fn new_topic(given: &Given) -> Result<NewTopic, Stop> {
    let name = given.value("topic")?.unwrap_or_default();
    let mut topic = NewTopic::new(name, given.number::<i32>("partitions")?.unwrap_or(-1));
    if let Some(factor) = given.number::<i32>("replication-factor")? {
        // one that does not fit is refused later
        topic.replication_factor = i16::try_from(factor).unwrap_or(-1);
    }
    topic.assignments = assignment(given)?;
    topic.configs = configs(&given.values("config"))?;
    Ok(topic)
}

/// The settings of `--config name=value`.
fn configs(words: &[&str]) -> Result<BTreeMap<String, String>, Stop> {
    let mut configs = BTreeMap::new();
    for word in words {
        // Java's split drops empty parts at the end
        let parts: Vec<&str> = word.trim_end_matches('=').split('=').collect();
        let [key, value] = parts.as_slice() else { return Err(bad_config()) };
        configs.insert(key.trim().to_owned(), value.trim().to_owned());
    }
    let checked = validate_topic(&Settings::default(), &configs);
    checked.map_err(Stop::error)?;
    Ok(configs)
}

fn bad_config() -> Stop {
    Stop::error(
        "requirement failed: Invalid topic config: all configs to be added must be in the format \
         \"key=val\".",
    )
}

/// `1:2,2:3`: the brokers of each partition.
fn assignment(given: &Given) -> Result<Assignment, Stop> {
    let Some(text) = given.value("replica-assignment")?.filter(|text| !text.is_empty()) else {
        return Ok(Vec::new());
    };
    let mut all: Assignment = Vec::new();
    for (index, partition) in text.split(',').enumerate() {
        let mut brokers: Vec<i32> = Vec::new();
        let mut twice: Vec<String> = Vec::new();
        for word in partition.split(':').map(str::trim) {
            let id =
                word.parse().map_err(|_| Stop::error(format!("For input string: \"{word}\"")))?;
            if brokers.contains(&id) && !twice.contains(&id.to_string()) {
                twice.push(id.to_string());
            }
            brokers.push(id);
        }
        if !twice.is_empty() {
            let twice = twice.join(",");
            let message =
                format!("Partition replica lists may not contain duplicate entries: {twice}");
            return Err(Stop::error(message));
        }
        if all.first().is_some_and(|first| first.len() != brokers.len()) {
            let message =
                format!("Partition {index} has different replication factor: {brokers:?}");
            return Err(Stop::error(message));
        }
        all.push(brokers);
    }
    Ok(all)
}

pub(super) async fn alter(admin: &Admin, given: &Given) -> Result<(), Stop> {
    let count = given.number::<i32>("partitions")?.unwrap_or_default();
    let brokers = assignment(given)?;
    let names = existing(admin, given).await?;
    if names.is_empty() {
        return Ok(());
    }
    let mut places: Vec<Option<Assignment>> = vec![None; names.len()];
    if !brokers.is_empty() {
        let described = admin.describe_topics(&names, i32::MAX).await?;
        for (name, place) in names.iter().zip(&mut places) {
            let topic = described.iter().flatten().find(|topic| topic.name == *name);
            let present = topic.map_or(0, |topic| topic.partitions.len());
            *place = Some(brokers.iter().skip(present).cloned().collect());
        }
    }
    let counts: Vec<_> = names
        .iter()
        .zip(&places)
        .map(|(name, place)| (name.as_str(), count, place.as_deref()))
        .collect();
    refused(admin.place_partitions(&counts).await?)
}

pub(super) async fn delete(admin: &Admin, given: &Given) -> Result<(), Stop> {
    let names = existing(admin, given).await?;
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    refused(admin.delete_topics(&names).await?)
}

fn refused(results: Vec<(String, Result<(), Refusal>)>) -> Result<(), Stop> {
    first_refusal(results).map_or(Ok(()), |refusal| Err(refusal.into()))
}

fn first_refusal(results: Vec<(String, Result<(), Refusal>)>) -> Option<Refusal> {
    results.into_iter().find_map(|(_, result)| result.err())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &str) -> Given {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        super::super::TOOL.given("ottla topics", &words).expect("understood")
    }

    #[test]
    fn settings_are_pairs_with_a_value() {
        let pairs = configs(&["retention.ms = 5", "cleanup.policy=compact"]).expect("two pairs");
        assert_eq!(pairs["retention.ms"], "5");
        assert!(configs(&["retention.ms=1="]).is_ok());
        for bad in ["a", "a=", "a=b=c"] {
            assert!(configs(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_assignment_names_brokers_by_partition() {
        let said = |text: &str| {
            let given = given(&format!("--create --replica-assignment {text}"));
            assignment(&given).map_err(|stop| stop.message().unwrap_or_default().to_owned())
        };
        assert_eq!(said("1:2,2:3"), Ok(vec![vec![1, 2], vec![2, 3]]));
        assert_eq!(said("1,a"), Err("For input string: \"a\"".into()));
        assert_eq!(said("1:2,1"), Err("Partition 1 has different replication factor: [1]".into()));
        let twice = "Partition replica lists may not contain duplicate entries: 1";
        assert_eq!(said("1:1"), Err(twice.into()));
    }
}
