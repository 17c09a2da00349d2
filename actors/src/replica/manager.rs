//! The actor that carries images out.

use std::sync::Arc;

use actix::prelude::*;
use ottla_core::base::{Offset, TopicId};
use ottla_core::controller::{ImageDelta, MetadataImage, ResourceType};
use uuid::Uuid;

use super::dirs::{Placement, set_strays_aside};
use super::plan::{Hosted, Plan, Planner};
use crate::controller::{ApplyImage, Carried, settings_under};
use crate::node::Node;
use crate::runtime::{Epitaph, ReplyPort};

/// Starts, changes and stops this broker's partitions as the metadata says.
///
/// Lives on the control core, owned by the guardian. It carries out one image at a time: its
/// mailbox rests until logs are open and directories out of the way. Rebuilt after a panic, it
/// compares the next image with what is running.
pub struct ReplicaManager {
    node: Arc<Node>,
    /// Whether an image was carried out: only then does a delta say all that changed.
    current: bool,
    _epitaph: Epitaph,
}

impl ReplicaManager {
    /// A manager for the partitions of `node`.
    #[must_use]
    pub fn new(node: Arc<Node>, epitaph: Epitaph) -> Self {
        Self { node, current: false, _epitaph: epitaph }
    }

    /// Puts dynamic settings of brokers in force.
    fn reconfigure(&self, image: &MetadataImage, delta: Option<&ImageDelta>) {
        let changed = |delta: &ImageDelta| {
            delta.changed_configs.iter().any(|resource| resource.kind == ResourceType::Broker)
        };
        if delta.is_none_or(changed) {
            let settings = settings_under(&self.node.settings, image, self.node.broker_id);
            self.node.dynamic.store(Arc::new(settings));
        }
    }

    fn plan(&mut self, image: &MetadataImage, delta: Option<&ImageDelta>) -> Plan {
        let settings = self.node.dynamic.load();
        let planner = Planner { broker: self.node.broker_id, image, settings: &settings };
        match delta.filter(|_| self.current) {
            Some(delta) => planner.changes(delta),
            None => {
                let running = self.node.partitions.list();
                if !self.current && running.is_empty() {
                    set_strays_aside(&self.node.storage, &*self.node.disk, image);
                }
                planner.everything(&running)
            }
        }
    }
}

impl Actor for ReplicaManager {
    type Context = Context<Self>;

    /// A manager that was rebuilt does not know what the one before it had carried out.
    fn started(&mut self, ctx: &mut Self::Context) {
        let image = self.node.image.load_full();
        if image.offset() > Offset::ZERO {
            let (done, _) = ReplyPort::oneshot();
            self.apply(ApplyImage { image, delta: None, done }, ctx);
        }
    }
}

impl Handler<ApplyImage> for ReplicaManager {
    type Result = ();

    fn handle(&mut self, message: ApplyImage, ctx: &mut Context<Self>) {
        self.apply(message, ctx);
    }
}

impl ReplicaManager {
    fn apply(&mut self, message: ApplyImage, ctx: &mut Context<Self>) {
        let ApplyImage { image, delta, done } = message;
        self.reconfigure(&image, delta.as_ref());
        let plan = self.plan(&image, delta.as_ref());
        let delta = delta.filter(|_| self.current);
        self.current = true;
        let node = Arc::clone(&self.node);
        let carried = async move {
            let directories = carry_out(&node, plan).await;
            node.groups.on_image(&node, &image, delta.as_ref());
            done.send(Carried { directories });
        };
        ctx.wait(carried.into_actor(self));
    }
}

/// Deletes, then starts; returns the directories chosen for replicas that had none, or another.
async fn carry_out(node: &Node, plan: Plan) -> Vec<(TopicId, i32, Uuid)> {
    let stopping: Vec<_> =
        plan.delete.iter().map(|partition| node.partitions.stop(partition, true)).collect();
    futures_util::future::join_all(stopping).await;
    let mut placement = Placement::new(&node.storage);
    let mut chosen = Vec::new();
    let mut starting = Vec::new();
    for Hosted { spec, directory } in plan.host {
        if node.partitions.spec(&spec.partition).is_some() {
            node.partitions.update(spec);
            continue;
        }
        let partition = spec.partition.clone();
        let Some(dir) = placement.of(&partition, directory) else {
            tracing::error!(%partition, "its log directory is offline");
            continue;
        };
        if dir.id() != directory {
            chosen.push((spec.topic_id, partition.partition, dir.id()));
        }
        let opened = node.partitions.start(spec, &dir);
        starting.push(async move { (partition, opened.await) });
    }
    for (partition, opened) in futures_util::future::join_all(starting).await {
        if let Err(refusal) = opened {
            tracing::error!(%partition, ?refusal, "partition could not be started");
        }
    }
    chosen
}

#[cfg(test)]
#[path = "manager_tests.rs"]
mod tests;
