//! A broker's partitions and storage without its sockets, for tests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix::{Context, Handler, Message};
use bytes::Bytes;
use ottla_core::base::{
    BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId, TopicPartition,
};
use ottla_core::partition::{Isolation, Leadership, LogBounds, PartitionRules, ReadRequest};
use ottla_core::record::{BatchBuilder, BatchIter, Compression, ValidationRules};
use ottla_core::storage::{
    AppendOrigin, Disk, LogConfig, LogDir, Owner, PartitionLogRules, RealDisk,
};

use super::messages::{Append, AppendReply, Read, ReadReply};
use super::{PartitionActor, PartitionSpec, Partitions};
use crate::runtime::{Cores, Guardian, ReplyPort, RestartPolicy, now};
use crate::storage::{Storage, StorageOptions};

pub(crate) const BROKER: BrokerId = BrokerId(1);

/// Guardian, storage and partitions over one log directory.
pub(crate) struct Rig {
    pub(crate) guardian: Guardian,
    pub(crate) storage: Arc<Storage>,
    pub(crate) partitions: Arc<Partitions>,
}

impl Rig {
    pub(crate) fn on(disk: Arc<dyn Disk>, path: &Path) -> Self {
        Self::with(disk, path, StorageOptions::default())
    }

    pub(crate) fn with(disk: Arc<dyn Disk>, path: &Path, options: StorageOptions) -> Self {
        let cores = Arc::new(Cores::start(2, false).expect("cores"));
        let policy = RestartPolicy { first_pause_ms: 1, ..RestartPolicy::default() };
        let guardian = Guardian::new(cores, policy);
        let owner = Owner { node_id: 1, cluster_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned() };
        let dir = LogDir::open(disk, path, &owner, TopicId::new_v4(), now()).expect("log dir");
        let storage = Storage::start(&guardian, vec![dir], options);
        let partitions = Partitions::new(BROKER, guardian.clone());
        Self { guardian, storage, partitions }
    }

    pub(crate) fn real(path: &Path) -> Self {
        Self::on(Arc::new(RealDisk), path)
    }

    pub(crate) async fn open(&self, spec: PartitionSpec) -> LogBounds {
        let dir = self.storage.place().expect("a directory");
        self.partitions.start(spec, dir).await.expect("the log opens")
    }

    pub(crate) async fn append(
        &self,
        to: &TopicPartition,
        acks: i16,
        records: Bytes,
    ) -> AppendReply {
        let (reply, answer) = ReplyPort::oneshot();
        let origin = AppendOrigin::Client;
        let records = records.into();
        self.partitions.send(to, Append { records, acks, timeout_ms: 1000, origin, reply });
        answer.await
    }

    pub(crate) async fn read(&self, from: &TopicPartition, offset: i64) -> ReadReply {
        let (reply, answer) = ReplyPort::oneshot();
        let request = ReadRequest {
            fetch_offset: Offset(offset),
            current_leader_epoch: LeaderEpoch::NONE,
            last_fetched_epoch: LeaderEpoch::NONE,
            isolation: Isolation::ReadUncommitted,
        };
        self.partitions.send(from, Read { request, max_bytes: 1 << 20, reply });
        answer.await
    }

    /// Base offsets of all batches, read as a consumer does.
    pub(crate) async fn offsets(&self, from: &TopicPartition) -> Vec<i64> {
        let mut offsets = Vec::new();
        let mut next = 0;
        loop {
            let outcome = self.read(from, next).await.expect("readable");
            let Some(slice) = outcome.records else { return offsets };
            let bytes = slice.read_to_vec().expect("the file is there");
            for batch in BatchIter::new(&bytes) {
                let header = batch.expect("whole batches").header;
                offsets.push(header.base_offset.0);
                next = header.next_offset().0;
            }
        }
    }

    /// Closes everything in order; true if it was.
    pub(crate) async fn close(self) -> bool {
        self.guardian.close();
        let closed = self.storage.close(1).await;
        let cores = Arc::clone(self.guardian.cores());
        cores.stop().await;
        closed
    }

    /// Ends everything as a crash would: nothing is closed.
    pub(crate) async fn crash(self) {
        self.guardian.close();
        let cores = Arc::clone(self.guardian.cores());
        cores.stop().await;
    }
}

pub(crate) fn spec(topic: &str, partition: i32) -> PartitionSpec {
    PartitionSpec {
        partition: TopicPartition::new(topic, partition),
        topic_id: TopicId::from_u128(77),
        leadership: Leadership {
            leader: BROKER,
            epoch: LeaderEpoch(0),
            replicas: vec![BROKER],
            isr: vec![BROKER],
        },
        rules: PartitionRules::default(),
        log: Arc::new(LogConfig::default()),
        records: PartitionLogRules {
            validation: Arc::new(ValidationRules::default()),
            producer_expiration_ms: 86_400_000,
        },
    }
}

/// A batch of `records` records.
pub(crate) fn batch(records: usize) -> Bytes {
    idempotent(records, -1, -1, -1)
}

/// A batch of an idempotent producer.
pub(crate) fn idempotent(records: usize, id: i64, epoch: i16, sequence: i32) -> Bytes {
    let mut builder = BatchBuilder::new().producer(ProducerId(id), ProducerEpoch(epoch), sequence);
    for _ in 0..records {
        builder.push(now().wall_ms, Some(b"key"), Some(b"value"), &[]);
    }
    builder.build(Offset(0), LeaderEpoch::NONE, Compression::None)
}

/// Waits until `holds`, at most ten seconds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..2000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited in vain");
}

/// Test → partition, tell: panic now.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct PanicNow;

impl Handler<PanicNow> for PartitionActor {
    type Result = ();

    fn handle(&mut self, _: PanicNow, _: &mut Context<Self>) {
        panic!("asked to");
    }
}
