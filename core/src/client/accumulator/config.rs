//! What a producer can be told.

use crate::client::Strategy;
use crate::record::Compression;

/// The settings of an [`Accumulator`](super::Accumulator), with Kafka 4.3's defaults.
#[derive(Clone, Debug)]
pub struct AccumulatorConfig {
    /// A batch goes when it has this many bytes (`batch.size`).
    pub batch_size: usize,
    /// A batch that is not full waits this long for more (`linger.ms`).
    pub linger_ms: u64,
    /// A record has its result within this time (`delivery.timeout.ms`); a request under way is
    /// waited for a little longer.
    pub delivery_timeout_ms: u64,
    /// How often a batch is sent again (`retries`).
    pub retries: u32,
    /// The first wait before a batch is sent again (`retry.backoff.ms`).
    pub retry_backoff_ms: u64,
    /// The longest such wait (`retry.backoff.max.ms`).
    pub retry_backoff_max_ms: u64,
    /// Requests under way to one broker (`max.in.flight.requests.per.connection`).
    pub max_in_flight: usize,
    /// Bytes of one request, and of one record (`max.request.size`).
    pub max_request_size: usize,
    /// How long a record may wait for its topic to be known (`max.block.ms`).
    pub max_block_ms: u64,
    /// How batches are packed (`compression.type`).
    pub compression: Compression,
    /// The codec's level (`compression.gzip.level` and so on).
    pub compression_level: Option<i32>,
    /// Whether each record is written once (`enable.idempotence`).
    pub idempotent: bool,
    /// How records without key are spread (`partitioner.class`).
    pub strategy: Strategy,
    /// Whether keys have no say (`partitioner.ignore.keys`).
    pub ignore_keys: bool,
}

impl Default for AccumulatorConfig {
    fn default() -> Self {
        Self {
            batch_size: 16_384,
            linger_ms: 5,
            delivery_timeout_ms: 120_000,
            retries: i32::MAX.unsigned_abs(),
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1_000,
            max_in_flight: 5,
            max_request_size: 1_048_576,
            max_block_ms: 60_000,
            compression: Compression::None,
            compression_level: None,
            idempotent: true,
            strategy: Strategy::default(),
            ignore_keys: false,
        }
    }
}

impl AccumulatorConfig {
    /// How long a batch rests before attempt `attempt` + 1: twice as long each time.
    pub(super) fn backoff_ms(&self, attempt: u32) -> u64 {
        let factor = 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
        self.retry_backoff_ms.saturating_mul(factor).min(self.retry_backoff_max_ms)
    }
}
