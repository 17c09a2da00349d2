//! One file a command.
//!
//! Commands of Kafka's names stand in [`tools`] and end as Kafka's do: 0 done, 1 anything else.
//! Ottla's own are clap commands here, with exit codes 0 done, 1 it did not work (a port in use, a
//! directory that cannot be written), 2 the command line or a setting is wrong. `bench` ends with
//! 130 after Ctrl-C.

mod bench;
mod broker_api_versions;
mod called;
mod cat;
mod cluster;
mod completions;
mod config;
mod configs;
mod console_consumer;
mod console_producer;
mod consumer_groups;
mod consumer_perf_test;
mod consuming;
mod context;
mod delete_records;
mod doctor;
mod dump_log;
mod e2e_latency;
mod embedded;
mod get_offsets;
mod install_links;
mod kit;
mod log_dirs;
mod logging;
mod producer_perf_test;
mod producing;
mod server_start;
mod server_stop;
mod settings;
mod start;
mod tools;
mod top;
mod topics;
mod trim;
mod verifiable_consumer;
mod verifiable_producer;
mod version;

use std::fmt;
use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use ottla_benches::BenchError;

/// A message engine that speaks Kafka's protocol.
#[derive(Debug, Parser)]
#[command(name = "ottla", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a broker; it runs until SIGTERM or Ctrl-C
    Start(start::Arguments),
    /// Prints every setting in force, and which layer it comes from
    Config(config::Arguments),
    /// Measures a broker with bench actors
    Bench(Box<bench::Arguments>),
    /// Says what is wrong with a data directory, a setting file or a running broker
    Doctor(doctor::Arguments),
    /// Shows rates of topics, lag of groups and the busiest partitions
    Top(top::Arguments),
    /// Produces, consumes and lists as kcat does
    Cat(cat::Arguments),
    /// Prints a script that makes a shell complete the words of commands
    Completions(completions::CompletionArguments),
    /// Names clusters, and the one that commands talk to
    Context(context::Arguments),
    /// Makes links under the names of Kafka's scripts
    InstallLinks(install_links::Arguments),
    /// Writes a manual page for each command
    Man(completions::ManArguments),
    /// Prints the version
    Version,
}

/// Runs the command that the command line asks for; `begun` is when the process started.
pub(crate) fn run(begun: Instant) -> ExitCode {
    let call = called::Call::of(std::env::args_os());
    if let Some(tool) = tools::find(&call.name) {
        return tool.main(&call.program, &call.words);
    }
    let matches = command_line().try_get_matches_from(call.line());
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(complaint) if complaint.use_stderr() => complaint.exit(),
        Err(help) => return ended(config::print(&help.render().to_string()).map(done)),
    };
    let outcome = match cli.command {
        Command::Start(arguments) => start::run(&arguments, begun).map(done),
        Command::Config(arguments) => config::run(&arguments).map(done),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Top(arguments) => top::run(&arguments),
        Command::Cat(arguments) => return cat::run(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments).map(done),
        Command::Context(arguments) => context::run(&arguments).map(done),
        Command::InstallLinks(arguments) => install_links::run(&arguments).map(|all| match all {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }),
        Command::Man(arguments) => completions::man(&arguments).map(done),
        Command::Version => version::run().map(done),
    };
    ended(outcome)
}

/// The exit code; what went wrong is said.
fn ended(outcome: Result<ExitCode, Failure>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("ottla: {failure}");
            failure.exit_code()
        }
    }
}

/// All commands, those of Kafka's names among them.
fn command_line() -> clap::Command {
    let own = Cli::command();
    tools::TOOLS.iter().fold(own, |all, tool| all.subcommand(tool.clap()))
}

fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
enum Failure {
    /// A setting cannot be used.
    Settings(ottla_config::LoadError),
    /// What RUST_LOG or `ottla.log.level` says is not a filter.
    LogLevel { place: &'static str, value: String, reason: String },
    /// The broker did not start.
    Start(ottla::StartError),
    /// A measurement has no result.
    Bench(BenchError),
    /// The file of contexts cannot be used, or has no such context.
    Context(String),
    /// Every log directory failed while the broker ran.
    Lost { data: String },
    /// No broker answers.
    Client(ottla_actors::client::ClientError),
    /// A screen is asked for where there is none.
    NoTerminal,
    /// The terminal does not do what it is told.
    Terminal(std::io::Error),
    /// A file or the terminal could not be written.
    Write { what: String, source: std::io::Error },
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) | Self::LogLevel { .. } => ExitCode::from(2),
            Self::Bench(BenchError::Options { .. }) => ExitCode::from(2),
            Self::Bench(_)
            | Self::Start(_)
            | Self::Lost { .. }
            | Self::Client(_)
            | Self::NoTerminal
            | Self::Terminal(_)
            | Self::Context(_)
            | Self::Write { .. } => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::LogLevel { place, value, reason } => write!(
                f,
                "Invalid value {value} for {place}: {reason}; use error, warn, info, debug, trace, \
                 or directives such as info,ottla_core=debug"
            ),
            Self::Start(error) => error.fmt(f),
            Self::Bench(error) => error.fmt(f),
            Self::Context(reason) => f.write_str(reason),
            Self::Lost { data } => {
                write!(f, "all log directories have failed: {data}; see the errors above")
            }
            Self::Client(error) => error.fmt(f),
            Self::NoTerminal => f.write_str(
                "standard output is no terminal: use --once or --output json, or run it in one",
            ),
            Self::Terminal(source) => write!(f, "the terminal cannot be used: {source}"),
            Self::Write { what, source } => write!(f, "cannot write {what}: {source}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        super::command_line().debug_assert();
        let ok = ["ottla", "start", "f", "--override", "a=b", "--override", "c=d"];
        assert!(Cli::try_parse_from(ok).is_ok());
        assert!(Cli::try_parse_from(["ottla", "start", "--overide", "a=b"]).is_err());
    }
}
