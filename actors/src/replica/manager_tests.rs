//! A whole broker: what the controller decides is found on disk, and what is on disk is found
//! again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::{CreateTopicsRequest, DeleteTopicsRequest};
use kafka_protocol::protocol::StrBytes;
use ottla_config::Settings;
use ottla_core::base::TopicPartition;
use ottla_core::controller::{ResourceAlteration, read_incremental};
use ottla_core::storage::RealDisk;
use ottla_core::storage::crash::{CrashDisk, Fault};
use tempfile::TempDir;

use super::ReplicaManager;
use crate::broker::Broker;
use crate::node::Node;
use crate::runtime::{Child, tell};

async fn start(dirs: &str) -> Broker {
    let pairs =
        [("log.dirs", dirs), ("listeners", "PLAINTEXT://127.0.0.1:0"), ("ottla.cores", "2")];
    let settings = Settings::with(pairs).unwrap();
    Broker::start(Arc::new(settings), Arc::new(RealDisk)).await.unwrap()
}

async fn create(node: &Node, name: &str, partitions: i32) {
    let topic = CreatableTopic::default()
        .with_name(StrBytes::from_string(name.to_owned()).into())
        .with_num_partitions(partitions)
        .with_replication_factor(-1);
    let request = CreateTopicsRequest::default().with_topics(vec![topic]);
    let response = node.controller.create_topics(request).await.unwrap();
    assert_eq!(response.topics[0].error_code, 0, "{:?}", response.topics[0].error_message);
}

async fn delete(node: &Node, name: &str) {
    let names = vec![StrBytes::from_string(name.to_owned()).into()];
    let request = DeleteTopicsRequest::default().with_topic_names(names);
    let response = node.controller.delete_topics(request).await.unwrap();
    assert_eq!(response.responses[0].error_code, 0);
}

async fn alter(node: &Node, kind: i8, name: &str, key: &str, value: &str) {
    let alteration = read_incremental([(key, 0, Some(value))].into_iter());
    let resource = ResourceAlteration { kind, name: name.to_owned(), alteration };
    let answers = node.controller.alter_configs(vec![resource], false).await.unwrap();
    assert_eq!(answers, [Ok(())]);
}

fn dirs_of(path: &Path, topic: &str) -> Vec<String> {
    let names = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name());
    let mut names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with(topic));
    names.sort();
    names
}

#[actix::test]
async fn topics_come_and_go_with_their_directories() {
    let dir = TempDir::new().unwrap();
    let broker = start(dir.path().to_str().unwrap()).await;
    let node = Arc::clone(broker.node());
    create(&node, "t", 2).await;
    assert_eq!(dirs_of(dir.path(), "t"), ["t-0", "t-1"]);
    assert!(node.partitions.route(&TopicPartition::new("t", 1)).is_some());
    let first = node.image.load().topic("t").unwrap().id;

    delete(&node, "t").await;
    assert!(node.partitions.is_empty());
    let left = dirs_of(dir.path(), "t");
    assert!(left.iter().all(|name| name.ends_with("-delete")), "{left:?}");

    create(&node, "t", 1).await;
    assert_ne!(node.image.load().topic("t").unwrap().id, first);
    assert!(dirs_of(dir.path(), "t").contains(&"t-0".to_owned()));
    drop(node);
    broker.stop().await;

    let broker = start(dir.path().to_str().unwrap()).await;
    assert_eq!(broker.node().partitions.len(), 1);
    assert!(dirs_of(dir.path(), "t").contains(&"t-0".to_owned()));
    broker.stop().await;
}

#[actix::test]
async fn replicas_spread_over_directories_and_are_found_there_again() {
    let (a, b) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let dirs = format!("{},{}", a.path().display(), b.path().display());
    let broker = start(&dirs).await;
    create(broker.node(), "t", 10).await;
    let (in_a, in_b) = (dirs_of(a.path(), "t"), dirs_of(b.path(), "t"));
    assert_eq!((in_a.len(), in_b.len()), (5, 5));

    // where they lie is written down soon after
    let node = Arc::clone(broker.node());
    let known = || {
        let image = node.image.load();
        let topic = image.topic("t").unwrap();
        topic.partitions.iter().all(|p| node.storage.dir(p.directories[0]).is_some())
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while !known() {
        assert!(Instant::now() < deadline, "the directories were not written down");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(node);
    broker.stop().await;

    let broker = start(&dirs).await;
    assert_eq!((dirs_of(a.path(), "t"), dirs_of(b.path(), "t")), (in_a, in_b));
    assert_eq!(broker.node().partitions.len(), 10);
    broker.stop().await;
}

#[actix::test]
async fn settings_are_in_force_at_once_and_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().to_str().unwrap();
    let broker = start(path).await;
    let node = Arc::clone(broker.node());
    create(&node, "t", 1).await;
    let spec = |node: &Node| node.partitions.spec(&TopicPartition::new("t", 0)).unwrap();
    assert_eq!(spec(&node).log.retention_ms, 604_800_000);
    alter(&node, 4, "", "log.retention.ms", "777777").await;
    assert_eq!(spec(&node).log.retention_ms, 777_777);
    alter(&node, 2, "t", "retention.ms", "5000").await;
    assert_eq!(spec(&node).log.retention_ms, 5_000);
    drop(node);
    broker.stop().await;

    let broker = start(path).await;
    assert_eq!(spec(broker.node()).log.retention_ms, 5_000);
    assert_eq!(broker.node().dynamic.load().log_retention_ms, 777_777);
    broker.stop().await;
}

#[actix::test]
async fn directories_the_metadata_does_not_know_are_set_aside() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().to_str().unwrap();
    let broker = start(path).await;
    create(broker.node(), "t", 1).await;
    broker.stop().await;
    std::fs::create_dir(dir.path().join("ghost-0")).unwrap();

    let broker = start(path).await;
    assert_eq!(broker.node().partitions.len(), 1);
    let ghosts = dirs_of(dir.path(), "ghost");
    assert!(ghosts.len() == 1 && ghosts[0].ends_with("-stray"), "{ghosts:?}");
    broker.stop().await;
}

#[actix::test]
async fn a_lost_directory_takes_its_partitions_offline_and_no_others() {
    let (a, b) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let dirs = format!("{},{}", a.path().display(), b.path().display());
    let broker = start(&dirs).await;
    let node = Arc::clone(broker.node());
    create(&node, "t", 4).await;
    let lost = node.storage.dirs()[1].id();
    let leaders = || {
        let image = node.image.load();
        let topic = image.topic("t").unwrap();
        topic.partitions.iter().map(|p| (p.directories[0], p.leader.0)).collect::<Vec<_>>()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while leaders().iter().any(|(dir, _)| dir.is_nil()) {
        assert!(Instant::now() < deadline, "the directories were not written down");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let usable = vec![node.storage.dirs()[0].id()];
    node.controller.log_dirs_failed(node.broker_id, usable).await.unwrap();
    for (dir, leader) in leaders() {
        assert_eq!(leader, if dir == lost { -1 } else { 1 });
    }
    drop(node);
    broker.stop().await;

    // all directories are back: so are the leaders
    let broker = start(&dirs).await;
    let image = broker.node().image.load_full();
    assert!(image.topic("t").unwrap().partitions.iter().all(|p| p.leader.0 == 1));
    broker.stop().await;
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct PanicNow;

impl actix::Handler<PanicNow> for ReplicaManager {
    type Result = ();

    fn handle(&mut self, _: PanicNow, _: &mut actix::Context<Self>) {
        panic!("asked to");
    }
}

#[actix::test]
async fn a_manager_that_panics_is_rebuilt_beside_what_runs() {
    let dir = TempDir::new().unwrap();
    let broker = start(dir.path().to_str().unwrap()).await;
    let node = Arc::clone(broker.node());
    create(&node, "t", 3).await;
    let ran = TopicPartition::new("t", 2);
    let before = node.partitions.generation(&ran);

    // one more manager of the same node: what holds for it holds for the broker's own
    let starts = Arc::new(AtomicUsize::new(0));
    let (managed, counted) = (Arc::clone(&node), Arc::clone(&starts));
    let manager = node.guardian.start(Child::new("manager", 0, move |_, epitaph| {
        counted.fetch_add(1, Ordering::Relaxed);
        ReplicaManager::new(Arc::clone(&managed), epitaph)
    }));
    tell(&manager, PanicNow);
    let deadline = Instant::now() + Duration::from_secs(30);
    while starts.load(Ordering::Relaxed) < 2 {
        assert!(Instant::now() < deadline, "the manager was not rebuilt");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(node.partitions.generation(&ran), before, "what runs goes on");
    create(&node, "u", 1).await;
    delete(&node, "t").await;
    assert_eq!(node.partitions.list(), [TopicPartition::new("u", 0)]);
    assert_eq!(dirs_of(dir.path(), "u"), ["u-0"]);
    broker.stop().await;
}

#[actix::test]
async fn a_broker_without_a_log_directory_says_that_it_is_lost() {
    let disk = CrashDisk::new();
    let pairs = [("log.dirs", "/logs"), ("listeners", "PLAINTEXT://127.0.0.1:0")];
    let settings = Arc::new(Settings::with(pairs).unwrap());
    let broker = Broker::start(settings, Arc::new(disk.clone())).await.unwrap();
    create(broker.node(), "t", 1).await;
    disk.fault_at(disk.calls(), Fault::NoSpace);
    let topic = CreateTopicsRequest::default().with_topics(vec![
        CreatableTopic::default()
            .with_name(StrBytes::from_static_str("u").into())
            .with_num_partitions(1)
            .with_replication_factor(1),
    ]);
    // refused or not answered well: the directory has failed under it
    drop(broker.node().controller.create_topics(topic).await);
    broker.lost().await;
    broker.stop().await;
}
