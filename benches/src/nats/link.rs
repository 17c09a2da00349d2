//! A connection to a NATS server: what has come and is not taken yet, and the first words.

use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::protocol::{self, Message, Operation};
use crate::error::BenchError;
use crate::wire;

/// What the connection is for, in errors.
pub(super) const WHAT: &str = "NATS";
const MALFORMED: BenchError = BenchError::Malformed { api: WHAT };
/// The longest that the first words may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Bytes that have come, taken as operations; an operation that is larger than the whole is an
/// error.
#[derive(Debug)]
pub(super) struct Inbox {
    buffer: Box<[u8]>,
    /// Where the operation begins that was taken last.
    taken: usize,
    begin: usize,
    end: usize,
}

impl Inbox {
    pub(super) fn new(capacity: usize) -> Self {
        Self { buffer: vec![0; capacity.max(1024)].into(), taken: 0, begin: 0, end: 0 }
    }

    /// Room for what comes next; what was taken is forgotten.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// `length` bytes of the room have been filled.
    pub(super) fn filled(&mut self, length: usize) {
        self.end = (self.end + length).min(self.buffer.len());
    }

    /// The next operation that is whole.
    pub(super) fn take(&mut self) -> Result<Option<Operation>, BenchError> {
        let rest = self.buffer.get(self.begin..self.end).unwrap_or_default();
        match protocol::parse(rest).map_err(|protocol::Malformed| MALFORMED)? {
            Some((operation, length)) => {
                self.taken = self.begin;
                self.begin += length;
                Ok(Some(operation))
            }
            None if rest.len() == self.buffer.len() => Err(MALFORMED),
            None => Ok(None),
        }
    }

    /// The bytes of a part of the operation that was taken last.
    pub(super) fn part(&self, part: &Range<usize>) -> &[u8] {
        self.buffer.get(self.taken + part.start..self.taken + part.end).unwrap_or_default()
    }

    /// A part as text.
    pub(super) fn text(&self, part: &Range<usize>) -> String {
        String::from_utf8_lossy(self.part(part)).into_owned()
    }

    /// A status instead of a message is an error.
    pub(super) fn refused(&self, what: &str, message: &Message) -> Result<(), BenchError> {
        match protocol::status(self.part(&message.headers)) {
            None => Ok(()),
            Some(status) => Err(declined(what, status)),
        }
    }
}

/// What the server says instead of doing it.
pub(super) fn declined(what: &str, reason: &str) -> BenchError {
    let reason = match reason {
        "503" => "503, nobody serves it; is JetStream on (nats-server -js)?",
        other => other,
    };
    BenchError::Declined { what: what.to_owned(), reason: reason.to_owned() }
}

/// A connection, one operation after the other.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    pub(super) inbox: Inbox,
}

impl Link {
    /// Connects and exchanges the first words.
    pub(super) async fn open(address: &str, capacity: usize) -> Result<Self, BenchError> {
        let stream = wire::connect(address).await?;
        let mut link = Self { stream, inbox: Inbox::new(capacity) };
        let greeted = async {
            let Operation::Info(info) = link.next().await? else { return Err(MALFORMED) };
            let info: serde_json::Value =
                serde_json::from_slice(link.inbox.part(&info)).map_err(|_| MALFORMED)?;
            for (field, what) in [("auth_required", "a login"), ("tls_required", "TLS")] {
                if info[field] == true {
                    let what = format!("{address} wants {what}, which the bench actors have not");
                    return Err(BenchError::options(what));
                }
            }
            link.send(protocol::CONNECT.as_bytes()).await?;
            link.greet().await
        };
        match tokio::time::timeout(LIMIT, greeted).await {
            Ok(outcome) => outcome.map(|()| link),
            Err(_) => Err(BenchError::Late { what: format!("the first words of {address}") }),
        }
    }

    /// The stream and what has come of it, for an actor that polls them itself.
    pub(super) fn into_parts(self) -> (TcpStream, Inbox) {
        (self.stream, self.inbox)
    }

    /// Sends whole operations.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), BenchError> {
        let written = self.stream.write_all(bytes).await;
        written.map_err(|source| BenchError::Lost { what: WHAT, source })
    }

    /// Says PING and waits for PONG.
    pub(super) async fn greet(&mut self) -> Result<(), BenchError> {
        self.send(b"PING\r\n").await?;
        while self.next().await? != Operation::Pong {}
        Ok(())
    }

    /// The next operation but for those that are answered or of no interest here.
    async fn next(&mut self) -> Result<Operation, BenchError> {
        loop {
            match self.inbox.take()? {
                Some(Operation::Ping) => self.send(b"PONG\r\n").await?,
                Some(Operation::Error(reason)) => {
                    return Err(declined(WHAT, &self.inbox.text(&reason)));
                }
                Some(operation) => return Ok(operation),
                None => self.fill().await?,
            }
        }
    }

    /// The next message.
    pub(super) async fn message(&mut self) -> Result<Message, BenchError> {
        loop {
            if let Operation::Message(message) = self.next().await? {
                return Ok(message);
            }
        }
    }

    /// The next message if it has come already.
    pub(super) async fn message_here(&mut self) -> Result<Option<Message>, BenchError> {
        loop {
            match self.inbox.take()? {
                None => return Ok(None),
                Some(Operation::Message(message)) => return Ok(Some(message)),
                Some(Operation::Ping) => self.send(b"PONG\r\n").await?,
                Some(Operation::Error(reason)) => {
                    return Err(declined(WHAT, &self.inbox.text(&reason)));
                }
                Some(_) => {}
            }
        }
    }

    async fn fill(&mut self) -> Result<(), BenchError> {
        let read = self.stream.read(self.inbox.room()).await;
        match read.map_err(|source| BenchError::Lost { what: WHAT, source })? {
            0 => Err(BenchError::Closed { what: WHAT }),
            length => {
                self.inbox.filled(length);
                Ok(())
            }
        }
    }
}
