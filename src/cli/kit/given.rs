//! What a command was given: options in the order of the command line, and questions about them in
//! the words of Kafka's tools.

use super::spec::{Kind, Opt, Spec, Style};
use super::{Stop, properties::Properties, usage};

/// What stands on the command line, understood as a [`Spec`] says.
#[derive(Debug)]
pub(crate) struct Given {
    /// How the command was called: `ottla topics`, or `kafka-topics.sh`.
    pub(super) program: String,
    pub(super) words: Vec<String>,
    pub(super) spec: Spec,
    /// Each option that was found: its place in the spec, and its value if it takes one.
    pub(super) found: Vec<(usize, String)>,
    pub(super) positional: Vec<String>,
    pub(super) command: Option<(&'static str, Box<Self>)>,
    /// Settings of the context in use, under those of the command line.
    pub(super) context: Properties,
}

impl Given {
    pub(super) fn new(program: &str, words: &[String], spec: Spec) -> Self {
        Self {
            program: program.to_owned(),
            words: words.to_vec(),
            spec,
            found: Vec::new(),
            positional: Vec::new(),
            command: None,
            context: Properties::default(),
        }
    }

    /// The words after the command's name, as they were typed.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether the option is on the command line; a default does not count.
    pub(crate) fn has(&self, name: &str) -> bool {
        let at = self.spec.position(name);
        at.is_some_and(|at| self.found.iter().any(|(found, _)| *found == at))
    }

    /// The option's only value, or its default.
    ///
    /// # Errors
    /// It was given several times.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&str>, Stop> {
        let mut values = self.values(name).into_iter();
        let first = values.next();
        match (self.spec.style, values.last()) {
            (_, None) => Ok(first),
            (Style::Argparse4j, last) => Ok(last),
            (Style::Joptsimple, Some(_)) => Err(Stop::error(format!(
                "Found multiple arguments for option {}, but you asked for only one",
                self.called(name)
            ))),
        }
    }

    /// Every value of the option, in order; its default if it was not given.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let Some(at) = self.spec.position(name) else { return Vec::new() };
        let given: Vec<&str> =
            self.found.iter().filter(|(found, _)| *found == at).map(|(_, v)| v.as_str()).collect();
        if !given.is_empty() {
            return given;
        }
        self.spec.options.get(at).and_then(|option| option.default).into_iter().collect()
    }

    /// The option's only value as a number: `i32` for [`Kind::Integer`], `i64` for
    /// [`Kind::Long`], `f64` for [`Kind::Double`].
    ///
    /// # Errors
    /// It was given several times, or is no such number.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Stop> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let called = self.called(name);
            Stop::error(format!("Cannot parse argument '{text}' of option {called}"))
        })
    }

    /// The options in the order of the command line, each with its value (empty for a flag).
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let name = |at: usize| self.spec.options.get(at).map_or("", Opt::name);
        self.found.iter().map(move |(at, value)| (name(*at), value.as_str()))
    }

    /// The words that belong to no option.
    pub(crate) fn positional(&self) -> &[String] {
        &self.positional
    }

    /// The subcommand and what it was given.
    pub(crate) fn command(&self) -> Option<(&'static str, &Self)> {
        self.command.as_ref().map(|(name, given)| (*name, &**given))
    }

    /// The value of Ottla's `--output`.
    ///
    /// # Errors
    /// It is none of the formats.
    pub(crate) fn output(&self) -> Result<super::Output, Stop> {
        super::Output::parse(self.value("output")?)
    }

    /// A complaint about the command line as Kafka's tool makes it: the message and the usage, in
    /// the order of the parser's style, exit code 1.
    pub(crate) fn usage(&self, message: &str) -> Stop {
        usage::complaint(&self.spec, &self.program, message)
    }

    /// Complains unless all of these options are there.
    pub(crate) fn require(&self, names: &[&str]) -> Result<(), Stop> {
        match names.iter().find(|name| !self.has(name)) {
            None => Ok(()),
            Some(name) => {
                Err(self.usage(&format!("Missing required argument \"{}\"", self.listed(name))))
            }
        }
    }

    /// Complains if `used` is there together with one of `others`.
    pub(crate) fn exclude(&self, used: &str, others: &[&str]) -> Result<(), Stop> {
        match others.iter().find(|other| self.has(used) && self.has(other)) {
            None => Ok(()),
            Some(other) => Err(self.usage(&format!(
                "Option \"{}\" can't be used with option \"{}\"",
                self.listed(used),
                self.listed(other)
            ))),
        }
    }

    /// Says that `old` is what `new` was called before; refuses both at once.
    pub(crate) fn renamed(&self, old: &str, new: &str, out: &mut super::Out) -> Result<(), Stop> {
        if self.has(old) && self.has(new) {
            let message = format!("Options --{old} and --{new} are mutually exclusive.");
            return Err(self.usage(&message));
        }
        if self.has(old) {
            out.line(format!(
                "Option --{old} has been deprecated and will be removed in a future version. Use \
                 --{new} instead."
            ))?;
        }
        Ok(())
    }

    /// An option as joptsimple's specs print themselves: all names, sorted, in brackets.
    pub(crate) fn listed(&self, name: &str) -> String {
        let mut names = self.spec.option(name).map_or(vec![name], |option| option.names.clone());
        names.sort_unstable_by_key(|name| (name.len() > 1, *name));
        format!("[{}]", names.join(", "))
    }

    /// An option as joptsimple's errors name it: in brackets only when it has several names.
    fn called(&self, name: &str) -> String {
        match self.spec.option(name) {
            Some(option) if option.names.len() > 1 => self.listed(name),
            _ => name.to_owned(),
        }
    }

    pub(super) fn push(&mut self, at: usize, value: &str) {
        let separator = self.spec.options.get(at).and_then(|option| option.separator);
        let flag = self.spec.options.get(at).is_some_and(|option| option.kind == Kind::Flag);
        let pieces = separator.map(|separator| value.split(separator));
        let mut pieces = pieces.into_iter().flatten().filter(|piece| !piece.is_empty()).peekable();
        if flag || pieces.peek().is_none() {
            self.found.push((at, value.to_owned()));
            return;
        }
        self.found.extend(pieces.map(|piece| (at, piece.to_owned())));
    }
}
