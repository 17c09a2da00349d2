//! What a command accepts: its options as Kafka's tool declares them, in its order.

use std::borrow::Cow;

/// Which of the two option parsers Kafka's tool uses: they differ in what they accept and in how
/// they complain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// joptsimple: `--name value`, `--name=value`, `-name value`; no abbreviations, as Kafka's
    /// tools have it; words that belong to no option are left to the tool.
    Joptsimple,
    /// argparse4j: short names, unique beginnings of long names, subcommands; unknown words are
    /// errors.
    Argparse4j,
}

/// What the value of an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The option takes no value.
    Flag,
    /// Any text.
    Text,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A number.
    Double,
    /// Text that is a path, which completions know.
    File,
}

impl Kind {
    /// The name of the Java type, which usages show.
    pub(super) fn java(self) -> &'static str {
        match self {
            Self::Flag => "",
            Self::Text | Self::File => "String",
            Self::Integer => "Integer",
            Self::Long => "Long",
            Self::Double => "Double",
        }
    }

    /// How argparse4j names the type of a value that it cannot read.
    pub(super) fn argparse(self) -> &'static str {
        match self {
            Self::Integer => "Integer (32 bit)",
            Self::Long => "Long (64 bit)",
            other => other.java(),
        }
    }

    /// Whether `text` is a value of this kind.
    pub(super) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Flag | Self::Text | Self::File => true,
            Self::Integer => text.parse::<i32>().is_ok(),
            Self::Long => text.parse::<i64>().is_ok(),
            Self::Double => text.parse::<f64>().is_ok(),
        }
    }
}

/// One option.
#[derive(Clone, Debug)]
pub(crate) struct Opt {
    /// Its names without dashes, the one that code asks for first.
    pub(crate) names: Vec<&'static str>,
    /// Names that work but are not shown.
    pub(crate) hidden: Vec<&'static str>,
    /// What its value is.
    pub(crate) kind: Kind,
    /// What a usage calls the value (`describedAs`, or argparse4j's metavar).
    pub(crate) described: &'static str,
    /// What it is for, in the words of Kafka's tool where it is Kafka's.
    pub(crate) about: Cow<'static, str>,
    /// Whether the parser itself demands it.
    pub(crate) required: bool,
    /// The value when it is not given.
    pub(crate) default: Option<&'static str>,
    /// At what a value is cut into several.
    pub(crate) separator: Option<char>,
    /// The only values allowed (argparse4j).
    pub(crate) choices: Vec<&'static str>,
    /// Options of the same group exclude each other, and one of them is required (argparse4j).
    pub(crate) group: Option<u8>,
    /// Whether Ottla added it: Kafka's tool has no such option.
    pub(crate) ours: bool,
    /// Whether its value may be left out (joptsimple).
    pub(crate) optional: bool,
    /// Whether it takes every word up to the next option (argparse4j).
    pub(crate) many: bool,
}

impl Opt {
    /// Whether it is called so.
    fn is(&self, name: &str) -> bool {
        self.names.iter().chain(&self.hidden).any(|known| *known == name)
    }

    /// The name that code asks for.
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// The names with their dashes: one for a name of a single letter.
    pub(crate) fn dashed(&self) -> Vec<String> {
        let dashes = |name: &&str| if name.len() == 1 { "-" } else { "--" };
        self.names.iter().map(|name| format!("{}{name}", dashes(name))).collect()
    }
}

/// All that a command accepts. The methods that change "the last option" follow the one that adds
/// it.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Which parser.
    pub(crate) style: Style,
    /// What the tool is for: the first line of its help.
    pub(crate) about: &'static str,
    /// What is said instead when it is called without a word.
    pub(crate) about_empty: &'static str,
    /// The options in Kafka's order.
    pub(crate) options: Vec<Opt>,
    /// Whether it is called without a word in earnest (joptsimple).
    pub(crate) wordless: bool,
    /// Whether an address is all that it has to be told, so that a context may tell it.
    pub(crate) address_is_enough: bool,
    /// The subcommands (argparse4j): name, what it is for, what it accepts.
    pub(crate) commands: Vec<(&'static str, &'static str, Spec)>,
}

impl Spec {
    fn empty(style: Style, about: &'static str) -> Self {
        Self {
            style,
            about,
            about_empty: about,
            options: Vec::new(),
            wordless: false,
            address_is_enough: false,
            commands: Vec::new(),
        }
    }

    /// A tool that reads its options with joptsimple; `--help` and `--version` are there.
    pub(crate) fn joptsimple(about: &'static str) -> Self {
        Self::empty(Style::Joptsimple, about)
            .flag("help", "Print usage information.")
            .flag("version", "Display Kafka version.")
    }

    /// A tool that reads its options with argparse4j; `--help` and `-h` are there.
    pub(crate) fn argparse4j(about: &'static str) -> Self {
        Self::empty(Style::Argparse4j, about)
            .flag("help", "show this help message and exit")
            .short("h")
    }

    /// What is said instead of `about` when the tool is called without a word.
    pub(crate) fn about_empty(mut self, text: &'static str) -> Self {
        self.about_empty = text;
        self
    }

    /// A call without a word is not a question for the usage.
    pub(crate) fn without_words(mut self) -> Self {
        self.wordless = true;
        self
    }

    /// A context in use says all that the tool has to be told.
    pub(crate) fn address_is_enough(mut self) -> Self {
        self.address_is_enough = true;
        self
    }

    /// Adds an option without a value.
    pub(crate) fn flag(self, name: &'static str, about: impl Into<Cow<'static, str>>) -> Self {
        self.value(name, Kind::Flag, "", about)
    }

    /// Adds an option with a value, which a usage calls `described`.
    pub(crate) fn value(
        mut self,
        name: &'static str,
        kind: Kind,
        described: &'static str,
        about: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.options.push(Opt {
            names: vec![name],
            hidden: Vec::new(),
            kind,
            described,
            about: about.into(),
            required: false,
            default: None,
            separator: None,
            choices: Vec::new(),
            group: None,
            ours: false,
            optional: false,
            many: false,
        });
        self
    }

    /// Adds `--bootstrap-server` in the words of most tools, to be followed by what changes it.
    pub(crate) fn bootstrap(self, about: &'static str) -> Self {
        self.value("bootstrap-server", Kind::Text, "server to connect to", about)
    }

    fn last(mut self, change: impl FnOnce(&mut Opt)) -> Self {
        if let Some(option) = self.options.last_mut() {
            change(option);
        }
        self
    }

    /// The last option has another name too; one letter is a short name.
    pub(crate) fn short(self, name: &'static str) -> Self {
        self.last(|option| option.names.push(name))
    }

    /// A name of former releases, which works for the last option and is not shown.
    pub(crate) fn formerly(self, name: &'static str) -> Self {
        self.last(|option| option.hidden.push(name))
    }

    /// The parser demands the last option.
    pub(crate) fn required(self) -> Self {
        self.last(|option| option.required = true)
    }

    /// The value of the last option when it is not given.
    pub(crate) fn default(self, value: &'static str) -> Self {
        self.last(|option| option.default = Some(value))
    }

    /// The value of the last option may be left out (joptsimple).
    pub(crate) fn optional(self) -> Self {
        self.last(|option| option.optional = true)
    }

    /// The last option takes every word up to the next option (argparse4j).
    pub(crate) fn many(self) -> Self {
        self.last(|option| option.many = true)
    }

    /// Values of the last option are cut at this character.
    pub(crate) fn separated_by(self, separator: char) -> Self {
        self.last(|option| option.separator = Some(separator))
    }

    /// The only values that the last option may have (argparse4j).
    pub(crate) fn choices(self, choices: &[&'static str]) -> Self {
        self.last(|option| option.choices = choices.to_vec())
    }

    /// The last option belongs to a group of which one, and only one, must be given (argparse4j).
    pub(crate) fn group(self, group: u8) -> Self {
        self.last(|option| option.group = Some(group))
    }

    /// The last option is Ottla's own.
    pub(crate) fn ours(self) -> Self {
        self.last(|option| option.ours = true)
    }

    /// Adds Ottla's `--output table|json|yaml`.
    pub(crate) fn output(self) -> Self {
        let about = "How the result is printed: table (as Kafka prints it), json or yaml.";
        self.value("output", Kind::Text, "table|json|yaml", about).ours()
    }

    /// Adds a subcommand (argparse4j).
    pub(crate) fn command(mut self, name: &'static str, about: &'static str, spec: Self) -> Self {
        self.commands.push((name, about, spec));
        self
    }

    /// Where an option of this name stands.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.options.iter().position(|option| option.is(name))
    }

    /// The option of this name.
    pub(super) fn option(&self, name: &str) -> Option<&Opt> {
        self.options.iter().find(|option| option.is(name))
    }
}
