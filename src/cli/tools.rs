//! The commands of Kafka's names, in alphabetical order.

use super::kit::Tool;
use super::{
    broker_api_versions, cluster, configs, console_consumer, console_producer, consumer_groups,
    consumer_perf_test, delete_records, dump_log, e2e_latency, get_offsets, log_dirs,
    producer_perf_test, server_start, server_stop, topics, verifiable_consumer,
    verifiable_producer,
};

/// Every command that `ottla NAME`, `kafka-NAME` and `kafka-NAME.sh` run.
pub(super) const TOOLS: &[Tool] = &[
    broker_api_versions::TOOL,
    cluster::TOOL,
    configs::TOOL,
    console_consumer::TOOL,
    console_producer::TOOL,
    consumer_groups::TOOL,
    consumer_perf_test::TOOL,
    delete_records::TOOL,
    dump_log::TOOL,
    e2e_latency::TOOL,
    get_offsets::TOOL,
    log_dirs::TOOL,
    producer_perf_test::TOOL,
    server_start::TOOL,
    server_stop::TOOL,
    topics::TOOL,
    verifiable_consumer::TOOL,
    verifiable_producer::TOOL,
];

/// The command of this name.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_every_spec_is_whole() {
        assert!(TOOLS.is_sorted_by_key(|tool| tool.name));
        for tool in TOOLS {
            let spec = (tool.spec)();
            let mut names: Vec<_> = spec.options.iter().flat_map(|o| o.names.clone()).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{} declares an option twice", tool.name);
        }
    }
}
