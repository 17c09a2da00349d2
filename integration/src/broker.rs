//! The broker a scenario runs against: ours, or Apache Kafka to see that the scenario itself is
//! right.

use std::path::PathBuf;

use crate::kafka::KafkaProcess;
use crate::ottla::{OttlaOptions, OttlaProcess};
use crate::tools::{Java, or_skip};

/// Set to `kafka`, it turns the client scenarios on Apache Kafka.
pub(crate) const VARIABLE: &str = "OTTLA_TEST_BROKER";

/// A started broker.
#[derive(Debug)]
pub enum Broker {
    /// The broker under test.
    Ottla(OttlaProcess),
    /// Apache Kafka.
    Kafka(KafkaProcess),
}

impl Broker {
    /// Starts the broker under test, or Apache Kafka where the environment asks for it.
    #[track_caller]
    pub fn start(properties: &[(&str, &str)]) -> Self {
        if std::env::var(VARIABLE).is_ok_and(|value| value == "kafka") {
            let java = or_skip(Java::fetch()).expect("Kafka needs Java");
            return Self::Kafka(KafkaProcess::start(java, properties));
        }
        let options = properties
            .iter()
            .fold(OttlaOptions::default(), |options, (key, value)| options.set(key, value));
        Self::Ottla(options.start())
    }

    /// `127.0.0.1:port`, for clients.
    pub fn bootstrap(&self) -> String {
        match self {
            Self::Ottla(broker) => broker.bootstrap(),
            Self::Kafka(broker) => broker.bootstrap(),
        }
    }

    /// The broker's `log.dirs`.
    pub fn data_dir(&self) -> PathBuf {
        match self {
            Self::Ottla(broker) => broker.data_dir(),
            Self::Kafka(broker) => broker.data_dir(),
        }
    }

    /// Clean stop.
    #[track_caller]
    pub fn stop(&mut self) {
        match self {
            Self::Ottla(broker) => broker.stop(),
            Self::Kafka(broker) => broker.stop(),
        }
    }

    /// Clean stop and start on the same port.
    #[track_caller]
    pub fn restart(&mut self) {
        match self {
            Self::Ottla(broker) => broker.restart(),
            Self::Kafka(broker) => broker.restart(),
        }
    }

    /// SIGKILL and start on the same port.
    #[track_caller]
    pub fn crash(&mut self) {
        match self {
            Self::Ottla(broker) => broker.crash(),
            Self::Kafka(broker) => broker.crash(),
        }
    }
}
