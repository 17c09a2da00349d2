//! A producer without a wire of its own: it hands batches to somebody else's, the native client or
//! a broker in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI16, Ordering};

use actix::prelude::*;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ottla_actors::client::{Acks, ClientConfig, NewRecord, Producer, ProducerConfig};

use super::plan::Plan;
use crate::clock::now;
use crate::embed::{Appender, Later};
use crate::error::BenchError;
use crate::fleet::{Begin, Connect, SharedRecorder};

const WHAT: &str = "batch";

/// Kafka's UNKNOWN_SERVER_ERROR, for what has no code.
const UNKNOWN: i16 = -1;

/// Takes batches from a bench actor.
pub(crate) enum Door {
    /// The native client, which puts records into batches itself.
    Client(NativeClient),
    /// A broker in this process.
    Engine(Box<dyn Appender>),
}

/// What a native client is to be.
pub(crate) struct NativeClient {
    pub(crate) bootstrap: String,
    pub(crate) acks: i16,
    pub(crate) record: NewRecord,
    pub(crate) values: Arc<[Bytes]>,
    /// Bytes of a batch, and of a request.
    pub(crate) batch_size: usize,
    pub(crate) linger_ms: u64,
    pub(crate) in_flight: usize,
}

/// A door that has been opened on the actor's thread.
enum Open {
    Client(Producer, NewRecord, Arc<[Bytes]>),
    Engine(Box<dyn Appender>),
}

impl Door {
    fn open(self) -> Result<Open, BenchError> {
        match self {
            Self::Engine(appender) => Ok(Open::Engine(appender)),
            Self::Client(client) => {
                let mut config = ProducerConfig::new(&client.bootstrap);
                config.client = ClientConfig::new(&client.bootstrap);
                config.acks = match client.acks {
                    0 => Acks::None,
                    1 => Acks::Leader,
                    _ => Acks::All,
                };
                config.batching.batch_size = client.batch_size;
                config.batching.linger_ms = client.linger_ms;
                config.batching.max_in_flight = client.in_flight;
                let producer = Producer::start(config).map_err(|error| {
                    BenchError::options(format!("the native client does not start: {error}"))
                })?;
                Ok(Open::Client(producer, client.record, client.values))
            }
        }
    }
}

impl Open {
    /// Hands over one batch; resolves with an error code when all of it has its result.
    fn send(&self) -> Later<i16> {
        match self {
            Self::Engine(appender) => appender.append(),
            Self::Client(producer, record, values) => {
                Box::pin(send_records(producer.clone(), record.clone(), Arc::clone(values)))
            }
        }
    }
}

/// Hands records over one by one, and waits for the last one's result: those before it are in the
/// same batch, or in one that was sent before.
async fn send_records(producer: Producer, record: NewRecord, values: Arc<[Bytes]>) -> i16 {
    let failed = Arc::new(AtomicI16::new(0));
    let Some((last, others)) = values.split_last() else { return 0 };
    for value in others {
        let record = NewRecord { value: Some(value.clone()), ..record.clone() };
        let failed = Arc::clone(&failed);
        let noted = move |result: Result<_, _>| {
            if result.is_err() {
                failed.store(UNKNOWN, Ordering::Relaxed);
            }
        };
        if producer.send_with(record, noted).await.is_err() {
            return UNKNOWN;
        }
    }
    let record = NewRecord { value: Some(last.clone()), ..record };
    let Ok(delivery) = producer.send(record).await else { return UNKNOWN };
    if delivery.await.is_ok() { failed.load(Ordering::Relaxed) } else { UNKNOWN }
}

/// Sends batches through a door.
pub(crate) struct Feeder {
    plan: Arc<Plan>,
    recorder: SharedRecorder,
    door: Option<Door>,
    open: Option<Open>,
}

impl Feeder {
    /// A feeder whose door is still closed.
    pub(crate) fn new(plan: Arc<Plan>, door: Door, recorder: SharedRecorder) -> Self {
        Self { plan, recorder, door: Some(door), open: None }
    }
}

impl Actor for Feeder {
    type Context = Context<Self>;
}

impl Handler<Connect> for Feeder {
    type Result = Result<(), BenchError>;

    fn handle(&mut self, _: Connect, _: &mut Self::Context) -> Self::Result {
        let door = self.door.take().ok_or(BenchError::Closed { what: WHAT })?;
        self.open = Some(door.open()?);
        Ok(())
    }
}

impl Handler<Begin> for Feeder {
    type Result = ResponseFuture<Result<(), BenchError>>;

    fn handle(&mut self, _: Begin, _: &mut Self::Context) -> Self::Result {
        let open = self.open.take();
        let (plan, recorder) = (Arc::clone(&self.plan), Arc::clone(&self.recorder));
        Box::pin(async move {
            let open = open.ok_or(BenchError::Closed { what: WHAT })?;
            crate::clock::sleep_until(plan.window.begin()).await;
            let sent = feed(&open, &plan, &recorder).await;
            recorder.lock().counts.sent += sent;
            Ok(())
        })
    }
}

/// Keeps as many batches under way as the plan says until its window is over; returns how many
/// those were.
async fn feed(open: &Open, plan: &Plan, recorder: &SharedRecorder) -> u64 {
    let mut under_way = FuturesUnordered::new();
    let mut sent = 0;
    loop {
        let mut time = now();
        while under_way.len() < plan.in_flight && time < plan.window.to() {
            let (batch, due) = (open.send(), time);
            under_way.push(async move { (due, batch.await) });
            sent += 1;
            time = now();
        }
        match under_way.next().await {
            Some((due, code)) => plan.over(recorder, due, now(), code),
            None => return sent,
        }
    }
}
