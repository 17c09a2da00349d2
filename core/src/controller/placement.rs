//! Where new replicas go: striped over racks and brokers, as Kafka's `StripedReplicaPlacer`.
//!
//! Racks are gone through in turn, and the brokers of each rack in turn, both starting at a random
//! place. After as many partitions as there are usable brokers both orders are shuffled, so that
//! the same sets of replicas do not come again and again. A fenced broker may follow, never lead.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;

use super::Refusal;
use super::image::MetadataImage;
use crate::base::BrokerId;

/// Where chance comes from: an input, so that a test can repeat it.
pub trait Dice {
    /// A number from 0 to below `n`; 0 when `n` is 0.
    fn below(&mut self, n: usize) -> usize;
    /// A topic id nobody has.
    fn topic_id(&mut self) -> crate::base::TopicId;
}

#[derive(Default)]
struct Ring {
    brokers: Vec<BrokerId>,
    index: usize,
    offset: usize,
    epoch: usize,
}

impl Ring {
    fn start(&mut self, dice: &mut dyn Dice) {
        self.brokers.sort();
        self.offset = dice.below(self.brokers.len());
    }

    fn next(&mut self, epoch: usize) -> Option<BrokerId> {
        let n = self.brokers.len();
        if n == 0 {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % n;
        }
        if self.index >= n {
            return None;
        }
        let broker = self.brokers.get((self.index + self.offset) % n).copied();
        self.index += 1;
        broker
    }
}

#[derive(Default)]
struct Rack {
    fenced: Ring,
    unfenced: Ring,
}

/// Hands out sets of replicas for the partitions of one request.
pub(super) struct Placer {
    racks: Vec<Rack>,
    total: usize,
    unfenced: usize,
    epoch: usize,
    offset: usize,
}

fn shuffle<T>(items: &mut [T], dice: &mut dyn Dice) {
    for i in (1..items.len()).rev() {
        items.swap(i, dice.below(i + 1));
    }
}

impl Placer {
    /// A placer over the brokers of `image` that are not about to leave.
    pub(super) fn new(image: &MetadataImage, dice: &mut dyn Dice) -> Self {
        let mut by_name: BTreeMap<Option<String>, Rack> = BTreeMap::new();
        let (mut total, mut unfenced) = (0, 0);
        for broker in image.brokers().filter(|b| !b.in_controlled_shutdown) {
            let rack = by_name.entry(broker.rack.clone()).or_default();
            total += 1;
            if broker.fenced {
                rack.fenced.brokers.push(broker.id);
            } else {
                unfenced += 1;
                rack.unfenced.brokers.push(broker.id);
            }
        }
        let mut racks: Vec<Rack> = by_name.into_values().collect();
        for rack in &mut racks {
            rack.fenced.start(dice);
            rack.unfenced.start(dice);
        }
        let offset = dice.below(racks.len());
        Self { racks, total, unfenced, epoch: 0, offset }
    }

    fn check(&self, replicas: usize) -> Result<(), String> {
        if replicas == 0 {
            Err("Invalid replication factor 0: the replication factor must be positive.".into())
        } else if self.unfenced == 0 {
            Err("All brokers are currently fenced.".into())
        } else if replicas > self.total {
            Err(format!(
                "The target replication factor of {replicas} cannot be reached because only {} \
                 broker(s) are registered or some brokers have all their log directories \
                 cordoned.",
                self.total
            ))
        } else {
            Ok(())
        }
    }

    /// The replicas of the next partition, the preferred leader first.
    pub(super) fn place(
        &mut self,
        replicas: usize,
        dice: &mut dyn Dice,
    ) -> Result<Vec<BrokerId>, Refusal> {
        self.check(replicas).map_err(|why| {
            Refusal::new(
                ResponseError::InvalidReplicationFactor,
                format!("Unable to replicate the partition {replicas} time(s): {why}"),
            )
        })?;
        if self.epoch == self.unfenced && self.unfenced > 1 {
            shuffle(&mut self.racks, dice);
            for rack in &mut self.racks {
                shuffle(&mut rack.unfenced.brokers, dice);
                shuffle(&mut rack.fenced.brokers, dice);
            }
            self.epoch = 0;
        }
        self.offset %= self.racks.len();
        let out = self.collect(replicas);
        self.epoch += 1;
        self.offset += 1;
        Ok(out)
    }

    /// `check` has passed: an unfenced broker exists, and enough brokers in all.
    fn collect(&mut self, replicas: usize) -> Vec<BrokerId> {
        let n = self.racks.len();
        let mut out = Vec::with_capacity(replicas);
        let mut first_rack = None;
        for step in 0..n {
            let index = (self.offset + step) % n;
            let next = self.racks.get_mut(index).and_then(|r| r.unfenced.next(self.epoch));
            if let Some(leader) = next {
                out.push(leader);
                first_rack = Some(index);
                break;
            }
        }
        let mut index = self.offset;
        let mut idle = 0;
        while out.len() < replicas && idle <= n + 1 {
            // the leader's rack has had its turn; from the second round on it is one of all
            if first_rack == Some(index) {
                first_rack = None;
            } else if let Some(rack) = self.racks.get_mut(index) {
                let next = rack.unfenced.next(self.epoch).or_else(|| rack.fenced.next(self.epoch));
                match next {
                    Some(broker) => {
                        out.push(broker);
                        idle = 0;
                    }
                    None => idle += 1,
                }
            }
            index = (index + 1) % n;
        }
        out
    }
}
