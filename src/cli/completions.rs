//! `ottla completions` and `ottla man`: what shells and manuals know of the commands.

use std::path::PathBuf;

use super::config::print;
use super::tools::TOOLS;
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

/// Prints a script that makes a shell complete words of `ottla`, and of the links that
/// `install-links` makes.
pub(super) fn completions(arguments: &CompletionArguments) -> Result<(), Failure> {
    use clap_complete::Shell as Of;
    let shell = match arguments.shell {
        Shell::Bash => Of::Bash,
        Shell::Zsh => Of::Zsh,
        Shell::Fish => Of::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command_line(), "ottla", &mut script);
    let script = String::from_utf8_lossy(&script);
    print(&format!("{}\n{}", script.trim_end(), links(arguments.shell)))
}

/// What makes the words behind a link those behind the command that it stands for.
fn links(shell: Shell) -> String {
    let names = TOOLS.iter().map(|tool| tool.name);
    let both: Vec<[String; 2]> =
        names.clone().map(|name| [format!("kafka-{name}"), format!("kafka-{name}.sh")]).collect();
    let all = both.concat().join(" ");
    match shell {
        Shell::Bash => format!(
            r#"
_ottla_link() {{
    local name=${{1##*/}}
    name=${{name#kafka-}}
    COMP_WORDS=(ottla "${{name%.sh}}" "${{COMP_WORDS[@]:1}}")
    COMP_CWORD=$((COMP_CWORD + 1))
    _ottla ottla "$2" "$3"
}}
complete -F _ottla_link -o bashdefault -o default {all}
"#
        ),
        Shell::Zsh => format!(
            r#"
_ottla_link() {{
    local name=${{${{words[1]:t}}#kafka-}}
    words=(ottla "${{name%.sh}}" "${{(@)words[2,-1]}}")
    (( CURRENT++ ))
    _ottla "$@"
}}
if [ "$funcstack[1]" != "_ottla" ]; then
    compdef _ottla_link {all}
fi
"#
        ),
        Shell::Fish => names
            .zip(both)
            .map(|(name, [short, long])| {
                format!(
                    "complete -c {short} -w 'ottla {name}'\ncomplete -c {long} -w 'ottla {name}'\n"
                )
            })
            .collect(),
    }
}

/// Writes a manual page for each command.
pub(super) fn man(arguments: &ManArguments) -> Result<(), Failure> {
    let dir = &arguments.dir;
    let written =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command_line(), dir));
    written.map_err(|source| Failure::Write { what: dir.display().to_string(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_is_completed_in_every_shell() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = links(shell);
            for tool in TOOLS {
                assert!(script.contains(&format!(" kafka-{}.sh", tool.name)), "{shell:?} {script}");
            }
        }
    }

    #[test]
    fn bash_completes_a_link_as_the_command_it_stands_for() {
        let mut script = Vec::new();
        let bash = clap_complete::Shell::Bash;
        clap_complete::generate(bash, &mut command_line(), "ottla", &mut script);
        let asked = format!(
            "{}{}\nCOMP_WORDS=(/bin/kafka-topics.sh --part); COMP_CWORD=1\n\
             _ottla_link /bin/kafka-topics.sh --part /bin/kafka-topics.sh\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            String::from_utf8_lossy(&script),
            links(Shell::Bash)
        );
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), asked).expect("written");
        let bash = std::process::Command::new("bash").arg(file.path()).output().expect("bash");
        let found = String::from_utf8_lossy(&bash.stdout).into_owned();
        assert!(found.lines().any(|word| word == "--partitions"), "{found} {bash:?}");
    }
}
