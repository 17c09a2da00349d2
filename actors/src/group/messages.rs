//! What a coordinator is told.

use std::sync::Arc;

use actix::Message;
use kafka_protocol::error::ResponseError;
use ottla_core::base::{Offset, TopicName};
use ottla_core::group::{Caller, Request, Response};

use super::log::{LogAppended, LogBatch};
use crate::runtime::ReplyPort;

/// Where the answer to a call goes; none if the coordinator died before it answered.
pub type AnswerPort = ReplyPort<Option<Response>>;

/// Request handler → coordinator, offer; answered when the machine says so: at once, when a barrier
/// opens, or when records are in the log.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Ask {
    /// Who calls.
    pub caller: Caller,
    /// What for.
    pub request: Request,
    /// Where the answer goes.
    pub reply: AnswerPort,
}

/// Coordinator → itself, tell: a part of the log was read, or could not be.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Loaded {
    /// From where it was to be read.
    pub from: Offset,
    /// What was read.
    pub result: Result<LogBatch, ResponseError>,
}

/// Coordinator → itself, tell: the append under way is over.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Appended {
    /// How many records it had.
    pub records: i64,
    /// Where they went, or why they did not.
    pub result: Result<LogAppended, ResponseError>,
}

/// Groups → coordinator, tell: topics were deleted, their offsets go.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub struct TopicsDeleted(pub Arc<[TopicName]>);

/// Groups → coordinator, tell: another broker leads the partition, or it was deleted.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Resign;
