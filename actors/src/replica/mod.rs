//! This broker's replicas: what the metadata says about them, carried out.
//!
//! [`ReplicaManager`] turns each new image into partitions that are started, changed or stopped.
//! Replica fetchers will live here too, once there are several nodes.

mod dirs;
mod manager;
mod plan;

pub use manager::ReplicaManager;
