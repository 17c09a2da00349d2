//! One file a command.

mod start;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A message engine that speaks Kafka's protocol.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a broker and serve until SIGTERM or SIGINT.
    Start(start::Start),
}

/// Runs the command of the process's arguments.
pub(crate) fn run() -> ExitCode {
    match Arguments::parse().command {
        Command::Start(start) => start.run(),
    }
}
