//! Keys that only releases before 4.0 know.

use crate::definition::{Definition, Kind, old, zookeeper};

pub(super) static KEYS: &[Definition] = &[old(
    "inter.broker.protocol.version",
    Kind::String,
    "The version brokers spoke among themselves.",
    "Nothing follows from it: brokers agree on versions by themselves.",
)];

pub(super) static ZOOKEEPER: &[Definition] =
    &[zookeeper("zookeeper.connect", Kind::String, "The ZooKeeper ensemble.")];
