//! A connection for requests to JetStream's API, one at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::link::{Link, WHAT, declined};
use super::protocol;
use crate::clock::now;
use crate::error::BenchError;

/// The longest a request may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Bytes of a connection's buffer unless it reads messages; answers are smaller.
const CONTROL: usize = 16 * 1024;
/// The subscription that answers come to.
const ANSWERS: usize = 1;
/// The subscription that everything else comes to.
pub(super) const MESSAGES: usize = 2;
/// JetStream's code of a consumer or stream that is not there.
const GONE: [u64; 2] = [10_014, 10_059];

/// A name that nobody else listens to.
fn inbox() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("_INBOX.ottla-{}-{}-{next}", std::process::id(), now())
}

/// What a stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamState {
    pub(super) messages: u64,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// A connection that asks.
#[derive(Debug)]
pub(crate) struct Client {
    pub(super) link: Link,
    inbox: String,
    asked: u64,
}

impl Client {
    /// Connects; its buffer is that of a connection that only asks.
    pub(crate) async fn connect(address: &str) -> Result<Self, BenchError> {
        Self::with_buffer(address, CONTROL).await
    }

    /// Connects with a buffer of `capacity` bytes; no message may be larger.
    pub(super) async fn with_buffer(address: &str, capacity: usize) -> Result<Self, BenchError> {
        let link = Link::open(address, capacity.max(CONTROL)).await?;
        Ok(Self { link, inbox: inbox(), asked: 0 })
    }

    /// PING and PONG: the smallest exchange.
    pub(crate) async fn greet(&mut self) -> Result<(), BenchError> {
        match tokio::time::timeout(LIMIT, self.link.greet()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(BenchError::Late { what: "PONG".into() }),
        }
    }

    /// Subscribes to what is not the answer to a request; returns the subject, which only this
    /// connection listens to. Messages to it are of the subscription [`MESSAGES`].
    pub(super) async fn subscribe(&mut self) -> Result<String, BenchError> {
        let subject = format!("{}-m", self.inbox);
        self.link.send(format!("SUB {subject} {MESSAGES}\r\n").as_bytes()).await?;
        Ok(subject)
    }

    /// Asks JetStream's API; `what` stands in errors.
    async fn ask(&mut self, what: &str, subject: &str, body: &Value) -> Result<Value, BenchError> {
        if self.asked == 0 {
            self.link.send(format!("SUB {}.* {ANSWERS}\r\n", self.inbox).as_bytes()).await?;
        }
        self.asked += 1;
        let reply = format!("{}.{}", self.inbox, self.asked);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let subject = format!("$JS.API.{subject}");
        self.link.send(&protocol::publish(&subject, &reply, &[], body.as_bytes())).await?;
        let answered = async {
            loop {
                let message = self.link.message().await?;
                // what comes late of a pull is not meant
                if message.subscription == ANSWERS
                    && self.link.inbox.part(&message.subject) == reply.as_bytes()
                {
                    self.link.inbox.refused(what, &message)?;
                    return Ok(self.link.inbox.part(&message.payload).to_vec());
                }
            }
        };
        let answer: Vec<u8> = match tokio::time::timeout(LIMIT, answered).await {
            Ok(answer) => answer?,
            Err(_) => return Err(BenchError::Late { what: format!("the answer to {what}") }),
        };
        let answer: Value =
            serde_json::from_slice(&answer).map_err(|_| BenchError::Malformed { api: WHAT })?;
        match answer.get("error") {
            None => Ok(answer),
            Some(error) => {
                let text = error["description"].as_str().unwrap_or_default();
                let code = error["err_code"].as_u64().unwrap_or_default();
                Err(declined(what, &format!("{text} ({code})")))
            }
        }
    }

    /// Whether JetStream is there.
    pub(crate) async fn account(&mut self) -> Result<(), BenchError> {
        self.ask("account", "INFO", &Value::Null).await.map(drop)
    }

    /// Creates a stream of one subject with its own name, in files, with one replica and all else
    /// as the server has it; says whether it was not there before.
    pub(super) async fn create_stream(&mut self, name: &str) -> Result<bool, BenchError> {
        let config = json!({
            "name": name,
            "subjects": [name],
            "storage": "file",
            "num_replicas": 1,
            "retention": "limits",
            "discard": "old",
        });
        let what = format!("stream {name}");
        let made = self.ask(&what, &format!("STREAM.CREATE.{name}"), &config).await?;
        Ok(made["did_create"] == true)
    }

    /// Deletes a stream and all that it holds.
    pub(super) async fn delete_stream(&mut self, name: &str) -> Result<(), BenchError> {
        let what = format!("deleting stream {name}");
        self.ask(&what, &format!("STREAM.DELETE.{name}"), &Value::Null).await.map(drop)
    }

    /// What a stream holds now.
    pub(super) async fn stream(&mut self, name: &str) -> Result<StreamState, BenchError> {
        let what = format!("stream {name}");
        let info = self.ask(&what, &format!("STREAM.INFO.{name}"), &Value::Null).await?;
        let field = |field: &str| {
            let number = info["state"].get(field).and_then(Value::as_u64);
            number.ok_or(BenchError::Malformed { api: WHAT })
        };
        Ok(StreamState {
            messages: field("messages")?,
            first: field("first_seq")?,
            last: field("last_seq")?,
        })
    }

    /// Creates a pull consumer that gives everything from sequence number `from` on and wants no
    /// acknowledgements; it is gone a minute after nobody pulls.
    pub(super) async fn create_consumer(
        &mut self,
        stream: &str,
        name: &str,
        from: u64,
    ) -> Result<(), BenchError> {
        let request = json!({
            "stream_name": stream,
            "config": {
                "name": name,
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": from.max(1),
                "ack_policy": "none",
                "replay_policy": "instant",
                "inactive_threshold": 60_000_000_000_u64,
                "mem_storage": true,
            },
            "action": "create",
        });
        let subject = format!("CONSUMER.CREATE.{stream}.{name}");
        self.ask(&format!("consumer of {stream}"), &subject, &request).await.map(drop)
    }

    /// Deletes a consumer; one that is gone is as good.
    pub(super) async fn delete_consumer(
        &mut self,
        stream: &str,
        name: &str,
    ) -> Result<(), BenchError> {
        let subject = format!("CONSUMER.DELETE.{stream}.{name}");
        let what = format!("deleting the consumer of {stream}");
        match self.ask(&what, &subject, &Value::Null).await {
            Err(BenchError::Declined { reason, .. })
                if GONE.iter().any(|code| reason.ends_with(&format!("({code})"))) =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }
}

/// A request for the next `batch` messages of a consumer, sent to `reply`; it stands for `seconds`.
pub(super) fn pull(stream: &str, consumer: &str, reply: &str, batch: u64, seconds: u64) -> Vec<u8> {
    let body = json!({"batch": batch, "expires": seconds * crate::clock::SECOND}).to_string();
    let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
    protocol::publish(&subject, reply, &[], body.as_bytes())
}
