//! What a client is told when the controller refuses, in Kafka's words.

use std::fmt;

use kafka_protocol::error::ResponseError;

/// A refusal of one item of a request: Kafka's code, and Kafka's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code on the wire.
    pub code: ResponseError,
    /// The text on the wire; `None` where Kafka sends null.
    pub message: Option<String>,
}

impl Refusal {
    /// A refusal with a text.
    #[must_use]
    pub fn new(code: ResponseError, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// A refusal without a text.
    #[must_use]
    pub fn bare(code: ResponseError) -> Self {
        Self { code, message: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => f.write_str(message),
            None => write!(f, "refused with {:?}", self.code),
        }
    }
}

impl std::error::Error for Refusal {}
