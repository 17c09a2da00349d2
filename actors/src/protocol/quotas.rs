//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The limits on connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// `max.connections`: at this many, no further one is accepted until one closes.
    pub total: usize,
    /// `max.connections.per.ip`: further ones are closed at once.
    pub per_ip: usize,
    /// `max.connections.per.ip.overrides`.
    pub per_ip_overrides: HashMap<IpAddr, usize>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    per_ip: HashMap<IpAddr, usize>,
}

/// Counts open connections against the limits.
#[derive(Debug)]
pub struct ConnectionQuotas {
    limits: ConnectionLimits,
    counts: Mutex<Counts>,
    room: Notify,
}

impl ConnectionQuotas {
    /// Quotas with nothing counted.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, counts: Mutex::default(), room: Notify::new() })
    }

    /// Whether one more connection may be accepted.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.counts.lock().total < self.limits.total
    }

    /// Waits until one more connection may be accepted.
    pub async fn room(&self) {
        loop {
            let room = self.room.notified();
            if self.has_room() {
                return;
            }
            room.await;
        }
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counts.lock().total
    }

    /// Counts a connection from `ip`.
    ///
    /// # Errors
    /// The limit of that address, if it is reached.
    pub fn admit(self: &Arc<Self>, ip: IpAddr) -> Result<ConnectionPermit, usize> {
        let limit = self.limits.per_ip_overrides.get(&ip).copied().unwrap_or(self.limits.per_ip);
        let mut counts = self.counts.lock();
        let of_ip = counts.per_ip.entry(ip).or_default();
        if *of_ip >= limit {
            if *of_ip == 0 {
                counts.per_ip.remove(&ip);
            }
            return Err(limit);
        }
        *of_ip += 1;
        counts.total += 1;
        Ok(ConnectionPermit { quotas: Arc::clone(self), ip })
    }
}

/// One counted connection; uncounted on drop.
#[derive(Debug)]
pub struct ConnectionPermit {
    quotas: Arc<ConnectionQuotas>,
    ip: IpAddr,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.quotas.counts.lock();
        counts.total = counts.total.saturating_sub(1);
        if let Some(of_ip) = counts.per_ip.get_mut(&self.ip) {
            *of_ip = of_ip.saturating_sub(1);
            if *of_ip == 0 {
                counts.per_ip.remove(&self.ip);
            }
        }
        drop(counts);
        self.quotas.room.notify_waiters();
    }
}
