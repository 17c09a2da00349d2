//! What a decision is made from, and what it consists of.

use super::image::MetadataImage;
use super::placement::Dice;
use super::record::MetadataRecord;
use super::rules::{ConfigRules, TopicDefaults};
use crate::base::BrokerId;

/// The most partitions one request may create (`ReplicationControlManager`).
pub const MAX_PARTITIONS_PER_REQUEST: usize = 10_000;

/// All that decisions look at.
pub struct World<'a> {
    /// The state that the decision's records will follow.
    pub image: &'a MetadataImage,
    /// The broker that decides.
    pub broker: BrokerId,
    /// The definitions of settings.
    pub rules: &'a dyn ConfigRules,
    /// What topics get when a request does not say.
    pub defaults: TopicDefaults,
    /// Where ids and chance come from.
    pub dice: &'a mut dyn Dice,
}

/// Records to be written together, and the answer to give once they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<T> {
    /// What to write; empty when nothing changes.
    pub records: Vec<MetadataRecord>,
    /// What the asker hears when it is written.
    pub response: T,
}
