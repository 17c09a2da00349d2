//! The way to the coordinator of a group, and which coordinators this broker has.

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use ottla_config::Settings;
use ottla_core::base::{TopicName, TopicPartition};
use ottla_core::controller::{ImageDelta, MetadataImage};
use ottla_core::group::{Caller, OFFSETS_TOPIC, Request, Response, partition_for};

use super::GroupCoordinatorActor;
use super::log::OffsetsLog;
use super::messages::{AnswerPort, Ask, Resign, TopicsDeleted};
use super::partition_log::PartitionLog;
use crate::node::Node;
use crate::partition::Partitions;
use crate::runtime::{Child, Guardian, Join, Refused, Registry, ReplyPort, offer, tell};

/// Groups as they are listed, or why they cannot be.
pub type Listed = Result<Vec<ListedGroup>, ResponseError>;

/// The coordinators of this broker, by partition of `__consumer_offsets`.
#[derive(Clone, Default)]
pub struct GroupsHandle {
    pub(super) routes: Arc<Registry<i32, GroupCoordinatorActor>>,
}

impl GroupsHandle {
    /// This broker leads a partition of `__consumer_offsets`, and its log is being opened: starts
    /// the coordinator of its groups, unless it runs already.
    pub fn lead(
        &self,
        guardian: &Guardian,
        partitions: &Arc<Partitions>,
        settings: &Arc<Settings>,
        index: i32,
    ) {
        let partition = TopicPartition::new(OFFSETS_TOPIC, index);
        let log =
            PartitionLog::new(Arc::clone(partitions), partition, settings.offsets_load_buffer_size);
        self.start(guardian, settings, index, Arc::new(log));
    }

    /// Starts a coordinator over any log.
    pub(super) fn start(
        &self,
        guardian: &Guardian,
        settings: &Arc<Settings>,
        index: i32,
        log: Arc<dyn OffsetsLog>,
    ) {
        if self.routes.get(&index).is_some() {
            return;
        }
        let core = guardian.cores().core_of(&TopicPartition::new(OFFSETS_TOPIC, index));
        let settings = Arc::clone(settings);
        let routes = Arc::clone(&self.routes);
        let child = Child::new(format!("groups {index}"), core, move |_, epitaph| {
            GroupCoordinatorActor::new(index, Arc::clone(&log), &settings, epitaph)
        });
        guardian.start(child.publish(move |route| routes.publish(index, route)));
    }

    /// The metadata has changed, and this broker's partitions are as it says: starts and stops
    /// coordinators with the partitions of the offsets topic, and tells them of deleted topics.
    /// Without a delta everything may have changed.
    pub fn on_image(&self, node: &Node, image: &MetadataImage, delta: Option<&ImageDelta>) {
        let deleted = delta.map_or(&[][..], |delta| &delta.deleted_topics);
        let ours = |topic: &TopicName| **topic == *OFFSETS_TOPIC;
        let touched = delta.is_none_or(|delta| {
            delta.changed_partitions.keys().any(ours)
                || deleted.iter().any(|topic| ours(&topic.name))
        });
        if touched {
            let partitions = image.topic(OFFSETS_TOPIC).map_or(&[][..], |topic| &topic.partitions);
            let led = partitions.iter().zip(0..).filter(|(p, _)| p.leader == node.broker_id);
            let led: BTreeSet<i32> = led.map(|(_, index)| index).collect();
            for index in self.indexes().into_iter().filter(|index| !led.contains(index)) {
                self.resign(index);
            }
            for index in led {
                self.lead(&node.guardian, &node.partitions, &node.settings, index);
            }
        }
        if !deleted.is_empty() {
            self.topics_deleted(deleted.iter().map(|topic| Arc::clone(&topic.name)).collect());
        }
    }

    /// Another broker leads the partition now, or it was deleted.
    pub fn resign(&self, index: i32) {
        if let Some(route) = self.routes.remove(&index) {
            tell(&route.addr, Resign);
        }
    }

    /// Topics were deleted: offsets committed for them go, in every coordinator.
    pub fn topics_deleted(&self, topics: Vec<TopicName>) {
        let message = TopicsDeleted(topics.into());
        for (_, route) in self.routes.all() {
            tell(&route.addr, message.clone());
        }
    }

    /// How many coordinators there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// Every partition that has its coordinator here.
    pub(crate) fn indexes(&self) -> Vec<i32> {
        self.routes.all().into_iter().map(|(index, _)| index).collect()
    }

    /// Sends a call to the coordinator of `group`; `done` gets its answer, or a refusal.
    pub fn call(
        &self,
        node: &Node,
        group: &str,
        caller: Caller,
        request: Request,
        done: impl FnOnce(Response) + Send + 'static,
    ) {
        let image = node.image.load();
        let partitions = image.topic(OFFSETS_TOPIC).map_or(0, |topic| topic.partitions.len());
        let index = partition_for(group, i32::try_from(partitions).unwrap_or(0));
        self.call_index(index, caller, request, done);
    }

    /// Lists the groups of every coordinator, those in one of `states` and of one of `types` if
    /// any are named. One coordinator that is loading makes the list unreliable, which refuses it;
    /// one that has moved away does not.
    pub fn list(
        &self,
        caller: Caller,
        states: Vec<String>,
        types: Vec<String>,
        done: impl FnOnce(Listed) + Send + 'static,
    ) {
        let indexes = self.indexes();
        let join = Join::new(indexes.len(), move |answers: Vec<Option<Listed>>| {
            let moved = |answer: &Listed| *answer == Err(ResponseError::NotCoordinator);
            let answers = answers.into_iter().flatten().filter(|answer| !moved(answer));
            let listed: Result<Vec<_>, _> = answers.collect();
            done(listed.map(|groups| groups.into_iter().flatten().collect()));
        });
        for (slot, index) in indexes.into_iter().enumerate() {
            let join = Arc::clone(&join);
            let what = Request::List { states: states.clone(), types: types.clone() };
            self.call_index(index, caller.clone(), what, move |answer| {
                let answer = match answer {
                    Response::List(answer) => Some(answer),
                    _ => None,
                };
                join.fill(slot, answer);
            });
        }
    }

    /// Sends a call to one coordinator.
    pub(crate) fn call_index(
        &self,
        index: i32,
        caller: Caller,
        request: Request,
        done: impl FnOnce(Response) + Send + 'static,
    ) {
        let Some(route) = self.routes.get(&index) else {
            return done(request.refusal(ResponseError::NotCoordinator));
        };
        let lost = request.refusal(ResponseError::NotCoordinator);
        let reply: AnswerPort =
            ReplyPort::new(move |answer: Option<Response>| done(answer.unwrap_or(lost)));
        match offer(&route.addr, Ask { caller, request, reply }) {
            Ok(()) => {}
            Err(Refused::Full(ask)) => refuse(ask, ResponseError::CoordinatorNotAvailable),
            // it is being rebuilt from its log
            Err(Refused::Gone(ask)) => refuse(ask, ResponseError::CoordinatorLoadInProgress),
        }
    }
}

fn refuse(ask: Ask, error: ResponseError) {
    let answer = ask.request.refusal(error);
    ask.reply.send(Some(answer));
}
