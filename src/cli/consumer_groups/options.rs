//! What the command accepts, and which options go together.

use regex_syntax::ast::ErrorKind;

use super::Trouble;
use crate::cli::kit::{Given, Kind, Spec, Stop};

/// Options that say what is done, of which there must be one.
const ACTIONS: [&str; 6] =
    ["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"];

/// Options that say to what offsets are reset.
pub(super) const SCENARIOS: [&str; 8] = [
    "by-duration",
    "to-datetime",
    "from-file",
    "shift-by",
    "to-offset",
    "to-earliest",
    "to-current",
    "to-latest",
];

pub(super) fn spec() -> Spec {
    let spec = Spec::joptsimple(
        "This tool helps to list all consumer groups, describe a consumer group, delete consumer \
         group info, or reset consumer group offsets.",
    )
    .bootstrap("The server(s) to connect to. REQUIRED for all options except for --validate-regex.")
    .value("group", Kind::Text, "consumer group", "The consumer group we wish to act on.")
    .value(
        "topic",
        Kind::Text,
        "topic",
        "A topic whose offsets are deleted or reset, with `t:0,1,2` only those of some partitions. \
         May be given several times.",
    )
    .flag("all-topics", "Reset the offsets of all topics that the group has committed.")
    .flag("list", "List all consumer groups.")
    .flag("describe", "Describe consumer group and list offset lag of its partitions.")
    .flag("all-groups", "Apply to all consumer groups.")
    .flag("delete", "Delete groups with all their offsets: --group g1 --group g2.")
    .value("timeout", Kind::Long, "timeout (ms)", "How long to wait for the brokers.")
    .default("30000")
    .value(
        "command-config",
        Kind::File,
        "command config property file",
        "Property file containing configs to be passed to Admin Client and Consumer.",
    );
    let spec = reset_options(spec);
    spec.flag("members", "With --describe: the members of the group.")
        .flag("verbose", "With --describe: more of it, as epochs and assignments.")
        .flag("offsets", "With --describe: the offsets of its partitions (the default).")
        .value(
            "state",
            Kind::Text,
            "",
            "With --describe: the state of the group. With --list: the states of the groups, or \
             only groups in these states (stable,empty).",
        )
        .optional()
        .value(
            "type",
            Kind::Text,
            "",
            "With --list: the types of the groups, or only groups of these types \
             (classic,consumer).",
        )
        .optional()
        .value(
            "validate-regex",
            Kind::Text,
            "regex",
            "Validate that the syntax of the provided regular expression is valid according to the \
             RE2 format.",
        )
        .output()
}

fn reset_options(spec: Spec) -> Spec {
    spec.flag(
        "reset-offsets",
        "Reset the offsets of an inactive group. Say to what (--to-datetime, --by-duration, \
         --to-earliest, --to-latest, --shift-by, --from-file, --to-current, --to-offset), of which \
         topics (--topic, --all-topics), and with --execute that it is done, not only shown.",
    )
    .flag("delete-offsets", "Delete offsets of a group: one --group, one or more --topic.")
    .flag("dry-run", "With --reset-offsets: only show the new offsets (the default).")
    .flag("execute", "With --reset-offsets: commit the new offsets.")
    .flag("export", "With --reset-offsets: print the new offsets as CSV.")
    .value("to-offset", Kind::Long, "offset", "Reset offsets to a specific offset.")
    .value("from-file", Kind::File, "path to CSV file", "Reset offsets to values of a CSV file.")
    .value(
        "to-datetime",
        Kind::Text,
        "datetime",
        "Reset offsets to offset from datetime. Format: 'YYYY-MM-DDThh:mm:ss.sss'",
    )
    .value(
        "by-duration",
        Kind::Text,
        "duration",
        "Reset offsets to offset by duration from current timestamp. Format: 'PnDTnHnMnS'",
    )
    .flag("to-earliest", "Reset offsets to earliest offset.")
    .flag("to-latest", "Reset offsets to latest offset.")
    .flag("to-current", "Reset offsets to current offset.")
    .value(
        "shift-by",
        Kind::Long,
        "number-of-offsets",
        "Reset offsets shifting current offset by 'n', where 'n' can be positive or negative.",
    )
}

/// Complains about options that do not go together, in the order of Kafka's tool.
pub(super) fn check(given: &Given) -> Result<(), Stop> {
    available(given)?;
    if !given.has("validate-regex") {
        given.require(&["bootstrap-server"])?;
    }
    let chosen = given.has("group") || given.has("all-groups");
    let no_group = |action: &str| {
        given.usage(&format!("Option [{action}] takes one of these options: [all-groups], [group]"))
    };
    if given.has("describe") {
        if !chosen {
            return Err(no_group("describe"));
        }
        let views = ["members", "offsets", "state"];
        if views.iter().filter(|view| given.has(view)).count() > 1 {
            let views = "[members], [offsets], [state]";
            let message = format!("Option [describe] takes at most one of these options: {views}");
            return Err(given.usage(&message));
        }
        if given.has("state") && given.value("state")?.is_some_and(|value| !value.is_empty()) {
            return Err(given.usage("Option [describe] does not take a value for [state]"));
        }
    }
    if given.has("delete") {
        if !chosen {
            return Err(no_group("delete"));
        }
        if given.has("topic") {
            return Err(given.usage(
                "The consumer does not support topic-specific offset deletion from a consumer \
                 group.",
            ));
        }
    }
    if given.has("delete-offsets") && !(given.has("group") && given.has("topic")) {
        let message = "Option [delete-offsets] takes the following options: [topic], [group]";
        return Err(given.usage(message));
    }
    if given.has("reset-offsets") {
        check_reset(given)?;
    }
    given.exclude("group", &["all-groups"])?;
    given.exclude("group", &["list"])?;
    given.exclude("topic", &["list", "describe"])?;
    if ACTIONS.iter().filter(|action| given.has(action)).count() != 1 {
        let actions: Vec<String> = ACTIONS.iter().map(|action| format!("--{action}")).collect();
        let actions = actions.join(", ");
        return Err(given.usage(&format!("Command must include exactly one action: {actions}")));
    }
    Ok(())
}

/// Options that belong to an action are unknown without it.
fn available(given: &Given) -> Result<(), Stop> {
    let describes = given.has("describe");
    let wrong = ["members", "verbose", "offsets"].into_iter().filter(|_| !describes);
    let wrong = wrong.chain((!describes && !given.has("list")).then_some("state"));
    let wrong = wrong.chain((!given.has("list")).then_some("type"));
    let wrong: Vec<&str> = wrong.filter(|option| given.has(option)).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Stop::error(format!(
        "Option(s) [{}] are unavailable given other options on the command line",
        wrong.join(", ")
    )))
}

fn check_reset(given: &Given) -> Result<(), Stop> {
    if given.has("dry-run") && given.has("execute") {
        let message = "Option [reset-offsets] only accepts one of [execute] and [dry-run]";
        return Err(given.usage(message));
    }
    if !given.has("dry-run") && !given.has("execute") {
        eprintln!(
            "WARN: No action will be performed as the --execute option is missing. In version 5.0, \
             this command will require either --dry-run or --execute to be specified. You should \
             add the --dry-run option explicitly if you are scripting this command and want to \
             keep the current default behavior without prompting."
        );
    }
    if !given.has("group") && !given.has("all-groups") {
        return Err(
            given.usage("Option [reset-offsets] takes one of these options: [all-groups], [group]")
        );
    }
    let order = [
        "to-offset",
        "to-datetime",
        "by-duration",
        "to-earliest",
        "to-latest",
        "to-current",
        "shift-by",
        "from-file",
    ];
    for scenario in order {
        let others: Vec<&str> = SCENARIOS.into_iter().filter(|other| *other != scenario).collect();
        given.exclude(scenario, &others)?;
    }
    Ok(())
}

/// The options that are numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) to_offset: Option<i64>,
    pub(super) shift_by: Option<i64>,
    pub(super) timeout_ms: u64,
}

impl Numbers {
    /// Reads them. The tool does so when it has begun, and says it as it says everything then.
    pub(super) fn read(given: &Given) -> Result<Self, Trouble> {
        let failed = |stop: Stop| match stop.message() {
            Some(message) => Trouble::Failed(message.to_owned()),
            None => Trouble::Stop(stop),
        };
        let number = |name: &str| given.number::<i64>(name).map_err(failed);
        let timeout = number("timeout")?.unwrap_or(30_000);
        Ok(Self {
            to_offset: number("to-offset")?,
            shift_by: number("shift-by")?,
            timeout_ms: u64::try_from(timeout).unwrap_or(0),
        })
    }
}

/// What the tool says of a regular expression.
pub(super) fn validate_regex(regex: &str) -> String {
    let parsed = regex_syntax::ast::parse::Parser::new().parse(regex);
    match parsed.map_err(|error| described(error.kind())) {
        Ok(_) => format!("The regular expression `{regex}` is valid."),
        Err(why) => format!("The regular expression `{regex}` is invalid: {why}."),
    }
}

/// An error in the words of RE2.
fn described(error: &ErrorKind) -> String {
    match error {
        ErrorKind::GroupUnclosed => "missing closing )".to_owned(),
        ErrorKind::GroupUnopened => "unexpected )".to_owned(),
        ErrorKind::RepetitionMissing => "missing argument to repetition operator".to_owned(),
        ErrorKind::ClassUnclosed => "missing closing ]".to_owned(),
        ErrorKind::EscapeUnexpectedEof => "trailing backslash at end of expression".to_owned(),
        ErrorKind::EscapeUnrecognized => "invalid escape sequence".to_owned(),
        ErrorKind::ClassRangeInvalid | ErrorKind::ClassRangeLiteral => {
            "invalid character class range".to_owned()
        }
        ErrorKind::UnsupportedLookAround | ErrorKind::FlagUnrecognized => {
            "invalid or unsupported Perl syntax".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions_are_judged_as_re2_judges_them() {
        assert_eq!(validate_regex("a.*b"), "The regular expression `a.*b` is valid.");
        let unclosed = "The regular expression `a(b` is invalid: missing closing ).";
        assert_eq!(validate_regex("a(b"), unclosed);
        let look = "The regular expression `(?=a)` is invalid: invalid or unsupported Perl syntax.";
        assert_eq!(validate_regex("(?=a)"), look);
    }
}
