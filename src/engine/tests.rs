//! The engine's calls against a real broker inside the test.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::process::Stdio;
use std::time::Duration;

use actix::prelude::*;
use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::partition::Refusal;
use ottla_core::record::{BatchBuilder, Compression};
use tokio::sync::{mpsc, oneshot};

use super::*;

/// Runs `test` with engines that have no listener: one with a thread of its own, and one on the
/// arbiter of the test.
fn with_engine(test: impl AsyncFn(&Engine)) {
    System::new().block_on(async {
        let apart = Engine::ephemeral().without_listener();
        let here = apart.clone().on_current_arbiter();
        for builder in [apart, here] {
            let engine = builder.start().await.expect("started");
            test(&engine).await;
            engine.stop().await;
        }
    });
}

fn values(read: &Read) -> Vec<&[u8]> {
    read.records.iter().filter_map(|record| record.value.as_deref()).collect()
}

#[test]
fn records_come_back_as_they_went_in() {
    with_engine(async |engine| {
        let topic = engine.topic("t");
        let partition = topic.partition(0);
        let mut batch = Batch::new().compressed(Compression::Lz4);
        batch.push_at(7, Some(b"k"), Some(b"v"), &[("h", Some(b"x"))]);
        batch.push_at(9, None, None, &[]);
        let appended = partition.append(batch).await.expect("appended");
        assert_eq!((appended.first_offset, appended.last_offset), (Offset(0), Offset(1)));

        let read = partition.read(Offset(0)).await.expect("read");
        let [first, second] = &read.records[..] else { panic!("two records") };
        assert_eq!((first.offset, first.timestamp), (Offset(0), 7));
        assert_eq!(first.key.as_deref(), Some(&b"k"[..]));
        assert_eq!(first.headers[0].key, "h");
        assert_eq!((second.timestamp, &second.value), (9, &None));
        assert_eq!((read.next_offset, read.high_watermark), (Offset(2), Offset(2)));

        // from the middle of a batch
        let read = partition.read(Offset(1)).await.expect("read");
        assert_eq!(read.records.len(), 1);
        let found = partition.at_or_after(8).await.expect("listed").expect("found");
        assert_eq!((found.offset, found.timestamp), (Offset(1), 9));
        assert_eq!(partition.at_or_after(10).await.expect("listed"), None);
    });
}

#[test]
fn batches_go_to_the_partitions_in_turn_and_encoded_ones_are_taken_as_they_are() {
    with_engine(async |engine| {
        engine.admin().create_topic(NewTopic::new("t").partitions(3)).await.expect("created");
        let topic = engine.topic("t").acks(Acks::Leader);
        for turn in 0..6 {
            let mut builder = BatchBuilder::new();
            builder.push(1, None, Some(b"v"), &[]);
            let encoded = builder.build(Offset(0), LeaderEpoch::NONE, Compression::None);
            let appended = topic.append(Batch::encoded(encoded)).await.expect("appended");
            assert_eq!(
                (appended.partition, appended.first_offset.0),
                (turn % 3, i64::from(turn / 3))
            );
        }
        for index in 0..3 {
            let partition = topic.partition(index);
            assert_eq!(partition.earliest().await.expect("listed"), Offset(0));
            assert_eq!(partition.latest().await.expect("listed"), Offset(2));
        }
        let appended = topic.acks(Acks::None).append(Batch::value("v")).await.expect("sent");
        assert_eq!(appended.first_offset, Offset::NONE);
    });
}

#[test]
fn a_key_has_its_partition() {
    with_engine(async |engine| {
        engine.admin().create_topic(NewTopic::new("t").partitions(7)).await.expect("created");
        let topic = engine.topic("t");
        for key in ["table 4", "table 7", "a", "", "a rather long key"] {
            let expected = ottla_core::client::partition_for_key(key.as_bytes(), 7);
            let mut batch = Batch::keyed(key, "first");
            batch.push(Some(key.as_bytes()), Some(b"second"));
            let appended = topic.append(batch).await.expect("appended");
            assert_eq!(appended.partition, expected, "{key}");
            assert_eq!(topic.partition_for(key).map(|it| it.index()), Ok(expected));
        }
        // several keys have no partition of their own
        let mut mixed = Batch::keyed("a", "first");
        mixed.push(Some(b"b"), Some(b"second"));
        let turns = [topic.append(mixed.clone()).await, topic.append(mixed).await];
        let turns = turns.map(|appended| appended.expect("appended").partition);
        assert_eq!(turns, [0, 1]);
    });
}

#[test]
fn appends_keep_the_order_in_which_they_began() {
    with_engine(async |engine| {
        let partition = engine.topic("t").partition(0);
        // more than a handle may have in flight
        let tasks: Vec<_> = (0..500)
            .map(|n: i64| actix::spawn(partition.append(Batch::value(n.to_string()))))
            .collect();
        for (n, task) in (0i64..).zip(tasks) {
            let appended = task.await.expect("not cancelled").expect("appended");
            assert_eq!(appended.first_offset.0, n);
        }
        let read = partition.read(Offset(0)).await.expect("read");
        let expected: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        assert!(values(&read).into_iter().eq(expected.iter().map(String::as_bytes)));
    });
}

#[test]
fn refusals_have_kafkas_codes() {
    with_engine(async |engine| {
        let topic = engine.topic("t");
        topic.append(Batch::value("v")).await.expect("appended");
        let code = |error: EngineError| error.code();

        let missing = topic.partition(9);
        let refused = missing.append(Batch::value("v")).await.map_err(code);
        assert_eq!(refused, Err(ResponseError::UnknownTopicOrPartition));
        let refused = missing.read(Offset(0)).await.expect_err("refused");
        assert_eq!(refused, EngineError::Partition(Refusal::UnknownPartition));
        let refused = engine.topic("a b").append(Batch::value("v")).await.map_err(code);
        assert_eq!(refused, Err(ResponseError::InvalidTopicException));

        let partition = topic.partition(0);
        let requested = Offset(5);
        let refused = partition.read(requested).await.expect_err("refused");
        let log_start = Offset(0);
        let expected = Refusal::OffsetOutOfRange { requested, log_start };
        assert_eq!(refused, EngineError::Partition(expected));
        let garbage = Batch::encoded(Bytes::from_static(&[1; 80]));
        let refused = partition.append(garbage).await.expect_err("refused");
        assert!(matches!(refused, EngineError::Records { .. }), "{refused}");
        let large = partition.append(Batch::value(vec![0; 2 << 20])).await.map_err(code);
        assert_eq!(large, Err(ResponseError::MessageTooLarge));

        engine.shared.stop();
        let refused = partition.append(Batch::value("v")).await;
        assert_eq!(refused, Err(EngineError::Stopped));
    });
}

#[test]
fn every_handle_says_that_its_engine_has_stopped() {
    System::new().block_on(async {
        let engine = Engine::ephemeral().without_listener().start().await.expect("started");
        let topic = engine.topic("t");
        topic.append(Batch::value("v")).await.expect("appended");
        let (partition, group, admin) = (topic.partition(0), engine.group("g"), engine.admin());
        let (clock, fresh) = (engine.clock(), engine.topic("fresh"));
        let (seen, _deliveries) = mpsc::unbounded_channel();
        let subscriber = Slow { seen }.start().recipient();
        // asked for before, carried out behind
        let late = topic.append(Batch::value("late"));
        engine.stop().await;

        let stopped = EngineError::Stopped;
        assert_eq!(stopped.to_string(), "the engine has been stopped");
        assert!(!stopped.is_retriable());
        assert_eq!(late.await.unwrap_err(), stopped);
        let unheard = topic.clone().acks(Acks::None);
        for topic in [&topic, &unheard, &fresh] {
            assert_eq!(topic.append(Batch::value("v")).await.unwrap_err(), stopped);
        }
        assert_eq!(partition.append(Batch::value("v")).await.unwrap_err(), stopped);
        assert_eq!(partition.read(Offset(0)).await.unwrap_err(), stopped);
        assert_eq!(partition.latest().await.unwrap_err(), stopped);
        let subscribed = topic.subscribe(subscriber.clone(), StartAt::Latest).await;
        assert_eq!(subscribed.map(drop).unwrap_err(), stopped);
        let offsets = BTreeMap::from([(0, Offset(1))]);
        assert_eq!(group.commit("t", &offsets).await.unwrap_err(), stopped);
        let joined = group.join(&["t"], subscriber).await.map(drop).unwrap_err();
        assert_eq!(joined, SubscriptionEnd::Failed(stopped.clone()));
        assert_eq!(admin.create_topic(NewTopic::new("n")).await.unwrap_err(), stopped);
        assert_eq!(admin.topics().unwrap_err(), stopped);
        assert_eq!(clock.advance(Duration::from_secs(1)).await.unwrap_err(), stopped);
    });
}

#[test]
fn an_append_under_way_when_the_engine_stops_is_written_or_told_so() {
    System::new().block_on(async {
        let engine = Engine::ephemeral().without_listener().start().await.expect("started");
        let topic = engine.topic("t");
        topic.append(Batch::value("v")).await.expect("appended");
        let appends: Vec<_> =
            (0..100).map(|_| actix::spawn(topic.append(Batch::value("v")))).collect();
        tokio::task::yield_now().await;
        engine.stop().await;
        for append in appends {
            let done = append.await.expect("no panic");
            assert!(matches!(done, Ok(_) | Err(EngineError::Stopped)), "{done:?}");
        }
    });
}

#[test]
fn without_auto_creation_a_topic_must_be_created() {
    System::new().block_on(async {
        let engine = Engine::ephemeral().without_listener();
        let engine = engine.config("auto.create.topics.enable", false).start().await;
        let engine = engine.expect("started");
        let refused = engine.topic("t").append(Batch::value("v")).await.expect_err("refused");
        assert_eq!(refused.code(), ResponseError::UnknownTopicOrPartition);
        engine.stop().await;
    });
}

#[test]
fn a_setting_that_does_not_fit_is_named() {
    System::new().block_on(async {
        let refused = Engine::ephemeral().config("num.partitions", "many").start().await;
        let error = refused.map(|_| ()).expect_err("refused");
        assert!(error.to_string().contains("num.partitions"), "{error}");
    });
}

/// Hands on what it gets, and is done with it when it is told so.
struct Slow {
    seen: mpsc::UnboundedSender<(Delivery, oneshot::Sender<()>)>,
}

impl Actor for Slow {
    type Context = Context<Self>;
}

impl Handler<Delivery> for Slow {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, delivery: Delivery, _: &mut Context<Self>) -> Self::Result {
        let (done, is_done) = oneshot::channel();
        // the test may have seen enough
        drop(self.seen.send((delivery, done)));
        Box::pin(async move { drop(is_done.await) })
    }
}

#[test]
fn a_subscriber_gets_the_next_batch_when_it_is_done_and_can_resume() {
    with_engine(async |engine| {
        let topic = engine.topic("t");
        topic.append(Batch::value("a")).await.expect("appended");
        let (seen, mut deliveries) = mpsc::unbounded_channel();
        let slow = Slow { seen }.start();
        let subscribed = topic.subscribe(slow.clone().recipient(), StartAt::Earliest).await;
        let subscription = subscribed.expect("subscribed");

        let (first, done) = deliveries.recv().await.expect("delivered");
        assert_eq!((first.partition, first.next_offset), (0, Offset(1)));
        topic.append(Batch::value("b")).await.expect("appended");
        topic.append(Batch::value("c")).await.expect("appended");
        // nothing comes while the first is not done with
        let early = tokio::time::timeout(Duration::from_millis(50), deliveries.recv()).await;
        assert!(early.is_err());
        done.send(()).expect("waited for");
        let (second, _kept) = deliveries.recv().await.expect("delivered");
        assert_eq!((second.records.len(), second.records[0].offset), (2, Offset(1)));

        // the second was not acknowledged, so it comes again
        let positions = subscription.unsubscribe();
        assert_eq!(positions, BTreeMap::from([(0, Offset(1))]));
        let again = topic.subscribe(slow.recipient(), StartAt::Offsets(positions)).await;
        let _again = again.expect("subscribed");
        let (resumed, _kept) = deliveries.recv().await.expect("delivered");
        assert_eq!(resumed.records, second.records);
    });
}

/// Panics at a value that says so, and hands on all others.
struct Fragile(mpsc::UnboundedSender<Delivery>);

impl Actor for Fragile {
    type Context = Context<Self>;
}

impl Handler<Delivery> for Fragile {
    type Result = ();

    fn handle(&mut self, delivery: Delivery, _: &mut Context<Self>) {
        let fatal = |record: &Record| record.value.as_deref() == Some(b"panic");
        assert!(!delivery.records.iter().any(fatal), "asked to");
        // the test may have seen enough
        drop(self.0.send(delivery));
    }
}

#[test]
fn a_subscriber_that_died_is_started_again_where_it_was() {
    with_engine(async |engine| {
        let topic = engine.topic("t");
        let (sender, mut delivered) = mpsc::unbounded_channel();
        let first = Fragile(sender.clone()).start().recipient();
        let subscription = topic.subscribe(first, StartAt::Latest).await;
        let mut subscription = subscription.expect("subscribed");
        topic.append(Batch::value("a")).await.expect("appended");
        assert_eq!(delivered.recv().await.expect("delivered").next_offset, Offset(1));
        topic.append(Batch::value("panic")).await.expect("appended");
        topic.append(Batch::value("c")).await.expect("appended");
        assert_eq!(subscription.ended().await, SubscriptionEnd::SubscriberGone);
        // it can be asked again, and knows what was dealt with
        assert_eq!(subscription.ended().await, SubscriptionEnd::SubscriberGone);
        let mut positions = subscription.positions();
        assert_eq!(positions, BTreeMap::from([(0, Offset(1))]));

        // whoever starts it again decides what becomes of the record that it fell over
        positions.insert(0, Offset(2));
        let again = Fragile(sender).start().recipient();
        let again = topic.subscribe(again, StartAt::Offsets(positions)).await;
        let _again = again.expect("subscribed");
        let delivery = delivered.recv().await.expect("delivered");
        assert_eq!(delivery.records[0].value.as_deref(), Some(&b"c"[..]));
    });
}

#[test]
fn a_sealed_batch_is_appended_again_and_again() {
    with_engine(async |engine| {
        let mut batch = Batch::new().compressed(Compression::Lz4);
        batch.push(Some(b"k"), Some(b"v")).push(Some(b"k"), None);
        let sealed = batch.sealed();
        assert_eq!((sealed.len(), sealed.is_empty()), (Some(2), false));
        engine.admin().create_topic(NewTopic::new("t").partitions(3)).await.expect("created");
        let topic = engine.topic("t");
        let mut partitions = Vec::new();
        for turn in 0..3 {
            let appended = topic.append(sealed.clone()).await.expect("appended");
            assert_eq!(appended.first_offset, Offset(2 * turn));
            partitions.push(appended.partition);
        }
        // it still has a key, and so a partition
        let own = topic.partition_for("k").expect("there is one");
        assert_eq!(partitions, [own.index(); 3]);
        let read = own.read(Offset(0)).await.expect("read");
        assert_eq!(values(&read), [b"v"; 3]);
        // what Kafka would refuse is refused
        let compacted = NewTopic::new("c").config("cleanup.policy", "compact");
        engine.admin().create_topic(compacted).await.expect("created");
        let keyless = Batch::value("v").sealed();
        let refused = engine.topic("c").append(keyless).await.expect_err("refused");
        assert_eq!(refused.code(), ResponseError::InvalidRecord);
        let empty = engine.topic("t").append(Batch::new().sealed()).await;
        assert!(empty.is_err());
    });
}

#[test]
fn a_subscription_follows_new_partitions_and_ends_with_its_subscriber_or_topic() {
    with_engine(async |engine| {
        let topic = engine.topic("t");
        let (seen, mut deliveries) = mpsc::unbounded_channel();
        let slow = Slow { seen }.start();
        let subscription = topic.subscribe(slow.recipient(), StartAt::Latest).await;
        let mut subscription = subscription.expect("subscribed");
        engine.admin().add_partitions("t", 2).await.expect("added");
        topic.partition(1).append(Batch::value("v")).await.expect("appended");
        let (delivery, done) = deliveries.recv().await.expect("delivered");
        assert_eq!(delivery.partition, 1);
        done.send(()).expect("waited for");
        engine.admin().delete_topic("t").await.expect("deleted");
        let end = subscription.ended().await;
        let gone = EngineError::Partition(Refusal::UnknownPartition);
        assert!(
            matches!(&end, SubscriptionEnd::Failed(error) if error.code() == gone.code()),
            "{end}"
        );
    });
}

#[test]
fn committed_offsets_are_the_groups() {
    with_engine(async |engine| {
        engine.admin().create_topic(NewTopic::new("t").partitions(2)).await.expect("created");
        let group = engine.group("g");
        assert_eq!(group.committed("t").await, Ok(BTreeMap::new()));
        group.commit("t", &BTreeMap::from([(1, Offset(5))])).await.expect("committed");
        let committed = engine.group("g").committed("t").await.expect("fetched");
        let offset = CommittedOffset { offset: Offset(5), metadata: String::new() };
        assert_eq!(committed, BTreeMap::from([(1, offset)]));
        let refused = group.commit("t", &BTreeMap::from([(2, Offset(5))])).await;
        assert_eq!(refused, Err(EngineError::Partition(Refusal::UnknownPartition)));
    });
}

/// Hands on what it gets.
struct Quick(mpsc::UnboundedSender<Delivery>);

impl Actor for Quick {
    type Context = Context<Self>;
}

impl Handler<Delivery> for Quick {
    type Result = ();

    fn handle(&mut self, delivery: Delivery, _: &mut Context<Self>) {
        // the test may have seen enough
        drop(self.0.send(delivery));
    }
}

#[test]
fn members_share_the_partitions_of_a_group_and_take_over_where_one_left() {
    with_engine(async |engine| {
        engine.admin().create_topic(NewTopic::new("t").partitions(2)).await.expect("created");
        let topic = engine.topic("t");
        let (sender, mut delivered) = mpsc::unbounded_channel();
        let join = async || {
            let subscriber = Quick(sender.clone()).start().recipient();
            engine.group("g").join(&["t"], subscriber).await.expect("joined")
        };
        let mut first = join().await;
        assert_eq!(first.assignment()["t"], [0, 1]);
        topic.partition(1).append(Batch::value("a")).await.expect("appended");
        assert_eq!(delivered.recv().await.expect("delivered").partition, 1);

        let second = join().await;
        first.reassigned().await.expect("still a member");
        let mut shares = [&first, &second].map(|member| member.assignment()["t"].clone());
        shares.sort();
        assert_eq!(shares, [[0], [1]]);
        let group = engine.group("g");
        let described = group.describe().await.expect("described");
        assert_eq!((&*described.state, &*described.protocol_type), ("Stable", "consumer"));
        let member = |it: &GroupMemberDescription| (it.host.clone(), it.assignment["t"].clone());
        let mut members: Vec<_> = described.members.iter().map(member).collect();
        members.sort();
        assert_eq!(members, [("in-process".into(), vec![0]), ("in-process".into(), vec![1])]);
        let refused = group.delete().await.expect_err("it has members");
        assert_eq!(refused.code(), ResponseError::NonEmptyGroup);
        for index in 0..2 {
            topic.partition(index).append(Batch::value("b")).await.expect("appended");
            let delivery = delivered.recv().await.expect("delivered");
            assert_eq!((delivery.partition, delivery.records.len()), (index, 1));
        }

        second.leave().await.expect("left");
        first.reassigned().await.expect("still a member");
        assert_eq!(first.assignment()["t"], [0, 1]);
        for index in 0..2 {
            topic.partition(index).append(Batch::value("c")).await.expect("appended");
            let delivery = delivered.recv().await.expect("delivered");
            assert_eq!((delivery.partition, delivery.records.len()), (index, 1));
        }
        first.leave().await.expect("left");
        let committed = engine.group("g").committed("t").await.expect("fetched");
        let offsets: Vec<i64> = committed.values().map(|it| it.offset.0).collect();
        assert_eq!(offsets, [2, 3]);
        assert_eq!(engine.admin().groups().await.expect("listed")[0].state, "Empty");
        group.delete().await.expect("deleted");
        assert_eq!(engine.admin().groups().await.expect("listed"), []);
        let refused = group.describe().await.expect_err("it is gone");
        assert_eq!(refused.code(), ResponseError::GroupIdNotFound);
    });
}

/// A consumer of librdkafka's in group `g`, killed when it is let go; none if it is not installed.
struct Kcat(std::process::Child);

impl Kcat {
    fn member(address: &str) -> Option<Self> {
        let mut command = std::process::Command::new("kcat");
        command.args(["-b", address, "-G", "g", "-q", "-u", "-f", "%p %s\\n"]);
        command.args(["-X", "heartbeat.interval.ms=300", "-X", "auto.offset.reset=earliest", "t"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().ok().map(Self)
    }
}

impl Drop for Kcat {
    fn drop(&mut self) {
        // it may have ended
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_group_has_members_inside_and_outside() {
    System::new().block_on(async {
        let engine = Engine::ephemeral().start().await.expect("started");
        engine.admin().create_topic(NewTopic::new("t").partitions(2)).await.expect("created");
        let (sender, mut delivered) = mpsc::unbounded_channel();
        let inside = Quick(sender).start().recipient();
        let mut inside = engine.group("g").join(&["t"], inside).await.expect("joined");
        let Some(mut outside) = Kcat::member(&engine.listeners()[0].bound.to_string()) else {
            return eprintln!("skipped: kcat is not installed: apt-get install kcat");
        };
        inside.reassigned().await.expect("still a member");
        let ours = inside.assignment()["t"].clone();
        assert_eq!(ours.len(), 1);
        for index in 0..2 {
            engine.topic("t").partition(index).append(Batch::value("v")).await.expect("appended");
        }
        assert_eq!(delivered.recv().await.expect("delivered").partition, ours[0]);
        let stdout = outside.0.stdout.take().expect("its output is a pipe");
        let line = tokio::task::spawn_blocking(|| {
            std::io::BufReader::new(stdout).lines().next().expect("a line").expect("readable")
        });
        assert_eq!(line.await.expect("read"), format!("{} v", 1 - ours[0]));
        drop(outside);
        inside.leave().await.expect("left");
        engine.stop().await;
    });
}

#[test]
fn an_ephemeral_engine_in_a_directory_of_the_tests_own_keeps_its_data() {
    System::new().block_on(async {
        let directory = tempfile::tempdir().expect("a directory");
        let start = || {
            let path = directory.path().display();
            Engine::ephemeral().config("log.dirs", path).without_listener().start()
        };
        let engine = start().await.expect("started");
        engine.topic("t").append(Batch::value("v")).await.expect("appended");
        engine.stop().await;
        // it was closed in order
        assert!(directory.path().join(".kafka_cleanshutdown").exists());
        let engine = start().await.expect("started again");
        let read = engine.topic("t").partition(0).read(Offset(0)).await.expect("read");
        assert_eq!(values(&read), [b"v"]);
        engine.stop().await;
    });
}

#[test]
fn engines_in_one_process_do_not_meet() {
    System::new().block_on(async {
        let start = || Engine::ephemeral().start();
        let first = start().await.expect("started");
        let second = start().await.expect("started");
        assert_ne!(first.listeners()[0].bound, second.listeners()[0].bound);
        first.topic("t").append(Batch::value("v")).await.expect("appended");
        assert_eq!(second.admin().topics(), Ok(Vec::new()));
        first.stop().await;
        second.topic("t").append(Batch::value("v")).await.expect("appended");
        second.stop().await;
    });
}
