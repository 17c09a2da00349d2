//! A handle on a consumer group, and its committed offsets, by the messages of its coordinator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{GroupId, OffsetCommitRequest};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::Offset;
use ottla_core::group::{Caller, OFFSETS_TOPIC, Request, Response};
use ottla_core::partition::Refusal;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::EngineError;
use super::shared::Shared;

/// The versions of the requests whose rules the coordinator goes by. Later ones of JoinGroup make
/// a member come twice, for the sake of connections that break in between.
const VERSION: i16 = 8;
const JOIN_VERSION: i16 = 3;

/// How often a coordinator that is still loading is asked, and the pause in between.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// A handle on a consumer group, whose members may come over TCP as well.
///
/// ```
/// # use ottla::{Batch, Engine, Offset};
/// # use std::collections::BTreeMap;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// engine.topic("orders").append(Batch::value("one espresso")).await?;
/// let billing = engine.group("billing");
/// billing.commit("orders", &BTreeMap::from([(0, Offset(1))])).await?;
/// assert_eq!(billing.committed("orders").await?[&0].offset, Offset(1));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone)]
pub struct Group {
    shared: Arc<Shared>,
    id: Arc<str>,
}

/// What a group has committed for a partition.
///
/// ```
/// # use ottla::{Batch, CommittedOffset, Engine, Offset};
/// # use std::collections::BTreeMap;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// engine.topic("orders").append(Batch::value("one espresso")).await?;
/// let billing = engine.group("billing");
/// assert!(billing.committed("orders").await?.is_empty());
/// billing.commit("orders", &BTreeMap::from([(0, Offset(1))])).await?;
/// let committed: &CommittedOffset = &billing.committed("orders").await?[&0];
/// assert_eq!((committed.offset, &*committed.metadata), (Offset(1), ""));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset the group reads.
    pub offset: Offset,
    /// What the member that committed it wrote beside it.
    pub metadata: String,
}

/// Who a member is to its coordinator.
#[derive(Clone, Debug)]
pub(super) struct GroupMember {
    /// Its id; empty for nobody in particular.
    pub(super) id: StrBytes,
    /// In which generation of the group; -1 if none.
    pub(super) generation: i32,
}

impl Default for GroupMember {
    fn default() -> Self {
        Self { id: StrBytes::default(), generation: -1 }
    }
}

impl Group {
    pub(super) fn new(shared: Arc<Shared>, id: &str) -> Self {
        Self { shared, id: id.into() }
    }

    /// Commits, for partitions of one topic, the offset the group shall read next. As with a Kafka
    /// consumer that assigns itself its partitions, the group must have no members just then.
    ///
    /// # Errors
    /// A partition does not exist, the group has members, or its coordinator cannot be asked.
    pub async fn commit(
        &self,
        topic: &str,
        offsets: &BTreeMap<i32, Offset>,
    ) -> Result<(), EngineError> {
        self.commit_as(&GroupMember::default(), topic, offsets).await
    }

    pub(super) async fn commit_as(
        &self,
        member: &GroupMember,
        topic: &str,
        offsets: &BTreeMap<i32, Offset>,
    ) -> Result<(), EngineError> {
        let topic_id = {
            let image = self.shared.node()?.image.load();
            let found = image.topic(topic).ok_or(Refusal::UnknownPartition)?;
            if offsets.keys().any(|index| image.partition(topic, *index).is_none()) {
                return Err(Refusal::UnknownPartition.into());
            }
            found.id
        };
        let partition = |(index, offset): (&i32, &Offset)| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(*index)
                .with_committed_offset(offset.0)
                .with_committed_leader_epoch(-1)
                .with_committed_metadata(Some(StrBytes::default()))
        };
        let topic = OffsetCommitRequestTopic::default()
            .with_name(text(topic).into())
            .with_topic_id(topic_id)
            .with_partitions(offsets.iter().map(partition).collect());
        let request = OffsetCommitRequest::default()
            .with_group_id(self.wire_id())
            .with_generation_id_or_member_epoch(member.generation)
            .with_member_id(member.id.clone())
            .with_topics(vec![topic]);
        let Response::Commit(answer) = self.ask(&Request::Commit(request)).await? else {
            return Err(EngineError::unexpected());
        };
        let mut answered = answer.topics.iter().flat_map(|topic| &topic.partitions);
        answered.try_for_each(|partition| EngineError::check(partition.error_code, None))
    }

    /// What the group has committed for the partitions of a topic; those for which it has nothing
    /// are left out.
    ///
    /// # Errors
    /// The group's coordinator cannot be asked.
    pub async fn committed(
        &self,
        topic: &str,
    ) -> Result<BTreeMap<i32, CommittedOffset>, EngineError> {
        let asked = {
            let image = self.shared.node()?.image.load();
            let Some(found) = image.topic(topic) else { return Ok(BTreeMap::new()) };
            OffsetFetchRequestTopics::default()
                .with_name(text(topic).into())
                .with_topic_id(found.id)
                .with_partition_indexes((0i32..).zip(&found.partitions).map(|(i, _)| i).collect())
        };
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(self.wire_id())
            .with_topics(Some(vec![asked]));
        let request = Request::Fetch { group, stable: true };
        let Response::Fetch(answer) = self.ask(&request).await? else {
            return Err(EngineError::unexpected());
        };
        EngineError::check(answer.error_code, None)?;
        let mut committed = BTreeMap::new();
        for partition in answer.topics.into_iter().flat_map(|topic| topic.partitions) {
            EngineError::check(partition.error_code, None)?;
            if partition.committed_offset >= 0 {
                let metadata = partition.metadata.map(|text| text.to_string()).unwrap_or_default();
                let offset = Offset(partition.committed_offset);
                committed.insert(partition.partition_index, CommittedOffset { offset, metadata });
            }
        }
        Ok(committed)
    }

    /// Asks the coordinator, again while it loads its part of the offsets topic.
    pub(super) async fn ask(&self, request: &Request) -> Result<Response, EngineError> {
        self.ensure_coordinator().await?;
        for _ in 1..TRIES {
            let answer = self.ask_once(request.clone()).await?;
            if !is_loading(&answer) {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.ask_once(request.clone()).await
    }

    /// Creates the offsets topic if it does not exist, as FindCoordinator does.
    pub(super) async fn ensure_coordinator(&self) -> Result<(), EngineError> {
        let node = self.shared.node()?;
        if node.image.load().topic(OFFSETS_TOPIC).is_none() {
            let created = node.controller.auto_create(vec![Arc::from(OFFSETS_TOPIC)]).await?;
            created.into_iter().try_for_each(|(_, outcome)| outcome)?;
        }
        Ok(())
    }

    pub(super) async fn ask_once(&self, request: Request) -> Result<Response, EngineError> {
        let (sender, receiver) = oneshot::channel();
        // the asker may have gone away; what it asked for is done all the same
        self.send(request, move |answer| drop(sender.send(answer)))?;
        receiver.await.map_err(|_| EngineError::Stopped)
    }

    /// Tells the coordinator something, and does not wait for the answer.
    pub(super) fn tell(&self, request: Request) {
        // an engine that has stopped has no coordinator to tell
        drop(self.send(request, drop));
    }

    fn send(
        &self,
        request: Request,
        done: impl FnOnce(Response) + Send + 'static,
    ) -> Result<(), EngineError> {
        let node = self.shared.node()?;
        let caller = caller_of(&request);
        node.groups.call(node, &self.id, caller, request, done);
        Ok(())
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Its `group.id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn wire_id(&self) -> GroupId {
        text(&self.id).into()
    }
}

/// Who asks, and by which version's rules.
pub(super) fn caller_of(request: &Request) -> Caller {
    let joins = matches!(request, Request::Join(_));
    Caller {
        client_id: Arc::from("engine"),
        client_host: Arc::from("in-process"),
        version: if joins { JOIN_VERSION } else { VERSION },
        fresh_id: if joins { Uuid::new_v4() } else { Uuid::nil() },
    }
}

pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn is_loading(answer: &Response) -> bool {
    let loading = |code: i16| {
        code == ResponseError::CoordinatorLoadInProgress.code()
            || code == ResponseError::NotCoordinator.code()
    };
    match answer {
        Response::Commit(answer) => {
            let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
            partitions.any(|partition| loading(partition.error_code))
        }
        Response::Fetch(answer) => loading(answer.error_code),
        Response::Describe(answer) => loading(answer.error_code),
        Response::Delete(Err(error)) => loading(error.code()),
        _ => false,
    }
}
