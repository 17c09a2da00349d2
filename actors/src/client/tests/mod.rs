//! The client against a whole broker in this process.

mod admin;
mod connections;
mod consumer;
mod members;
mod producer;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ottla_config::Settings;
use ottla_core::base::{Offset, TopicPartition};
use ottla_core::storage::RealDisk;
use tokio::net::{TcpListener, TcpStream};

use super::admin::{NewTopic, OffsetSpec};
use super::*;
use crate::broker::Broker;

/// Runs a test against a broker with topic `t` of three partitions; it is given the address.
fn with_broker<F: Future<Output = ()>>(test: impl FnOnce(String) -> F) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data").to_string_lossy().into_owned();
    let settings = [
        ("listeners", "PLAINTEXT://127.0.0.1:0"),
        ("log.dirs", &path),
        ("ottla.cores", "1"),
        ("auto.create.topics.enable", "false"),
        ("group.initial.rebalance.delay.ms", "0"),
    ];
    let settings = Arc::new(Settings::with(settings).unwrap());
    actix_rt::System::new().block_on(async {
        let broker = Broker::start(settings, Arc::new(RealDisk)).await.unwrap();
        let address = broker.listeners()[0].bound.to_string();
        let run = async {
            let admin = Admin::start(ClientConfig::new(&address)).unwrap();
            let made = admin.create_topics(&[NewTopic::new("t", 3)], false).await.unwrap();
            assert_eq!(made, [("t".to_owned(), Ok(()))]);
            test(address).await;
        };
        let done = tokio::time::timeout(Duration::from_secs(60), run).await;
        assert!(done.is_ok(), "the test took too long");
        broker.stop().await;
    });
}

fn record(partition: Option<i32>, value: &str) -> NewRecord {
    let value = Some(bytes::Bytes::copy_from_slice(value.as_bytes()));
    NewRecord { topic: "t".to_owned(), partition, value, ..NewRecord::default() }
}

async fn end(address: &str, partition: i32) -> i64 {
    let admin = Admin::start(ClientConfig::new(address)).unwrap();
    let partition = TopicPartition::new("t", partition);
    let (end, _) = admin.offset(&partition, OffsetSpec::Latest).await.unwrap().unwrap();
    end.0
}

/// Goes on with `step` until it has something; `what` is missed where it takes too long.
async fn eventually<T>(what: &str, mut step: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = step().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), found).await;
    found.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// An address that nobody listens on.
async fn dead_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A way to the broker that is cut off after so many bytes of answers, the first `cuts` times.
async fn flaky(broker: String, cuts: usize, bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    actix_rt::spawn(async move {
        let mut left = cuts;
        while let Ok((near, _)) = listener.accept().await {
            let limit = if left > 0 { bytes } else { usize::MAX };
            left = left.saturating_sub(1);
            actix_rt::spawn(relay(near, broker.clone(), limit));
        }
    });
    address
}

async fn relay(near: TcpStream, broker: String, limit: usize) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let Ok(far) = TcpStream::connect(broker).await else { return };
    let (mut near_in, mut near_out) = near.into_split();
    let (far_in, mut far_out) = far.into_split();
    let out = actix_rt::spawn(async move { tokio::io::copy(&mut near_in, &mut far_out).await });
    let mut far_in = far_in.take(limit as u64);
    let mut buffer = [0; 1_024];
    while let Ok(count @ 1..) = far_in.read(&mut buffer).await {
        if near_out.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    out.abort();
}
