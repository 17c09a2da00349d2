//! The engine as a broker that bench actors find in their own process.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use ottla::{Acks, Batch, Engine, EngineError, NewTopic, Offset, Partition};
use ottla_benches::{Appender, Embedded, Embedder, Ephemeral, Later, Load, Place};

/// Starts engines.
pub(super) struct Engines;

type Started = Result<Box<dyn Embedded>, String>;

impl Embedder for Engines {
    fn start(&self, place: Place, dir: Option<PathBuf>) -> Later<Started> {
        Box::pin(async move {
            let directory = match dir {
                Some(dir) => tempfile::tempdir_in(dir),
                None => tempfile::tempdir(),
            };
            let directory = directory.map_err(|error| error.to_string())?;
            // the settings of a broker in service, not those of an engine for tests
            let builder =
                Engine::builder().config("log.dirs", directory.path().display()).without_listener();
            let builder = match place {
                Place::Threads(cores) => builder.config("ottla.cores", cores),
                Place::CurrentArbiter => builder.on_current_arbiter(),
            };
            let engine = builder.start().await.map_err(|error| error.to_string())?;
            Ok(Box::new(Inside { engine, _directory: directory }) as Box<dyn Embedded>)
        })
    }

    fn ephemeral(&self, listens: bool) -> Later<Result<Box<dyn Ephemeral>, String>> {
        Box::pin(async move {
            let builder = Engine::ephemeral();
            let builder = if listens { builder } else { builder.without_listener() };
            let engine = builder.start().await.map_err(|error| error.to_string())?;
            Ok(Box::new(Brief(engine)) as Box<dyn Ephemeral>)
        })
    }
}

/// An engine for a test.
struct Brief(Engine);

impl Ephemeral for Brief {
    fn first_append(&self) -> Later<i16> {
        let appended = self.0.topic("first").append(Batch::value("started"));
        Box::pin(async move { appended.await.map_or_else(|error| error.code().code(), |_| 0) })
    }

    fn stop(self: Box<Self>) -> Later<()> {
        Box::pin(self.0.stop())
    }
}

struct Inside {
    engine: Engine,
    /// Removed at the end.
    _directory: tempfile::TempDir,
}

impl Embedded for Inside {
    fn create(&self, topic: &str, partitions: u16) -> Later<Result<(), String>> {
        let topic = NewTopic::new(topic).partitions(partitions.into());
        let admin = self.engine.admin();
        text(async move { admin.create_topic(topic).await })
    }

    fn appender(&self, topic: &str, partition: i32, acks: i16, load: &Load) -> Box<dyn Appender> {
        let acks = match acks {
            0 => Acks::None,
            1 => Acks::Leader,
            _ => Acks::All,
        };
        let partition = self.engine.topic(topic).acks(acks).partition(partition);
        let what = match load {
            Load::Encoded(bytes) => What::Ready(Batch::encoded(bytes.clone())),
            Load::Sealed(values) => What::Ready(values.iter().collect::<Batch>().sealed()),
            Load::Values(values) => What::Values(Arc::clone(values)),
        };
        Box::new(Door(partition, what))
    }

    fn stored(&self, topic: &str, partition: i32) -> Later<Result<i64, String>> {
        let partition = self.engine.topic(topic).partition(partition);
        text(async move { partition.latest().await.map(|Offset(offset)| offset) })
    }

    fn stop(self: Box<Self>) -> Later<()> {
        Box::pin(self.engine.stop())
    }
}

fn text<T>(call: impl Future<Output = Result<T, EngineError>> + 'static) -> Later<Result<T, String>>
where
    T: 'static,
{
    Box::pin(async move { call.await.map_err(|error| error.to_string()) })
}

/// A bench actor's way in.
struct Door(Partition, What);

/// What it appends.
enum What {
    Ready(Batch),
    Values(Arc<[Bytes]>),
}

impl Appender for Door {
    fn append(&self) -> Later<i16> {
        let batch = match &self.1 {
            What::Ready(batch) => batch.clone(),
            What::Values(values) => values.iter().collect(),
        };
        let appended = self.0.append(batch);
        Box::pin(async move { appended.await.map_or_else(|error| error.code().code(), |_| 0) })
    }
}
