//! Consumer groups: one coordinator actor for each partition of `__consumer_offsets`.
//!
//! The partition is the unit because its log is: everything a coordinator decides becomes a record
//! there, one log gives one order, and loading that log gives all of its groups at once. A group by
//! itself has no log to be rebuilt from, and thousands of groups would be thousands of actors.
//!
//! [`GroupsHandle`] finds the coordinator of a group; [`GroupCoordinatorActor`] carries out what
//! `ottla_core::group` decides.

mod handle;
mod handlers;
mod load;
mod log;
pub mod messages;
mod outputs;
mod partition_log;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context};
use ottla_config::Settings;
use ottla_core::base::Offset;
use ottla_core::group::{GroupCoordinator, GroupSettings, Waiter};
use ottla_core::record::Compression;

use crate::runtime::{DeadlineDriver, Epitaph};

pub use handle::{GroupsHandle, Listed};
pub use log::{LogAppended, LogBatch, OffsetsLog};
use messages::AnswerPort;

/// The coordinator of one partition of `__consumer_offsets`.
///
/// Lives on the core of that partition; owned by [`GroupsHandle`] through the guardian; mailbox
/// 1,024 messages, behind which calls are refused. Never blocks, but for reads of at most 4 MiB
/// while it loads. Rebuilt after a panic by loading its log again; clients that waited are told to
/// find their coordinator again.
pub struct GroupCoordinatorActor {
    partition: i32,
    machine: GroupCoordinator,
    log: Arc<dyn OffsetsLog>,
    compression: Compression,
    commit_timeout_ms: u32,
    /// Who waits for an answer, by the number the machine knows.
    waiters: HashMap<Waiter, AnswerPort>,
    last_waiter: u64,
    deadlines: DeadlineDriver,
    /// Where the log began when loading did; none before that.
    log_start: Option<Offset>,
    own: Option<Arc<Addr<Self>>>,
    epitaph: Epitaph,
}

impl GroupCoordinatorActor {
    /// A coordinator over `log`; it loads as soon as it is started.
    pub fn new(
        partition: i32,
        log: Arc<dyn OffsetsLog>,
        settings: &Settings,
        epitaph: Epitaph,
    ) -> Self {
        let codec = u8::try_from(settings.offsets_topic_compression_codec).unwrap_or(0);
        Self {
            partition,
            machine: GroupCoordinator::new(group_settings(settings)),
            log,
            compression: Compression::from_id(codec).unwrap_or(Compression::None),
            commit_timeout_ms: u32::try_from(settings.offsets_commit_timeout_ms).unwrap_or(0),
            waiters: HashMap::new(),
            last_waiter: 0,
            deadlines: DeadlineDriver::new(),
            log_start: None,
            own: None,
            epitaph,
        }
    }

    /// Its own address, for answers that come back as messages.
    fn own(&mut self, ctx: &Context<Self>) -> Arc<Addr<Self>> {
        Arc::clone(self.own.get_or_insert_with(|| Arc::new(ctx.address())))
    }
}

impl Actor for GroupCoordinatorActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.load(ctx);
    }
}

fn group_settings(settings: &Settings) -> GroupSettings {
    let size = |value: i32| usize::try_from(value).unwrap_or(0);
    GroupSettings {
        min_session_timeout_ms: settings.group_min_session_timeout_ms,
        max_session_timeout_ms: settings.group_max_session_timeout_ms,
        max_size: size(settings.group_max_size),
        initial_rebalance_delay_ms: settings.group_initial_rebalance_delay_ms,
        offset_metadata_max_bytes: size(settings.offset_metadata_max_bytes),
        offsets_retention_ms: i64::from(settings.offsets_retention_minutes) * 60_000,
        retention_check_interval_ms: u64::try_from(settings.offsets_retention_check_interval_ms)
            .unwrap_or(u64::MAX),
        // a batch must fit the topic's largest message and one segment
        append_max_bytes: size(settings.message_max_bytes)
            .min(size(settings.offsets_topic_segment_bytes))
            .saturating_sub(BATCH_OVERHEAD)
            .min(MAX_APPEND_BYTES),
        ..GroupSettings::default()
    }
}

/// A batch's header, and some air.
const BATCH_OVERHEAD: usize = 128;

/// Appends stay below Kafka's default of `max.message.bytes`, 1,048,588.
const MAX_APPEND_BYTES: usize = 1_000_000;
