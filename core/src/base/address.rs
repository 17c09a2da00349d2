//! Addresses as they are written.

use std::fmt::Display;

/// A host and a port in one word, an IPv6 address in brackets.
#[must_use]
pub fn host_and_port(host: &str, port: impl Display) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
