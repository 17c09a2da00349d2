//! Starts an actor on the current core and remembers, while it runs, whose turn it is: a panic
//! says which actor it hit.

use std::any::type_name;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use actix::dev::ContextFut;
use actix::dev::channel::{AddressReceiver, channel};
use actix::{Actor, Addr, Context};

/// Room in the mailbox of an actor started by its neighbour.
const HERE_MAILBOX: usize = 16;

use super::fault::{self, Moment};

/// An actor's name in log lines.
pub type ActorName = Arc<str>;

thread_local! {
    static CURRENT: RefCell<Option<ActorName>> = const { RefCell::new(None) };
}

/// The actor whose code runs on this thread right now.
#[must_use]
pub fn current_actor() -> Option<ActorName> {
    CURRENT.try_with(|current| current.try_borrow().ok()?.clone()).ok().flatten()
}

/// A mailbox and the address that feeds it, before its actor exists.
pub(super) fn mailbox<A: Actor>(capacity: usize) -> (Addr<A>, AddressReceiver<A>) {
    // actix takes 0 for "unbounded"
    let (sender, receiver) = channel(capacity.max(1));
    (Addr::new(sender), receiver)
}

/// Runs the actor behind `receiver` on this thread's arbiter.
pub(super) fn run<A: Actor<Context = Context<A>>>(
    name: ActorName,
    receiver: AddressReceiver<A>,
    factory: impl FnOnce(&mut Context<A>) -> A,
) {
    let mut context = Context::with_receiver(receiver);
    let actor = {
        let _turn = Turn::of(&name);
        factory(&mut context)
    };
    actix_rt::spawn(Named { name, future: Box::pin(context.into_future(actor)) });
}

/// Starts an actor on this thread's arbiter, unguarded.
pub fn start_here<A: Actor<Context = Context<A>>>(name: impl Into<ActorName>, actor: A) -> Addr<A> {
    let (addr, receiver) = mailbox(HERE_MAILBOX);
    run(name.into(), receiver, |_| actor);
    addr
}

/// The short name of an actor's type.
pub(super) fn type_label<A>() -> ActorName {
    type_name::<A>().rsplit("::").next().unwrap_or("actor").into()
}

/// An actor's future, which says whose turn it is while it is polled.
struct Named<A: Actor<Context = Context<A>>> {
    name: ActorName,
    future: Pin<Box<ContextFut<A, Context<A>>>>,
}

impl<A: Actor<Context = Context<A>>> Future for Named<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let this = &mut *self;
        let _turn = Turn::of(&this.name);
        fault::strike(&this.name, Moment::Before);
        let polled = this.future.as_mut().poll(cx);
        if polled.is_pending() {
            fault::strike(&this.name, Moment::After);
        }
        polled
    }
}

/// Marks the current actor until dropped.
struct Turn(Option<ActorName>);

impl Turn {
    fn of(name: &ActorName) -> Self {
        Self(CURRENT.with(|current| current.replace(Some(Arc::clone(name)))))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let outer = self.0.take();
        // the thread may be on its way out
        drop(CURRENT.try_with(|current| current.replace(outer)));
    }
}
