//! The same options for clap: what `ottla --help`, completions and man pages know of a command.

use clap::builder::ValueHint;
use clap::{Arg, ArgAction, Command};

use super::spec::{Kind, Opt, Spec};
use super::tool::Tool;

impl Tool {
    /// The command as clap describes it. It is never parsed by clap.
    pub(crate) fn clap(&self) -> Command {
        command(self.name, self.about, &(self.spec)())
    }
}

fn command(name: &'static str, about: &'static str, spec: &Spec) -> Command {
    let mut command = Command::new(name).about(about).disable_help_flag(true);
    if !spec.about.is_empty() && spec.about != about {
        command = command.long_about(format!("{about}.\n\n{}", spec.about));
    }
    for option in &spec.options {
        command = command.arg(arg(option));
    }
    for (name, about, inner) in &spec.commands {
        command = command.subcommand(self::command(name, about, inner));
    }
    command
}

fn arg(option: &Opt) -> Arg {
    let long = option.names.iter().find(|name| name.len() > 1);
    let short = option.names.iter().find(|name| name.len() == 1);
    let about = option.about.split('\n').next().unwrap_or_default().trim().to_owned();
    let mut arg = Arg::new(option.name()).help(about);
    if let Some(long) = long {
        arg = arg.long(*long);
    }
    if let Some(short) = short.and_then(|short| short.chars().next()) {
        arg = arg.short(short);
    }
    if option.kind == Kind::Flag {
        return arg.action(ArgAction::SetTrue);
    }
    arg = arg.action(ArgAction::Append);
    if !option.described.is_empty() {
        arg = arg.value_name(option.described);
    }
    if !option.choices.is_empty() {
        arg = arg.value_parser(option.choices.clone());
    }
    if option.name() == "output" && option.ours {
        arg = arg.value_parser(["table", "json", "yaml"]);
    }
    if option.kind == Kind::File { arg.value_hint(ValueHint::FilePath) } else { arg }
}
