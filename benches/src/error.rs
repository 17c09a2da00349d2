//! Why a measurement has no result.

use std::fmt;
use std::io;

use kafka_protocol::ResponseError;

/// Why a measurement has no result.
#[derive(Debug)]
pub enum BenchError {
    /// Nobody answers at the address.
    Unreachable {
        /// `HOST:PORT`, as it was given.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// A connection broke in the middle of the work.
    Lost {
        /// What the connection was for.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The broker closed a connection in the middle of the work.
    Closed {
        /// What the connection was for.
        what: &'static str,
    },
    /// A reply that does not parse, or that nobody asked for.
    Malformed {
        /// The API's name.
        api: &'static str,
    },
    /// The broker has no version of an API that the bench actors speak.
    Version {
        /// The API's name.
        api: &'static str,
        /// The versions of the bench actors.
        ours: (i16, i16),
        /// The broker's versions, if it has the API at all.
        theirs: Option<(i16, i16)>,
    },
    /// The broker refused a request.
    Refused {
        /// What was asked for.
        what: String,
        /// Kafka's error code.
        code: i16,
    },
    /// A server that has no error codes of Kafka's refused something.
    Declined {
        /// What was asked for.
        what: String,
        /// What the server says.
        reason: String,
    },
    /// What was asked for did not come in time.
    Late {
        /// What was waited for.
        what: String,
    },
    /// Records are missing, doubled, broken or out of order.
    Stored {
        /// What is wrong.
        what: String,
    },
    /// Options that do not go together, or a value that cannot be.
    Options {
        /// What to do about it.
        what: String,
    },
    /// A file, a process or a socket of this machine failed.
    System {
        /// What was done.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// Ended by Ctrl-C before there was anything to report.
    Interrupted,
}

impl BenchError {
    /// A failure of this machine.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }

    /// A wrong option.
    pub(crate) fn options(what: impl Into<String>) -> Self {
        Self::Options { what: what.into() }
    }

    /// An error code, if it is one.
    pub(crate) fn check(what: impl FnOnce() -> String, code: i16) -> Result<(), Self> {
        if code == 0 { Ok(()) } else { Err(Self::Refused { what: what(), code }) }
    }
}

/// Kafka's name for an error code.
pub(crate) fn code_name(code: i16) -> String {
    match ResponseError::try_from_code(code) {
        Some(error) => format!("{error:?} ({code})"),
        None => format!("error code {code}"),
    }
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { address, source } => {
                write!(f, "cannot connect to {address}: {source}; is a broker listening there?")
            }
            Self::Lost { what, source } => write!(f, "{what}: the connection broke: {source}"),
            Self::Closed { what } => write!(f, "{what}: the broker closed the connection"),
            Self::Malformed { api } => write!(f, "the broker's reply to {api} makes no sense"),
            Self::Version { api, theirs: None, .. } => write!(f, "the broker does not offer {api}"),
            Self::Version { api, ours, theirs: Some(theirs) } => write!(
                f,
                "{api}: the broker has versions {} to {}, the bench actors {} to {}",
                theirs.0, theirs.1, ours.0, ours.1
            ),
            Self::Refused { what, code } => write!(f, "{what}: {}", code_name(*code)),
            Self::Declined { what, reason } => write!(f, "{what}: {reason}"),
            Self::Late { what } => write!(f, "{what}: not in time"),
            Self::Stored { what } | Self::Options { what } => f.write_str(what),
            Self::System { what, source } => write!(f, "{what}: {source}"),
            Self::Interrupted => f.write_str("interrupted before there was a result"),
        }
    }
}

impl std::error::Error for BenchError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_one_line_that_names_the_place() {
        let refused = io::Error::from_raw_os_error(111);
        let error = BenchError::Unreachable { address: "h:1".into(), source: refused };
        let text = error.to_string();
        assert!(text.starts_with("cannot connect to h:1: Connection refused"), "{text}");
        assert!(!text.contains('\n'));
        let refused = BenchError::check(|| "CreateTopics t".into(), 37).unwrap_err().to_string();
        assert_eq!(refused, "CreateTopics t: InvalidPartitions (37)");
        assert!(BenchError::check(String::new, 0).is_ok());
    }
}
