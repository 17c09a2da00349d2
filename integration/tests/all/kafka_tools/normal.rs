//! Makes equal what has to differ between two installations.

use std::path::{Path, PathBuf};

use super::Outcome;
use super::table::Compare;

/// One broker as the tools see it.
pub(crate) struct Place {
    pub(crate) bootstrap: String,
    data: PathBuf,
    scratch: PathBuf,
}

impl Place {
    pub(crate) fn new(bootstrap: &str, data: &Path, scratch: &Path) -> Self {
        let place = Self {
            bootstrap: bootstrap.to_owned(),
            data: data.to_owned(),
            scratch: scratch.to_owned(),
        };
        let json = r#"{"version":1,"partitions":[{"topic":"t1","partition":1,"offset":1}]}"#;
        std::fs::write(place.scratch.join("delete.json"), json).expect("a file to write");
        std::fs::write(place.scratch.join("offsets.csv"), "t1,0,1\nt1,1,0\n").expect("a file");
        place
    }

    /// An argument of the table with this broker's addresses and paths.
    pub(crate) fn fill(&self, word: &str) -> String {
        word.replace("BOOTSTRAP", &self.bootstrap)
            .replace("DATA", &self.data.display().to_string())
            .replace("SCRATCH", &self.scratch.display().to_string())
            .replace('·', " ")
    }

    /// The outcome without what depends on the installation.
    pub(crate) fn normalise(&self, compare: Compare, outcome: Outcome) -> Outcome {
        let out = self.text(&outcome.out);
        let out = match compare {
            Compare::Sorted => sorted(&out),
            Compare::Names => sorted(&names(&out)),
            Compare::Exact | Compare::Runs => out,
        };
        // of a stack trace the first line says what went wrong; the frames are the tool's business
        let err: String = self
            .text(&outcome.err)
            .lines()
            .filter(|line| !is_frame(line))
            .collect::<Vec<_>>()
            .join("\n");
        Outcome { exit: outcome.exit, out, err }
    }

    fn text(&self, text: &str) -> String {
        let port = self.bootstrap.rsplit(':').next().unwrap_or_default();
        let text = text
            .replace(&self.data.display().to_string(), "DATA")
            .replace(&self.bootstrap, "BOOTSTRAP")
            .replace(&format!("127.0.0.1:{port}"), "BOOTSTRAP")
            .replace(port, "PORT");
        let known = |line| sizes(&unnamed_groups(&words(line))) + "\n";
        text.lines().map(known).collect()
    }
}

/// Ids and times are words of a known shape; the width of a column follows the widest word.
fn words(line: &str) -> String {
    let mut after = "";
    let mut words: Vec<&str> = Vec::new();
    for word in line.split([' ', '\t']).filter(|word| !word.is_empty()) {
        let hidden = match after {
            "TopicId:" | "id:" => "ID",
            "CreateTime:" | "crc:" | "LogAppendTime:" => "NUMBER",
            _ if is_member_id(word) => "MEMBER",
            _ => word,
        };
        after = word;
        words.push(hidden);
    }
    words.join(" ")
}

/// A console consumer without `--group` makes up `console-consumer-12345`.
fn unnamed_groups(line: &str) -> String {
    without_digits_after(line, "console-consumer-")
}

/// How far a batch compresses depends on the times of its records; that it is not empty does not.
fn sizes(line: &str) -> String {
    let empty = "\"size\":0,";
    without_digits_after(&line.replace(empty, "\"empty\","), "\"size\":")
}

fn without_digits_after(line: &str, mark: &str) -> String {
    let mut parts = line.split(mark);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(mark);
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    text
}

/// `console-consumer-0c7a…`: a name and a random UUID at its end.
fn is_member_id(word: &str) -> bool {
    let tail = word.len().checked_sub(36).and_then(|at| word.get(at..));
    tail.is_some_and(|uuid| {
        uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
            && uuid.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
    })
}

/// Sorts lines, and the objects of a JSON line.
fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.split(['\n', '{', '}']).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// The part before `=` of each line: settings whose values belong to the installation.
fn names(text: &str) -> String {
    text.lines().map(|line| line.split('=').next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn is_frame(line: &str) -> bool {
    line.starts_with("at ") || line.starts_with("... ") && line.ends_with(" more")
}
