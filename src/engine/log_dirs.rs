//! Where the logs lie, and how large they are.

use std::path::PathBuf;

use ottla_actors::storage::DirListing;

use super::{Admin, EngineError};

/// A log directory of an engine.
///
/// ```
/// # use ottla::{Batch, Engine, LogDir};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// engine.topic("orders").append(Batch::value("one espresso")).await?;
/// let dirs: Vec<LogDir> = engine.admin().log_dirs().await?;
/// assert!(dirs[0].online && dirs[0].path.is_absolute());
/// let orders = dirs[0].logs.iter().find(|log| log.topic == "orders");
/// assert!(orders.is_some_and(|log| log.bytes > 0));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDir {
    /// Its absolute path.
    pub path: PathBuf,
    /// Whether it serves; one that failed does not until the engine starts again.
    pub online: bool,
    /// The logs in it, by topic and partition; empty if it is offline.
    pub logs: Vec<LogSize>,
}

/// The log of a partition, as its log directory lists it.
///
/// ```
/// # use ottla::{Batch, Engine, LogSize};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// engine.topic("orders").append(Batch::value("one espresso")).await?;
/// let mut logs: Vec<LogSize> = engine.admin().log_dirs().await?.remove(0).logs;
/// logs.retain(|log| log.topic == "orders");
/// assert_eq!((logs[0].partition, logs[0].offset_lag), (0, 0));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSize {
    /// Its topic; Kafka's own (`__consumer_offsets`) too.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Bytes of its segments.
    pub bytes: u64,
    /// How far its end is ahead of the high watermark.
    pub offset_lag: i64,
}

impl Admin {
    /// The directories of `log.dirs`, each with the logs in it: what Kafka's DescribeLogDirs
    /// answers.
    ///
    /// # Errors
    /// The engine has been stopped.
    pub async fn log_dirs(&self) -> Result<Vec<LogDir>, EngineError> {
        let node = self.shared().node()?;
        let listed = node.storage.list(&node.settings.log_dirs).await;
        Ok(listed.into_iter().map(LogDir::of).collect())
    }
}

impl LogDir {
    fn of(listing: DirListing) -> Self {
        let online = listing.logs.is_some();
        let logs = listing.logs.into_iter().flatten().map(|log| LogSize {
            topic: log.partition.topic.to_string(),
            partition: log.partition.partition,
            bytes: log.bytes,
            offset_lag: log.lag,
        });
        Self { path: listing.path, online, logs: logs.collect() }
    }
}

#[cfg(test)]
mod tests {
    use actix::System;

    use crate::engine::{Batch, Engine, EngineError, NewTopic};

    #[test]
    fn log_dirs_are_listed_with_their_logs_and_one_that_failed_is_offline() {
        System::new().block_on(async {
            let data = tempfile::tempdir().expect("a directory");
            // nothing can be made in a file
            let file = data.path().join("file");
            std::fs::write(&file, "").expect("written");
            let (good, bad) = (data.path().join("good"), file.join("bad"));
            let dirs = format!("{},{}", bad.display(), good.display());
            let builder = Engine::ephemeral().without_listener().config("log.dirs", dirs);
            let builder = builder.config("metadata.log.dir", good.display());
            let engine = builder.start().await.expect("started");
            let admin = engine.admin();
            admin.create_topic(NewTopic::new("b")).await.expect("created");
            admin.create_topic(NewTopic::new("a").partitions(2)).await.expect("created");
            let full = engine.topic("a").partition(1);
            full.append(Batch::value("one espresso")).await.expect("appended");

            let listed = admin.log_dirs().await.expect("listed");
            let [failed, serving] = &listed[..] else { panic!("two directories: {listed:?}") };
            assert_eq!((&failed.path, failed.online, failed.logs.len()), (&bad, false, 0));
            assert_eq!((&serving.path, serving.online), (&good, true));
            let logs = serving.logs.iter().filter(|log| !log.topic.starts_with("__"));
            let logs: Vec<_> = logs
                .map(|log| (log.topic.as_str(), log.partition, log.bytes > 0, log.offset_lag))
                .collect();
            assert_eq!(logs, [("a", 0, false, 0), ("a", 1, true, 0), ("b", 0, false, 0)]);
            engine.stop().await;
            assert_eq!(admin.log_dirs().await, Err(EngineError::Stopped));
        });
    }
}
