//! The controller over a real metadata log: what it answered survives restarts and power loss.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use arc_swap::ArcSwap;
use kafka_protocol::messages::CreateTopicsRequest;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::protocol::StrBytes;
use ottla_config::Settings;
use ottla_core::base::BrokerId;
use ottla_core::controller::{
    BrokerEndpoint, MetadataImage, RegisterBrokerRecord, ResourceAlteration, read_incremental,
};
use ottla_core::storage::crash::{CrashDisk, Fault, Survival};
use ottla_core::storage::{DirHealth, Disk, LogEnv, RealDisk};
use tempfile::TempDir;

use super::consensus::{LogLease, RaftSettings};
use super::*;
use parking_lot::Mutex;

use crate::runtime::{Child, Cores, Epitaph, Guardian, RestartPolicy, tell};

/// Carries nothing out.
struct Nobody;

impl Actor for Nobody {
    type Context = Context<Self>;
}

impl Handler<ApplyImage> for Nobody {
    type Result = ();

    fn handle(&mut self, message: ApplyImage, _: &mut Context<Self>) {
        message.done.send(Carried::default());
    }
}

#[derive(Debug, Default)]
struct Fixed(Arc<Settings>);

impl Dynamic for Fixed {
    fn in_force(&self) -> Arc<Settings> {
        Arc::clone(&self.0)
    }
}

struct Started {
    handle: ControllerHandle,
    image: Arc<ArcSwap<MetadataImage>>,
}

fn context(
    disk: Arc<dyn Disk>,
    dir: &Path,
    entries_per_snapshot: u64,
    image: &Arc<ArcSwap<MetadataImage>>,
) -> ControllerContext {
    let published = Arc::clone(image);
    let rules = SettingsRules { settings: Arc::default(), dynamic: Arc::new(Fixed::default()) };
    ControllerContext {
        broker: BrokerId(1),
        raft: RaftSettings {
            node: BrokerId(1),
            env: LogEnv { disk, health: DirHealth::new(dir) },
            dir: dir.join("__cluster_metadata-0"),
            entries_per_snapshot,
            lease: LogLease::default(),
        },
        rules: Arc::new(rules),
        publish: Arc::new(move |image| published.store(image)),
        replicas: {
            let nobody = Nobody.start();
            Arc::new(move |image| tell(&nobody, image))
        },
    }
}

fn start_on(disk: Arc<dyn Disk>, dir: &Path, entries_per_snapshot: u64) -> Started {
    let image: Arc<ArcSwap<MetadataImage>> = Arc::default();
    let context = context(disk, dir, entries_per_snapshot, &image);
    let handle = ControllerHandle::default();
    let addr = ControllerActor::create(|ctx| {
        ctx.set_mailbox_capacity(1_024);
        ControllerActor::new(context, Epitaph::unread())
    });
    handle.direct_to(Some(addr.clone().recipient()));
    Started { handle, image }
}

#[derive(Message)]
#[rtype(result = "()")]
struct PanicNow;

impl Handler<PanicNow> for ControllerActor {
    type Result = ();

    fn handle(&mut self, _: PanicNow, _: &mut Context<Self>) {
        panic!("asked to");
    }
}

impl Started {
    async fn register(&self) {
        let record = RegisterBrokerRecord {
            broker_id: BrokerId(1),
            endpoints: vec![BrokerEndpoint {
                name: "PLAINTEXT".to_owned(),
                host: "localhost".to_owned(),
                port: 9092,
                security_protocol: 0,
            }],
            ..RegisterBrokerRecord::default()
        };
        self.handle.register_broker(record, false).await.unwrap();
    }

    async fn create(&self, name: &str, partitions: i32) -> i16 {
        let topic = CreatableTopic::default()
            .with_name(StrBytes::from_string(name.to_owned()).into())
            .with_num_partitions(partitions)
            .with_replication_factor(1);
        let request = CreateTopicsRequest::default().with_topics(vec![topic]);
        self.handle.create_topics(request).await.unwrap().topics[0].error_code
    }

    /// Stops the controller and waits until its log is closed.
    async fn stop(self) -> Arc<MetadataImage> {
        let image = self.image.load_full();
        self.handle.shutdown().await.unwrap();
        image
    }
}

fn same(left: &MetadataImage, right: &MetadataImage) -> bool {
    let plain = |image: &MetadataImage| {
        image.clone().at(ottla_core::base::Offset(0), ottla_core::base::LeaderEpoch(0))
    };
    plain(left) == plain(right)
}

#[actix::test]
async fn what_was_answered_is_there_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let first = start_on(Arc::new(RealDisk), dir.path(), 1_000);
    first.register().await;
    assert_eq!(first.create("a", 3).await, 0);
    assert_eq!(first.create("a", 3).await, 36);
    let alteration = read_incremental([("retention.ms", 0, Some("5"))].into_iter());
    let resource = ResourceAlteration { kind: 2, name: "a".to_owned(), alteration };
    let answers = first.handle.alter_configs(vec![resource], false).await.unwrap();
    assert_eq!(answers, [Ok(())]);
    let block = first.handle.allocate_producer_ids().await.unwrap();
    assert_eq!(block.first.0, 0);
    let before = first.stop().await;
    assert_eq!(before.topic("a").unwrap().partitions.len(), 3);

    let second = start_on(Arc::new(RealDisk), dir.path(), 1_000);
    let block = second.handle.allocate_producer_ids().await.unwrap();
    assert_eq!(block.first.0, 1_000);
    let after = second.stop().await;
    assert_eq!(after.topic_config("a")["retention.ms"], "5");
    assert_eq!(before.topic("a"), after.topic("a"));
}

#[actix::test]
async fn snapshots_replace_the_log_and_hold_all_of_it() {
    let dir = TempDir::new().unwrap();
    let started = start_on(Arc::new(RealDisk), dir.path(), 20);
    started.register().await;
    for n in 0..150 {
        assert_eq!(started.create(&format!("t{n}"), 2).await, 0);
    }
    let log_dir = dir.path().join("__cluster_metadata-0");
    let checkpoint = || {
        let names = std::fs::read_dir(&log_dir).unwrap().map(|e| e.unwrap().file_name());
        names.filter(|n| n.to_string_lossy().ends_with(".checkpoint")).count()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while checkpoint() == 0 {
        assert!(Instant::now() < deadline, "no snapshot was written");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = started.stop().await;
    let again = start_on(Arc::new(RealDisk), dir.path(), 20);
    assert_eq!(again.create("one-more", 1).await, 0);
    assert_eq!(again.create("t149", 1).await, 36);
    let after = again.stop().await;
    assert_eq!(before.topic_count() + 1, after.topic_count());
    assert_eq!(before.topic("t7"), after.topic("t7"));
}

#[actix::test]
async fn answered_changes_survive_a_loss_of_power_at_any_call() {
    let path = Path::new("/data");
    for call in [1, 5, 12, 20, 30, 45, 60, 90, 130, 200] {
        let disk = CrashDisk::new();
        disk.create_dir_all(path).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        disk.fault_at(disk.calls() + call, Fault::PowerLoss);
        let started = start_on(Arc::new(disk.clone()), path, 10);
        let mut answered = Vec::new();
        for n in 0..40 {
            let name = format!("t{n}");
            let topic = CreatableTopic::default()
                .with_name(StrBytes::from_string(name.clone()).into())
                .with_assignments(Vec::new())
                .with_num_partitions(1)
                .with_replication_factor(1);
            if n == 0 {
                let record = RegisterBrokerRecord {
                    broker_id: BrokerId(1),
                    ..RegisterBrokerRecord::default()
                };
                if started.handle.register_broker(record, false).await.is_err() {
                    break;
                }
            }
            let request = CreateTopicsRequest::default().with_topics(vec![topic]);
            match started.handle.create_topics(request).await {
                Ok(response) if response.topics[0].error_code == 0 => answered.push(name),
                _ => break,
            }
        }
        let survivor = disk.restart(Survival::Synced);
        let again = start_on(Arc::new(survivor), path, 10);
        again.handle.allocate_producer_ids().await.unwrap();
        let image = again.stop().await;
        for name in &answered {
            assert!(image.topic(name).is_some(), "{name} is lost, power went at call {call}");
        }
    }
}

#[actix::test]
async fn a_burst_of_commands_is_answered_and_a_thousand_partitions_are_quick() {
    let dir = TempDir::new().unwrap();
    let started = start_on(Arc::new(RealDisk), dir.path(), 10_000);
    started.register().await;
    let begin = Instant::now();
    assert_eq!(started.create("wide", 1_000).await, 0);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(1), "1,000 partitions took {took:?}");

    let creations = (0..100).map(|n| {
        let handle = started.handle.clone();
        async move {
            let topic = CreatableTopic::default()
                .with_name(StrBytes::from_string(format!("b{n}")).into())
                .with_num_partitions(1)
                .with_replication_factor(1);
            let request = CreateTopicsRequest::default().with_topics(vec![topic]);
            handle.create_topics(request).await.unwrap().topics[0].error_code
        }
    });
    let codes = futures_util::future::join_all(creations).await;
    assert!(codes.iter().all(|code| *code == 0));
    let before = started.stop().await;
    let again = start_on(Arc::new(RealDisk), dir.path(), 10_000);
    again.handle.allocate_producer_ids().await.unwrap();
    let after = again.stop().await;
    assert_eq!(before.topic_count(), 101);
    assert!(before.topics().all(|t| after.topic(&t.name) == Some(t)));
    assert!(!same(&before, &after), "the producer ids differ");
}

#[actix::test]
async fn a_controller_that_panics_is_rebuilt_from_its_log() {
    let dir = TempDir::new().unwrap();
    let cores = Arc::new(Cores::start(1, false).unwrap());
    let guardian = Guardian::new(Arc::clone(&cores), RestartPolicy::default());
    let image: Arc<ArcSwap<MetadataImage>> = Arc::default();
    let context = context(Arc::new(RealDisk), dir.path(), 10, &image);
    let handle = ControllerHandle::default();
    let current: Arc<Mutex<Option<Arc<Addr<ControllerActor>>>>> = Arc::default();
    let (directed, noted) = (handle.clone(), Arc::clone(&current));
    guardian.start(
        Child::new("controller", 0, move |_, epitaph| {
            ControllerActor::new(context.clone(), epitaph)
        })
        .publish(move |route| {
            directed.direct_to(Some(route.addr.as_ref().clone().recipient()));
            *noted.lock() = Some(route.addr);
        }),
    );
    let started = Started { handle, image };
    started.register().await;
    for round in 0..3 {
        assert_eq!(started.create(&format!("t{round}"), 2).await, 0);
        let addr = current.lock().clone().unwrap();
        tell(&addr, PanicNow);
        let deadline = Instant::now() + Duration::from_secs(30);
        while started.handle.allocate_producer_ids().await.is_err() {
            assert!(Instant::now() < deadline, "the controller was not rebuilt");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(started.image.load().topic(&format!("t{round}")).is_some());
    }
    let image = started.stop().await;
    assert_eq!(image.topic_count(), 3);
    cores.stop().await;
}
