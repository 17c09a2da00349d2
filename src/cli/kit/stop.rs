//! Why a command ends before its end.

use std::fmt;
use std::io;
use std::process::ExitCode;

use ottla_actors::client::ClientError;
use ottla_actors::client::admin::Refusal;

use super::{say, wording};

/// The exit code of a program whose reader went away, as a shell reports SIGPIPE.
const PIPE: u8 = 141;

/// Why a command ends before its end, and what is said about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A text for standard error (without its last line end), and the exit code.
    Said(String, u8),
    /// All is said; the exit code.
    Exit(u8),
    /// Whoever read standard output has gone away: there is nobody to say anything to.
    Closed,
}

impl Stop {
    /// One message on standard error and exit code 1: what most errors of Kafka's tools come to.
    pub(crate) fn error(message: impl fmt::Display) -> Self {
        Self::Said(message.to_string(), 1)
    }

    /// A text for standard output, and the exit code once it is there.
    pub(crate) fn printed(text: &str, code: u8) -> Self {
        say(text).map_or_else(Self::from, |()| Self::Exit(code))
    }

    /// The message, if there is one: for commands that print their errors in a way of their own.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Said(message, _) => Some(message),
            Self::Exit(_) | Self::Closed => None,
        }
    }

    /// Says what there is to say; the exit code of the process.
    pub(crate) fn end(&self) -> ExitCode {
        match self {
            Self::Said(message, code) => {
                eprintln!("{message}");
                ExitCode::from(*code)
            }
            Self::Exit(code) => ExitCode::from(*code),
            Self::Closed => ExitCode::from(PIPE),
        }
    }
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Self::error(wording::client(&error))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::error(wording::refusal(&refusal))
    }
}

/// Errors of standard output; those of other files are worded where they happen.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::error(format!("cannot write standard output: {error}")),
        }
    }
}
