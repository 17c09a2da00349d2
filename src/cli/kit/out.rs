//! Standard output of a command: buffered, and a closed pipe is the end of the command.

use std::io::{self, BufWriter, Stdout, Write};

use super::Stop;

/// Bytes gathered before they are written.
const BUFFER: usize = 64 << 10;

/// Standard output. An error of it turns into a [`Stop`] by `?`: a closed pipe into
/// [`Stop::Closed`].
#[derive(Debug)]
pub(crate) struct Out {
    // not locked for good: a broker in this process logs to it from its own threads
    to: BufWriter<Stdout>,
}

impl Out {
    pub(crate) fn new() -> Self {
        Self { to: BufWriter::with_capacity(BUFFER, io::stdout()) }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Stop> {
        self.to.write_all(text.as_ref().as_bytes())?;
        self.to.write_all(b"\n")?;
        Ok(())
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes `text` to standard output, to the end.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut to = io::stdout().lock();
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// `text` and blanks up to `width` characters, as `%-15s` does; longer text stays whole.
pub(crate) fn left(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

/// The width of the widest of `cells`, at least `least`.
pub(crate) fn widest<'a>(cells: impl IntoIterator<Item = &'a str>, least: usize) -> usize {
    cells.into_iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(least)
}
