//! `kafka-consumer-groups`: lists and describes groups, deletes them and their offsets, and resets
//! what they have committed.
//!
//! As Kafka's tool does, it prints what went wrong in the cluster on standard output and ends with
//! 0; a wrong command line ends with 1. That a broker cannot be reached also ends with 1.

mod delete;
mod describe;
mod listing;
mod options;
mod plan_file;
mod print;
mod reset;
mod topics;

use std::time::Duration;

use ottla_actors::client::{Admin, ClientError};

use super::kit::{Given, Out, Stop, Tool, block_on, exception};

/// The command.
pub(super) const TOOL: Tool = Tool {
    name: "consumer-groups",
    about: "Lists, describes and deletes consumer groups, and resets their offsets",
    spec: options::spec,
    run,
};

/// Why an action is not done.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// The arguments make no sense: the message and the usage, exit code 1.
    Usage(String),
    /// What Kafka's tool prints as the reason for which the command failed, exit code 0.
    Failed(String),
    /// Anything else that ends a command.
    Stop(Stop),
}

impl Trouble {
    /// An error as the tool words it where the exception reaches it as the cause of another.
    fn caused(error: &ClientError) -> Self {
        Self::of(error, exception::thrown(error))
    }

    /// An error as the tool words it where the exception reaches it wrapped twice.
    fn wrapped(error: &ClientError) -> Self {
        let thrown = exception::thrown(error);
        Self::of(error, format!("java.util.concurrent.ExecutionException: {thrown}"))
    }

    fn of(error: &ClientError, text: String) -> Self {
        match error {
            ClientError::Connect { .. } | ClientError::NoAddress | ClientError::Wire(_) => {
                Self::Stop(Stop::from(error.clone()))
            }
            _ => Self::Failed(text),
        }
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    options::check(given)?;
    if let Some(regex) = given.value("validate-regex")? {
        return out.line(options::validate_regex(regex));
    }
    match block_on(act(given, out)) {
        Ok(()) => Ok(()),
        Err(Trouble::Usage(message)) => Err(given.usage(&message)),
        Err(Trouble::Failed(message)) => {
            error(out, &format!("Executing consumer group command failed due to {message}"))
        }
        Err(Trouble::Stop(stop)) => Err(stop),
    }
}

async fn act(given: &Given, out: &mut Out) -> Result<(), Trouble> {
    let numbers = options::Numbers::read(given)?;
    let mut config = given.client("command-config")?;
    config.api_timeout = Duration::from_millis(numbers.timeout_ms);
    let admin = Admin::start(config).map_err(Stop::from)?;
    if given.has("list") {
        listing::list(given, &admin, out).await
    } else if given.has("describe") {
        describe::describe(given, &admin, out).await
    } else if given.has("delete") {
        delete::groups(given, &admin, out).await
    } else if given.has("reset-offsets") {
        reset::reset(given, &numbers, &admin, out).await
    } else {
        delete::offsets(given, &admin, out).await
    }
}

/// The groups that an action is about.
async fn chosen(given: &Given, admin: &Admin) -> Result<Vec<String>, Trouble> {
    if given.has("all-groups") {
        return listing::names(admin).await;
    }
    let mut groups: Vec<String> = given.values("group").into_iter().map(str::to_owned).collect();
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|group| seen.insert(group.clone()));
    Ok(groups)
}

/// An error as the tool prints it, on standard output.
fn error(out: &mut Out, message: &str) -> Result<(), Stop> {
    out.line(format!("\nError: {message}"))
}
