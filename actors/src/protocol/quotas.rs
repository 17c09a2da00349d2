//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Listener;
use crate::node::Node;

/// How often a full broker looks whether its limit was raised.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    per_ip: HashMap<IpAddr, usize>,
    per_listener: HashMap<String, usize>,
    /// The second that is being counted, and the connections accepted in it.
    this_second: (u64, i32),
}

/// Counts open connections against the limits in force: `max.connections`, of the broker and of a
/// listener, makes acceptors wait; beyond `max.connections.per.ip` connections are closed at once.
pub struct ConnectionQuotas {
    node: Arc<Node>,
    counts: Mutex<Counts>,
    room: Notify,
    moves: AtomicU64,
}

impl ConnectionQuotas {
    /// Quotas with nothing counted.
    #[must_use]
    pub fn new(node: Arc<Node>) -> Arc<Self> {
        Arc::new(Self {
            node,
            counts: Mutex::default(),
            room: Notify::new(),
            moves: AtomicU64::new(0),
        })
    }

    /// Whether `listener` may accept one more connection.
    #[must_use]
    pub fn has_room(&self, listener: &Listener) -> bool {
        let total = usize::try_from(self.node.dynamic.load().max_connections).unwrap_or(0);
        let counts = self.counts.lock();
        let of_listener = counts.per_listener.get(&listener.name).copied().unwrap_or(0);
        counts.total < total && of_listener < listener.max_connections
    }

    /// Waits until `listener` may accept one more connection.
    pub async fn room(&self, listener: &Listener) {
        loop {
            let room = self.room.notified();
            if self.has_room(listener) {
                return;
            }
            // running out of time is as good a reason to look again
            drop(tokio::time::timeout(LOOK_AGAIN, room).await);
        }
    }

    /// Counts an accept against `max.connection.creation.rate`; how long to wait before the next,
    /// if the second's share is used up.
    pub fn pace(&self, now_ms: u64) -> Option<Duration> {
        let rate = self.node.dynamic.load().max_connection_creation_rate.max(1);
        let mut counts = self.counts.lock();
        let (second, accepted) = &mut counts.this_second;
        if *second != now_ms / 1_000 {
            (*second, *accepted) = (now_ms / 1_000, 0);
        }
        *accepted = accepted.saturating_add(1);
        (*accepted >= rate).then(|| Duration::from_millis(1_000 - now_ms % 1_000))
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counts.lock().total
    }

    /// How often a connection has moved to where its answers come from.
    #[must_use]
    pub fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }

    /// Counts a connection from `ip`.
    ///
    /// # Errors
    /// The limit of that address, if it is reached.
    pub fn admit(
        self: &Arc<Self>,
        ip: IpAddr,
        listener: &Arc<Listener>,
    ) -> Result<ConnectionPermit, usize> {
        let limit = self.limit_of(ip);
        let mut counts = self.counts.lock();
        if counts.per_ip.get(&ip).copied().unwrap_or(0) >= limit {
            return Err(limit);
        }
        counts.total += 1;
        *counts.per_ip.entry(ip).or_default() += 1;
        *counts.per_listener.entry(listener.name.clone()).or_default() += 1;
        drop(counts);
        Ok(ConnectionPermit { quotas: Arc::clone(self), ip, listener: Arc::clone(listener) })
    }

    fn limit_of(&self, ip: IpAddr) -> usize {
        let settings = self.node.dynamic.load();
        let overrides = &settings.max_connections_per_ip_overrides;
        let of_ip = overrides.iter().find(|(address, _)| address.parse() == Ok(ip));
        let limit = of_ip.map_or(settings.max_connections_per_ip, |(_, limit)| *limit);
        usize::try_from(limit).unwrap_or(0)
    }
}

/// One counted connection; uncounted on drop.
pub struct ConnectionPermit {
    quotas: Arc<ConnectionQuotas>,
    ip: IpAddr,
    listener: Arc<Listener>,
}

impl ConnectionPermit {
    /// Notes that the connection moves to where its answers come from; it stays counted.
    pub(super) fn note_move(&self) {
        self.quotas.moves.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.quotas.counts.lock();
        counts.total = counts.total.saturating_sub(1);
        uncount(&mut counts.per_ip, &self.ip);
        uncount(&mut counts.per_listener, &self.listener.name);
        drop(counts);
        self.quotas.room.notify_waiters();
    }
}

fn uncount<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl fmt::Debug for ConnectionPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPermit").field("ip", &self.ip).finish_non_exhaustive()
    }
}
