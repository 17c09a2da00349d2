//! `kafka-topics`: creates, deletes, describes, changes and lists topics.

mod change;
mod describe;
pub(super) mod filter;
mod options;

use ottla_actors::client::Admin;

use super::kit::{Given, Out, Stop, Tool, block_on};

use filter::Filter;

pub(super) const TOOL: Tool = Tool {
    name: "topics",
    about: "Creates, deletes, describes, changes and lists topics",
    spec: options::spec,
    run,
};

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    options::check(given, out)?;
    let config = given.client("command-config")?;
    let done = block_on(async {
        let admin = Admin::start(config)?;
        if given.has("create") {
            change::create(&admin, given, out).await
        } else if given.has("alter") {
            change::alter(&admin, given).await
        } else if given.has("delete") {
            change::delete(&admin, given).await
        } else if given.has("list") {
            list(&admin, given, out).await
        } else {
            describe::describe(&admin, given, out).await
        }
    });
    // Kafka's tool prints what went wrong from here on to standard output
    match done.as_ref().map_err(Stop::message) {
        Err(Some(message)) => {
            out.line(format!("Error while executing topic command : {message}"))?;
            Err(Stop::Exit(1))
        }
        _ => done,
    }
}

async fn list(admin: &Admin, given: &Given, out: &mut Out) -> Result<(), Stop> {
    let output = given.output()?;
    let names = matching(admin, given).await?;
    if output.print(&serde_json::json!(names), out)? {
        return Ok(());
    }
    out.line(names.join("\n"))
}

/// The topics that `--topic` and `--exclude-internal` leave, sorted.
async fn matching(admin: &Admin, given: &Given) -> Result<Vec<String>, Stop> {
    let pattern = given.value("topic")?;
    let topics = admin.list_topics().await?;
    let filter = Filter::new(pattern, given.has("exclude-internal"))?;
    let names = topics.iter().filter_map(|topic| Some(topic.name.as_ref()?.to_string()));
    let mut names: Vec<String> = names.filter(|name| filter.allows(name)).collect();
    names.sort_unstable();
    Ok(names)
}

/// [`matching`] topics of a command that `--topic` names, of which there must be one unless
/// `--if-exists` says otherwise.
async fn existing(admin: &Admin, given: &Given) -> Result<Vec<String>, Stop> {
    let names = matching(admin, given).await?;
    match given.value("topic")? {
        Some(asked) if !asked.is_empty() && names.is_empty() && !given.has("if-exists") => {
            Err(Stop::error(format!("Topic '{asked}' does not exist as expected")))
        }
        _ => Ok(names),
    }
}
