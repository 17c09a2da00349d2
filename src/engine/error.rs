//! Why a call to the engine failed.

use std::fmt;
use std::io;

use kafka_protocol::error::ResponseError;
use ottla_actors::controller::ControllerError;
use ottla_actors::partition::messages::AppendRefused;
use ottla_core::partition::Refusal;
use ottla_core::record::RecordError;

/// Why a call to the engine failed; [`EngineError::code`] is what a Kafka client would have seen.
///
/// ```
/// # use ottla::{Batch, Engine, EngineError, ErrorCode};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let missing = engine.topic("orders").partition(7);
/// let error: EngineError = missing.append(Batch::value("one espresso")).await.unwrap_err();
/// assert_eq!(error.code(), ErrorCode::UnknownTopicOrPartition);
/// assert!(error.is_retriable(), "it may be added");
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine has been stopped: the call comes too late, or its answer was lost with it.
    Stopped,
    /// More requests are under way than the engine has memory for.
    Busy,
    /// The batch is larger than any request may be (`socket.request.max.bytes`).
    TooLarge {
        /// Bytes of the batch.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The partition refused, or is not to be had.
    Partition(Refusal),
    /// The records were not taken.
    Records {
        /// Kafka's code.
        code: ResponseError,
        /// What is wrong, for the kinds of refusal that Kafka explains.
        message: Option<String>,
        /// The records at fault: index within the batch, and why.
        records: Vec<(i32, Option<String>)>,
    },
    /// The controller or a group's coordinator refused.
    Refused {
        /// Kafka's code.
        code: ResponseError,
        /// Why, in Kafka's words.
        message: Option<String>,
    },
    /// The engine goes by the system's clocks, which nobody can advance.
    ClockNotHeld,
    /// What was read is not a record batch.
    Unreadable(RecordError),
    /// The segment's file could not be read.
    Disk(io::ErrorKind),
}

impl EngineError {
    /// Kafka's code.
    #[must_use]
    pub fn code(&self) -> ResponseError {
        match self {
            Self::Stopped => ResponseError::BrokerNotAvailable,
            Self::Busy => ResponseError::RequestTimedOut,
            Self::TooLarge { .. } => ResponseError::MessageTooLarge,
            Self::Partition(refusal) => refusal.code(),
            Self::Records { code, .. } | Self::Refused { code, .. } => *code,
            Self::ClockNotHeld => ResponseError::InvalidRequest,
            Self::Unreadable(error) => error.response_error(),
            Self::Disk(_) => ResponseError::KafkaStorageError,
        }
    }

    /// Whether the same call may go well later, as Kafka's clients see it.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        self.code().is_retriable()
    }

    /// What an answer's code and text say.
    pub(super) fn check(code: i16, message: Option<&str>) -> Result<(), Self> {
        match ResponseError::try_from_code(code) {
            None => Ok(()),
            Some(code) => Err(Self::Refused { code, message: message.map(str::to_owned) }),
        }
    }

    /// The coordinator answered something else than was asked.
    pub(super) fn unexpected() -> Self {
        Self::Refused { code: ResponseError::UnknownServerError, message: None }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the engine has been stopped"),
            Self::Busy => f.write_str("the engine has no memory for another request"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "a batch of {bytes} bytes is above socket.request.max.bytes, {limit}")
            }
            Self::Partition(refusal) => refusal.fmt(f),
            Self::Records { code, message: Some(text), .. }
            | Self::Refused { code, message: Some(text) } => write!(f, "{text} ({code})"),
            Self::Records { code, .. } => write!(f, "the records were not taken: {code}"),
            Self::Refused { code, .. } => code.fmt(f),
            Self::ClockNotHeld => f.write_str(
                "the engine goes by the system's clock, which cannot be advanced; build it with a \
                 held clock, or use an ephemeral one",
            ),
            Self::Unreadable(error) => error.fmt(f),
            Self::Disk(kind) => write!(f, "the log could not be read: {kind}"),
        }
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Partition(refusal) => Some(refusal),
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Refusal> for EngineError {
    fn from(refusal: Refusal) -> Self {
        Self::Partition(refusal)
    }
}

impl From<AppendRefused> for EngineError {
    fn from(refused: AppendRefused) -> Self {
        let AppendRefused { code, message, record_errors, .. } = refused;
        Self::Records { code, message, records: record_errors }
    }
}

impl From<ControllerError> for EngineError {
    fn from(error: ControllerError) -> Self {
        Self::Refused { code: error.code(), message: Some(error.to_string()) }
    }
}

impl From<ottla_core::controller::Refusal> for EngineError {
    fn from(refusal: ottla_core::controller::Refusal) -> Self {
        Self::Refused { code: refusal.code, message: refusal.message }
    }
}

impl From<RecordError> for EngineError {
    fn from(error: RecordError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.kind())
    }
}
