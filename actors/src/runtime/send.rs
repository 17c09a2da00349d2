//! The three ways to send a message; nothing else in the crate calls actix's own.
//!
//! | form | bound | use |
//! |---|---|---|
//! | [`tell`] | none: the message is always queued | control, few and small |
//! | [`offer`] | the mailbox, through one long-lived address | data, under a permit |
//! | [`ask`] | the caller waits | reads and control that need the answer |
//!
//! An `Addr` mints a mailbox slot with every clone, so keep one in an `Arc` and never clone it
//! for a request.

use actix::dev::ToEnvelope;
use actix::prelude::SendError;
use actix::{Actor, Addr, Handler, MailboxError, Message, Recipient};

/// Why an offered message was not taken; the message comes back.
#[derive(Debug)]
pub enum Refused<M> {
    /// The mailbox is full: the caller holds more permits than the actor was given room for.
    Full(M),
    /// The actor is gone: resolve its address again.
    Gone(M),
}

impl<M> Refused<M> {
    /// The message that was refused.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Gone(message) => message,
        }
    }
}

impl<M> From<SendError<M>> for Refused<M> {
    fn from(error: SendError<M>) -> Self {
        match error {
            SendError::Full(message) => Self::Full(message),
            SendError::Closed(message) => Self::Gone(message),
        }
    }
}

/// Queues a control message whatever the mailbox holds; a dead actor's message is dropped, and
/// with it any reply port inside, which answers the asker.
#[expect(clippy::disallowed_methods, reason = "the one caller of do_send")]
pub fn tell<A, M>(to: &Addr<A>, message: M)
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    to.do_send(message);
}

/// [`tell`] through a recipient.
#[expect(clippy::disallowed_methods, reason = "the one caller of do_send")]
pub fn tell_to<M>(to: &Recipient<M>, message: M)
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    to.do_send(message);
}

/// Queues a data message if the mailbox has room.
///
/// # Errors
/// Gives the message back when the mailbox is full or the actor is gone.
pub fn offer<A, M>(to: &Addr<A>, message: M) -> Result<(), Refused<M>>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    to.try_send(message).map_err(Refused::from)
}

/// [`offer`] through a recipient.
///
/// # Errors
/// Gives the message back when the mailbox is full or the actor is gone.
pub fn offer_to<M>(to: &Recipient<M>, message: M) -> Result<(), Refused<M>>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    to.try_send(message).map_err(Refused::from)
}

/// Sends a message and waits for its result. Dropping the future may cancel the message, so
/// nothing that must happen goes this way.
///
/// # Errors
/// The actor died or stopped before it answered.
pub async fn ask<A, M>(to: &Addr<A>, message: M) -> Result<M::Result, MailboxError>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    to.send(message).await
}
