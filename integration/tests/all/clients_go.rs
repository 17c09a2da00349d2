//! The Go clients: franz-go, Sarama and kafka-go.

use ottla_integration::tools::{Go, or_skip};

use crate::journey;

fn run(library: &str) {
    if let Some(go) = or_skip(Go::fetch()) {
        journey::run(library, || go.client(library));
    }
}

#[test]
fn franz_go() {
    run("franz-go");
}

#[test]
fn sarama() {
    run("sarama");
}

#[test]
fn kafka_go() {
    run("kafka-go");
}
