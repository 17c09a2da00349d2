//! Settings of Kafka's clients, from property files and `key=value` words, on their way into this
//! client's configuration.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use java_properties::PropertiesIter;
use ottla_actors::client::{Acks, ClientConfig, ProducerConfig};
use ottla_core::client::Strategy;
use ottla_core::record::Compression;

use super::Stop;

/// Settings by name; it remembers which of them were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Properties {
    values: BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
}

impl Properties {
    /// Reads a file as `java.util.Properties` does.
    ///
    /// # Errors
    /// It cannot be read; worded as the Java tools do, by its name.
    pub(crate) fn file(path: &str) -> Result<Self, Stop> {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Stop::error(format!("{path} (No such file)")),
            _ => Stop::error(format!("{path} ({error})")),
        };
        let file = File::open(Path::new(path)).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Stop::error(format!("{path} (Is a directory)")));
        }
        let mut properties = Self::default();
        PropertiesIter::new(BufReader::new(file))
            .read_into(|key, value| properties.set(&key, &value))
            .map_err(|error| Stop::error(format!("{path} ({error})")))?;
        Ok(properties)
    }

    /// Adds words of the form `key=value`; a word without `=` sets its key to nothing, as
    /// `CommandLineUtils.parseKeyValueArgs` does.
    pub(crate) fn pairs<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            self.set(key, value);
        }
    }

    /// Sets one.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.values.insert(key.to_owned(), value.to_owned());
    }

    /// Takes over what the other one has.
    pub(crate) fn extend(&mut self, other: Self) {
        self.values.extend(other.values);
    }

    /// The text of a setting, which counts as used from now on.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let value = self.values.get(key)?;
        self.used.borrow_mut().insert(key.to_owned());
        Some(value.trim())
    }

    /// Every setting, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A setting as a number, worded as Kafka's `ConfigException` if it is none.
    ///
    /// # Errors
    /// It is no number.
    pub(crate) fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, Stop> {
        let Some(text) = self.get(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let kind = if std::mem::size_of::<T>() > 4 { "LONG" } else { "INT" };
            invalid(key, text, &format!("Not a number of type {kind}"))
        })
    }

    /// A setting that is `true` or `false`.
    ///
    /// # Errors
    /// It is neither.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Stop> {
        match self.get(key) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(invalid(key, text, "Expected value to be either true or false")),
        }
    }

    /// Changes `field` if the setting, in milliseconds, is there.
    ///
    /// # Errors
    /// It is no number.
    pub(crate) fn millis(&self, key: &str, field: &mut Duration) -> Result<(), Stop> {
        if let Some(millis) = self.number::<u64>(key)? {
            *field = Duration::from_millis(millis);
        }
        Ok(())
    }

    /// Changes `field` if the setting is there.
    ///
    /// # Errors
    /// It is no number.
    pub(crate) fn into<T: FromStr>(&self, key: &str, field: &mut T) -> Result<(), Stop> {
        if let Some(value) = self.number(key)? {
            *field = value;
        }
        Ok(())
    }

    /// What every client can be told; `bootstrap.servers` where the command line says nothing.
    ///
    /// # Errors
    /// A value cannot be used, or asks for what this client does not have.
    pub(crate) fn client(&self, config: &mut ClientConfig) -> Result<(), Stop> {
        match self.get("security.protocol").unwrap_or("PLAINTEXT") {
            "PLAINTEXT" => {}
            other => {
                let message = format!(
                    "security.protocol={other}: Ottla's commands connect with PLAINTEXT only"
                );
                return Err(Stop::error(message));
            }
        }
        if let Some(id) = self.get("client.id") {
            config.client_id = id.to_owned();
        }
        self.millis("request.timeout.ms", &mut config.request_timeout)?;
        self.millis("default.api.timeout.ms", &mut config.api_timeout)?;
        self.millis("socket.connection.setup.timeout.ms", &mut config.connect_timeout)?;
        self.millis("reconnect.backoff.ms", &mut config.reconnect_backoff)?;
        self.millis("reconnect.backoff.max.ms", &mut config.reconnect_backoff_max)?;
        self.millis("retry.backoff.ms", &mut config.retry_backoff)?;
        self.millis("metadata.max.age.ms", &mut config.metadata_max_age)?;
        if let Some(create) = self.flag("allow.auto.create.topics")? {
            config.auto_create_topics = create;
        }
        Ok(())
    }

    /// What a producer can be told, with what every client can.
    ///
    /// # Errors
    /// A value cannot be used.
    pub(crate) fn producer(&self, config: &mut ProducerConfig) -> Result<(), Stop> {
        self.client(&mut config.client)?;
        config.acks = match self.get("acks") {
            None => config.acks,
            Some("all" | "-1") => Acks::All,
            Some("1") => Acks::Leader,
            Some("0") => Acks::None,
            Some(other) => {
                return Err(invalid("acks", other, "String must be one of: all, -1, 0, 1"));
            }
        };
        self.into("buffer.memory", &mut config.buffer_memory)?;
        let batching = &mut config.batching;
        self.into("batch.size", &mut batching.batch_size)?;
        self.into("linger.ms", &mut batching.linger_ms)?;
        self.into("delivery.timeout.ms", &mut batching.delivery_timeout_ms)?;
        self.into("retries", &mut batching.retries)?;
        self.into("retry.backoff.ms", &mut batching.retry_backoff_ms)?;
        self.into("retry.backoff.max.ms", &mut batching.retry_backoff_max_ms)?;
        self.into("max.in.flight.requests.per.connection", &mut batching.max_in_flight)?;
        self.into("max.request.size", &mut batching.max_request_size)?;
        self.into("max.block.ms", &mut batching.max_block_ms)?;
        if let Some(name) = self.get("compression.type") {
            batching.compression = Compression::from_name(name).ok_or_else(|| {
                let allowed = "String must be one of: none, gzip, snappy, lz4, zstd";
                invalid("compression.type", name, allowed)
            })?;
            let level = format!("compression.{name}.level");
            batching.compression_level = self.number(&level)?.or(batching.compression_level);
        }
        if let Some(idempotent) = self.flag("enable.idempotence")? {
            batching.idempotent = idempotent;
        }
        if let Some(ignored) = self.flag("partitioner.ignore.keys")? {
            batching.ignore_keys = ignored;
        }
        if let Some(class) = self.get("partitioner.class")
            && class.ends_with("RoundRobinPartitioner")
        {
            batching.strategy = Strategy::RoundRobin;
        }
        Ok(())
    }

    /// Says on standard error which settings nobody asked for, as Kafka's clients log it.
    pub(crate) fn warn_of_unused(&self) {
        let used = self.used.borrow();
        let unused: Vec<&str> =
            self.values.keys().filter(|key| !used.contains(*key)).map(String::as_str).collect();
        if !unused.is_empty() {
            let unused = unused.join(", ");
            eprintln!("WARN These configurations '[{unused}]' were supplied but are not used yet.");
        }
    }
}

fn invalid(key: &str, text: &str, why: &str) -> Stop {
    Stop::error(format!("Invalid value {text} for configuration {key}: {why}"))
}
