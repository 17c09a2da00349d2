//! Listeners: `NAME://host:port`, and the security protocol behind each name.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::SettingError;

/// How a listener's connections are protected, under Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityProtocol {
    /// Bare TCP.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL over bare TCP.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// Kafka's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// The protocol of this name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl]
            .into_iter()
            .find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }
}

/// One address that the broker listens on, or tells clients to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, in upper case.
    pub name: String,
    /// What its connections speak.
    pub protocol: SecurityProtocol,
    /// The host; empty means every interface (listening) or this machine's name (advertised).
    pub host: String,
    /// The port; 0 means any free one.
    pub port: u16,
    /// The most connections it takes (`listener.name.<name>.max.connections`).
    pub max_connections: i32,
    /// The most connections it takes per second
    /// (`listener.name.<name>.max.connection.creation.rate`).
    pub max_connection_creation_rate: i32,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "{}://[{}]:{}", self.name, self.host, self.port)
        } else {
            write!(f, "{}://{}:{}", self.name, self.host, self.port)
        }
    }
}

/// Listener names and their protocols (`listener.security.protocol.map`).
pub type ProtocolMap = BTreeMap<String, SecurityProtocol>;

/// Reads `NAME:PROTOCOL,…`.
pub(crate) fn parse_protocol_map(key: &str, text: &str) -> Result<ProtocolMap, SettingError> {
    let mut map = ProtocolMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((name, protocol)) = pair.rsplit_once(':') else {
            let allowed = "pairs of listener name and security protocol, NAME:PROTOCOL";
            return Err(SettingError::invalid(key, text, allowed));
        };
        let Some(protocol) = SecurityProtocol::from_name(protocol.trim()) else {
            return Err(SettingError::invalid(
                key,
                text,
                format!(
                    "Invalid security protocol `{}` defined in {key}; it must be one of PLAINTEXT, \
                     SSL, SASL_PLAINTEXT, SASL_SSL",
                    protocol.trim()
                ),
            ));
        };
        map.insert(name.trim().to_ascii_uppercase(), protocol);
    }
    Ok(map)
}

/// Reads one `NAME://host:port`; `limits` are the two connection limits of that listener name.
pub(crate) fn parse_listener(
    key: &str,
    text: &str,
    map: &ProtocolMap,
    limits: impl FnOnce(&str) -> Result<(i32, i32), SettingError>,
) -> Result<Listener, SettingError> {
    let unreadable = || {
        let allowed = format!(
            "Unable to parse {text} to a broker endpoint; it must be of the form NAME://host:port, \
             with no host for every interface"
        );
        SettingError::invalid(key, text, allowed)
    };
    let (name, address) = text.trim().split_once("://").ok_or_else(unreadable)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(unreadable)?;
    let port: u16 = port.trim().parse().map_err(|_| unreadable())?;
    let host = host.trim();
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').ok_or_else(unreadable)?,
        None if host.contains(':') => return Err(unreadable()),
        None => host,
    };
    let name = name.trim().to_ascii_uppercase();
    if name.is_empty() || host.contains(['/', ' ']) {
        return Err(unreadable());
    }
    let Some(&protocol) = map.get(&name) else {
        let allowed = format!(
            "No security protocol defined for listener {name}; name it in \
             listener.security.protocol.map"
        );
        return Err(SettingError::invalid(key, text, allowed));
    };
    let (max_connections, max_connection_creation_rate) = limits(&name)?;
    let host = host.to_owned();
    Ok(Listener { name, protocol, host, port, max_connections, max_connection_creation_rate })
}

/// Refuses two listeners of one name or one port, as Kafka does: a port may be shared by one IPv4
/// and one IPv6 address (KIP-797).
pub(crate) fn check_distinct(key: &str, listeners: &[Listener]) -> Result<(), SettingError> {
    let all = || listeners.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    for (index, one) in listeners.iter().enumerate() {
        for other in listeners.iter().take(index) {
            if one.name == other.name {
                let reason = "Each listener must have a different name";
                return Err(SettingError::conflict(key, all(), reason));
            }
            if one.port == 0 || one.port != other.port {
                continue;
            }
            match (is_ip(&one.host), is_ip(&other.host)) {
                (Some(a), Some(b)) if a != b => {}
                (Some(_), Some(_)) => {
                    let reason = "If you have two listeners on the same port then one needs to be \
                                  IPv4 and the other IPv6";
                    return Err(SettingError::conflict(key, all(), reason));
                }
                _ => {
                    let reason = "Each listener must have a different port";
                    return Err(SettingError::conflict(key, all(), reason));
                }
            }
        }
    }
    Ok(())
}

/// Whether `host` is an IPv6 address (`true`), an IPv4 address (`false`) or neither.
fn is_ip(host: &str) -> Option<bool> {
    host.parse::<std::net::IpAddr>().ok().map(|address| address.is_ipv6())
}

#[cfg(test)]
#[path = "listener_tests.rs"]
mod tests;
