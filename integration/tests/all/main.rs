//! Every test that starts the real thing, in one binary.

mod bad_input;
mod bench;
mod cli;
mod clients_go;
mod clients_java;
mod clients_node;
mod clients_python;
mod crash;
mod faults;
mod figures;
mod group_probe;
mod journey;
mod kafka_tools;
mod kcat;
mod native_client;
mod native_consumer;
mod readme;
mod settings;
mod start;
mod tidy;
