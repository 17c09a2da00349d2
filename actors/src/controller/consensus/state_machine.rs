//! Applies committed entries to the image and hands each new image on.

use std::io::Cursor;
use std::sync::Arc;

use openraft::storage::RaftStateMachine;
use openraft::{
    AnyError, EmptyNode, EntryPayload, ErrorSubject, ErrorVerb, LogId, OptionalSend,
    RaftSnapshotBuilder, Snapshot, SnapshotMeta, StorageIOError, StoredMembership,
};
use ottla_core::controller::{ApplyError, MetadataImage, SnapshotContent, decode_snapshot};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::snapshots::{Snapshots, Stored};
use super::types::{
    Entry, NodeId, Proposal, RaftStorageError, TypeConfig, epoch_of, offset_of, to_membership,
};
use super::{Committed, ConsensusError};
use crate::runtime::{blocking, now};

type Membership = StoredMembership<NodeId, EmptyNode>;

#[derive(Debug, Default)]
struct State {
    image: Arc<MetadataImage>,
    applied: Option<LogId<NodeId>>,
    membership: Membership,
    snapshot: Option<Held>,
    /// Whether entries are handed on: not while the log is replayed at start.
    live: bool,
}

/// The newest snapshot, as it would be sent.
#[derive(Debug)]
struct Held {
    meta: SnapshotMeta<NodeId, EmptyNode>,
    bytes: Vec<u8>,
}

impl From<Stored> for Held {
    fn from(Stored { meta, bytes, .. }: Stored) -> Self {
        Self { meta, bytes }
    }
}

/// The state machine; clones share the state, as snapshot builders need it.
#[derive(Clone, Debug)]
pub(super) struct StateMachine {
    state: Arc<Mutex<State>>,
    snapshots: Snapshots,
    committed: mpsc::Sender<Committed>,
}

fn failed(verb: ErrorVerb, error: &(impl std::error::Error + 'static)) -> RaftStorageError {
    StorageIOError::new(ErrorSubject::StateMachine, verb, AnyError::new(error)).into()
}

fn image_of(content: &SnapshotContent, last: &LogId<NodeId>) -> Result<MetadataImage, AnyError> {
    let built = MetadataImage::default().apply(&content.records);
    let (image, _) = built.map_err(|e| AnyError::new(&e))?;
    Ok(image.at(offset_of(last), epoch_of(last)))
}

impl StateMachine {
    /// A state machine at its newest snapshot, or at nothing.
    pub(super) fn open(
        snapshots: Snapshots,
        committed: mpsc::Sender<Committed>,
    ) -> Result<Self, ConsensusError> {
        let mut state = State::default();
        if let Some(stored) = snapshots.newest()?
            && let Some(last) = stored.meta.last_log_id
        {
            let image = image_of(&stored.content, &last).map_err(|error| {
                tracing::error!(%error, "the metadata snapshot does not build an image");
                ConsensusError::Stopped
            })?;
            state.image = Arc::new(image);
            state.applied = Some(last);
            state.membership = stored.meta.last_membership.clone();
            state.snapshot = Some(stored.into());
        }
        Ok(Self { state: Arc::new(Mutex::new(state)), snapshots, committed })
    }

    /// The image so far; every entry behind it is handed on from here on.
    pub(super) fn go_live(&self) -> Arc<MetadataImage> {
        let mut state = self.state.lock();
        state.live = true;
        Arc::clone(&state.image)
    }

    fn apply_entry(&self, entry: &Entry) -> Result<Option<Committed>, ApplyError> {
        let mut state = self.state.lock();
        let id = entry.log_id;
        let committed = match &entry.payload {
            EntryPayload::Blank => None,
            EntryPayload::Membership(membership) => {
                state.membership = StoredMembership::new(Some(id), membership.clone());
                None
            }
            EntryPayload::Normal(Proposal(records)) => {
                let (image, delta) = state.image.apply(records)?;
                state.image = Arc::new(image.at(offset_of(&id), epoch_of(&id)));
                let image = Arc::clone(&state.image);
                state.live.then_some(Committed { image, delta: Some(delta) })
            }
        };
        state.applied = Some(id);
        Ok(committed)
    }
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotBuilder = Self;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId<NodeId>>, Membership), RaftStorageError> {
        let state = self.state.lock();
        Ok((state.applied, state.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<()>, RaftStorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut answers = Vec::new();
        for entry in entries {
            let applied = self.apply_entry(&entry);
            if let Some(committed) = applied.map_err(|e| failed(ErrorVerb::Write, &e))? {
                // nobody listens any more while the controller stops
                drop(self.committed.send(committed).await);
            }
            answers.push(());
        }
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, RaftStorageError> {
        Ok(Box::new(Cursor::new(Vec::new())))
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<NodeId, EmptyNode>,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), RaftStorageError> {
        let bytes = snapshot.into_inner();
        let content = decode_snapshot(&bytes).map_err(|e| failed(ErrorVerb::Read, &e))?;
        let Some(last) = meta.last_log_id else { return Ok(()) };
        let image = image_of(&content, &last)
            .map_err(|e| StorageIOError::new(ErrorSubject::StateMachine, ErrorVerb::Write, e))?;
        self.snapshots
            .put((offset_of(&last), epoch_of(&last)), &bytes)
            .map_err(|e| failed(ErrorVerb::Write, &e))?;
        let image = Arc::new(image);
        let live = {
            let mut state = self.state.lock();
            state.image = Arc::clone(&image);
            state.applied = Some(last);
            state.membership = meta.last_membership.clone();
            state.snapshot = Some(Held { meta: meta.clone(), bytes });
            state.live
        };
        if live {
            drop(self.committed.send(Committed { image, delta: None }).await);
        }
        Ok(())
    }

    async fn get_current_snapshot(
        &mut self,
    ) -> Result<Option<Snapshot<TypeConfig>>, RaftStorageError> {
        let state = self.state.lock();
        Ok(state.snapshot.as_ref().map(|stored| Snapshot {
            meta: stored.meta.clone(),
            snapshot: Box::new(Cursor::new(stored.bytes.clone())),
        }))
    }
}

impl RaftSnapshotBuilder<TypeConfig> for StateMachine {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, RaftStorageError> {
        let (image, last, membership) = {
            let state = self.state.lock();
            (Arc::clone(&state.image), state.applied, state.membership.clone())
        };
        let last = last.unwrap_or_default();
        let snapshots = self.snapshots.clone();
        let written = blocking(move || {
            let at = membership.log_id().as_ref().map(|id| (offset_of(id), epoch_of(id)));
            let content = SnapshotContent {
                membership_at: at,
                membership: to_membership(membership.membership()),
                records: image.to_records(),
            };
            snapshots.write((offset_of(&last), epoch_of(&last)), content, now().wall_ms)
        });
        let stored = written
            .await
            .map_err(|e| failed(ErrorVerb::Write, &e))?
            .map_err(|e| failed(ErrorVerb::Write, &e))?;
        let snapshot = Snapshot {
            meta: stored.meta.clone(),
            snapshot: Box::new(Cursor::new(stored.bytes.clone())),
        };
        self.state.lock().snapshot = Some(stored.into());
        Ok(snapshot)
    }
}
