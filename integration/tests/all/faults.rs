//! Every kind of actor panics under load: its neighbours do not notice, it is rebuilt from disk,
//! and no acknowledged record is missing.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kafka_protocol::messages::{FindCoordinatorRequest, GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;
use ottla_actors::broker::Broker;
use ottla_actors::runtime::fault::{self, Moment};
use ottla_config::Settings;
use ottla_core::storage::RealDisk;
use ottla_integration::records::{create_topic, produce, read_all};
use ottla_integration::{BareClient, wait_for};

const PARTITIONS: i32 = 4;
const LIMIT: Duration = Duration::from_secs(30);

/// A broker inside the test process, so that faults reach it.
struct InProcess {
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl InProcess {
    fn start(data: &Path) -> Self {
        let data = data.display().to_string();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (sender, addresses) = channel();
        let thread = thread::spawn(move || {
            let settings = Settings::with([
                ("log.dirs", data.as_str()),
                ("listeners", "PLAINTEXT://127.0.0.1:0"),
                ("ottla.cores", "2"),
                ("offsets.topic.num.partitions", "2"),
            ])
            .expect("the settings fit");
            actix::System::new().block_on(async {
                let broker = Broker::start(Arc::new(settings), Arc::new(RealDisk)).await;
                let broker = broker.expect("the broker starts");
                sender.send(broker.listeners()[0].bound).expect("the test waits");
                stopped.await.expect("the test says when to stop");
                broker.stop().await;
            });
        });
        let address = addresses.recv().expect("the broker starts");
        Self { address, stop, thread }
    }

    fn stop(self) {
        self.stop.send(()).expect("the broker waits");
        self.thread.join().expect("the broker stops in order");
    }
}

/// What one producer saw.
#[derive(Debug, Default)]
struct Seen {
    acknowledged: Vec<(i64, String)>,
    refusals: u64,
    disconnects: u64,
    slowest: Duration,
}

/// Appends to one partition, one record after the other, until told to stop.
fn load(
    address: SocketAddr,
    partition: i32,
    acks: i16,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> Seen {
    let mut seen = Seen::default();
    let mut client = None;
    let mut next = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        let connection = match &mut client {
            Some(connection) => connection,
            none => match BareClient::connect(address) {
                Ok(connection) => none.insert(connection),
                Err(_) => continue,
            },
        };
        let value = format!("{partition}-{next}");
        next += 1;
        let asked = Instant::now();
        match produce(connection, "load", partition, acks, value.as_bytes()) {
            Ok(Ok(offset)) => {
                seen.acknowledged.push((offset, value));
                seen.slowest = seen.slowest.max(asked.elapsed());
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Err(_)) => {
                seen.refusals += 1;
                thread::park_timeout(Duration::from_millis(2));
            }
            Err(_) => {
                seen.disconnects += 1;
                client = None;
            }
        }
    }
    seen
}

struct Load {
    stop: Arc<AtomicBool>,
    counts: Vec<Arc<AtomicU64>>,
    threads: Vec<JoinHandle<Seen>>,
}

impl Load {
    fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let counts: Vec<Arc<AtomicU64>> = (0..PARTITIONS).map(|_| Arc::default()).collect();
        let threads = (0..PARTITIONS).zip(&counts).map(|(partition, count)| {
            let (stop, count) = (Arc::clone(&stop), Arc::clone(count));
            let acks = if partition % 2 == 0 { 1 } else { -1 };
            thread::spawn(move || load(address, partition, acks, stop, count))
        });
        let threads = threads.collect();
        Self { stop, counts, threads }
    }

    /// Waits until every producer has got more records through.
    fn until_all_progress(&self, what: &str) {
        let marks: Vec<u64> = self.counts.iter().map(|c| c.load(Ordering::Relaxed) + 20).collect();
        wait_for(what, LIMIT, || {
            let reached =
                |(count, mark): (&Arc<AtomicU64>, &u64)| count.load(Ordering::Relaxed) >= *mark;
            self.counts.iter().zip(&marks).all(reached).then_some(())
        });
    }

    fn finish(self) -> Vec<Seen> {
        self.stop.store(true, Ordering::Relaxed);
        let joined = self.threads.into_iter().map(|t| t.join().expect("a producer"));
        joined.collect()
    }
}

#[track_caller]
fn assert_nothing_lost(address: SocketAddr, seen: &[Seen]) {
    let mut client = BareClient::connect(address).expect("the broker serves");
    for (partition, seen) in (0..PARTITIONS).zip(seen) {
        let stored = read_all(&mut client, "load", partition);
        let offsets: Vec<i64> = stored.iter().map(|(offset, _)| *offset).collect();
        let expected: Vec<i64> = (0..i64::try_from(stored.len()).expect("few")).collect();
        assert_eq!(offsets, expected, "partition {partition} has holes");
        for (offset, value) in &seen.acknowledged {
            let index = usize::try_from(*offset).expect("an offset");
            let found = stored.get(index).map(|(_, found)| &found[..]);
            assert_eq!(found, Some(value.as_bytes()), "partition {partition} offset {offset}");
        }
        assert!(!seen.acknowledged.is_empty());
    }
}

/// One test, because faults are armed for the whole process.
#[test]
fn every_kind_of_actor_may_panic_under_load() {
    // with RUST_LOG set, what the broker says about it can be followed
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    let data = tempfile::tempdir().expect("a directory");
    let broker = InProcess::start(data.path());
    let mut admin = BareClient::connect(broker.address).expect("the broker serves");
    create_topic(&mut admin, "load", PARTITIONS);

    // a partition panics: the others see no error and no delay
    for moment in [Moment::Before, Moment::After] {
        let load = Load::start(broker.address);
        load.until_all_progress("the load to begin");
        fault::panic_next("partition load-0", moment);
        wait_for("the fault to strike", LIMIT, || fault::all_struck().then_some(()));
        load.until_all_progress("partition 0 to come back");
        let seen = load.finish();
        for healthy in &seen[1..] {
            assert_eq!((healthy.refusals, healthy.disconnects), (0, 0), "{moment:?}");
            assert!(healthy.slowest < Duration::from_secs(2), "{:?}", healthy.slowest);
        }
    }

    let load = Load::start(broker.address);
    load.until_all_progress("the load to begin");
    for name in ["storage", "host", "acceptor", "connection", "controller", "replica manager"] {
        for moment in [Moment::Before, Moment::After] {
            fault::panic_next(name, moment);
            // whoever rests until it is spoken to is spoken to
            let topic = format!("{}-{moment:?}", name.replace(' ', "-"));
            wait_for(&format!("{name} to be struck {moment:?}"), LIMIT, || {
                if let Ok(mut client) = BareClient::connect(broker.address) {
                    let _may_fail = try_create(&mut client, &topic);
                }
                fault::all_struck().then_some(())
            });
            load.until_all_progress(name);
        }
    }
    group_survives(broker.address);
    load.until_all_progress("groups");
    let seen = load.finish();
    assert_nothing_lost(broker.address, &seen);

    // the controller works after all of that
    let mut admin = BareClient::connect(broker.address).expect("the broker serves");
    wait_for("the controller to come back", LIMIT, || {
        try_create(&mut admin, "afterwards").filter(|code| *code == 0)
    });
    assert!(produce(&mut admin, "afterwards", 0, -1, b"x").expect("an answer").is_ok());
    broker.stop();

    // and what was acknowledged survives the restart
    let broker = InProcess::start(data.path());
    assert_nothing_lost(broker.address, &seen);
    broker.stop();
}

/// Tries to create a topic; the error code if there is an answer.
fn try_create(client: &mut BareClient, topic: &str) -> Option<i16> {
    use kafka_protocol::messages::CreateTopicsRequest;
    use kafka_protocol::messages::create_topics_request::CreatableTopic;
    let topic = CreatableTopic::default()
        .with_name(topic_name(topic))
        .with_num_partitions(1)
        .with_replication_factor(1);
    let request = CreateTopicsRequest::default().with_timeout_ms(5_000).with_topics(vec![topic]);
    let response = client.ask(7, &request).ok()?;
    response.topics.first().map(|topic| topic.error_code)
}

/// A coordinator panics twice between a commit and the look at it.
fn group_survives(address: SocketAddr) {
    let mut client = BareClient::connect(address).expect("the broker serves");
    wait_for("the coordinator to take a commit", LIMIT, || commit(&mut client, 42));
    for moment in [Moment::Before, Moment::After] {
        fault::panic_next("groups", moment);
        wait_for("groups to be struck", LIMIT, || {
            committed(&mut client);
            fault::all_struck().then_some(())
        });
    }
    let offset = wait_for("the coordinator to come back", LIMIT, || committed(&mut client));
    assert_eq!(offset, 42);
}

/// Commits an offset as a group without members.
fn commit(client: &mut BareClient, offset: i64) -> Option<()> {
    use kafka_protocol::messages::OffsetCommitRequest;
    use kafka_protocol::messages::offset_commit_request::{
        OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    };
    let find = FindCoordinatorRequest::default().with_key(StrBytes::from_static_str("survivor"));
    if client.ask(2, &find).ok()?.error_code != 0 {
        return None;
    }
    let partition = OffsetCommitRequestPartition::default()
        .with_committed_offset(offset)
        .with_committed_metadata(Some(StrBytes::new()));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(topic_name("load"))
        .with_partitions(vec![partition]);
    let request = OffsetCommitRequest::default()
        .with_group_id(GroupId(StrBytes::from_static_str("survivor")))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic]);
    let response = client.ask(2, &request).ok()?;
    let code = response.topics.first()?.partitions.first()?.error_code;
    (code == 0).then_some(())
}

/// The offset that group has, if its coordinator answers.
fn committed(client: &mut BareClient) -> Option<i64> {
    use kafka_protocol::messages::OffsetFetchRequest;
    use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
    let topic = OffsetFetchRequestTopic::default()
        .with_name(topic_name("load"))
        .with_partition_indexes(vec![0]);
    let request = OffsetFetchRequest::default()
        .with_group_id(GroupId(StrBytes::from_static_str("survivor")))
        .with_topics(Some(vec![topic]));
    let response = client.ask(2, &request).ok()?;
    let partition = response.topics.first()?.partitions.first()?;
    (response.error_code == 0 && partition.error_code == 0).then_some(partition.committed_offset)
}

fn topic_name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}
