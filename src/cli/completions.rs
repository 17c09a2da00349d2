//! `ottla completions` and `ottla man`: what shells and manuals know of the commands.

use std::path::PathBuf;

use super::config::print;
use super::{Failure, command_line};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct CompletionArguments {
    /// For which shell
    shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct ManArguments {
    /// Where the pages go; it is made if it is not there
    dir: PathBuf,
}

/// Prints a script that makes a shell complete words of `ottla`.
pub(super) fn completions(arguments: &CompletionArguments) -> Result<(), Failure> {
    use clap_complete::Shell as Of;
    let shell = match arguments.shell {
        Shell::Bash => Of::Bash,
        Shell::Zsh => Of::Zsh,
        Shell::Fish => Of::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command_line(), "ottla", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Writes a manual page for each command.
pub(super) fn man(arguments: &ManArguments) -> Result<(), Failure> {
    let dir = &arguments.dir;
    let written =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command_line(), dir));
    written.map_err(|source| Failure::Write { what: dir.display().to_string(), source })
}
