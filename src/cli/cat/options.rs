//! kcat's command line: letters, as `getopt` reads them.

use std::fmt;

use super::text::{TextError, check_pack, delimiter};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// `-P`
    Produce,
    /// `-C`
    Consume,
    /// `-G`
    Group,
    /// `-L`
    List,
    /// `-Q`
    Query,
}

/// Where reading begins (`-o`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The first record.
    Beginning,
    /// The next record that is written.
    End,
    /// Where the group has committed.
    Stored,
    /// This offset.
    At(i64),
    /// So many records before the end.
    BeforeEnd(i64),
}

/// One `-t TOPIC:PARTITION:TIMESTAMP` of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) timestamp: i64,
}

/// A command line that was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) mode: Option<Mode>,
    pub(super) group: String,
    pub(super) topic: Option<String>,
    pub(super) queries: Vec<Query>,
    pub(super) partition: Option<i32>,
    pub(super) start: Option<Start>,
    pub(super) start_ts: Option<i64>,
    pub(super) stop_ts: Option<i64>,
    pub(super) exit_at_end: bool,
    pub(super) go_on: bool,
    pub(super) format: Option<String>,
    pub(super) json: bool,
    pub(super) key_pack: Option<String>,
    pub(super) payload_pack: Option<String>,
    pub(super) delimiter: Vec<u8>,
    pub(super) key_delimiter: Option<Vec<u8>>,
    pub(super) fixed_key: Option<String>,
    /// Name and value of each `-H`.
    pub(super) headers: Vec<(String, Option<String>)>,
    pub(super) lines_of_file: bool,
    pub(super) count: Option<u64>,
    /// Seconds that the first metadata may take.
    pub(super) timeout: u64,
    pub(super) null: bool,
    pub(super) verbosity: i32,
    pub(super) tee: bool,
    pub(super) unbuffered: bool,
    /// Files of settings, in order; none if the usual ones are to be looked for.
    pub(super) files: Option<Vec<String>>,
    /// Settings, in order.
    pub(super) properties: Vec<(String, String)>,
    /// The settings are printed, and nothing else is done.
    pub(super) dump: bool,
    /// What is no option: files to send, or topics to join.
    pub(super) words: Vec<String>,
}

/// What ends the reading of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// `-h`
    Help,
    /// `-V`
    Version,
    /// `-X list`
    List,
    /// The line cannot be used: a message above the usage.
    Usage(&'static str),
    /// The line cannot be used: a message alone.
    Fatal(String),
    /// As [`Fatal`](Self::Fatal), but kcat does not call it an error.
    Plain(String),
}

impl From<TextError> for Ends {
    fn from(error: TextError) -> Self {
        Self::Fatal(error.to_string())
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Help | Self::Version | Self::List => Ok(()),
            Self::Usage(text) => f.write_str(text),
            Self::Fatal(text) | Self::Plain(text) => f.write_str(text),
        }
    }
}

/// The letters that take a value.
const WITH_VALUE: &str = "GtpbzoDKkHdFXcfsrm";
/// The letters that take none.
const FLAGS: &str = "PCLQeEOqvTuZlVhJ";

/// Understands the words behind the command's name.
pub(super) fn parse(words: &[String]) -> Result<Options, Ends> {
    let mut options =
        Options { delimiter: b"\n".to_vec(), timeout: 5, verbosity: 1, ..Options::default() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            options.words.extend(words.cloned());
            break;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            options.words.push(word.clone());
            continue;
        };
        for (at, letter) in letters.char_indices() {
            if FLAGS.contains(letter) {
                options.flag(letter)?;
                continue;
            }
            if !WITH_VALUE.contains(letter) {
                return Err(Ends::Usage("unknown argument"));
            }
            let after = letters.get(at + letter.len_utf8()..).filter(|after| !after.is_empty());
            let value = match after {
                Some(value) => value,
                None => words.next().ok_or(Ends::Usage("unknown argument"))?,
            };
            options.value(letter, value)?;
            break;
        }
    }
    Ok(options)
}

impl Options {
    fn flag(&mut self, letter: char) -> Result<(), Ends> {
        match letter {
            'P' => self.mode = Some(Mode::Produce),
            'C' => self.mode = Some(Mode::Consume),
            'L' => self.mode = Some(Mode::List),
            'Q' => self.mode = Some(Mode::Query),
            'e' => self.exit_at_end = true,
            'E' => self.go_on = true,
            'J' => self.json = true,
            'l' => self.lines_of_file = true,
            'q' => self.verbosity = 0,
            'v' => self.verbosity += 1,
            'T' => self.tee = true,
            'u' => self.unbuffered = true,
            'Z' => self.null = true,
            'V' => return Err(Ends::Version),
            'h' => return Err(Ends::Help),
            // -O changes nothing in kcat 1.7 either
            _ => {}
        }
        Ok(())
    }

    fn value(&mut self, letter: char, value: &str) -> Result<(), Ends> {
        match letter {
            'G' => {
                self.mode = Some(Mode::Group);
                value.clone_into(&mut self.group);
            }
            't' if self.mode == Some(Mode::Query) => self.queries.push(query(value)?),
            't' => self.topic = Some(value.to_owned()),
            'p' => {
                let partition = i32::try_from(number(value).0).unwrap_or(-1);
                self.partition = Some(partition).filter(|partition| *partition >= 0);
            }
            'b' => self.property("bootstrap.servers", value),
            'z' => self.property("compression.codec", value),
            'o' => self.start(value),
            'f' => self.format = Some(value.to_owned()),
            's' => self.pack(value)?,
            'D' => self.delimiter = delimiter(value)?,
            'K' => self.key_delimiter = Some(delimiter(value)?),
            'k' => self.fixed_key = Some(value.to_owned()),
            'H' => self.headers.push(header(value)?),
            'c' => self.count = u64::try_from(number(value).0).ok().filter(|count| *count > 0),
            'm' => self.timeout = u64::try_from(number(value).0).unwrap_or(0),
            'F' => {
                let files = self.files.get_or_insert_default();
                if !matches!(value, "-" | "none") {
                    files.push(value.to_owned());
                }
            }
            'X' => match value.split_once('=') {
                Some((name, value)) => self.property(name, value),
                None if value == "list" => return Err(Ends::List),
                None if value == "dump" => self.dump = true,
                None => {
                    return Err(Ends::Plain(format!(
                        "Expected -X property=value, not {value}, use -X list to display available \
                         properties"
                    )));
                }
            },
            'd' => {
                return Err(Ends::Fatal("-d: set RUST_LOG instead".to_owned()));
            }
            _ => {
                let text = "This build of kcat lacks Avro/Schema-Registry support";
                return Err(Ends::Fatal(text.to_owned()));
            }
        }
        Ok(())
    }

    fn property(&mut self, name: &str, value: &str) {
        self.properties.push((name.to_owned(), value.to_owned()));
    }

    fn start(&mut self, value: &str) {
        if let Some(timestamp) = value.strip_prefix("s@") {
            self.start_ts = Some(number(timestamp).0);
            return;
        }
        if let Some(timestamp) = value.strip_prefix("e@") {
            self.stop_ts = Some(number(timestamp).0);
            return;
        }
        self.start = Some(match value {
            "end" => Start::End,
            "beginning" => Start::Beginning,
            "stored" => Start::Stored,
            value => match number(value).0 {
                offset if offset < 0 => Start::BeforeEnd(offset.saturating_neg()),
                offset => Start::At(offset),
            },
        });
    }

    fn pack(&mut self, value: &str) -> Result<(), Ends> {
        let (key, payload) = match (value.strip_prefix("key="), value.strip_prefix("value=")) {
            (Some(key), _) => (Some(key), None),
            (None, Some(payload)) => (None, Some(payload)),
            (None, None) => (Some(value), Some(value)),
        };
        for (what, pack) in [("key", key), ("value", payload)] {
            match pack {
                Some("avro") => {
                    let text = "This build of kcat lacks Avro/Schema-Registry support";
                    return Err(Ends::Fatal(text.to_owned()));
                }
                Some(pack) => check_pack(what, pack)?,
                None => {}
            }
        }
        self.key_pack = key.map(str::to_owned).or(self.key_pack.take());
        self.payload_pack = payload.map(str::to_owned).or(self.payload_pack.take());
        Ok(())
    }
}

/// The number at the front as C's `strtoll` reads it, and whether there is one.
fn number(text: &str) -> (i64, bool) {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let digits = digits.get(..end).unwrap_or_default();
    let value = digits.parse::<i64>().unwrap_or(if digits.is_empty() { 0 } else { i64::MAX });
    (if text.starts_with('-') { value.saturating_neg() } else { value }, !digits.is_empty())
}

fn query(text: &str) -> Result<Query, Ends> {
    let wrong = || Ends::Fatal("-t: expected \"topic:partition:offset_or_timestamp\"".to_owned());
    let mut parts = text.splitn(3, ':');
    let (Some(topic), Some(partition), Some(timestamp)) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let ((partition, true), (timestamp, true)) = (number(partition), number(timestamp)) else {
        return Err(wrong());
    };
    let partition = i32::try_from(partition).map_err(|_| wrong())?;
    Ok(Query { topic: topic.to_owned(), partition, timestamp })
}

fn header(text: &str) -> Result<(String, Option<String>), Ends> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() {
        return Err(Ends::Fatal("Expected -H \"name=value..\" or -H \"name\"".to_owned()));
    }
    Ok((name.to_owned(), value))
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
