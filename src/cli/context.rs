//! `ottla context`: names for clusters, and the one that commands talk to.

use super::Failure;
use super::config::print;
use super::kit::contexts::{Context, Contexts};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Adds a cluster, or changes it
    Add {
        /// What it is called
        name: String,
        /// Its addresses: host:port, separated by commas
        #[arg(long, value_name = "host:port")]
        bootstrap_server: String,
        /// A property file for clients of this cluster
        #[arg(long, value_name = "F")]
        command_config: Option<String>,
    },
    /// Makes commands without --bootstrap-server talk to this cluster
    Use {
        /// What it is called
        name: String,
    },
    /// Lists the clusters; a star marks the one in use
    List,
    /// Removes a cluster
    Remove {
        /// What it is called
        name: String,
    },
}

/// Reads, changes and writes the file of contexts.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut contexts = Contexts::load().map_err(Failure::Context)?;
    match &arguments.action {
        Action::Add { name, bootstrap_server, command_config } => {
            let context = Context {
                bootstrap_server: bootstrap_server.clone(),
                command_config: command_config.clone(),
            };
            contexts.all.insert(name.clone(), context);
        }
        Action::Use { name } => {
            known(&contexts, name)?;
            contexts.current = Some(name.clone());
        }
        Action::Remove { name } => {
            known(&contexts, name)?;
            contexts.all.remove(name);
            contexts.current = contexts.current.filter(|current| current != name);
        }
        Action::List => return print(&table(&contexts)),
    }
    contexts.save().map_err(Failure::Context)
}

fn known(contexts: &Contexts, name: &str) -> Result<(), Failure> {
    match contexts.all.contains_key(name) {
        true => Ok(()),
        false => Err(Failure::Context(format!("there is no context '{name}'"))),
    }
}

fn table(contexts: &Contexts) -> String {
    let mut text = String::new();
    for (name, context) in &contexts.all {
        let star = if contexts.current.as_ref() == Some(name) { '*' } else { ' ' };
        text.push_str(&format!("{star} {name}\t{}", context.bootstrap_server));
        if let Some(file) = &context.command_config {
            text.push_str(&format!("\t{file}"));
        }
        text.push('\n');
    }
    text
}
