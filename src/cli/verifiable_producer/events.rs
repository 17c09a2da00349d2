//! The lines of JSON, as Kafka's tool writes them.

use std::sync::Arc;

use ottla_actors::client::RecordMetadata;
use serde_json::Value;

use crate::cli::kit::{Out, Stop};
use crate::cli::producing::{Failed, now_ms};

/// What a line is about.
#[derive(Debug)]
pub(super) enum Event {
    /// The run begins.
    Startup,
    /// The run is over.
    Shutdown,
    /// A record was written.
    Sent { key: Option<String>, value: String, metadata: RecordMetadata },
    /// A record was not written.
    Failed { key: Option<String>, value: String, topic: Arc<str>, failed: Failed },
    /// What the run came to.
    Totals { sent: u64, acked: u64, target: i32, average: f64 },
}

impl Event {
    /// Writes the line, and waits for nothing.
    pub(super) fn print(&self, out: &mut Out) -> Result<(), Stop> {
        out.line(self.line(now_ms()))?;
        std::io::Write::flush(out)?;
        Ok(())
    }

    fn line(&self, now_ms: i64) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let optional = |key: &Option<String>| key.as_deref().map_or("null".to_owned(), text);
        let (name, rest) = match self {
            Self::Startup => ("startup_complete", String::new()),
            Self::Shutdown => ("shutdown_complete", String::new()),
            Self::Sent { key, value, metadata } => (
                "producer_send_success",
                format!(
                    r#","key":{},"value":{},"partition":{},"offset":{},"topic":{}"#,
                    optional(key),
                    text(value),
                    metadata.partition.partition,
                    metadata.offset.0,
                    text(&metadata.partition.topic)
                ),
            ),
            Self::Failed { key, value, topic, failed } => (
                "producer_send_error",
                format!(
                    r#","key":{},"value":{},"topic":{},"exception":{},"message":{}"#,
                    optional(key),
                    text(value),
                    text(topic),
                    text(&format!("class {}", failed.class)),
                    text(&failed.message)
                ),
            ),
            Self::Totals { sent, acked, target, average } => (
                "tool_data",
                format!(
                    r#","sent":{sent},"acked":{acked},"target_throughput":{target},{}"#,
                    format_args!(r#""avg_throughput":{average:?}"#)
                ),
            ),
        };
        format!(r#"{{"timestamp":{now_ms},"name":"{name}"{rest}}}"#)
    }
}

#[cfg(test)]
mod tests {
    use ottla_core::base::{Offset, TopicPartition};

    use super::*;

    #[test]
    fn lines_are_kafkas() {
        assert_eq!(Event::Startup.line(5), r#"{"timestamp":5,"name":"startup_complete"}"#);
        let metadata = RecordMetadata {
            partition: TopicPartition::new("t", 2),
            offset: Offset(7),
            timestamp: 1,
        };
        let sent = Event::Sent { key: None, value: "7.0".to_owned(), metadata };
        let wanted = concat!(
            r#"{"timestamp":5,"name":"producer_send_success","key":null,"value":"7.0","#,
            r#""partition":2,"offset":7,"topic":"t"}"#,
        );
        assert_eq!(sent.line(5), wanted);
        let failed = Failed { class: "C".to_owned(), message: "m".to_owned() };
        let failed =
            Event::Failed { key: Some("0".into()), value: "1".into(), topic: "t".into(), failed };
        let wanted = concat!(
            r#"{"timestamp":5,"name":"producer_send_error","key":"0","value":"1","topic":"t","#,
            r#""exception":"class C","message":"m"}"#,
        );
        assert_eq!(failed.line(5), wanted);
        let totals = Event::Totals { sent: 3, acked: 2, target: -1, average: 12.5 };
        let wanted = concat!(
            r#"{"timestamp":5,"name":"tool_data","sent":3,"acked":2,"target_throughput":-1,"#,
            r#""avg_throughput":12.5}"#,
        );
        assert_eq!(totals.line(5), wanted);
    }
}
