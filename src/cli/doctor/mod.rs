//! `ottla doctor`: says what is wrong with a data directory, a setting file or a running broker,
//! where, and what to do about it. It changes nothing.
//!
//! The exit code is 0 if nothing is an error, 1 if something is.

mod broker;
mod dirs;
mod report;
mod settings;

use std::path::PathBuf;
use std::process::ExitCode;

use self::report::{Report, Section};
use super::Failure;
use super::config::print;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: super::settings::Arguments,
    /// Looks at these log directories, whatever the settings say
    #[arg(long, value_name = "DIR", value_delimiter = ',', conflicts_with = "bootstrap_server")]
    log_dirs: Vec<PathBuf>,
    /// Looks at the running brokers of a cluster
    #[arg(long, value_name = "HOST:PORT", alias = "broker-list")]
    bootstrap_server: Option<String>,
    /// Property file with settings of the client that asks the brokers
    #[arg(long, value_name = "FILE", requires = "bootstrap_server")]
    command_config: Option<String>,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people
    Table,
    /// One JSON object
    Json,
}

/// Looks, and says what it has found.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let sections = if let Some(bootstrap) = &arguments.bootstrap_server {
        broker::check(bootstrap, arguments.command_config.as_deref())
    } else if arguments.log_dirs.is_empty() {
        from_settings(arguments)
    } else {
        dirs::check(&arguments.log_dirs, None)
    };
    let report = Report { sections };
    print(&match arguments.output {
        Output::Table => report.text(),
        Output::Json => format!("{:#}\n", report.json()),
    })?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The settings, and the log directories that they name.
fn from_settings(arguments: &Arguments) -> Vec<Section> {
    let (section, loaded) = settings::check(&arguments.settings);
    let mut sections = vec![section];
    if let Some(settings) = loaded {
        let node = settings.get("node.id").and_then(|id| id.parse().ok()).filter(|id| *id >= 0);
        sections.extend(dirs::check(&settings.log_dirs, node));
    }
    sections
}
