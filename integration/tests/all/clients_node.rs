//! KafkaJS.

use ottla_integration::tools::{Node, or_skip};

use crate::journey;

#[test]
fn kafkajs() {
    if let Some(node) = or_skip(Node::fetch()) {
        journey::run("kafkajs", || node.program("kafkajs.js"));
    }
}
