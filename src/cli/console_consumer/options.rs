//! What the console consumer accepts, in the words of Kafka's tool.

use std::collections::{BTreeMap, BTreeSet};

use ottla_actors::client::{ConsumerConfig, SeekTo};
use ottla_core::base::Offset;

use super::format::Formatter;
use crate::cli::consuming::configure;
use crate::cli::kit::{Given, Kind, Properties, Spec, Stop, say};

/// Records of one poll.
const POLL_RECORDS: usize = 5_000;

/// What the properties of a formatter are.
const FORMATTER_PROPERTIES: &str = "The properties to initialize the message formatter. Default \
properties include: \n print.timestamp=true|false\n print.key=true|false\n \
print.offset=true|false\n print.epoch=true|false\n print.partition=true|false\n \
print.headers=true|false\n print.value=true|false\n key.separator=<key.separator>\n \
line.separator=<line.separator>\n headers.separator=<headers.separator>\n \
null.literal=<null.literal>\n key.deserializer=<key.deserializer>\n \
value.deserializer=<value.deserializer>\n header.deserializer=<header.deserializer>\n\nUsers can \
also pass in customized properties for their formatter; more specifically, users can pass in \
properties keyed with 'key.deserializer.', 'value.deserializer.' and 'headers.deserializer.' \
prefixes to configure their deserializers.";

pub(super) fn spec() -> Spec {
    let deprecated = format!(
        "(DEPRECATED) {FORMATTER_PROPERTIES} \nThis option will be removed in a future version. \
         Use --formatter-property instead."
    );
    let spec = Spec::joptsimple(
        "This tool helps to read data from Kafka topics and outputs it to standard output.",
    );
    let spec = reading(spec);
    let spec = spec
        .value(
            "formatter",
            Kind::Text,
            "class",
            "The name of a class to use for formatting kafka messages for display.",
        )
        .default("org.apache.kafka.tools.consumer.DefaultMessageFormatter")
        .value("property", Kind::Text, "prop", deprecated)
        .value("formatter-property", Kind::Text, "prop", FORMATTER_PROPERTIES)
        .value(
            "formatter-config",
            Kind::File,
            "config file",
            "Config properties file to initialize the message formatter. Note that \
             [formatter-property] takes precedence over this config.",
        )
        .flag(
            "from-beginning",
            "If the consumer does not already have an established offset to consume from, start \
             with the earliest message present in the log rather than the latest message.",
        )
        .value(
            "max-messages",
            Kind::Integer,
            "num_messages",
            "The maximum number of messages to consume before exiting. If not set, consumption \
             is continual.",
        )
        .value(
            "timeout-ms",
            Kind::Long,
            "timeout_ms",
            "If specified, exit if no message is available for consumption for the specified \
             interval.",
        )
        .flag(
            "skip-message-on-error",
            "If there is an error when processing a message, skip it instead of halt.",
        )
        .value(
            "bootstrap-server",
            Kind::Text,
            "server to connect to",
            "REQUIRED: The server(s) to connect to.",
        );
    ending(spec)
}

/// What is read, and with which settings.
fn reading(spec: Spec) -> Spec {
    spec.value("topic", Kind::Text, "topic", "The topic to consume from.")
        .value(
            "include",
            Kind::Text,
            "Java regex (String)",
            "Regular expression specifying list of topics to include for consumption.",
        )
        .formerly("whitelist")
        .value(
            "partition",
            Kind::Integer,
            "partition",
            "The partition to consume from. Consumption starts from the end of the partition \
             unless '--offset' is specified.",
        )
        .value(
            "offset",
            Kind::Text,
            "consume offset",
            "The offset to consume from (a non-negative number), or 'earliest' which means from \
             beginning, or 'latest' which means from end",
        )
        .default("latest")
        .value(
            "consumer-property",
            Kind::Text,
            "consumer_prop",
            "(DEPRECATED) Consumer config properties in the form key=value. This option will be \
             removed in a future version. Use --command-property instead.",
        )
        .value(
            "command-property",
            Kind::Text,
            "consumer_prop",
            "Consumer config properties in the form key=value.",
        )
        .value(
            "consumer.config",
            Kind::File,
            "config file",
            "(DEPRECATED) Consumer config properties file. Note that [command-property] takes \
             precedence over this config. This option will be removed in a future version. Use \
             --command-config instead.",
        )
        .value(
            "command-config",
            Kind::File,
            "config file",
            "Consumer config properties file. Note that [command-property] takes precedence over \
             this config.",
        )
}

fn ending(spec: Spec) -> Spec {
    spec.value(
        "key-deserializer",
        Kind::Text,
        "deserializer for key",
        "The name of the class to use for deserializing keys.",
    )
    .value(
        "value-deserializer",
        Kind::Text,
        "deserializer for values",
        "The name of the class to use for deserializing values.",
    )
    .flag(
        "enable-systest-events",
        "Log lifecycle events of the consumer in addition to logging consumed messages. (This is \
         specific for system tests.)",
    )
    .value(
        "isolation-level",
        Kind::Text,
        "",
        "Set to read_committed in order to filter out transactional messages which are not \
         committed. Set to read_uncommitted to read all messages.",
    )
    .default("read_uncommitted")
    .value("group", Kind::Text, "consumer group id", "The consumer group id of the consumer.")
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Topic(String),
    Include(String),
    Partition(String, i32, From),
}

/// Where one partition is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Offset(Offset),
    Seek(SeekTo),
}

/// The command line, understood.
pub(super) struct Options {
    pub(super) source: Source,
    pub(super) consumer: ConsumerConfig,
    pub(super) formatter: Formatter,
    pub(super) max_messages: Option<u64>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) skip_on_error: bool,
    pub(super) systest_events: bool,
}

impl Options {
    /// Reads the command line in the order in which Kafka's tool does: the first mistake counts.
    pub(super) fn read(given: &Given) -> Result<Self, Stop> {
        check(given)?;
        let properties = consumer_properties(given)?;
        let from = offset(given)?;
        let timeout_ms = given.number::<i64>("timeout-ms")?;
        let formatter = formatter(given)?;
        let max_messages = given.number::<i32>("max-messages")?;
        let source = match (given.value("topic")?, given.number::<i32>("partition")?) {
            (Some(topic), Some(partition)) => Source::Partition(topic.to_owned(), partition, from),
            (Some(topic), None) => Source::Topic(topic.to_owned()),
            (None, _) => Source::Include(given.value("include")?.unwrap_or_default().to_owned()),
        };
        let client = given.client_with(&properties)?;
        let mut consumer = configure(client, &properties)?;
        if properties.get("max.poll.records").is_none() {
            // each poll is one write
            consumer.max_poll_records = POLL_RECORDS;
        }
        properties.warn_of_unused();
        Ok(Self {
            source,
            consumer,
            formatter,
            // -1 means no end; below it nothing is left to read
            max_messages: max_messages
                .filter(|most| *most != -1)
                .map(|most| u64::try_from(most).unwrap_or(0)),
            timeout_ms: timeout_ms.and_then(|ms| u64::try_from(ms).ok()),
            skip_on_error: given.has("skip-message-on-error"),
            systest_events: given.has("enable-systest-events"),
        })
    }
}

fn check(given: &Given) -> Result<(), Stop> {
    if given.has("topic") == given.has("include") {
        let both = format!("{}, {}", given.listed("topic"), given.listed("include"));
        let message = format!("Exactly one of the following arguments is required: {both}");
        return Err(given.usage(&message));
    }
    if given.has("partition") {
        if !given.has("topic") {
            return Err(given.usage("The topic is required when partition is specified."));
        }
        if given.has("from-beginning") && given.has("offset") {
            let message = "Options from-beginning and offset cannot be specified together.";
            return Err(given.usage(message));
        }
    } else if given.has("offset") {
        return Err(given.usage("The partition is required when offset is specified."));
    }
    given.require(&["bootstrap-server"])?;
    for (old, new) in
        [("consumer-property", "command-property"), ("consumer.config", "command-config")]
    {
        if given.has(old) && given.has(new) {
            let message = format!("Options --{old} and --{new} cannot be specified together.");
            return Err(given.usage(&message));
        }
    }
    for (old, new) in
        [("consumer-property", "command-property"), ("consumer.config", "command-config")]
    {
        if given.has(old) {
            deprecated(old, new)?;
        }
    }
    Ok(())
}

fn deprecated(old: &str, new: &str) -> Result<(), Stop> {
    say(&format!(
        "Option --{old} is deprecated and will be removed in a future version. Use --{new} \
         instead.\n"
    ))?;
    Ok(())
}

/// The settings of the consumer; its group is one of them.
fn consumer_properties(given: &Given) -> Result<Properties, Stop> {
    let file = if given.has("consumer.config") { "consumer.config" } else { "command-config" };
    let mut properties = given.properties(file)?;
    let from_file = properties.get("group.id").map(str::to_owned);
    let mut said = Properties::default();
    said.pairs(given.values("consumer-property"));
    said.pairs(given.values("command-property"));
    let from_line = said.get("group.id").map(str::to_owned);
    properties.extend(said);
    let groups: BTreeSet<String> = [given.value("group")?.map(str::to_owned), from_file, from_line]
        .into_iter()
        .flatten()
        .collect();
    if groups.len() > 1 {
        let listed: Vec<String> = groups.iter().map(|group| format!("'{group}'")).collect();
        return Err(given.usage(&format!(
            "The group ids provided in different places (directly using '--group', via \
             '--consumer-property', or via '--consumer.config') do not match. Detected group \
             ids: {}",
            listed.join(", ")
        )));
    }
    if !groups.is_empty() && given.has("partition") {
        return Err(given.usage("Options group and partition cannot be specified together."));
    }
    match properties.get("auto.offset.reset").map(str::to_owned) {
        Some(reset) if given.has("from-beginning") && reset != "earliest" => {
            return Err(Stop::error(format!(
                "Can't simultaneously specify --from-beginning and 'auto.offset.reset={reset}', \
                 please remove one option"
            )));
        }
        Some(_) => {}
        None => {
            let reset = if given.has("from-beginning") { "earliest" } else { "latest" };
            properties.set("auto.offset.reset", reset);
        }
    }
    if properties.get("client.id").is_none() {
        properties.set("client.id", "console-consumer");
    }
    if given.has("isolation-level") || properties.get("isolation.level").is_none() {
        let level = given.value("isolation-level")?.unwrap_or_default().to_owned();
        properties.set("isolation.level", &level);
    }
    let group = match groups.into_iter().next() {
        Some(group) => group,
        None => {
            // nobody will use this group again: nothing need be remembered of it
            if properties.get("enable.auto.commit").is_none() {
                properties.set("enable.auto.commit", "false");
            }
            format!("console-consumer-{}", uuid::Uuid::new_v4().as_u128() % 100_000)
        }
    };
    properties.set("group.id", &group);
    Ok(properties)
}

fn offset(given: &Given) -> Result<From, Stop> {
    if !given.has("offset") {
        let beginning = given.has("from-beginning");
        return Ok(From::Seek(if beginning { SeekTo::Beginning } else { SeekTo::End }));
    }
    let text = given.value("offset")?.unwrap_or_default();
    match text.to_lowercase().as_str() {
        "earliest" => Ok(From::Seek(SeekTo::Beginning)),
        "latest" => Ok(From::Seek(SeekTo::End)),
        _ => match text.parse::<i64>() {
            Ok(offset) if offset >= 0 => Ok(From::Offset(Offset(offset))),
            _ => Err(given.usage(&format!(
                "The provided offset value '{text}' is incorrect. Valid values are 'earliest', \
                 'latest', or a non-negative long."
            ))),
        },
    }
}

fn formatter(given: &Given) -> Result<Formatter, Stop> {
    if given.has("property") && given.has("formatter-property") {
        let message = "Options --property and --formatter-property cannot be specified together.";
        return Err(given.usage(message));
    }
    if given.has("property") {
        deprecated("property", "formatter-property")?;
    }
    let mut properties = match given.value("formatter-config")? {
        // the message of Java's NoSuchFileException
        Some(path) => Properties::file(path).map_err(|_| given.usage(path))?,
        None => Properties::default(),
    };
    for (option, key) in
        [("key-deserializer", "key.deserializer"), ("value-deserializer", "value.deserializer")]
    {
        if let Some(class) = given.value(option)?.filter(|class| !class.is_empty()) {
            properties.set(key, class);
        }
    }
    properties.pairs(given.values("property"));
    properties.pairs(given.values("formatter-property"));
    let properties: BTreeMap<String, String> =
        properties.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let class = given.value("formatter")?.unwrap_or_default();
    // the message of Java's ClassNotFoundException
    Formatter::of_class(class, &properties).ok_or_else(|| given.usage(class))
}
