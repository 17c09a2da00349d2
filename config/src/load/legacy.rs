//! Keys of older releases that still say something Ottla can act on.

use super::notice::Notice;
use crate::values::{Layer, Values};

/// Turns what older keys say into today's keys, unless those are given too.
pub(super) fn translate(values: &mut Values, notices: &mut Vec<Notice>) {
    address(values, "listeners", "host.name", "port", notices);
    address(values, "advertised.listeners", "advertised.host.name", "advertised.port", notices);
    // KIP-937 split it in two
    let old = "log.message.timestamp.difference.max.ms";
    let new = ["log.message.timestamp.before.max.ms", "log.message.timestamp.after.max.ms"];
    let Some((text, layer)) = values.given(old).map(|(text, layer)| (text.to_owned(), layer))
    else {
        return;
    };
    for key in new.into_iter().filter(|key| values.given(key).is_none()).collect::<Vec<_>>() {
        values.set(key, &text, layer);
    }
    notices.push(Notice::Replaced { keys: vec![old.into()], by: new.join(" and "), value: text });
}

/// `host.name` and `port` became one address (removed in 3.0).
fn address(values: &mut Values, new: &str, host: &str, port: &str, notices: &mut Vec<Notice>) {
    let keys: Vec<String> = [host, port]
        .into_iter()
        .filter(|key| values.given(key).is_some())
        .map(str::to_owned)
        .collect();
    if keys.is_empty() {
        return;
    }
    if values.given(new).is_some() {
        notices.push(Notice::Overruled { keys, by: new.to_owned() });
        return;
    }
    let text = |key: &str, otherwise: &str| match values.given(key) {
        Some((text, _)) => text.trim().to_owned(),
        None => otherwise.to_owned(),
    };
    let layer =
        [host, port].into_iter().filter_map(|key| values.given(key)).map(|(_, layer)| layer);
    let layer = layer.max().unwrap_or(Layer::Default);
    // advertised.* fall back on their plain relatives, as they used to
    let (host_text, port_text) = match new {
        "listeners" => (text(host, ""), text(port, "9092")),
        _ => (text(host, &text("host.name", "")), text(port, &text("port", "9092"))),
    };
    let value = format!("PLAINTEXT://{host_text}:{port_text}");
    values.set(new, &value, layer);
    notices.push(Notice::Replaced { keys, by: new.to_owned(), value });
}
