//! What can be wrong with a frame.

use std::fmt;

/// Why a frame is not a request, or a response not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// An API key that Kafka does not have.
    UnknownApi(i16),
    /// The header in front of the request does not parse.
    Header,
    /// The request does not parse in its version.
    Body {
        /// The version it was read in.
        version: i16,
    },
    /// A count or length that the frame cannot hold.
    Count {
        /// What the wire says.
        announced: i64,
        /// Bytes behind it.
        remaining: usize,
    },
    /// A response has a field set that its version does not have, or is too long.
    Response {
        /// The version it was to be written in.
        version: i16,
    },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownApi(key) => write!(f, "api key {key} is not known"),
            Self::Header => f.write_str("request header does not parse"),
            Self::Body { version } => write!(f, "request does not parse in version {version}"),
            Self::Count { announced, remaining } => {
                write!(f, "request announces {announced} where {remaining} bytes are left")
            }
            Self::Response { version } => {
                write!(f, "response cannot be written in version {version}")
            }
        }
    }
}

impl std::error::Error for WireError {}
