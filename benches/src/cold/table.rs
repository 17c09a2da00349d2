//! The table of cold reads: a producer alone, beside a bare reader, beside a consumer.

use std::fmt::Write;

use serde_json::Value;

use crate::report::{digits, time};
use crate::usage::disturbance;

/// What a row is called, by what is beside the producer.
const ROWS: [(&str, &str); 3] =
    [("alone", "nothing"), ("bare", "a bare reader"), ("consumer", "a consumer")];

/// How a figure is found in the rounds of a turn.
type Pick = fn(&[&Value], &str) -> Option<f64>;

/// A table in Markdown; each row twice, with the round that was disturbed least and the medians.
pub(crate) fn table(turns: &[Value]) -> String {
    let mut out = String::from(
        "| beside the producer | of the rounds | p50 | p99 | p99.9 | max | sent late, p99 \
         | p99 to alone | p99 to the bare reader | reader, MB/s | broker, % of a core \
         | gaps above 4 ms: number | together | longest | all cores held | host took |\n|---|---|",
    );
    out.push_str(&"---:|".repeat(14));
    out.push('\n');
    for (turn, name) in ROWS {
        for (which, pick) in [("least disturbed", least as Pick), ("median", median)] {
            let of = |turn: &str| -> Vec<&Value> {
                turns.iter().filter(|line| line["turn"] == turn).collect()
            };
            let rounds = of(turn);
            if rounds.is_empty() {
                continue;
            }
            let p99 = |turn: &str| pick(&of(turn), "/lat_us/p99");
            let to = |other: &str| Some(p99(turn)? / p99(other).filter(|p99| *p99 > 0.0)?);
            let star = if pick(&rounds, DISTURBANCE) > Some(1.0) { "*" } else { "" };
            let cell = |path: &str, show: fn(f64) -> String| shown(pick(&rounds, path), show);
            let ms: fn(f64) -> String = |ms| time(ms * 1e3);
            let cells = [
                cell("/lat_us/p50", time),
                cell("/lat_us/p99", time),
                cell("/lat_us/p99_9", time),
                cell("/lat_us/max", time),
                cell("/send_lag_us/p99", time),
                shown(to("alone"), |ratio| format!("{} ×", digits(ratio))),
                shown(to("bare"), |ratio| format!("{} ×", digits(ratio))),
                cell("/reader_mb_per_s", digits),
                cell("/broker/cpu_pct", digits),
                cell("/stall_gaps", digits),
                cell("/stall_sum_ms", ms),
                cell("/stall_max_ms", ms),
                cell("/stall_all_cores_ms", ms),
                cell(STEAL, |percent| format!("{} %", digits(percent))),
            ];
            _ = writeln!(out, "| {name} | {which}{star} | {} |", cells.join(" | "));
        }
    }
    out
}

fn shown(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), show)
}

/// Stands for a figure that is computed.
const DISTURBANCE: &str = "disturbance";
const STEAL: &str = "/steal_pct";

fn number(line: &Value, path: &str) -> Option<f64> {
    let figure = || line.pointer(path)?.as_f64();
    match path {
        DISTURBANCE => Some(disturbance(line)),
        // a result in which the host took nothing does not have it
        STEAL => figure().or(Some(0.0)),
        _ => figure(),
    }
}

/// That of the round that was disturbed least.
fn least(rounds: &[&Value], path: &str) -> Option<f64> {
    let calm = rounds.iter().min_by(|a, b| disturbance(a).total_cmp(&disturbance(b)))?;
    number(calm, path)
}

fn median(rounds: &[&Value], path: &str) -> Option<f64> {
    let mut all: Vec<f64> = rounds.iter().filter_map(|line| number(line, path)).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_ratios_are_to_the_producer_alone_and_to_the_bare_reader() {
        let turn = |turn: &str, p99: u64, others: f64| {
            json!({"turn": turn, "lat_us": {"p50": 100, "p99": p99, "p99_9": p99, "max": p99},
                   "send_lag_us": {"p99": 50}, "other_cpu_pct": others, "steal_pct": 2.0,
                   "stall_gaps": 3})
        };
        let turns = [
            turn("alone", 1000, 30.0),
            turn("alone", 500, 5.0),
            turn("alone", 2000, 90.0),
            turn("bare", 4000, 26.0),
            turn("consumer", 8000, 3.0),
        ];
        let table = table(&turns);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), 6, "{table}");
        assert!(rows[0].starts_with("| nothing | least disturbed | 100 µs | 500 µs |"), "{table}");
        assert!(rows[1].starts_with("| nothing | median* | 100 µs | 1 ms |"), "{table}");
        assert!(rows[2].starts_with("| a bare reader | least disturbed* |"), "{table}");
        assert!(rows[4].contains("| 8 ms | 50 µs | 16 × | 2 × |"), "{table}");
        assert!(rows[5].contains("| 8 ms | 50 µs | 8 × | 2 × |"), "{table}");
        let columns = |line: &str| line.matches('|').count();
        assert!(table.lines().all(|line| columns(line) == columns(rows[0])), "{table}");
        assert_eq!(super::table(&turns[..1]).lines().count(), 4, "what was not run is left out");
    }
}
