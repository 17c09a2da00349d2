//! The measurements of a comparison, as the command lines that anyone can type.

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) label: &'static str,
    /// What follows `ottla bench`; `TIME`, `FILL`, `JIT`, `PART` and `CONN` are filled in.
    pub(super) command: &'static str,
    /// Whether the short form has it.
    pub(super) short: bool,
    /// What the least that the row must cost is made of.
    pub(super) floor: Floor,
}

/// What the least cost of a row is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Floor {
    None,
    /// A request: receive, append, checksum.
    Append,
    /// A request: the answering side of a bare round trip.
    RoundTrip,
    /// A megabyte: sendfile.
    SendFile,
}

const fn row(label: &'static str, command: &'static str, floor: Floor) -> Row {
    Row { label, command, short: false, floor }
}

const fn both(label: &'static str, command: &'static str, floor: Floor) -> Row {
    Row { label, command, short: true, floor }
}

/// The label of the load that only lets a broker get warm.
pub(super) const WARM_UP: &str = "warm-up";

use Floor::{Append, None, RoundTrip, SendFile};

/// All of them, in order. The labels are those of the neutral load generator's matrix.
pub(super) const ROWS: &[Row] = &[
    both("rss-idle", "idle --after 1 --seconds 4", None),
    both(WARM_UP, "produce --partitions 4 --seconds JIT --warmup 0", None),
    both("produce-100Bx150-p1-acks1", "produce TIME", Append),
    row("produce-100Bx150-p1-acksall", "produce TIME --acks all", Append),
    row("produce-100Bx150-p1-acks0", "produce TIME --acks 0", Append),
    both("produce-100Bx150-p16-acks1", "produce TIME --partitions 16", Append),
    row("produce-100Bx150-p1000-acks1", "produce TIME --partitions 1000 --prime", Append),
    row("produce-1KBx16-p1-acks1", "produce TIME --record-size 1000 --batch-records 16", Append),
    both(
        "produce-1KBx16-p16-acks1",
        "produce TIME --partitions 16 --record-size 1000 --batch-records 16",
        Append,
    ),
    row(
        "produce-1KBx16-p16-acksall",
        "produce TIME --partitions 16 --record-size 1000 --batch-records 16 --acks all",
        Append,
    ),
    row(
        "produce-1KBx16-p1000-acks1",
        "produce TIME --partitions 1000 --prime --record-size 1000 --batch-records 16",
        Append,
    ),
    row(
        "produce-1KBx1000-p1-acks1",
        "produce TIME --record-size 1000 --batch-records 1000 --in-flight 2",
        Append,
    ),
    both(
        "produce-1KBx1000-p16-acksall",
        "produce TIME --partitions 16 --record-size 1000 --batch-records 1000 --in-flight 2 \
         --acks all",
        Append,
    ),
    both(
        "single-100B-64conn-sync",
        "produce TIME --partitions 16 --connections 64 --in-flight 1 --batch-records 1",
        RoundTrip,
    ),
    both(
        "single-100B-64conn-pipelined",
        "produce TIME --partitions 16 --connections 64 --in-flight 10 --batch-records 1",
        None,
    ),
    row(
        "single-100B-1conn-sync",
        "produce TIME --connections 1 --in-flight 1 --batch-records 1",
        RoundTrip,
    ),
    both(
        "rate-20MBs-1KBx16-p16",
        "produce TIME --partitions 16 --in-flight 100 --record-size 1000 --batch-records 16 \
         --rate 20000",
        Append,
    ),
    row(
        "rate-20MBs-100Bx150-p16-all",
        "produce TIME --partitions 16 --in-flight 100 --acks all --rate 200000",
        Append,
    ),
    both("tail-1000-per-s", "e2e TIME --rate 1000", None),
    both(
        "consume-1KBx16-p1-1conn",
        "consume TIME --topic compare-p1 --keep --fill FILL --record-size 1000 --batch-records 16",
        SendFile,
    ),
    row(
        "consume-1KBx16-p1-4conn",
        "consume TIME --topic compare-p1 --connections 4 --threads 4",
        SendFile,
    ),
    row("consume-1KBx16-p1-verify", "consume --topic compare-p1 --once --verify", SendFile),
    both(
        "consume-100Bx150-p16-4conn",
        "consume TIME --topic compare-p16 --keep --fill FILL --partitions 16 --connections 4 \
         --threads 4",
        SendFile,
    ),
    both("topics-1000", "topics --partitions PART", None),
    both("conns-2000", "conns --connections CONN", None),
    row("batching", "batching", None),
    both("rss-after", "idle --after 2 --seconds 4", None),
];

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) seconds: f64,
    pub(super) warmup: f64,
    pub(super) jit: f64,
    pub(super) fill: f64,
    pub(super) partitions: u32,
    pub(super) connections: u32,
}

impl Row {
    /// The command line, filled in.
    pub(super) fn words(&self, extent: &Extent) -> Vec<String> {
        let mut words = Vec::new();
        for word in self.command.split_whitespace() {
            match word {
                "TIME" => words.extend([
                    "--seconds".to_owned(),
                    extent.seconds.to_string(),
                    "--warmup".to_owned(),
                    extent.warmup.to_string(),
                ]),
                "JIT" => words.push(extent.jit.to_string()),
                "FILL" => words.push(extent.fill.to_string()),
                "PART" => words.push(extent.partitions.to_string()),
                "CONN" => words.push(extent.connections.to_string()),
                other => words.push(other.to_owned()),
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_a_command_that_can_be_typed() {
        let extent = Extent {
            seconds: 1.5,
            warmup: 0.5,
            jit: 4.0,
            fill: 2e8,
            partitions: 10,
            connections: 10,
        };
        let labels: BTreeSet<&str> = ROWS.iter().map(|row| row.label).collect();
        assert_eq!(labels.len(), ROWS.len(), "labels are different");
        for row in ROWS {
            let parsed = super::super::parse(&row.words(&extent));
            assert!(parsed.is_ok(), "{}: {:?}", row.label, parsed.err());
        }
        assert!(ROWS.iter().filter(|row| row.short).count() < 16, "the short form is short");
    }
}
