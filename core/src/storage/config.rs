//! The topic-level settings a log obeys, by Kafka's names.

/// Settings of one log; each field is the topic configuration of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: the size at which a new segment is started.
    pub segment_bytes: u32,
    /// `segment.ms`: the age at which a new segment is started; negative means never.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: the most that is taken off `segment.ms`, at random per segment.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: the size at which an index is full and a new segment is started.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`: an index entry is added about every so many bytes.
    pub index_interval_bytes: u32,
    /// `retention.ms`: how long records are kept; -1 means for ever.
    pub retention_ms: i64,
    /// `retention.bytes`: how much is kept; -1 means everything.
    pub retention_bytes: i64,
    /// `file.delete.delay.ms`: how long a deleted segment's files remain.
    pub file_delete_delay_ms: u64,
    /// `flush.messages`: records after which a sync is due.
    pub flush_messages: u64,
    /// `flush.ms`: milliseconds after which a sync is due.
    pub flush_ms: u64,
    /// Whether `cleanup.policy` includes `delete`.
    pub delete: bool,
    /// Whether `cleanup.policy` includes `compact`.
    pub compact: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 604_800_000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            retention_ms: 604_800_000,
            retention_bytes: -1,
            file_delete_delay_ms: 60_000,
            flush_messages: u64::MAX,
            flush_ms: u64::MAX,
            delete: true,
            compact: false,
        }
    }
}
