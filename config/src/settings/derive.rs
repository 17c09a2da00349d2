//! Settings made of several keys, and the checks across keys that Kafka makes at the start.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::SettingError;
use crate::listener::{self, Listener, ProtocolMap, SecurityProtocol};
use crate::values::Values;

/// The fields of [`super::Settings`] that come from several keys.
pub(super) struct Derived {
    pub(super) node_id: i32,
    pub(super) log_dirs: Vec<PathBuf>,
    pub(super) metadata_log_dir: PathBuf,
    pub(super) listeners: Vec<Listener>,
    pub(super) controller_listeners: Vec<String>,
    pub(super) advertised_listeners: Vec<Listener>,
    pub(super) listener_security_protocol_map: ProtocolMap,
    pub(super) inter_broker_listener_name: String,
    pub(super) log_retention_ms: i64,
    pub(super) log_roll_ms: i64,
    pub(super) log_roll_jitter_ms: i64,
    pub(super) log_flush_interval_ms: i64,
    pub(super) max_connections_per_ip_overrides: BTreeMap<String, i32>,
}

impl Derived {
    pub(super) fn of(values: &Values) -> Result<Self, SettingError> {
        let addresses = Addresses::of(values)?;
        let log_dirs = log_dirs(values)?;
        let metadata_log_dir = match values.read::<Option<String>>("metadata.log.dir")? {
            Some(dir) if !dir.is_empty() => PathBuf::from(dir),
            _ => log_dirs.first().cloned().unwrap_or_default(),
        };
        let log_roll_ms = milliseconds(values, "log.roll.ms", None, "log.roll.hours")?;
        let log_roll_jitter_ms =
            milliseconds(values, "log.roll.jitter.ms", None, "log.roll.jitter.hours")?;
        let derived = Self {
            node_id: node_id(values)?,
            log_dirs,
            metadata_log_dir,
            listeners: addresses.listeners,
            controller_listeners: addresses.controller_listeners,
            advertised_listeners: addresses.advertised,
            listener_security_protocol_map: addresses.map,
            inter_broker_listener_name: addresses.inter_broker,
            log_retention_ms: retention_ms(values)?,
            log_roll_ms,
            log_roll_jitter_ms,
            log_flush_interval_ms: flush_ms(values)?,
            max_connections_per_ip_overrides: per_ip_overrides(values)?,
        };
        derived.check(values)?;
        Ok(derived)
    }

    fn check(&self, values: &Values) -> Result<(), SettingError> {
        at_least(values, "log.roll.ms", self.log_roll_ms, 1)?;
        at_least(values, "log.roll.jitter.ms", self.log_roll_jitter_ms, 0)?;
        let per_ip: i32 = values.read("max.connections.per.ip")?;
        if per_ip == 0 && self.max_connections_per_ip_overrides.is_empty() {
            let reason = "max.connections.per.ip can be set to zero only if \
                          max.connections.per.ip.overrides property is set.";
            return Err(SettingError::conflict("max.connections.per.ip", "0", reason));
        }
        let queued: i64 = values.read("queued.max.request.bytes")?;
        let largest: i32 = values.read("socket.request.max.bytes")?;
        if queued > 0 && queued < i64::from(largest) {
            let reason = "queued.max.request.bytes must be larger or equal to \
                          socket.request.max.bytes";
            return Err(SettingError::conflict(
                "queued.max.request.bytes",
                queued.to_string(),
                reason,
            ));
        }
        let codec: i32 = values.read("offsets.topic.compression.codec")?;
        if !(0..=4).contains(&codec) {
            let reason = "Unknown compression type id; it must be from 0 to 4 (none, gzip, \
                          snappy, lz4, zstd)";
            return Err(SettingError::conflict(
                "offsets.topic.compression.codec",
                codec.to_string(),
                reason,
            ));
        }
        Ok(())
    }
}

fn at_least(values: &Values, key: &str, found: i64, least: i64) -> Result<(), SettingError> {
    if found >= least {
        return Ok(());
    }
    let text = values.text(key).unwrap_or("null").to_owned();
    Err(SettingError::conflict(
        key,
        text,
        format!("{key} must be greater than or equal to {least}"),
    ))
}

/// `node.id`, else `broker.id`; both must agree when both are given.
fn node_id(values: &Values) -> Result<i32, SettingError> {
    let node: i32 = values.read("node.id")?;
    let broker: i32 = values.read("broker.id")?;
    match (values.given("node.id"), values.given("broker.id")) {
        (Some(_), Some(_)) if broker >= 0 && node != broker => Err(SettingError::conflict(
            "node.id",
            node.to_string(),
            "You must set `node.id` to the same value as `broker.id`.",
        )),
        (None, Some(_)) if broker >= 0 => Ok(broker),
        _ => Ok(node),
    }
}

fn log_dirs(values: &Values) -> Result<Vec<PathBuf>, SettingError> {
    let dirs = match values.read::<Option<Vec<String>>>("log.dirs")? {
        Some(dirs) => dirs,
        None => values.read("log.dir")?,
    };
    Ok(dirs.into_iter().map(PathBuf::from).collect())
}

/// The most exact of the keys that are given, in milliseconds.
fn milliseconds(
    values: &Values,
    exact: &str,
    minutes: Option<&str>,
    hours: &str,
) -> Result<i64, SettingError> {
    if let Some(ms) = values.read::<Option<i64>>(exact)? {
        return Ok(ms);
    }
    if let Some(minutes) = minutes.map(|key| values.read::<Option<i32>>(key)).transpose()?.flatten()
    {
        return Ok(i64::from(minutes).saturating_mul(60_000));
    }
    Ok(i64::from(values.read::<i32>(hours)?).saturating_mul(3_600_000))
}

fn retention_ms(values: &Values) -> Result<i64, SettingError> {
    let minutes = Some("log.retention.minutes");
    let ms = milliseconds(values, "log.retention.ms", minutes, "log.retention.hours")?;
    if ms == 0 {
        let keys = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
        let key = keys.into_iter().find(|key| values.given(key).is_some()).unwrap_or(keys[0]);
        let reason = "log.retention.ms must be unlimited (-1) or, greater than or equal to 1";
        return Err(SettingError::conflict(key, "0", reason));
    }
    Ok(if ms < 0 { -1 } else { ms })
}

fn flush_ms(values: &Values) -> Result<i64, SettingError> {
    match values.read::<Option<i64>>("log.flush.interval.ms")? {
        Some(ms) => Ok(ms),
        None => values.read("log.flush.scheduler.interval.ms"),
    }
}

fn per_ip_overrides(values: &Values) -> Result<BTreeMap<String, i32>, SettingError> {
    let key = "max.connections.per.ip.overrides";
    let text: String = values.read(key)?;
    let mut overrides = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let limit = pair.rsplit_once(':').and_then(|(address, limit)| {
            limit.trim().parse::<i32>().ok().map(|limit| (address.trim().to_owned(), limit))
        });
        let Some((address, limit)) = limit else {
            let allowed = "pairs of address and number of connections, address:number";
            return Err(SettingError::invalid(key, &text, allowed));
        };
        overrides.insert(address, limit);
    }
    Ok(overrides)
}

/// Everything about where to listen and what to advertise.
struct Addresses {
    listeners: Vec<Listener>,
    controller_listeners: Vec<String>,
    advertised: Vec<Listener>,
    map: ProtocolMap,
    inter_broker: String,
}

impl Addresses {
    fn of(values: &Values) -> Result<Self, SettingError> {
        let controllers: Vec<String> = values
            .read::<Option<Vec<String>>>("controller.listener.names")?
            .unwrap_or_default()
            .into_iter()
            .map(|name| name.to_ascii_uppercase())
            .collect();
        let map = protocol_map(values, &controllers)?;
        let all = read_listeners(values, "listeners", &map)?.unwrap_or_default();
        listener::check_distinct("listeners", &all)?;
        let (closed, listeners): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| controllers.contains(&one.name));
        if listeners.is_empty() {
            let text = values.text("listeners").unwrap_or_default();
            let reason = "There must be at least one listener for clients: all of these are \
                          KRaft controller listeners, which Ottla does not need; add one, for \
                          example PLAINTEXT://:9092";
            return Err(SettingError::conflict("listeners", text, reason));
        }
        for one in &listeners {
            refuse_unserved(one)?;
        }
        let advertised = advertised(values, &map, &listeners, &controllers)?;
        let inter_broker = inter_broker(values, &map, &advertised)?;
        let controller_listeners = closed.iter().map(ToString::to_string).collect();
        Ok(Self { listeners, controller_listeners, advertised, map, inter_broker })
    }
}

/// The protocol map; under KRaft's rules controller listeners are PLAINTEXT unless the map was
/// given and says otherwise (KIP-795), and broker names stand for themselves.
fn protocol_map(values: &Values, controllers: &[String]) -> Result<ProtocolMap, SettingError> {
    let key = "listener.security.protocol.map";
    let text: String = values.read(key)?;
    let mut map = listener::parse_protocol_map(key, &text)?;
    if values.given(key).is_none() {
        for name in controllers {
            map.entry(name.clone()).or_insert(SecurityProtocol::Plaintext);
        }
    }
    Ok(map)
}

fn read_listeners(
    values: &Values,
    key: &str,
    map: &ProtocolMap,
) -> Result<Option<Vec<Listener>>, SettingError> {
    let Some(texts) = values.read::<Option<Vec<String>>>(key)? else {
        return Ok(None);
    };
    let limits = |name: &str| limits(values, name);
    texts
        .iter()
        .map(|text| listener::parse_listener(key, text, map, limits))
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// The connection limits of one listener name; without its own, no limit but the broker's.
fn limits(values: &Values, name: &str) -> Result<(i32, i32), SettingError> {
    let read = |key: &str| {
        let prefixed = format!("listener.name.{}.{key}", name.to_ascii_lowercase());
        values.read_as::<i32>(&prefixed, key).map(|limit| limit.unwrap_or(i32::MAX))
    };
    Ok((read("max.connections")?, read("max.connection.creation.rate")?))
}

fn refuse_unserved(one: &Listener) -> Result<(), SettingError> {
    if one.protocol == SecurityProtocol::Plaintext {
        return Ok(());
    }
    let reason = format!(
        "listener {} speaks {}, which Ottla cannot serve yet: only PLAINTEXT listeners can be \
         opened",
        one.name,
        one.protocol.name()
    );
    Err(SettingError::conflict("listeners", one.to_string(), reason))
}

/// `advertised.listeners`, or the listeners themselves; never a controller's, never 0.0.0.0.
fn advertised(
    values: &Values,
    map: &ProtocolMap,
    listeners: &[Listener],
    controllers: &[String],
) -> Result<Vec<Listener>, SettingError> {
    let key = "advertised.listeners";
    let Some(given) = read_listeners(values, key, map)? else {
        return Ok(listeners.iter().map(advertise_itself).collect());
    };
    let kept: Vec<_> = given.into_iter().filter(|one| !controllers.contains(&one.name)).collect();
    let text = || values.text(key).unwrap_or_default().to_owned();
    for (index, one) in kept.iter().enumerate() {
        if one.host == "0.0.0.0" {
            let reason = "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. \
                          Use a routable IP address.";
            return Err(SettingError::conflict(key, text(), reason));
        }
        if kept.iter().take(index).any(|other| other.name == one.name) {
            let reason = "Each listener must have a different name";
            return Err(SettingError::conflict(key, text(), reason));
        }
        if !listeners.iter().any(|listener| listener.name == one.name) {
            let names: Vec<_> = listeners.iter().map(|one| one.name.as_str()).collect();
            let reason = format!(
                "advertised.listeners can only name what listeners opens: {}",
                names.join(",")
            );
            return Err(SettingError::conflict(key, text(), reason));
        }
    }
    if kept.is_empty() {
        let reason = "There must be at least one broker advertised listener.";
        return Err(SettingError::conflict(key, text(), reason));
    }
    Ok(kept)
}

/// A listener on every interface advertises this machine's name, as Kafka does.
fn advertise_itself(listener: &Listener) -> Listener {
    let everywhere = matches!(listener.host.as_str(), "0.0.0.0" | "::");
    let host = if everywhere { String::new() } else { listener.host.clone() };
    Listener { host, ..listener.clone() }
}

/// The listener between brokers: by name, or the one whose protocol is
/// `security.inter.broker.protocol`.
fn inter_broker(
    values: &Values,
    map: &ProtocolMap,
    advertised: &[Listener],
) -> Result<String, SettingError> {
    let key = "inter.broker.listener.name";
    let protocol_key = "security.inter.broker.protocol";
    let Some(name) = values.read::<Option<String>>(key)? else {
        let name: String = values.read(protocol_key)?;
        let named = advertised.iter().find(|one| one.name == name);
        return Ok(named.or(advertised.first()).map_or(name, |one| one.name.clone()));
    };
    let name = name.to_ascii_uppercase();
    if values.given(protocol_key).is_some() {
        let reason = format!("Only one of {key} and {protocol_key} should be set.");
        return Err(SettingError::conflict(key, name, reason));
    }
    if !map.contains_key(&name) {
        let reason = format!(
            "Listener with name {name} defined in {key} not found in \
             listener.security.protocol.map."
        );
        return Err(SettingError::conflict(key, name, reason));
    }
    if advertised.iter().any(|one| one.name == name) {
        return Ok(name);
    }
    let names: Vec<_> = advertised.iter().map(|one| one.name.as_str()).collect();
    let reason = format!(
        "{key} must be a listener name defined in advertised.listeners. The valid options based \
         on currently configured listeners are {}",
        names.join(",")
    );
    Err(SettingError::conflict(key, name, reason))
}
