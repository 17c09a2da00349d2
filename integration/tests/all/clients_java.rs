//! Apache Kafka's own Java client.

use ottla_integration::tools::{Java, or_skip};

use crate::journey;

#[test]
fn java_client() {
    if let Some(java) = or_skip(Java::fetch()) {
        journey::run("java", || java.program("Client"));
    }
}
