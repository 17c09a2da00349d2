//! Standard output on a thread of its own: whoever reads it slowly holds up neither the group's
//! heartbeats nor Ctrl-C.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc as std_mpsc;

use tokio::sync::mpsc;

/// Standard output.
pub(super) struct Output {
    texts: std_mpsc::Sender<Vec<u8>>,
    written: mpsc::Receiver<io::Result<Vec<u8>>>,
}

impl Output {
    /// Begins to write.
    ///
    /// # Errors
    /// There is no standard output.
    pub(super) fn start() -> io::Result<Self> {
        // past the lock and the line buffer of the standard library
        let mut to = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (texts, from) = std_mpsc::channel::<Vec<u8>>();
        let (done, written) = mpsc::channel(1);
        // it ends with this value; where nobody reads, with the process
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            for mut text in from {
                let result = to.write_all(&text).map(|()| {
                    text.clear();
                    text
                });
                if done.blocking_send(result).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { texts, written })
    }

    /// Writes all of `text` and gives its memory back. One text at a time: after a call that was
    /// dropped, nothing more can be written.
    ///
    /// # Errors
    /// As the file says.
    pub(super) async fn write(&mut self, text: Vec<u8>) -> io::Result<Vec<u8>> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        self.texts.send(text).map_err(|_| gone())?;
        self.written.recv().await.ok_or_else(gone)?
    }
}
