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
                bootstrap_server: addresses(bootstrap_server)?,
                command_config: command_config.as_deref().map(whole).transpose()?,
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

/// The addresses as they are, if each has a port.
fn addresses(text: &str) -> Result<String, Failure> {
    let no_port = |address: &&str| {
        let port = address.trim().rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        !matches!(port, Some(Ok(_)))
    };
    match text.split(',').find(no_port) {
        Some(bad) => Err(Failure::Context(format!("'{bad}' is no address: use host:port"))),
        None => Ok(text.to_owned()),
    }
}

/// The path as it is from anywhere: commands that use the context run in other directories.
fn whole(path: &str) -> Result<String, Failure> {
    let whole = std::path::absolute(path);
    let whole = whole.map_err(|error| Failure::Context(format!("cannot use '{path}': {error}")))?;
    Ok(whole.display().to_string())
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
