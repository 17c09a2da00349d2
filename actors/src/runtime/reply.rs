//! Where an answer goes: a port that travels inside the message and is answered exactly once.
//!
//! An ask that rides on actix's own `send()` is skipped when its asker goes away. A write must
//! not vanish with its client, so it carries a [`ReplyPort`] and is sent with
//! [`offer`](super::offer) instead. A port that is dropped unanswered, because its actor
//! panicked or stopped, answers with [`Reply::lost`]: nobody waits for ever.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::Join;

/// A type that can be answered through a [`ReplyPort`].
pub trait Reply: Send + 'static {
    /// What the asker sees when the actor that held the port died without answering.
    fn lost() -> Self;
}

impl Reply for () {
    fn lost() -> Self {}
}

impl<T: Send + 'static> Reply for Option<T> {
    fn lost() -> Self {
        None
    }
}

enum Port<T: Reply> {
    Call(Box<dyn FnOnce(T) + Send>),
    Slot(Arc<Join<T>>, usize),
    Oneshot(oneshot::Sender<T>),
}

impl<T: Reply> Port<T> {
    fn deliver(self, value: T) {
        match self {
            Self::Call(call) => call(value),
            Self::Slot(join, index) => join.fill(index, value),
            // the asker may have gone away; the work is done all the same
            Self::Oneshot(sender) => drop(sender.send(value)),
        }
    }
}

/// Where an answer goes. Answered once, by [`send`](Self::send) or by being dropped.
pub struct ReplyPort<T: Reply>(Option<Port<T>>);

impl<T: Reply> ReplyPort<T> {
    /// A port that calls `f` on the thread that answers.
    pub fn new(f: impl FnOnce(T) + Send + 'static) -> Self {
        Self(Some(Port::Call(Box::new(f))))
    }

    /// A port and the future that resolves with its answer.
    #[must_use]
    pub fn oneshot() -> (Self, Answer<T>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(Port::Oneshot(sender))), Answer(receiver))
    }

    /// A port that fills slot `index` of `join`.
    #[must_use]
    pub fn slot(join: Arc<Join<T>>, index: usize) -> Self {
        Self(Some(Port::Slot(join, index)))
    }

    /// Answers.
    pub fn send(mut self, value: T) {
        if let Some(port) = self.0.take() {
            port.deliver(value);
        }
    }
}

impl<T: Reply> Drop for ReplyPort<T> {
    fn drop(&mut self) {
        if let Some(port) = self.0.take() {
            port.deliver(T::lost());
        }
    }
}

impl<T: Reply> fmt::Debug for ReplyPort<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyPort")
    }
}

/// The asker's end of [`ReplyPort::oneshot`].
pub struct Answer<T>(oneshot::Receiver<T>);

impl<T: Reply> Future for Answer<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or_else(|_| T::lost()))
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
