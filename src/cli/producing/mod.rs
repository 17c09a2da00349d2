//! What the commands that produce share: a producer from properties, Kafka's words for a record
//! that was not written, and how fast records go.

mod failed;
mod throttle;

use std::time::{SystemTime, UNIX_EPOCH};

use ottla_actors::client::{ClientConfig, Producer, ProducerConfig};

use super::kit::{Properties, Stop, warn_of_dead};

pub(super) use failed::Failed;
pub(super) use throttle::Throttle;

/// Settings of Kafka's producer that change nothing here, or that a program cannot do otherwise.
const UNDERSTOOD: [&str; 5] = [
    "bootstrap.servers",
    "key.serializer",
    "value.serializer",
    "send.buffer.bytes",
    "receive.buffer.bytes",
];

/// The producer that these properties ask for; warns of those that nothing asked for.
pub(super) fn configure(
    client: ClientConfig,
    properties: &Properties,
) -> Result<ProducerConfig, Stop> {
    for key in UNDERSTOOD {
        let _ = properties.get(key);
    }
    let mut config = ProducerConfig { client, ..ProducerConfig::new("") };
    properties.producer(&mut config)?;
    let batching = &config.batching;
    let least = batching.linger_ms.saturating_add(
        u64::try_from(config.client.request_timeout.as_millis()).unwrap_or(u64::MAX),
    );
    if properties.get("delivery.timeout.ms").is_some() && batching.delivery_timeout_ms < least {
        return Err(Stop::error(
            "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms",
        ));
    }
    config.batching.delivery_timeout_ms = batching.delivery_timeout_ms.max(least);
    properties.warn_of_unused();
    Ok(config)
}

/// Starts a producer; says on standard error, while it goes on trying, which of the addresses to
/// begin with nobody listens at, as Kafka's producer logs it.
pub(super) fn start(config: &ProducerConfig) -> Result<Producer, Stop> {
    let producer = Producer::start(config.clone())?;
    warn_of_dead(config.client.bootstrap.clone());
    Ok(producer)
}

/// A number with so many digits, as Java's `%.nf` prints it.
pub(super) fn number(value: f64, digits: usize) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => "Infinity".to_owned(),
        value => format!("{value:.digits$}"),
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
