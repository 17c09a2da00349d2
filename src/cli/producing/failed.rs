//! A record that was not written, in the words of Kafka's producer.

use ottla_actors::client::{ProduceError, ProducerConfig};

use crate::cli::kit::wording;

/// What Kafka's producer throws for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The exception's class.
    pub(crate) class: String,
    /// Its message.
    pub(crate) message: String,
}

impl Failed {
    /// Why a record for `topic` was not written.
    pub(crate) fn new(error: &ProduceError, topic: &str, config: &ProducerConfig) -> Self {
        let (name, message) = match error {
            ProduceError::TooLarge { size, limit } if *limit == config.buffer_memory => (
                "RecordTooLarge".to_owned(),
                format!(
                    "The message is {size} bytes when serialized which is larger than the total \
                     memory buffer you have configured with the buffer.memory configuration."
                ),
            ),
            ProduceError::TooLarge { size, limit } => (
                "RecordTooLarge".to_owned(),
                format!(
                    "The message is {size} bytes when serialized which is larger than {limit}, \
                     which is the value of the max.request.size configuration."
                ),
            ),
            ProduceError::UnknownPartition => (
                "Timeout".to_owned(),
                format!(
                    "Topic {topic} not present in metadata after {} ms.",
                    config.batching.max_block_ms
                ),
            ),
            ProduceError::BufferFull => (
                "BufferExhausted".to_owned(),
                format!(
                    "Failed to allocate memory within the configured max blocking time {} ms.",
                    config.batching.max_block_ms
                ),
            ),
            ProduceError::TimedOut(Some(error)) => {
                (format!("{error:?}"), wording::response(*error).to_owned())
            }
            ProduceError::TimedOut(None) => (
                "Timeout".to_owned(),
                format!(
                    "Expiring record for {topic}: {} ms has passed since batch creation",
                    config.batching.delivery_timeout_ms
                ),
            ),
            ProduceError::Refused(error) => {
                (format!("{error:?}"), wording::response(*error).to_owned())
            }
            ProduceError::Closed => {
                let class = "org.apache.kafka.common.KafkaException".to_owned();
                return Self { class, message: "Producer is closed forcefully.".to_owned() };
            }
        };
        Self { class: format!("org.apache.kafka.common.errors.{name}Exception"), message }
    }

    /// The class without its package.
    pub(crate) fn name(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::error::ResponseError;

    use super::*;

    #[test]
    fn errors_are_worded_as_kafkas_producer_words_them() {
        let config = ProducerConfig::new("a:1");
        let failed = |error| Failed::new(&error, "t", &config);
        let error = failed(ProduceError::TooLarge { size: 9, limit: 1_048_576 });
        assert_eq!(error.name(), "RecordTooLargeException");
        assert!(error.message.ends_with(
            "larger than 1048576, which is the value of the max.request.size configuration."
        ));
        let error = failed(ProduceError::UnknownPartition);
        assert_eq!(error.class, "org.apache.kafka.common.errors.TimeoutException");
        assert_eq!(error.message, "Topic t not present in metadata after 60000 ms.");
        let error = failed(ProduceError::Refused(ResponseError::TopicAuthorizationFailed));
        assert_eq!(error.message, "Topic authorization failed.");
    }
}
