//! The broker's incremental fetch sessions and who must make room (KIP-227).

use std::collections::HashMap;
use std::fmt;

use kafka_protocol::error::ResponseError;

use super::fetch_session::{FetchRequestPartition, FetchSession, FetchedState, TopicRef};

/// The session id that means "none".
const NO_SESSION: i32 = 0;
/// The epoch that opens a session.
const INITIAL_EPOCH: i32 = 0;
/// The epoch that wants none.
const FINAL_EPOCH: i32 = -1;
/// How long a session is safe from others
/// (`FetchSession.MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`).
const EVICTION_MS: u64 = 120_000;

/// What kind of fetch a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// No session, and none wanted.
    Sessionless,
    /// Everything is said, and a session is wanted.
    Full,
    /// Only changes are said.
    Incremental {
        /// The session.
        id: i32,
        /// The request's epoch.
        epoch: i32,
    },
}

/// Why a request cannot use the session it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// No such session: evicted, or the broker was restarted.
    NotFound,
    /// A request was lost or doubled.
    InvalidEpoch,
    /// The session names topics by id and the request by name, or the other way round.
    TopicId,
}

impl SessionError {
    /// Kafka's code.
    #[must_use]
    pub fn code(self) -> ResponseError {
        match self {
            Self::NotFound => ResponseError::FetchSessionIdNotFound,
            Self::InvalidEpoch => ResponseError::InvalidFetchSessionEpoch,
            Self::TopicId => ResponseError::FetchSessionTopicIdError,
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no such fetch session",
            Self::InvalidEpoch => "fetch session epoch is not the one expected",
            Self::TopicId => "fetch session names topics another way",
        })
    }
}

impl std::error::Error for SessionError {}

/// The session fields of a fetch request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRequest {
    /// Which session; 0 for none.
    pub id: i32,
    /// Which request within it.
    pub epoch: i32,
    /// Topics are named by id.
    pub uses_topic_ids: bool,
    /// It comes from a replica.
    pub privileged: bool,
    /// The partitions of the request.
    pub partitions: Vec<FetchRequestPartition>,
    /// Partitions to be taken out of the session.
    pub forgotten: Vec<(TopicRef, i32)>,
}

/// What to fetch for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchContext {
    /// What kind of fetch it is.
    pub kind: SessionKind,
    /// Topics are named by id.
    pub uses_topic_ids: bool,
    /// It comes from a replica.
    pub privileged: bool,
    /// What to read, in order.
    pub partitions: Vec<FetchRequestPartition>,
}

/// What to put into the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchConclusion {
    /// The answer's session id.
    pub session_id: i32,
    /// For each partition of the context: does the answer name it?
    pub told: Vec<bool>,
}

/// One shard of the broker's sessions.
#[derive(Debug)]
pub struct FetchSessions {
    sessions: HashMap<i32, FetchSession>,
    slots: usize,
    /// Ids of this shard leave this remainder when divided by `shards`.
    shard: i32,
    shards: i32,
}

impl FetchSessions {
    /// Shard `shard` of `shards`, with room for `slots` sessions
    /// (`max.incremental.fetch.session.cache.slots` divided among the shards).
    #[must_use]
    pub fn new(slots: usize, shard: i32, shards: i32) -> Self {
        Self { sessions: HashMap::new(), slots, shard, shards: shards.max(1) }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// True if there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// What does a request want to read?
    ///
    /// # Errors
    /// When it names a session it cannot use.
    pub fn begin(
        &mut self,
        now_ms: u64,
        request: SessionRequest,
    ) -> Result<FetchContext, SessionError> {
        let SessionRequest { id, epoch, uses_topic_ids, privileged, partitions, forgotten } =
            request;
        let context =
            |kind, partitions| FetchContext { kind, uses_topic_ids, privileged, partitions };
        if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
            // a full request closes the session it names
            if id != NO_SESSION {
                self.sessions.remove(&id);
            }
            let sessionless = epoch == FINAL_EPOCH;
            let kind = if sessionless { SessionKind::Sessionless } else { SessionKind::Full };
            return Ok(context(kind, partitions));
        }
        let session = self.sessions.get_mut(&id).ok_or(SessionError::NotFound)?;
        if session.epoch != epoch {
            return Err(SessionError::InvalidEpoch);
        }
        if session.uses_topic_ids != uses_topic_ids {
            return Err(SessionError::TopicId);
        }
        for partition in &partitions {
            session.set(partition.clone());
        }
        for (topic, partition) in forgotten {
            session.forget(topic, partition);
        }
        if session.is_empty() {
            self.sessions.remove(&id);
            return Ok(context(SessionKind::Sessionless, partitions));
        }
        session.last_used_ms = now_ms;
        session.epoch = next_epoch(epoch);
        let kind = SessionKind::Incremental { id, epoch };
        Ok(context(kind, session.partitions().cloned().collect()))
    }

    /// What of the findings goes into the answer; `found` is in the context's order. A full fetch
    /// gets a session if there is room; `random` gives numbers to make its id from.
    ///
    /// # Errors
    /// When another request moved the session on meanwhile.
    pub fn conclude(
        &mut self,
        now_ms: u64,
        context: &FetchContext,
        found: &[FetchedState],
        random: impl FnMut() -> u32,
    ) -> Result<FetchConclusion, SessionError> {
        let everything = |session_id| FetchConclusion { session_id, told: vec![true; found.len()] };
        match context.kind {
            SessionKind::Sessionless => Ok(everything(NO_SESSION)),
            SessionKind::Full => Ok(everything(self.create(now_ms, context, found, random))),
            SessionKind::Incremental { id, epoch } => {
                let Some(session) = self.sessions.get_mut(&id) else { return Ok(everything(id)) };
                if session.epoch != next_epoch(epoch) {
                    return Err(SessionError::InvalidEpoch);
                }
                let asked = context.partitions.iter();
                let told = asked
                    .zip(found)
                    .map(|(asked, found)| session.tell(&asked.topic, asked.partition, found))
                    .collect();
                Ok(FetchConclusion { session_id: id, told })
            }
        }
    }

    fn create(
        &mut self,
        now_ms: u64,
        context: &FetchContext,
        found: &[FetchedState],
        random: impl FnMut() -> u32,
    ) -> i32 {
        let size = context.partitions.len();
        if self.sessions.len() >= self.slots && !self.evict(now_ms, context.privileged, size) {
            return NO_SESSION;
        }
        let Some(id) = self.free_id(random) else { return NO_SESSION };
        let mut session = FetchSession::new(now_ms, context.uses_topic_ids, context.privileged);
        for (asked, found) in context.partitions.iter().zip(found) {
            session.set(asked.clone());
            // remembers what this answer says; the order stays the client's
            let told = FetchedState { has_records: false, ..*found };
            session.tell(&asked.topic, asked.partition, &told);
        }
        self.sessions.insert(id, session);
        id
    }

    fn free_id(&self, mut random: impl FnMut() -> u32) -> Option<i32> {
        let per_shard = i32::MAX / self.shards - 1;
        (0..64).find_map(|_| {
            let drawn = i32::try_from(random() >> 1).unwrap_or(1) % per_shard.max(1);
            let id = drawn * self.shards + self.shard;
            (id > 0 && !self.sessions.contains_key(&id)).then_some(id)
        })
    }

    /// Makes room for a session of `size` partitions: the one unused for longest if it is stale,
    /// else the smallest that has had its time and is smaller.
    fn evict(&mut self, now_ms: u64, privileged: bool, size: usize) -> bool {
        let stale = self
            .sessions
            .iter()
            .min_by_key(|(id, session)| (session.last_used_ms, **id))
            .filter(|(_, session)| now_ms.saturating_sub(session.last_used_ms) > EVICTION_MS)
            .map(|(id, _)| *id);
        let victim = stale.or_else(|| {
            let had_its_time = |session: &FetchSession| {
                now_ms.saturating_sub(session.created_ms) > EVICTION_MS
                    || (privileged && !session.privileged)
            };
            self.sessions
                .iter()
                .filter(|(_, session)| had_its_time(session))
                .map(|(id, session)| ((session.privileged, session.len()), *id))
                .min()
                .filter(|(rank, _)| *rank < (privileged, size))
                .map(|(_, id)| id)
        });
        victim.is_some_and(|id| self.sessions.remove(&id).is_some())
    }
}

/// Epochs run from 1 and wrap to 1.
fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        i32::MIN..0 => FINAL_EPOCH,
        i32::MAX => 1,
        _ => epoch + 1,
    }
}

#[cfg(test)]
#[path = "session_cache_tests.rs"]
mod tests;
