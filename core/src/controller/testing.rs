//! What the tests of this room share: a cluster of brokers, rules, and dice that repeat.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use uuid::Uuid;

use super::*;
use crate::base::BrokerId;

/// Counts ids up and always throws 0.
#[derive(Default)]
pub(super) struct FixedDice(u128);

impl Dice for FixedDice {
    fn below(&mut self, _n: usize) -> usize {
        0
    }

    fn topic_id(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

/// Knows one list, `cleanup.policy`, and one number, `retention.ms`.
pub(super) struct FewRules;

impl ConfigRules for FewRules {
    fn validate(
        &self,
        _resource: &ConfigResource,
        settings: &BTreeMap<String, String>,
        _existing: &BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        for (key, value) in settings {
            let error = match key.as_str() {
                "cleanup.policy" => continue,
                "retention.ms" if value.parse::<i64>().is_ok() => continue,
                "retention.ms" => format!(
                    "Invalid value {value} for configuration {key}: Not a number of type LONG"
                ),
                _ => format!("Unknown topic config name: {key}"),
            };
            return Err(Refusal::new(ResponseError::InvalidConfig, error));
        }
        Ok(())
    }

    fn is_list(&self, _kind: ResourceType, key: &str) -> bool {
        key == "cleanup.policy"
    }

    fn default_value(&self, _kind: ResourceType, key: &str) -> Option<String> {
        (key == "cleanup.policy").then(|| "delete".to_owned())
    }

    fn effective_topic_config(&self, overrides: &BTreeMap<String, String>) -> Vec<EffectiveConfig> {
        let config = |(name, value): (&String, &String)| EffectiveConfig {
            name: name.clone(),
            value: Some(value.clone()),
            read_only: false,
            source: 1,
            sensitive: false,
        };
        overrides.iter().map(config).collect()
    }
}

pub(super) fn broker(id: i32, rack: Option<&str>) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBrokerRecord {
        broker_id: BrokerId(id),
        broker_epoch: 1,
        rack: rack.map(str::to_owned),
        log_dirs: vec![Uuid::from_u128(1000 + id.unsigned_abs() as u128)],
        ..RegisterBrokerRecord::default()
    })
}

/// An image with brokers 1 to `count`.
pub(super) fn cluster(count: i32) -> MetadataImage {
    let brokers: Vec<_> = (1..=count).map(|id| broker(id, None)).collect();
    MetadataImage::default().apply(&brokers).unwrap().0
}

pub(super) fn world<'a>(image: &'a MetadataImage, dice: &'a mut FixedDice) -> World<'a> {
    World {
        image,
        broker: BrokerId(1),
        rules: &FewRules,
        defaults: TopicDefaults { partitions: 1, replication_factor: 1 },
        dice,
    }
}
