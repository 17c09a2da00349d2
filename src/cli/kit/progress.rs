//! How far long work has come: a bar on a terminal, nothing anywhere else.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Work that is over sooner than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar on standard error; it is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    since: std::time::Instant,
    done: u64,
}

impl Progress {
    /// Over so many bytes; none if nobody knows how many, or nobody looks.
    pub(crate) fn of_bytes(total: Option<u64>) -> Option<Self> {
        Self::of(total, "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    }

    /// Over so many records, likewise.
    pub(crate) fn of_records(total: Option<u64>) -> Option<Self> {
        Self::of(total, "{bar:40} {human_pos}/{human_len} records, {per_sec} {eta}")
    }

    fn of(total: Option<u64>, template: &str) -> Option<Self> {
        let total = total.filter(|total| *total > 0 && io::stderr().is_terminal())?;
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Some(Self { bar, since: std::time::Instant::now(), done: 0 })
    }

    /// So many more are done.
    pub(crate) fn add(&mut self, more: u64) {
        self.done = self.done.saturating_add(more);
        if self.since.elapsed() >= PATIENCE {
            self.bar.set_position(self.done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// How long standard input is, if it is a file.
pub(crate) fn length_of_input() -> Option<u64> {
    length_of(io::stdin().as_fd())
}

fn length_of(fd: BorrowedFd<'_>) -> Option<u64> {
    let file = std::fs::File::from(fd.try_clone_to_owned().ok()?);
    file.metadata().ok().filter(std::fs::Metadata::is_file).map(|found| found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_have_a_length() {
        let mut file = tempfile::tempfile().expect("a file");
        std::io::Write::write_all(&mut file, b"12345").expect("written");
        assert_eq!(length_of(file.as_fd()), Some(5));
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        assert_eq!(length_of(reader.as_fd()), None);
        assert!(Progress::of_bytes(None).is_none());
    }
}
