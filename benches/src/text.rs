//! A result as text: the same for one run and for the cells of a comparison.

use serde_json::Value;

use crate::error::code_name;
use crate::report::{count, digits, time};
use crate::usage::disturbance;

/// The lines of a result for a reader.
pub(crate) fn lines(result: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for part in parts(result) {
        let (name, text) = part.split_once(' ').unwrap_or((&part, ""));
        lines.push(format!("{name:<11} {}", text.trim()));
    }
    lines
}

/// The few figures of a result that a cell of a table has room for.
pub(crate) fn cell(result: &Value) -> String {
    if let Some(error) = result.get("error").and_then(Value::as_str) {
        return format!("error: {error}");
    }
    let mut some = Vec::new();
    if result.get("behind_reqs").is_none() {
        with(&mut some, number(result, "/msgs_per_s"), |n| format!("{} msg/s", count(n)));
    }
    with(&mut some, number(result, "/mb_per_s"), |n| format!("{} MB/s", count(n)));
    for field in ["/lat_us", "/e2e_us"] {
        let quantile = |name: &str| number(result, &format!("{field}/{name}")).map(time);
        if let (Some(p50), Some(p99)) = (quantile("p50"), quantile("p99")) {
            some.push(format!("p50 {p50}, p99 {p99}"));
        }
    }
    for (field, _, show) in FIGURES {
        if let Some(value) = result.get(*field).and_then(Value::as_f64) {
            some.push(show(value));
        }
    }
    let mode = result.get("mode").and_then(Value::as_str).unwrap_or_default();
    let cost = match mode {
        "consume" => number(result, "/broker/cpu_us_per_mb").map(|n| format!("{} µs/MB", count(n))),
        "rss" | "startup" => {
            number(result, "/broker/rss_mb").map(|n| format!("{} MB resident", digits(n)))
        }
        _ => {
            // where each message is a request of its own
            let unit = if result["protocol"] == "nats" { "message" } else { "request" };
            number(result, "/broker/cpu_us_per_req").map(|n| format!("{} µs/{unit}", digits(n)))
        }
    };
    some.extend(cost.map(|cost| format!("**{cost}**")));
    let mut cell = some.join(", ");
    if disturbance(result) > 1.0 {
        cell.push('*');
    }
    let wrong = trouble(result).into_iter().filter(|part| !part.starts_with("stored ok"));
    for part in wrong {
        cell.push_str("; ");
        cell.push_str(&part);
    }
    cell
}

/// A result in one line.
pub(crate) fn line(result: &Value) -> String {
    parts(result).join("; ")
}

fn number(result: &Value, path: &str) -> Option<f64> {
    result.pointer(path)?.as_f64()
}

fn with(out: &mut Vec<String>, value: Option<f64>, show: impl FnOnce(f64) -> String) {
    if let Some(value) = value {
        out.push(show(value));
    }
}

/// The parts of a result, each beginning with a word for what it is about.
fn parts(result: &Value) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(error) = result.get("error").and_then(Value::as_str) {
        return vec![format!("error {error}")];
    }
    parts.extend(throughput(result));
    for (name, field) in LATENCIES {
        parts.extend(latency(result, name, field));
    }
    parts.extend(figures(result));
    for list in ["partitions", "connections"] {
        parts.extend(growth(result, list));
    }
    parts.extend(broker(result));
    parts.extend(client(result));
    parts.extend(trouble(result));
    parts
}

const LATENCIES: &[(&str, &str)] = &[
    ("latency", "lat_us"),
    ("end-to-end", "e2e_us"),
    ("acks", "ack_us"),
    ("fetches", "fetch_lat_us"),
    ("round-trip", "round_trip_us"),
];

fn throughput(result: &Value) -> Option<String> {
    let mut some = Vec::new();
    with(&mut some, number(result, "/msgs_per_s"), |n| format!("{} messages/s", count(n)));
    with(&mut some, number(result, "/mb_per_s"), |n| format!("{} MB/s", count(n)));
    with(&mut some, number(result, "/req_per_s"), |n| format!("{} requests/s", count(n)));
    with(&mut some, number(result, "/bytes_per_fetch"), |n| format!("{} B a fetch", count(n)));
    (!some.is_empty()).then(|| format!("throughput {}", some.join(", ")))
}

fn latency(result: &Value, name: &str, field: &str) -> Option<String> {
    let figures = result.get(field)?.as_object()?;
    let shown = [("p50", "p50"), ("p99", "p99"), ("p99.9", "p99_9"), ("max", "max")];
    let shown = shown
        .iter()
        .filter_map(|(title, key)| Some(format!("{title} {}", time(figures.get(*key)?.as_f64()?))));
    Some(format!("{name} {}", shown.collect::<Vec<_>>().join(" ")))
}

/// A field, the word it is shown under, and how.
type Figure = (&'static str, &'static str, fn(f64) -> String);

/// Figures that only some measurements have.
const FIGURES: &[Figure] = &[
    ("api_versions_s", "ready", |s| format!("first reply after {}", time(s * 1e6))),
    ("metadata_s", "ready", |s| format!("metadata after {}", time(s * 1e6))),
    ("cpu_s", "ready", |s| match s {
        // the kernel counts in hundredths of a second
        s if s < 0.01 => "under 10 ms of CPU".to_owned(),
        s => format!("{} of CPU", time(s * 1e6)),
    }),
    ("stop_s", "stop", |s| format!("stopped in {}", time(s * 1e6))),
    ("create_to_leaders_s", "topics", |s| format!("created in {}", time(s * 1e6))),
    ("first_batch_to_each_s", "topics", |s| format!("first batch to each in {}", time(s * 1e6))),
    ("broker_cpu_s", "topics", |s| format!("{} of broker CPU", time(s * 1e6))),
    ("connects_per_s", "connect", |n| format!("{} a second", count(n))),
    ("broker_cpu_us_per_conn", "connect", |n| format!("{} of broker CPU each", time(n))),
    ("rss_per_conn_kb", "memory", |n| format!("{} kB a connection", digits(n))),
    ("rss_per_partition_kb", "memory", |n| format!("{} kB a partition", digits(n))),
    ("rss_growth_mb", "memory", |n| format!("{} MB more", digits(n))),
    ("idle_cpu_pct", "idle", |n| format!("{} % of a core", digits(n))),
    ("round_trip_cpu_us", "round", |n| format!("trip {} µs of CPU", digits(n))),
    ("receive_us_per_mb", "a", |n| format!("MB received {} µs", count(n))),
    ("append_16kb_us_per_mb", "a", |n| format!("appended in 16 KB {} µs", count(n))),
    ("append_us_per_mb", "a", |n| format!("in 1 MB {} µs", count(n))),
    ("crc_us_per_mb", "a", |n| format!("checksum {} µs", count(n))),
    ("sendfile_us_per_mb", "a", |n| format!("sent by sendfile {} µs", count(n))),
    ("reader_mb_per_s", "reader", |n| format!("{} MB/s", digits(n))),
    ("still_cached_pct", "reader", |n| match n {
        n if n > 0.0 => format!("{} % of the files still CACHED", digits(n)),
        _ => "files cold".to_owned(),
    }),
    ("stall_gaps", "machine", |n| format!("{n:.0} gaps above 4 ms")),
    ("stall_sum_ms", "machine", |ms| format!("{} together", time(ms * 1e3))),
    ("stall_max_ms", "machine", |ms| format!("the longest {}", time(ms * 1e3))),
    ("stall_all_cores_ms", "machine", |ms| format!("all cores held for {}", time(ms * 1e3))),
    ("ratio", "ratio", |n| format!("{} times", count(n))),
    ("ratio_without_network", "ratio", |n| format!("{} without a network", count(n))),
];

fn figures(result: &Value) -> Vec<String> {
    let mut parts: Vec<(&str, Vec<String>)> = Vec::new();
    for (field, word, show) in FIGURES {
        let Some(value) = result.get(*field).and_then(Value::as_f64) else { continue };
        match parts.iter_mut().find(|(name, _)| name == word) {
            Some((_, shown)) => shown.push(show(value)),
            None => parts.push((word, vec![show(value)])),
        }
    }
    parts.into_iter().map(|(word, shown)| format!("{word} {}", shown.join(", "))).collect()
}

/// What a request costs at each size of a growing thing.
fn growth(result: &Value, list: &str) -> Vec<String> {
    let points = result.get(list).and_then(Value::as_array);
    let shown = points.into_iter().flatten().map(|point| {
        let size = number(point, "/n").unwrap_or(0.0);
        let mut some = Vec::new();
        with(&mut some, number(point, "/cpu_us_per_req"), |n| format!("{} µs/request", digits(n)));
        with(&mut some, number(point, "/msgs_per_s"), |n| format!("{} messages/s", count(n)));
        with(&mut some, number(point, "/p99_us"), |n| format!("p99 {}", time(n)));
        format!("{list} {size:.0}: {}", some.join(", "))
    });
    shown.collect()
}

fn broker(result: &Value) -> Option<String> {
    let mut some = Vec::new();
    with(&mut some, number(result, "/broker/cpu_us_per_req"), |n| {
        format!("{} µs/request", digits(n))
    });
    with(&mut some, number(result, "/broker/cpu_us_per_msg"), |n| {
        format!("{} µs/message", digits(n))
    });
    with(&mut some, number(result, "/broker/cpu_us_per_mb"), |n| format!("{} µs/MB", count(n)));
    with(&mut some, number(result, "/broker/cpu_pct"), |n| format!("{} % of a core", digits(n)));
    with(&mut some, number(result, "/broker/rss_mb"), |n| format!("{} MB resident", digits(n)));
    with(&mut some, number(result, "/broker/threads"), |n| format!("{n:.0} threads"));
    (!some.is_empty()).then(|| format!("broker {}", some.join(", ")))
}

fn client(result: &Value) -> Option<String> {
    let own = number(result, "/client_cpu_pct")?;
    let others = number(result, "/other_cpu_pct").unwrap_or(0.0);
    let stolen = number(result, "/steal_pct").filter(|percent| *percent > 1.0);
    let host = stolen.map_or_else(String::new, |percent| format!(", host took {percent:.0} %"));
    let disturbed = if disturbance(result) > 1.0 { ": disturbed" } else { "" };
    Some(format!("client {own:.0} % of a core, others {others:.0} %{host}{disturbed}"))
}

/// What a reader must not miss.
fn trouble(result: &Value) -> Vec<String> {
    let mut parts = Vec::new();
    let get = |name: &str| result.get(name).and_then(Value::as_i64).unwrap_or(0);
    if get("errors") > 0 {
        let code = i16::try_from(get("first_error")).unwrap_or(0);
        parts.push(format!("ERRORS {}, the first {}", get("errors"), code_name(code)));
    }
    if let Some(failed) = result.get("failed").and_then(Value::as_str) {
        parts.push(format!("FAILED {failed}"));
    }
    match result.get("stored_ok").and_then(Value::as_bool) {
        Some(true) => parts.push(format!("stored ok, {} messages", get("stored_msgs"))),
        Some(false) => {
            let (stored, acknowledged) = (get("stored_msgs"), get("acked_msgs"));
            parts.push(format!("STORED {stored} messages of {acknowledged} acknowledged"));
        }
        None => {}
    }
    if result.get("delivered_ok") == Some(&Value::Bool(false)) {
        parts.push(format!("DELIVERED {} of {}", get("delivered"), get("sent")));
    }
    if get("behind_reqs") > 0 {
        parts.push(format!("BEHIND by {} requests", get("behind_reqs")));
    }
    if result.get("interrupted") == Some(&Value::Bool(true)) {
        parts.push("interrupted, this is what there was".to_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_has_what_matters() {
        let result = json!({
            "mode": "produce", "msgs_per_s": 768_100.0, "mb_per_s": 768.1,
            "lat_us": {"p50": 283, "p99": 2270, "p99_9": 10_000, "max": 30_000},
            "broker": {"cpu_us_per_req": 27.4, "cpu_pct": 132.0},
            "client_cpu_pct": 25.0, "other_cpu_pct": 3.0,
            "errors": 0, "stored_ok": true, "stored_msgs": 12,
        });
        assert_eq!(
            line(&result),
            "throughput 768 k messages/s, 768 MB/s; latency p50 283 µs p99 2.27 ms p99.9 10 ms \
             max 30 ms; broker 27.4 µs/request, 132 % of a core; client 25 % of a core, others 3 \
             %; stored ok, 12 messages"
        );
        assert_eq!(lines(&result).len(), 5);
    }

    #[test]
    fn a_cell_is_short_and_marks_what_was_disturbed() {
        let mut result = json!({
            "mode": "produce", "msgs_per_s": 768_100.0, "mb_per_s": 768.1,
            "lat_us": {"p50": 283, "p99": 2270}, "broker": {"cpu_us_per_req": 27.4},
            "other_cpu_pct": 3.0, "stored_ok": true,
        });
        let calm = "768 k msg/s, 768 MB/s, p50 283 µs, p99 2.27 ms, **27.4 µs/request**";
        assert_eq!(cell(&result), calm);
        result["other_cpu_pct"] = json!(26.0);
        assert_eq!(cell(&result), format!("{calm}*"));
        result["other_cpu_pct"] = json!(0.5);
        result["steal_pct"] = json!(5.5);
        result["stored_ok"] = json!(false);
        assert_eq!(cell(&result), format!("{calm}*; STORED 0 messages of 0 acknowledged"));
    }

    #[test]
    fn what_the_host_took_is_said_when_it_is_much() {
        let host = |steal: f64| {
            line(&json!({"client_cpu_pct": 1.0, "other_cpu_pct": 2.0, "steal_pct": steal}))
        };
        assert_eq!(host(0.9), "client 1 % of a core, others 2 %");
        assert_eq!(host(3.0), "client 1 % of a core, others 2 %, host took 3 %");
        assert!(host(6.0).ends_with("host took 6 %: disturbed"));
    }

    #[test]
    fn trouble_is_shouted() {
        let result = json!({
            "errors": 3, "first_error": 6, "stored_ok": false, "stored_msgs": 9, "acked_msgs": 10,
            "failed": "gone", "other_cpu_pct": 90.0, "client_cpu_pct": 1.0,
        });
        let text = line(&result);
        for word in
            ["ERRORS 3, the first NotLeaderOrFollower (6)", "STORED 9", "FAILED gone", "disturbed"]
        {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(line(&json!({"error": "no", "msgs_per_s": 1.0})), "error no");
    }
}
