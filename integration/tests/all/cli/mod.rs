//! Ottla's commands beside Kafka's own classes: the same words, the same state, the same result.
//!
//! A [`Pair`] is two brokers with the same settings. Every line of a test's table runs on one of
//! them as Kafka's class in a JVM, on the other as `ottla NAME …`, so that what the line changes is
//! changed on both sides. Standard output must be equal and so must the exit code; of standard
//! error the first line counts, where the meaning is.

mod cat;
mod cluster;
mod configs;
mod console_consumer;
mod console_ends;
mod consumers;
mod doctor;
mod groups;
mod on_kafka;
mod own;
mod producers;
mod server;
mod top;
mod topics;

use std::io::Write;
use std::process::{Command, Stdio};

use ottla_integration::tools::{Java, or_skip};
use ottla_integration::{Broker, ClientProgram, binary};
use tempfile::TempDir;

use crate::kafka_tools::normal::Place;
use crate::kafka_tools::table::{Compare, class_of};
use crate::kafka_tools::{Outcome, run_tool, start_tools};

/// Two brokers, and the ways to the tools.
pub(crate) struct Pair {
    tools: ClientProgram,
    /// The JVM's broker, then ours.
    places: [Place; 2],
    brokers: [Broker; 2],
    dir: TempDir,
    differences: Vec<String>,
}

impl Pair {
    /// Starts both brokers with `settings`; `None` after a line about it where Java is missing.
    #[track_caller]
    pub(crate) fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let java = or_skip(Java::fetch())?;
        let dir = tempfile::tempdir().expect("a temporary directory");
        let brokers = [Broker::start(settings), Broker::start(settings)];
        let places = brokers
            .each_ref()
            .map(|broker| Place::new(&broker.bootstrap(), &broker.data_dir(), dir.path()));
        let tools = start_tools(java, dir.path());
        Some(Self { tools, places, brokers, dir, differences: Vec::new() })
    }

    /// The brokers: the JVM's, then ours.
    pub(crate) fn brokers(&mut self) -> &mut [Broker; 2] {
        &mut self.brokers
    }

    /// A directory for files of the test; `SCRATCH` in a table.
    pub(crate) fn scratch(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Runs a table: lines of a mark, a command and its words.
    ///
    /// The mark says how standard output is compared: `=` line for line, `~` in any order, `n` the
    /// part before `=` of each line in any order, `r` not at all, but it must not be empty. Signs
    /// behind it: `!` the words are complete, otherwise `--bootstrap-server` follows them; `*`
    /// standard error has our own wording, and must only be there or not as it is for the JVM.
    /// With `-` standard error is not compared: Kafka's tool prints a stack trace of what standard
    /// output names.
    /// BOOTSTRAP, DATA and SCRATCH stand for what differs, `·` for a blank within a word; `< `
    /// begins what is typed. Lines that begin with `#` say what follows.
    pub(crate) fn table(&mut self, text: &str) {
        for line in Line::all(text) {
            self.line(&line);
        }
    }

    fn line(&mut self, line: &Line<'_>) {
        let [wanted, found] = self.places.each_ref().map(|place| line.args(place));
        let wanted = run_tool(&mut self.tools, class_of(line.tool), &wanted, &line.stdin);
        let found = ottla(line.tool, &found, &line.stdin);
        let wanted = self.places[0].normalise(line.compare, wanted);
        let found = self.places[1].normalise(line.compare, found);
        self.differences.extend(line.difference(wanted, found));
    }

    /// What Kafka's class and our command do with the same words, each on its own broker.
    pub(crate) fn both(&mut self, tool: &str, words: &str) -> [Outcome; 2] {
        let args = self.places.each_ref().map(|place| {
            let mut args: Vec<String> = words.split_whitespace().map(|w| place.fill(w)).collect();
            args.extend(["--bootstrap-server".to_owned(), place.bootstrap.clone()]);
            args
        });
        let [wanted, found] = args;
        [run_tool(&mut self.tools, class_of(tool), &wanted, ""), ottla(tool, &found, "")]
    }

    /// Runs a tool's class on both brokers, to bring about what a table is to see.
    #[track_caller]
    pub(crate) fn prepare(&mut self, line: &str) {
        let (tool, words) = line.split_once(' ').expect("a command and its words");
        for place in &self.places {
            let mut args: Vec<String> = words.split_whitespace().map(|w| place.fill(w)).collect();
            args.extend(["--bootstrap-server".to_owned(), place.bootstrap.clone()]);
            let outcome = run_tool(&mut self.tools, class_of(tool), &args, "");
            assert_eq!(outcome.exit, 0, "{line}: {outcome:?}");
        }
    }

    /// Fails with every difference there was.
    #[track_caller]
    pub(crate) fn finish(self) {
        let all = self.differences.len();
        assert!(self.differences.is_empty(), "{all} differ\n{}", self.differences.join("\n"));
    }
}

/// Runs one of our commands.
pub(crate) fn ottla(name: &str, args: &[String], stdin: &str) -> Outcome {
    let mut command = Command::new(binary::ottla());
    command.arg(name).args(args).stdin(Stdio::piped());
    // a context of whoever runs the tests has no say
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    // whoever does not read to the end has closed the pipe
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("an end");
    Outcome {
        exit: output.status.code().map_or(-1, i64::from),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// One line of a table.
pub(crate) struct Line<'a> {
    text: &'a str,
    mark: &'a str,
    tool: &'a str,
    words: &'a str,
    stdin: String,
    compare: Compare,
}

impl<'a> Line<'a> {
    /// The lines of a table, as [`Pair::table`] describes it.
    fn all(table: &'a str) -> impl Iterator<Item = Self> {
        let lines = table.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(Self::read)
    }

    fn read(text: &'a str) -> Self {
        let (mark, rest) = text.split_once(' ').expect("a mark in front");
        let (rest, stdin) = rest.split_once(" < ").unwrap_or((rest, ""));
        let (tool, words) = rest.split_once(' ').unwrap_or((rest, ""));
        let compare = match mark.trim_end_matches(['!', '*', '-']) {
            "=" => Compare::Exact,
            "~" => Compare::Sorted,
            "n" => Compare::Names,
            "r" => Compare::Runs,
            _ => panic!("unknown mark: {text}"),
        };
        Self { text, mark, tool, words, stdin: stdin.replace("\\n", "\n"), compare }
    }

    fn args(&self, place: &Place) -> Vec<String> {
        let words = self.words.split_whitespace();
        let mut args: Vec<String> = words.map(|word| place.fill(word)).collect();
        if !self.mark.contains('!') {
            args.extend(["--bootstrap-server".to_owned(), place.bootstrap.clone()]);
        }
        args
    }

    /// How what our command gave differs from what Kafka's class gave.
    fn difference(&self, mut wanted: Outcome, mut found: Outcome) -> Option<String> {
        if self.mark.contains('-') {
            wanted.err.clear();
            found.err.clear();
        }
        let difference = difference(self.compare, self.mark.contains('*'), &wanted, &found);
        (!difference.is_empty()).then(|| format!("==== {}\n{difference}", self.text))
    }
}

fn difference(compare: Compare, own_words: bool, wanted: &Outcome, found: &Outcome) -> String {
    let mut text = String::new();
    if wanted.exit != found.exit {
        text.push_str(&format!("exit: kafka {}, ottla {}\n", wanted.exit, found.exit));
    }
    let same_out = match compare {
        Compare::Runs => !found.out.is_empty(),
        Compare::Exact | Compare::Sorted | Compare::Names => wanted.out == found.out,
    };
    if !same_out {
        text.push_str(&format!("out of kafka:\n{}\nof ottla:\n{}\n", wanted.out, found.out));
    }
    let first = |text: &str| text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned);
    let [said, ours] = [first(&wanted.err), first(&found.err)];
    let same_err = if own_words { said.is_some() == ours.is_some() } else { said == ours };
    if !same_err {
        text.push_str(&format!("err of kafka: {said:?}\n    of ottla: {:?}\n", found.err));
    }
    text
}
