//! Why a request has no answer.

use std::fmt;
use std::io;

use kafka_protocol::error::ResponseError;
use ottla_core::wire::WireError;

/// Why a client's request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// No connection could be made.
    Connect {
        /// `host:port`.
        address: String,
        /// What the system said; `NotFound` if nobody knows the host's name.
        kind: io::ErrorKind,
    },
    /// No address to begin with is usable (`bootstrap.servers`).
    NoAddress,
    /// A broker, leader or coordinator that is not known at present.
    NotKnown,
    /// The connection ended before the answer came.
    Disconnected,
    /// No answer within `request.timeout.ms`; the connection is given up.
    TimedOut,
    /// The broker and this client have no version of the request in common.
    Unsupported {
        /// The request's API key.
        key: i16,
        /// The first and the last version that would do.
        wanted: (i16, i16),
        /// Those that the broker speaks; none if it does not know the request.
        offered: Option<(i16, i16)>,
    },
    /// The broker sent something that is not Kafka's protocol, or could not be written in it.
    Wire(WireError),
    /// The broker answered with an error.
    Refused(ResponseError),
    /// The client was closed, or its actor died.
    Closed,
}

impl ClientError {
    /// The error that a response's code stands for, if it stands for one.
    pub(crate) fn check(code: i16) -> Result<(), Self> {
        ResponseError::try_from_code(code).map_or(Ok(()), |error| Err(Self::Refused(error)))
    }

    /// Whether the same request may succeed when it is tried again.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::NotKnown | Self::Disconnected | Self::TimedOut => true,
            Self::NoAddress | Self::Unsupported { .. } | Self::Wire(_) | Self::Closed => false,
            Self::Refused(error) => error.is_retriable(),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { address, kind: io::ErrorKind::NotFound } => {
                write!(f, "cannot connect to {address}: host is not known")
            }
            Self::Connect { address, kind } => write!(f, "cannot connect to {address}: {kind}"),
            Self::NoAddress => f.write_str("bootstrap.servers names no usable host:port"),
            Self::NotKnown => f.write_str("broker is not known at present"),
            Self::Disconnected => f.write_str("connection ended before the answer came"),
            Self::TimedOut => f.write_str("no answer within the time limit"),
            Self::Unsupported { key, .. } => {
                write!(f, "broker has no version of request {key} that this client speaks")
            }
            Self::Wire(error) => write!(f, "broker does not keep to the protocol: {error}"),
            Self::Refused(error) => write!(f, "broker refused: {error}"),
            Self::Closed => f.write_str("client is closed"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<WireError> for ClientError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}
