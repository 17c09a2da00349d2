//! The broker's fetch sessions, in shards so that connections of different cores rarely meet.

use std::hash::{BuildHasher, RandomState};

use ottla_core::partition::{
    FetchConclusion, FetchContext, FetchSessions, FetchedState, SessionError, SessionKind,
    SessionRequest,
};
use parking_lot::Mutex;

use crate::runtime::monotonic_ms;

const SHARDS: usize = 8;

/// Every incremental fetch session of the broker (KIP-227).
pub struct FetchSessionCache {
    shards: Vec<Mutex<FetchSessions>>,
    random: Mutex<u64>,
}

impl FetchSessionCache {
    /// Room for `slots` sessions (`max.incremental.fetch.session.cache.slots`).
    #[must_use]
    pub fn new(slots: usize) -> Self {
        let shard = |index: usize| {
            let slots = slots / SHARDS + usize::from(index < slots % SHARDS);
            let number = |value: usize| i32::try_from(value).unwrap_or(0);
            Mutex::new(FetchSessions::new(slots, number(index), number(SHARDS)))
        };
        Self {
            shards: (0..SHARDS).map(shard).collect(),
            random: Mutex::new(RandomState::new().hash_one(0u8)),
        }
    }

    /// What a request wants to read.
    ///
    /// # Errors
    /// When it names a session it cannot use.
    pub fn begin(&self, request: SessionRequest) -> Result<FetchContext, SessionError> {
        self.shard(request.id).lock().begin(monotonic_ms(), request)
    }

    /// What of the findings goes into the answer.
    ///
    /// # Errors
    /// When another request moved the session on meanwhile.
    pub fn conclude(
        &self,
        context: &FetchContext,
        found: &[FetchedState],
    ) -> Result<FetchConclusion, SessionError> {
        let id = match context.kind {
            SessionKind::Incremental { id, .. } => id,
            // a new session goes to any shard
            SessionKind::Full => (self.draw() >> 1).cast_signed(),
            SessionKind::Sessionless => 0,
        };
        self.shard(id).lock().conclude(monotonic_ms(), context, found, || self.draw())
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, id: i32) -> &Mutex<FetchSessions> {
        let index = usize::try_from(id.unsigned_abs()).unwrap_or(0) % SHARDS;
        &self.shards[index]
    }

    /// A number nobody can guess from the one before without knowing the seed: ids need no more.
    fn draw(&self) -> u32 {
        let mut state = self.random.lock();
        // splitmix64
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0)
    }
}
