//! A hash map that can be copied cheaply: copies share all but the shards that change.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

const SHARDS: usize = 256;

type Hasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// A map in 256 shared shards. Copying costs 256 reference counts; changing one entry of a copy
/// copies one shard.
#[derive(Clone, Debug)]
pub(super) struct SharedMap<K, V> {
    shards: Vec<Arc<HashMap<K, V, Hasher>>>,
    len: usize,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { shards: vec![Arc::default(); SHARDS], len: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> SharedMap<K, V> {
    fn shard<Q: Hash + ?Sized>(key: &Q) -> usize {
        (Hasher::default().hash_one(key) as usize) % SHARDS
    }

    /// The value of `key`.
    #[must_use]
    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.shards.get(Self::shard(key))?.get(key)
    }

    /// Sets `key` to `value`; returns what it was.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let shard = self.shards.get_mut(Self::shard(&key))?;
        let old = Arc::make_mut(shard).insert(key, value);
        self.len += usize::from(old.is_none());
        old
    }

    /// Takes `key` out; returns what it was.
    pub(super) fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let shard = self.shards.get_mut(Self::shard(key))?;
        if !shard.contains_key(key) {
            return None;
        }
        self.len -= 1;
        Arc::make_mut(shard).remove(key)
    }

    /// The value of `key`, to be changed in place.
    pub(super) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let shard = self.shards.get_mut(Self::shard(key))?;
        if !shard.contains_key(key) {
            return None;
        }
        Arc::make_mut(shard).get_mut(key)
    }

    /// All entries, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    /// How many entries there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

impl<K: Clone + Eq + Hash, V: Clone + PartialEq> PartialEq for SharedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().all(|(k, v)| other.get(k) == Some(v))
    }
}
