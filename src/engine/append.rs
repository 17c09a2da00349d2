//! Records into a partition: one `Append` message, as a produce request sends.

use std::future::Future;
use std::sync::Arc;

use ottla_actors::partition::messages::{Append, AppendReply};
use ottla_actors::runtime::ReplyPort;
use ottla_core::base::Offset;
use ottla_core::storage::AppendOrigin;
use tokio::sync::oneshot;

use super::{Batch, EngineError, Partition, Topic};

/// When an append is answered.
///
/// ```
/// # use ottla::{Acks, Batch, Engine, Offset};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let log = engine.topic("log");
/// let appended = log.clone().acks(Acks::Leader).append(Batch::value("ready")).await?;
/// assert_eq!(appended.first_offset, Offset(0));
/// // no answer, so no offset
/// let sent = log.acks(Acks::None).append(Batch::value("steady")).await?;
/// assert_eq!(sent.first_offset, Offset(-1));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// As soon as it is on its way: no offset comes back, and errors are not seen (acks=0).
    None,
    /// When the leader has it in its log (acks=1).
    Leader,
    /// When every replica in sync has it (acks=all).
    #[default]
    All,
}

impl Acks {
    fn code(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

/// Where a batch went.
///
/// ```
/// # use ottla::{Appended, Batch, Engine, Offset};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let words: Batch = ["to", "be", "or"].into_iter().collect();
/// let appended: Appended = engine.topic("words").append(words).await?;
/// assert_eq!((appended.first_offset, appended.last_offset), (Offset(0), Offset(2)));
/// assert_eq!((appended.partition, appended.log_append_time), (0, None));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The partition.
    pub partition: i32,
    /// Offset of the first record; -1 with [`Acks::None`].
    pub first_offset: Offset,
    /// Offset of the last record; -1 with [`Acks::None`].
    pub last_offset: Offset,
    /// The broker's time, where records carry it (`message.timestamp.type=LogAppendTime`).
    pub log_append_time: Option<i64>,
}

impl Topic {
    /// Appends a batch to the partition of the key that all its records have, the same that Kafka's
    /// Java producer picks; batches without a key, or with several, go to the partitions in turn.
    ///
    /// The future owns all it needs, so that an actor's handler can return it; what it has sent is
    /// appended even if it is dropped.
    ///
    /// # Errors
    /// As [`Partition::append`].
    pub fn append(
        &self,
        batch: Batch,
    ) -> impl Future<Output = Result<Appended, EngineError>> + Send + use<> {
        let topic = self.clone();
        async move { append(&topic, None, batch).await }
    }
}

impl Partition {
    /// Appends a batch.
    ///
    /// Futures append in the order in which they are first polled; none need wait for the one
    /// before to be answered.
    ///
    /// ```
    /// # use ottla::{Batch, Engine};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # actix::System::new().block_on(async {
    /// # let engine = Engine::ephemeral().without_listener().start().await?;
    /// let log = engine.topic("log").partition(0);
    /// let batch: Batch = ["started", "ready"].into_iter().collect();
    /// let appended = log.append(batch).await?;
    /// assert_eq!((appended.first_offset.0, appended.last_offset.0), (0, 1));
    /// # engine.stop().await;
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// The records are not what Kafka takes, the partition does not exist or cannot take them now,
    /// or the engine has been stopped.
    pub fn append(
        &self,
        batch: Batch,
    ) -> impl Future<Output = Result<Appended, EngineError>> + Send + use<> {
        let Self { topic, index } = self.clone();
        async move { append(&topic, Some(index), batch).await }
    }
}

/// The answer to an append that is on its way, and where it went.
type Sent = (i32, oneshot::Receiver<AppendReply>);

async fn append(
    topic: &Topic,
    partition: Option<i32>,
    batch: Batch,
) -> Result<Appended, EngineError> {
    let (index, mut receiver) = send(topic, partition, batch).await?;
    let (acks, _) = topic.acks_and_timeout();
    let answer = match acks {
        Acks::None => match receiver.try_recv() {
            Ok(answer) => answer,
            Err(_) => return Ok(unknown(index)),
        },
        Acks::Leader | Acks::All => receiver.await.map_err(|_| EngineError::Stopped)?,
    };
    let info = answer.map_err(|refused| refusal(topic, refused.into()))?;
    if acks == Acks::None {
        return Ok(unknown(index));
    }
    Ok(Appended {
        partition: index,
        first_offset: info.first_offset,
        last_offset: info.last_offset,
        log_append_time: Some(info.log_append_time).filter(|time| *time >= 0),
    })
}

/// Puts a batch into its partition's mailbox when the permits for it are there; one after the
/// other, so that who came first is not overtaken while permits are out.
async fn send(topic: &Topic, partition: Option<i32>, batch: Batch) -> Result<Sent, EngineError> {
    let key = batch.key().map(<[u8]>::to_vec);
    let records = batch.into_records(topic.shared().clock());
    let turn = topic.gate().lock().await;
    topic.ensure_exists().await?;
    let index = match (partition, key) {
        (Some(partition), _) => partition,
        (None, Some(key)) => topic.partition_for(key)?.index(),
        (None, None) => topic.next_partition()?,
    };
    let slots = Arc::clone(topic.in_flight());
    let slot = slots.acquire_owned().await.map_err(|_| EngineError::Stopped)?;
    let memory = topic.shared().admit(records.size()).await?;
    let (sender, receiver) = oneshot::channel();
    // the permits stay with the records, wherever the asker has gone
    let reply = ReplyPort::new(move |answer| {
        drop((slot, memory));
        drop(sender.send(answer));
    });
    let (acks, timeout_ms) = topic.acks_and_timeout();
    let origin = AppendOrigin::Client;
    let message = Append { records, acks: acks.code(), timeout_ms, origin, reply };
    topic.shared().deliver(&topic.at(index), message);
    drop(turn);
    Ok((index, receiver))
}

/// An answer that was lost with the engine says so: what may be tried again elsewhere has nowhere
/// to be tried.
pub(super) fn refusal(topic: &Topic, error: EngineError) -> EngineError {
    match topic.shared().node() {
        Err(stopped) if error.is_retriable() => stopped,
        _ => error,
    }
}

fn unknown(partition: i32) -> Appended {
    let none = Offset::NONE;
    Appended { partition, first_offset: none, last_offset: none, log_append_time: None }
}
