//! Who answers for a key: addresses, published by the guardian and read by every core.

use std::hash::Hash;
use std::sync::Arc;

use actix::{Actor, Addr};
use dashmap::DashMap;

/// Counts the incarnations of an actor: grows by one each time its guardian starts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// The way to one actor.
pub struct Route<A: Actor> {
    /// Its address: shared, because each clone of an `Addr` widens the mailbox.
    pub addr: Arc<Addr<A>>,
    /// Which incarnation this is.
    pub generation: Generation,
    /// The core it lives on.
    pub core: usize,
}

/// Routes by key. A holder that finds its route dead looks up again.
pub struct Registry<K: Eq + Hash, A: Actor>(DashMap<K, Arc<Route<A>>>);

impl<K: Eq + Hash, A: Actor> Default for Registry<K, A> {
    fn default() -> Self {
        Self(DashMap::new())
    }
}

impl<K: Eq + Hash, A: Actor> Registry<K, A> {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The route to `key`, if it has one.
    pub fn get<Q>(&self, key: &Q) -> Option<Arc<Route<A>>>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0.get(key).map(|entry| Arc::clone(entry.value()))
    }

    /// Publishes a route, unless a younger incarnation is there already.
    pub fn publish(&self, key: K, route: Route<A>) {
        let route = Arc::new(route);
        self.0
            .entry(key)
            .and_modify(|old| {
                if old.generation <= route.generation {
                    *old = Arc::clone(&route);
                }
            })
            .or_insert(route);
    }

    /// Takes the route to `key` away.
    pub fn remove<Q>(&self, key: &Q) -> Option<Arc<Route<A>>>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0.remove(key).map(|(_, route)| route)
    }

    /// How many routes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every route, as of now.
    #[must_use]
    pub fn all(&self) -> Vec<(K, Arc<Route<A>>)>
    where
        K: Clone,
    {
        self.0.iter().map(|e| (e.key().clone(), Arc::clone(e.value()))).collect()
    }
}
