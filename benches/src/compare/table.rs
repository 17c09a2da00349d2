//! The table of a comparison: a row for each measurement, what the first broker gains on each of
//! the others, and how far it is from the least that the row can cost.

use std::fmt::Write;

use serde_json::Value;

use super::BARE;
use super::matrix::{Extent, Floor, ROWS};
use crate::report::{digits, sound};
use crate::usage::disturbance;

/// The line of a row that counts: where there are several, the one that others and the host
/// disturbed least.
pub(super) fn line<'a>(lines: &'a [Value], label: &str, broker: &str) -> Option<&'a Value> {
    let of_row =
        lines.iter().filter(|line| line["label"] == label && line["broker_name"] == broker);
    of_row.min_by(|a, b| {
        let failed = |line: &Value| line.get("error").is_some();
        failed(a).cmp(&failed(b)).then(disturbance(a).total_cmp(&disturbance(b)))
    })
}

/// The labels that a table has, in their order, and their floors.
pub(super) fn labels(extent: &Extent) -> Vec<(String, Floor)> {
    let rows = ROWS.iter().filter(|row| !row.is_warm_up());
    std::iter::once(("startup".to_owned(), Floor::None))
        .chain(rows.map(|row| (row.label(extent), row.floor)))
        .collect()
}

/// The table; `brokers` are their names, the one that is judged first.
pub(super) fn table(extent: &Extent, brokers: &[&str], lines: &[Value]) -> String {
    let (own, others) = brokers.split_first().map_or(("", &[][..]), |(own, rest)| (*own, rest));
    let mut out = format!("| row | {} |", brokers.join(" | "));
    for other in others {
        _ = write!(out, " speed to {other} | CPU to {other} |");
    }
    _ = write!(out, " floor |\n|---|{}\n", "---|".repeat(brokers.len() + others.len() * 2 + 1));
    for (label, floor) in labels(extent) {
        let of_row = |broker: &str| line(lines, &label, broker);
        let ours = of_row(own);
        if brokers.iter().all(|broker| of_row(broker).is_none()) {
            continue;
        }
        _ = write!(out, "| {label} |");
        for broker in brokers {
            _ = write!(out, " {} |", of_row(broker).map_or_else(|| "–".to_owned(), cell));
        }
        for other in others {
            let pair = ours.zip(of_row(other));
            let gains = pair.map_or((None, None), |(ours, theirs)| gains(ours, theirs));
            _ = write!(out, " {} | {} |", times(gains.0), times(gains.1));
        }
        let bare = ours.and_then(|ours| of_bare(ours, of_row(BARE)?));
        let least = bare.or_else(|| least(floor, ours?, lines.first()?));
        _ = writeln!(out, " {} |", least.unwrap_or_else(|| "–".to_owned()));
    }
    out
}

fn cell(line: &Value) -> String {
    crate::text::cell(line).replace('|', "\\|").replace('\n', " ")
}

/// The bare server beside the broker that is judged, whose name is `own`; none where it ran no row.
pub(super) fn beside_bare(extent: &Extent, own: &str, lines: &[Value]) -> Option<String> {
    let mut rows = String::new();
    for (label, _) in labels(extent) {
        let (ours, bare) = (line(lines, &label, own), line(lines, &label, BARE));
        let Some((ours, bare)) = ours.zip(bare).filter(|_| label != "startup") else { continue };
        let more = times(factor(ours, bare));
        _ = writeln!(rows, "| {label} | {} | {} | {more} |", cell(bare), cell(ours));
    }
    let head = format!("| row | bare server | {own} | CPU of {own} |\n|---|---|---|---|\n");
    (!rows.is_empty()).then(|| head + &rows)
}

/// How many times what the bare server spends the broker does.
fn factor(ours: &Value, bare: &Value) -> Option<f64> {
    Some(cost(ours)? / cost(bare)?)
}

/// What the bare server spends in a row is the least that it can cost.
fn of_bare(ours: &Value, bare: &Value) -> Option<String> {
    let least = cost(bare).filter(|_| sound(bare))?;
    let unit = if bare["mode"] == "conns" { "connection" } else { "request" };
    let factor = factor(ours, bare).map(|factor| format!(", {} × that", digits(factor)));
    Some(format!("{} µs/{unit} (bare server){}", digits(least), factor.unwrap_or_default()))
}

fn times(gain: Option<f64>) -> String {
    gain.map_or_else(|| "–".to_owned(), |gain| format!("{} ×", digits(gain)))
}

/// How much faster and how much thriftier the first is than the second.
fn gains(ours: &Value, theirs: &Value) -> (Option<f64>, Option<f64>) {
    let ratio = |gain: &dyn Fn(&Value) -> Option<f64>| {
        let (ours, theirs) = (gain(ours)?, gain(theirs)?);
        (theirs > 0.0).then(|| ours / theirs)
    };
    // where one has no batches, a request of the other is many of its own
    let nats = ours["protocol"] == "nats" || theirs["protocol"] == "nats";
    let cost = move |result: &Value| if nats { message_cost(result) } else { cost(result) };
    (ratio(&speed), ratio(&|result| cost(result).map(|cost| 1.0 / cost)))
}

/// How good a row is, more is better: its rate, or how often its time goes into a second.
fn speed(result: &Value) -> Option<f64> {
    let rate = |name: &str| result.get(name).and_then(Value::as_f64);
    let inverse =
        |pointer: &str| result.pointer(pointer)?.as_f64().map(|time| 1.0 / time.max(1e-9));
    if result.get("behind_reqs").is_some() {
        // at a fixed rate what counts is latency
        return inverse("/lat_us/p99").or_else(|| inverse("/e2e_us/p99"));
    }
    rate("msgs_per_s")
        .or_else(|| rate("connects_per_s"))
        .or_else(|| inverse("/first_batch_to_each_s"))
        .or_else(|| inverse("/metadata_s"))
        .or_else(|| if result["mode"] == "rss" { inverse("/broker/rss_mb") } else { None })
}

/// What the broker spends on a request, a megabyte read, a connection or the whole.
fn cost(result: &Value) -> Option<f64> {
    let fields = ["/broker/cpu_us_per_req", "/broker_cpu_us_per_conn", "/broker_cpu_s", "/cpu_s"];
    let first = if result["mode"] == "consume" { "/broker/cpu_us_per_mb" } else { fields[0] };
    let mut found =
        std::iter::once(first).chain(fields).filter_map(|f| result.pointer(f)?.as_f64());
    found.next().filter(|cost| *cost > 0.0)
}

/// What the broker spends on a message; where there are none, on the whole.
fn message_cost(result: &Value) -> Option<f64> {
    let message = result.pointer("/broker/cpu_us_per_msg").and_then(Value::as_f64);
    message.filter(|cost| *cost > 0.0).or_else(|| cost(result))
}

/// The least that a row can cost, from the floors at the start of the run, and how many times that
/// it costs the broker.
fn least(floor: Floor, result: &Value, floors: &Value) -> Option<String> {
    let of = |name: &str| floors.get(name).and_then(Value::as_f64);
    let (least, unit) = match floor {
        Floor::None => return None,
        Floor::Append => {
            let bytes = result.get("req_bytes")?.as_f64()?;
            let small = bytes < 100_000.0;
            let append = of(if small { "append_16kb_us_per_mb" } else { "append_us_per_mb" })?;
            let crc = of(if small { "crc_16kb_us_per_mb" } else { "crc_us_per_mb" })?;
            let megabyte = of("receive_us_per_mb")? + append + crc;
            (megabyte * bytes / 1e6, "request")
        }
        Floor::RoundTrip => (of("round_trip_cpu_us")?, "request"),
        Floor::SendFile => (of("sendfile_us_per_mb")?, "MB"),
    };
    let spent = cost(result).filter(|_| least > 0.0);
    let factor =
        spent.map_or_else(String::new, |spent| format!(", {} × that", digits(spent / least)));
    Some(format!("{} µs/{unit}{factor}", digits(least)))
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
