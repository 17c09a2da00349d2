//! Standard input on a thread of its own, so that waiting for it holds nothing up.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;

use ottla_actors::client::NewRecord;
use tokio::sync::mpsc;

use super::lines::Lines;
use super::rules::Rules;
use crate::cli::kit::{Progress, length_of_input};

/// Read at most this much at a time.
const BUFFER: usize = 128 << 10;
/// Pieces read ahead of what is sent.
const AHEAD: usize = 4;

/// Records that were read together.
#[derive(Debug)]
pub(super) enum Piece {
    /// Records, in order.
    Records(Vec<NewRecord>),
    /// Records, and what ended the reading behind them.
    Failed(Vec<NewRecord>, String),
}

/// The records of standard input.
pub(super) struct Source {
    pieces: mpsc::Receiver<Piece>,
}

impl Source {
    /// Begins to read.
    pub(super) fn start(rules: Rules) -> Self {
        let (to, pieces) = mpsc::channel(AHEAD);
        let asks = io::stdin().is_terminal() && io::stdout().is_terminal();
        let prompt = asks.then(|| io::stdout().as_fd().try_clone_to_owned().ok()).flatten();
        // it ends with the input, or with the process
        std::thread::spawn(move || read(&rules, prompt.map(File::from), &to));
        Self { pieces }
    }

    /// The next records; none at the end of the input.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        self.pieces.recv().await
    }
}

fn read(rules: &Rules, prompt: Option<File>, to: &mpsc::Sender<Piece>) {
    let mut input = io::stdin().lock();
    let mut buffer = vec![0; BUFFER];
    let mut taken = Taken { rules, lines: Lines::default(), number: 0, prompt };
    let mut progress = Progress::of_bytes(length_of_input());
    taken.ask();
    loop {
        let piece = match input.read(&mut buffer) {
            Ok(0) => {
                if let Some(piece) = taken.last() {
                    // whoever sends may have stopped
                    _ = to.blocking_send(piece);
                }
                return;
            }
            Ok(length) => {
                if let Some(progress) = &mut progress {
                    progress.add(length as u64);
                }
                taken.take(buffer.get(..length).unwrap_or_default())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                Piece::Failed(Vec::new(), format!("standard input cannot be read: {error}"))
            }
        };
        let ends = matches!(piece, Piece::Failed(..));
        if to.blocking_send(piece).is_err() || ends {
            return;
        }
    }
}

/// What has been read so far.
struct Taken<'a> {
    rules: &'a Rules,
    lines: Lines,
    number: u64,
    /// Standard output where it is a terminal, past the lock that the command holds.
    prompt: Option<File>,
}

impl Taken<'_> {
    fn take(&mut self, bytes: &[u8]) -> Piece {
        let mut found = Vec::new();
        self.lines.push(bytes, |line| found.push(line));
        self.records(found)
    }

    fn last(&mut self) -> Option<Piece> {
        let last = self.lines.finish()?;
        Some(self.records(vec![last]))
    }

    fn records(&mut self, lines: Vec<bytes::Bytes>) -> Piece {
        let mut records = Vec::with_capacity(lines.len());
        for line in lines {
            self.number += 1;
            match self.rules.parse(&line, self.number) {
                Ok(parts) => records.push(NewRecord {
                    key: parts.key,
                    value: parts.value,
                    headers: parts.headers,
                    ..NewRecord::default()
                }),
                Err(error) => return Piece::Failed(records, error.to_string()),
            }
            self.ask();
        }
        Piece::Records(records)
    }

    fn ask(&self) {
        if let Some(mut prompt) = self.prompt.as_ref() {
            // where nobody can be asked, the next read says why
            _ = prompt.write_all(b">");
        }
    }
}
