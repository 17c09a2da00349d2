//! What a consumer's handle and its actor share: one lock over one state, never held across an
//! await.
//!
//! The application takes records and moves positions here, at once and without a message, so a
//! poll that is dropped has taken nothing, and a record is never from before a seek. The actor
//! asks the brokers for what the state needs.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use ottla_core::base::TopicName;
use ottla_core::client::Fetcher;
use ottla_core::client::membership::Identity;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use super::ConsumerError;
use super::group::Wanted;
use super::messages::Listener;
use crate::client::ClientError;
use crate::runtime::monotonic_ms;

/// Errors that wait for the application; more say nothing new.
const MAX_ERRORS: usize = 64;

/// The state.
pub(super) struct State {
    pub(super) fetcher: Fetcher,
    /// What the next poll says instead of giving records.
    pub(super) errors: VecDeque<ConsumerError>,
    /// Whether the actor was told to look and has not done so yet.
    pub(super) told: bool,
    /// How many tasks wait in a poll, and, in monotonic milliseconds, since when none does.
    pub(super) inside: u32,
    pub(super) since: u64,
    /// Whether the actor waits for the application to poll.
    pub(super) awaited: bool,
    /// Partitions are changing hands: nobody gets records.
    pub(super) handing_over: bool,
    /// The application assigns partitions itself.
    pub(super) manual: bool,
    /// What the actor has to learn: a new subscription, its listener, the wish to divide anew.
    pub(super) wanted: Option<Wanted>,
    pub(super) listener: Option<Listener>,
    pub(super) rejoin: bool,
    /// The topics that are subscribed to.
    pub(super) subscription: BTreeSet<TopicName>,
    /// Who the consumer is to its group.
    pub(super) identity: Option<Identity>,
    /// Whether the actor is gone.
    pub(super) closed: bool,
}

impl State {
    /// Whether the actor still lives.
    pub(super) fn check(&self) -> Result<(), ClientError> {
        if self.closed { Err(ClientError::Closed) } else { Ok(()) }
    }

    /// Tells the application, unless it is about to be told.
    pub(super) fn complain(&mut self, error: ConsumerError) {
        if self.errors.len() < MAX_ERRORS && !self.errors.contains(&error) {
            self.errors.push_back(error);
        }
    }
}

/// The state, its lock, and who waits for it to change.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) changed: Notify,
}

impl Shared {
    pub(super) fn new(fetcher: Fetcher) -> Arc<Self> {
        let state = State {
            fetcher,
            errors: VecDeque::new(),
            told: false,
            inside: 0,
            since: monotonic_ms(),
            awaited: false,
            handing_over: false,
            manual: true,
            wanted: None,
            listener: None,
            rejoin: false,
            subscription: BTreeSet::new(),
            identity: None,
            closed: false,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// The actor's hold on the state: when it goes, those who wait learn of it.
pub(super) struct Hold(pub(super) Arc<Shared>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_waiters();
    }
}
