//! The plots of a comparison: those of the page, with every row that was run, and the three that
//! README shows, with few.

use serde_json::Value;

use super::table::line;
use crate::report::{count, digits, time};
use crate::svg::{self, Bar, Chart};

/// What a plot shows of a row: a field, and how it is written.
type Shown = (&'static str, fn(f64) -> String);

const MESSAGES: Shown = ("/msgs_per_s", |n| format!("{}/s", count(n)));
const MESSAGE_COST: Shown = ("/broker/cpu_us_per_msg", |n| format!("{} µs", digits(n)));
const MEGABYTE_COST: Shown = ("/broker/cpu_us_per_mb", |n| format!("{} µs", count(n)));
const PRODUCE_P99: Shown = ("/lat_us/p99", time);
const DELIVERY_P99: Shown = ("/e2e_us/p99", time);

/// A plot of the page: the end of its file's name, its title, what it shows and of which rows.
struct Plot {
    kind: &'static str,
    title: &'static str,
    shown: Shown,
    prefixes: &'static [&'static str],
}

const PRODUCE: &[&str] = &["produce", "single", "rate"];

const PLOTS: &[Plot] = &[
    Plot {
        kind: "throughput",
        title: "Messages a second (longer is better)",
        shown: MESSAGES,
        prefixes: &["produce", "single", "consume"],
    },
    Plot {
        kind: "cpu",
        title: "Broker CPU a message produced (shorter is better)",
        shown: MESSAGE_COST,
        prefixes: PRODUCE,
    },
    Plot {
        kind: "p99",
        title: "Latency of a produce request, 99 of 100 (shorter is better)",
        shown: PRODUCE_P99,
        prefixes: PRODUCE,
    },
    Plot {
        kind: "read",
        title: "Broker CPU a megabyte read (shorter is better)",
        shown: MEGABYTE_COST,
        prefixes: &["consume"],
    },
];

/// A row of a plot of README: what it is called there, its label, what is shown.
type Pick = (&'static str, &'static str, Shown);

/// The plots of README: the end of the file's name, title and rows.
const README: &[(&str, &str, &[Pick])] = &[
    (
        "throughput",
        "Messages a second (longer is better)",
        &[
            ("100 B, 150 a request", "produce-100Bx150-p16-acks1", MESSAGES),
            ("1 KB, 16 a request", "produce-1KBx16-p16-acks1", MESSAGES),
            ("one a request, 64 clients × 10", "single-100B-64conn-pipelined", MESSAGES),
            ("one a request, 64 clients × 1", "single-100B-64conn-sync", MESSAGES),
            ("1 KB read, 1 client", "consume-1KBx16-p1-1conn", MESSAGES),
        ],
    ),
    (
        "cpu",
        "Broker CPU a message (shorter is better)",
        &[
            ("100 B, 150 a request", "produce-100Bx150-p16-acks1", MESSAGE_COST),
            ("1 KB, 16 a request", "produce-1KBx16-p16-acks1", MESSAGE_COST),
            ("one a request, 64 clients × 10", "single-100B-64conn-pipelined", MESSAGE_COST),
            ("one a request, 64 clients × 1", "single-100B-64conn-sync", MESSAGE_COST),
            ("1 KB read, 1 client", "consume-1KBx16-p1-1conn", MESSAGE_COST),
        ],
    ),
    (
        "latency",
        "Latency, 99 of 100 (shorter is better)",
        &[
            ("produce to delivery, 1,000/s", "tail-1000-per-s", DELIVERY_P99),
            ("produce at 20 MB/s, 1 KB", "rate-20MBs-1KBx16-p16", PRODUCE_P99),
            ("produce, 64 clients × 1", "single-100B-64conn-sync", PRODUCE_P99),
        ],
    ),
];

/// A file that is drawn.
pub(super) struct Drawn {
    pub(super) file: String,
    pub(super) title: &'static str,
    pub(super) svg: String,
}

/// The plots of a page, those without a row left out.
pub(super) fn of_page(
    name: &str,
    note: &str,
    brokers: &[&str],
    labels: &[String],
    lines: &[Value],
) -> Vec<Drawn> {
    let drawn = |plot: &Plot| {
        let wanted = |label: &&String| plot.prefixes.iter().any(|p| label.starts_with(p));
        let rows = labels.iter().filter(wanted);
        let rows = rows.filter_map(|label| row(brokers, lines, label, label, plot.shown));
        let (file, title) = (format!("{name}-{}.svg", plot.kind), plot.title);
        draw(file, title, note, brokers, rows.collect())
    };
    PLOTS.iter().filter_map(drawn).collect()
}

/// The plots that README shows.
pub(super) fn of_readme(note: &str, brokers: &[&str], lines: &[Value]) -> Vec<Drawn> {
    let drawn = |(kind, title, picks): &(&str, &'static str, &[Pick])| {
        let rows = picks
            .iter()
            .filter_map(|(words, label, shown)| row(brokers, lines, label, words, *shown));
        draw(format!("readme-{kind}.svg"), title, note, brokers, rows.collect())
    };
    README.iter().filter_map(drawn).collect()
}

fn draw(
    file: String,
    title: &'static str,
    note: &str,
    brokers: &[&str],
    rows: Vec<svg::Row>,
) -> Option<Drawn> {
    if rows.is_empty() {
        return None;
    }
    let svg = svg::bars(&Chart { title, note, series: brokers, rows: &rows });
    Some(Drawn { file, title, svg })
}

/// The bars of a row; none if no broker ran it.
fn row(
    brokers: &[&str],
    lines: &[Value],
    label: &str,
    words: &str,
    (pointer, shown): Shown,
) -> Option<svg::Row> {
    let bar = |broker: &&str| {
        let value = line(lines, label, broker)?.pointer(pointer)?.as_f64()?;
        Some(Bar { value, text: shown(value) })
    };
    let bars: Vec<Option<Bar>> = brokers.iter().map(bar).collect();
    bars.iter().any(Option::is_some).then(|| (words.to_owned(), bars))
}

#[cfg(test)]
mod tests {
    use super::super::matrix::ROWS;
    use super::super::page::tests::{extent, lines};
    use super::*;

    #[test]
    fn plots_have_the_rows_that_were_run() {
        let labels: Vec<String> = ROWS.iter().map(|row| row.label(&extent())).collect();
        let plots = of_page("today", "note", &["a", "b"], &labels, &lines());
        let files: Vec<&str> = plots.iter().map(|plot| plot.file.as_str()).collect();
        assert_eq!(files, ["today-throughput.svg", "today-cpu.svg"], "no latency, nothing read");
        assert!(plots[0].svg.contains("600/s") && plots[0].svg.contains("200/s"));
        assert_eq!(plots[0].svg.matches("produce-1KBx16-p16-acks1").count(), 1);
    }

    #[test]
    fn the_rows_of_readme_are_rows_of_the_matrix() {
        for (_, _, picks) in README {
            for (words, label, _) in *picks {
                let known = ROWS.iter().any(|row| row.label(&extent()) == *label);
                assert!(known, "{words}: {label}");
            }
        }
        assert_eq!(of_readme("note", &["a"], &lines()).len(), 2);
    }
}
