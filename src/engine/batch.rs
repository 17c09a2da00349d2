//! Records on their way in, and on their way out.

use bytes::Bytes;
use ottla_actors::runtime::{Clock, now};
use ottla_core::base::Offset;
use ottla_core::record::{BatchBuilder, BuiltBatch, Compression, Header, Records};

/// Records that are appended together: they get offsets in a row, and all are taken or none.
///
/// ```
/// use ottla::{Batch, Compression};
///
/// let mut batch = Batch::new().compressed(Compression::Lz4);
/// batch.push(Some(b"table 4"), Some(b"one espresso"));
/// batch.push(Some(b"table 4"), None);
/// assert_eq!(batch.len(), Some(2));
///
/// let words: Batch = ["to", "be", "or"].into_iter().collect();
/// assert_eq!(words.len(), Some(3));
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    content: Content,
    keys: Keys,
    /// Every record has the time at which it was added.
    fresh: bool,
}

/// What the keys of a batch have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Keys {
    /// There are no records yet.
    Unknown,
    /// All records have this one.
    One(Vec<u8>),
    /// Nothing, or that there is none.
    Nothing,
}

#[derive(Clone, Debug)]
enum Content {
    Records(BatchBuilder, Compression),
    Sealed(BuiltBatch),
    Encoded(Bytes),
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// A batch without records.
    #[must_use]
    pub fn new() -> Self {
        let content = Content::Records(BatchBuilder::new(), Compression::None);
        Self { content, keys: Keys::Unknown, fresh: true }
    }

    /// One record without a key.
    #[must_use]
    pub fn value(value: impl AsRef<[u8]>) -> Self {
        let mut batch = Self::new();
        batch.push(None, Some(value.as_ref()));
        batch
    }

    /// One record with a key.
    #[must_use]
    pub fn keyed(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let mut batch = Self::new();
        batch.push(Some(key.as_ref()), Some(value.as_ref()));
        batch
    }

    /// Record batches of message format 2 as they are, several in a row if need be; nothing can
    /// be added to them.
    #[must_use]
    pub fn encoded(bytes: Bytes) -> Self {
        Self { content: Content::Encoded(bytes), keys: Keys::Nothing, fresh: false }
    }

    /// The same records, put into their final form once: its clones share them, and appending one
    /// costs neither a copy nor a checksum. Nothing can be added to it.
    ///
    /// ```
    /// # use ottla::{Batch, Engine, Offset};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # actix::System::new().block_on(async {
    /// # let engine = Engine::ephemeral().without_listener().start().await?;
    /// let alarm = Batch::value("all hands on deck").sealed();
    /// for deck in ["upper", "lower"] {
    ///     engine.topic(deck).append(alarm.clone()).await?;
    /// }
    /// # assert_eq!(engine.topic("lower").partition(0).latest().await?, Offset(1));
    /// # engine.stop().await;
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[must_use]
    pub fn sealed(self) -> Self {
        let content = match self.content {
            Content::Records(builder, codec) => Content::Sealed(builder.finish(codec)),
            other => other,
        };
        Self { content, ..self }
    }

    /// Packs the records with a codec; records that are encoded already stay as they are.
    #[must_use]
    pub fn compressed(mut self, codec: Compression) -> Self {
        if let Content::Records(_, compression) = &mut self.content {
            *compression = codec;
        }
        self
    }

    /// Adds a record with the time of now; where time is held, that of its append. A record without
    /// a value is a tombstone.
    pub fn push(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> &mut Self {
        self.add(now().wall_ms, key, value, &[]);
        self
    }

    /// Adds a record with a timestamp, in milliseconds since 1970, and headers.
    pub fn push_at(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> &mut Self {
        self.fresh = false;
        self.add(timestamp, key, value, headers);
        self
    }

    fn add(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        if let Content::Records(builder, _) = &mut self.content {
            builder.push(timestamp, key, value, headers);
            self.keys.add(key);
        }
    }

    /// How many records are in; not known of records that came encoded.
    #[must_use]
    pub fn len(&self) -> Option<usize> {
        match &self.content {
            Content::Records(builder, _) => Some(builder.len()),
            Content::Sealed(batch) => Some(batch.len()),
            Content::Encoded(_) => None,
        }
    }

    /// Whether there is nothing to append.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::Records(builder, _) => builder.is_empty(),
            Content::Sealed(batch) => batch.is_empty(),
            Content::Encoded(bytes) => bytes.is_empty(),
        }
    }

    /// The key that all records have, if they do.
    pub(super) fn key(&self) -> Option<&[u8]> {
        match &self.keys {
            Keys::One(key) => Some(key),
            Keys::Unknown | Keys::Nothing => None,
        }
    }

    /// The batch for an engine that goes by `clock`: if that is not the system's, fresh records
    /// take their times from it.
    pub(super) fn into_records(self, clock: &Clock) -> Records {
        let moved = (self.fresh && clock.is_held()).then(|| clock.now().wall_ms);
        match self.content {
            Content::Records(mut builder, codec) => {
                if let Some(newest) = moved {
                    builder.move_times(newest);
                }
                builder.finish(codec).into()
            }
            Content::Sealed(batch) => match moved {
                Some(newest) => batch.with_newest(newest).into(),
                None => batch.into(),
            },
            Content::Encoded(bytes) => bytes.into(),
        }
    }
}

impl Keys {
    fn add(&mut self, key: Option<&[u8]>) {
        match (&*self, key) {
            (Self::Unknown, Some(key)) => *self = Self::One(key.to_vec()),
            (Self::One(known), Some(key)) if known == key => {}
            _ => *self = Self::Nothing,
        }
    }
}

impl<V: AsRef<[u8]>> FromIterator<V> for Batch {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let values = values.into_iter();
        let builder = BatchBuilder::new().expecting(values.size_hint().0);
        let content = Content::Records(builder, Compression::None);
        let mut batch = Self { content, ..Self::new() };
        let timestamp = now().wall_ms;
        for value in values {
            batch.add(timestamp, None, Some(value.as_ref()), &[]);
        }
        batch
    }
}

/// One record that was read.
///
/// ```
/// # use ottla::{Batch, Engine, Offset, Record};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// # let engine = Engine::ephemeral().without_listener().start().await?;
/// let log = engine.topic("log").partition(0);
/// let mut batch = Batch::new();
/// batch.push_at(1_000, Some(b"k"), Some(b"v"), &[("trace", Some(b"7"))]);
/// log.append(batch).await?;
/// let record: Record = log.read(Offset(0)).await?.records.remove(0);
/// assert_eq!((record.offset, record.timestamp), (Offset(0), 1_000));
/// assert_eq!(record.key.as_deref(), Some(&b"k"[..]));
/// assert_eq!(record.headers[0].key, "trace");
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it lies in its partition.
    pub offset: Offset,
    /// When its producer made it, or the broker took it (`message.timestamp.type`): milliseconds
    /// since 1970.
    pub timestamp: i64,
    /// The key, or none.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// The headers in the producer's order.
    pub headers: Vec<Header>,
}
