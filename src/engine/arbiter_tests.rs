//! Engines on the arbiter of their caller: who else gets a turn there, and who else may use them.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix::{Arbiter, System};
use ottla_actors::client::{Consumer, ConsumerConfig, NewRecord, Producer, ProducerConfig};
use ottla_actors::runtime::fault::{self, Moment};
use ottla_core::base::{Offset, TopicPartition};
use ottla_core::client::fetcher::ResetPolicy;
use tokio::sync::oneshot;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

fn here() -> EngineBuilder {
    Engine::ephemeral().without_listener().on_current_arbiter()
}

/// Runs `test` on an arbiter, for as long as it may take.
fn on_arbiter(test: impl Future<Output = ()>) {
    System::new().block_on(async {
        let within = tokio::time::timeout(LIMIT, test).await;
        assert!(within.is_ok(), "the test took too long");
    });
}

/// Counts the turns that a task of the application's gets.
fn count_turns() -> (Rc<Cell<u64>>, tokio::task::JoinHandle<()>) {
    let turns = Rc::new(Cell::new(0));
    let counted = Rc::clone(&turns);
    let task = actix::spawn(async move {
        loop {
            counted.set(counted.get() + 1);
            tokio::task::yield_now().await;
        }
    });
    (turns, task)
}

/// Runs `work` on another thread, and returns what it does.
async fn elsewhere<T, F>(work: impl FnOnce() -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let arbiter = Arbiter::new();
    let (sender, answer) = oneshot::channel();
    arbiter.spawn_fn(move || {
        actix::spawn(async move { drop(sender.send(work().await)) });
    });
    let answer = answer.await.expect("no panic");
    arbiter.stop();
    arbiter.join().expect("no panic");
    answer
}

#[test]
fn it_has_one_core() {
    on_arbiter(async {
        let refused = here().config("ottla.cores", 2).start().await.map(drop).unwrap_err();
        assert!(matches!(refused, StartError::OneCore { asked: 2 }), "{refused}");
        assert!(refused.to_string().starts_with("ottla.cores is 2, but "), "{refused}");
        for cores in [0, 1] {
            let engine = here().config("ottla.cores", cores).start().await.expect("started");
            assert_eq!(engine.shared.node().expect("it runs").cores.count(), 1);
            engine.stop().await;
        }
    });
}

#[test]
fn the_application_gets_its_turns_while_another_thread_keeps_the_engine_busy() {
    on_arbiter(async {
        let engine = here().start().await.expect("started");
        let topic = engine.topic("t");
        topic.append(Batch::value("first")).await.expect("appended");
        let (turns, task) = count_turns();
        let begun = turns.get();
        let remote = topic.clone();
        elsewhere(async move || {
            for _ in 0..20 {
                let batch = || remote.append(Batch::value(vec![7; 1_000]));
                let under_way: Vec<_> = (0..100).map(|_| actix::spawn(batch())).collect();
                for append in under_way {
                    append.await.expect("no panic").expect("appended");
                }
            }
        })
        .await;
        // many more than one for each round
        assert!(turns.get() - begun > 100, "{} turns", turns.get() - begun);
        task.abort();
        assert_eq!(topic.partition(0).latest().await, Ok(Offset(2_001)));
        engine.stop().await;
    });
}

#[test]
fn the_engine_gets_its_turns_while_the_application_never_sleeps() {
    on_arbiter(async {
        let (turns, task) = count_turns();
        let engine = here().start().await.expect("started");
        let topic = engine.topic("t");
        for offset in 0..50 {
            let appended = topic.append(Batch::value("v")).await.expect("appended");
            assert_eq!(appended.first_offset, Offset(offset));
        }
        assert!(turns.get() > 50);
        engine.stop().await;
        assert!(!task.is_finished());
    });
}

/// Sends a record as a client does, and reads it.
async fn there_and_back(address: SocketAddr) -> Option<Vec<u8>> {
    let producer = Producer::start(ProducerConfig::new(&address.to_string())).expect("started");
    let record = NewRecord { partition: Some(0), ..NewRecord::new("t", "over tcp") };
    let delivery = producer.send(record).await.expect("taken");
    delivery.await.expect("written");
    producer.close(LIMIT).await;
    let mut config = ConsumerConfig::new(&address.to_string());
    config.fetching.reset = ResetPolicy::Earliest;
    let consumer = Consumer::start(config).expect("started");
    consumer.assign(&[TopicPartition::new("t", 0)]);
    let record = consumer.next().await.expect("read");
    consumer.close().await;
    record.value.map(Into::into)
}

#[test]
fn clients_use_it_over_tcp_from_other_threads_and_from_its_own() {
    on_arbiter(async {
        let builder = Engine::ephemeral().on_current_arbiter();
        let engine = builder.start().await.expect("started");
        engine.admin().create_topic(NewTopic::new("t")).await.expect("created");
        let address = engine.listeners()[0].bound;
        let read = elsewhere(move || there_and_back(address)).await;
        assert_eq!(read.as_deref(), Some(&b"over tcp"[..]));
        let read = there_and_back(address).await;
        assert_eq!(read.as_deref(), Some(&b"over tcp"[..]));
        let log = engine.topic("t").partition(0);
        assert_eq!(log.read(Offset(0)).await.expect("read").records.len(), 2);
        engine.stop().await;
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "it listens no more");
    });
}

#[test]
fn engines_on_one_arbiter_do_not_meet() {
    on_arbiter(async {
        let hour = Duration::from_secs(3_600);
        let first = here().held_clock().start().await.expect("started");
        let second = here().start().await.expect("started");
        first.topic("t").append(Batch::value("a")).await.expect("appended");
        assert_eq!(second.admin().topics(), Ok(Vec::new()));
        second.topic("t").append(Batch::value("b")).await.expect("appended");
        first.clock().advance(hour).await.expect("advanced");
        let log = second.topic("t").partition(0);
        log.append(Batch::value("c")).await.expect("appended");
        let apart = first.clock().now_ms() - second.clock().now_ms();
        assert!(apart > 3_000_000, "{apart} ms");
        first.stop().await;
        let read = log.read(Offset(0)).await.expect("read");
        assert_eq!(read.records.len(), 2);
        second.stop().await;
    });
}

#[test]
fn an_actor_that_panics_is_started_again_and_the_application_lives_on() {
    on_arbiter(async {
        let engine = here().start().await.expect("started");
        let topic = engine.topic("falls");
        topic.append(Batch::value("a")).await.expect("appended");
        let (turns, task) = count_turns();
        for (moment, value) in [(Moment::Before, "b"), (Moment::After, "c")] {
            fault::panic_next("partition falls-0", moment);
            // whether or not the one that met the fault was written
            _ = topic.append(Batch::value("met")).await;
            while let Err(error) = topic.append(Batch::value(value)).await {
                assert!(error.is_retriable(), "{error}");
                tokio::task::yield_now().await;
            }
        }
        let begun = turns.get();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert!(turns.get() > begun && !task.is_finished());
        let read = topic.partition(0).read(Offset(0)).await.expect("read");
        let values: Vec<_> = read.records.iter().filter_map(|it| it.value.as_deref()).collect();
        let known = values.iter().filter(|value| **value != b"met");
        assert_eq!(known.collect::<Vec<_>>(), [&&b"a"[..], &&b"b"[..], &&b"c"[..]]);
        engine.stop().await;
    });
}

#[test]
fn it_is_stopped_by_a_drop_and_from_another_thread() {
    on_arbiter(async {
        let engine = here().start().await.expect("started");
        let topic = engine.topic("t");
        topic.append(Batch::value("v")).await.expect("appended");
        let node = Arc::clone(engine.shared.node().expect("it runs"));
        drop(engine);
        // returns when nothing is left of it
        node.cores.stop().await;
        assert_eq!(topic.append(Batch::value("v")).await, Err(EngineError::Stopped));

        let engine = here().start().await.expect("started");
        let topic = engine.topic("t");
        topic.append(Batch::value("v")).await.expect("appended");
        elsewhere(move || engine.stop()).await;
        assert_eq!(topic.append(Batch::value("v")).await, Err(EngineError::Stopped));
    });
}

#[test]
fn what_it_keeps_is_there_at_the_next_start_in_order_or_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let start = || here().config("log.dirs", directory.path().display()).start();
    on_arbiter(async {
        let engine = start().await.expect("started");
        engine.topic("t").append(Batch::value("a")).await.expect("appended");
        engine.stop().await;
        assert!(directory.path().join(".kafka_cleanshutdown").exists());
        let engine = start().await.expect("started");
        engine.topic("t").append(Batch::value("b")).await.expect("appended");
        // its arbiter ends, before the drop can stop it in order
    });
    assert!(!directory.path().join(".kafka_cleanshutdown").exists());
    on_arbiter(async {
        let engine = start().await.expect("started");
        let read = engine.topic("t").partition(0).read(Offset(0)).await.expect("read");
        assert_eq!(read.records.len(), 2);
        engine.stop().await;
    });
}
