//! By which name this program was called: `ottla topics …`, or a link `kafka-topics.sh …`.

use std::ffi::OsString;
use std::path::Path;

/// The call of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The command: `topics`.
    pub(super) name: String,
    /// How usages name it: `ottla topics`, or the link as it was typed.
    pub(super) program: String,
    /// The words behind the command's name.
    pub(super) words: Vec<String>,
}

impl Call {
    /// Looks at the program's own name, then at its first word.
    pub(super) fn of(args: impl IntoIterator<Item = OsString>) -> Self {
        let mut args = args.into_iter().map(|arg| arg.to_string_lossy().into_owned());
        let program = args.next().unwrap_or_default();
        let base = Path::new(&program).file_name().map(|name| name.to_string_lossy().into_owned());
        let base = base.unwrap_or_default();
        let plain = base.strip_suffix(".sh").unwrap_or(&base);
        if let Some(name) = plain.strip_prefix("kafka-") {
            return Self { name: name.to_owned(), program: base.clone(), words: args.collect() };
        }
        let name = args.next().unwrap_or_default();
        Self { program: format!("ottla {name}"), name, words: args.collect() }
    }

    /// The same call as clap reads it.
    pub(super) fn line(&self) -> Vec<String> {
        let name = (!self.name.is_empty()).then(|| self.name.clone());
        let mut line = vec!["ottla".to_owned()];
        line.extend(name);
        line.extend(self.words.iter().cloned());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Call {
        Call::of(line.split(' ').map(OsString::from))
    }

    #[test]
    fn links_name_the_command() {
        for line in
            ["/usr/bin/kafka-topics.sh --list", "kafka-topics --list", "./ottla topics --list"]
        {
            let call = of(line);
            assert_eq!(
                (call.name.as_str(), call.words.as_slice()),
                ("topics", &["--list".into()][..])
            );
        }
        assert_eq!(of("bin/kafka-topics.sh").program, "kafka-topics.sh");
        assert_eq!(of("ottla topics").program, "ottla topics");
    }

    #[test]
    fn clap_sees_an_ordinary_line() {
        assert_eq!(of("ottla").line(), ["ottla"]);
        assert_eq!(of("kafka-server-start.sh f").line(), ["ottla", "server-start", "f"]);
    }
}
