//! The three Python clients: confluent-kafka (librdkafka), kafka-python, aiokafka.

use ottla_integration::tools::{Python, or_skip};

use crate::journey;

#[test]
fn confluent_kafka() {
    if let Some(python) = or_skip(Python::fetch()) {
        journey::run("confluent-kafka", || python.program("confluent.py"));
    }
}

#[test]
fn kafka_python() {
    if let Some(python) = or_skip(Python::fetch()) {
        journey::run("kafka-python", || python.program("kafkapython.py"));
    }
}

#[test]
fn aiokafka() {
    if let Some(python) = or_skip(Python::fetch()) {
        journey::run("aiokafka", || python.program("aio.py"));
    }
}
