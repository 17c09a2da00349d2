//! The measurements of a comparison, as the command lines that anyone can type.

use crate::greet::Protocol;

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its name; `PART` and `CONN` are filled in.
    label: &'static str,
    /// What follows `ottla bench`; `TIME`, `FILL`, `TENTH`, `JIT`, `PART` and `CONN` are filled in.
    command: &'static str,
    /// The same for NATS, where that is a fair comparison.
    nats: Option<&'static str>,
    /// Whether the short form has it.
    pub(super) short: bool,
    /// What the least that the row must cost is made of without the bare server.
    pub(super) floor: Floor,
}

/// What the least cost of a row is made of, where the bare server has no figure for it.
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
    Row { label, command, nats: Option::None, short: false, floor }
}

const fn both(label: &'static str, command: &'static str, floor: Floor) -> Row {
    Row { short: true, ..row(label, command, floor) }
}

impl Row {
    const fn nats(self, command: &'static str) -> Self {
        Self { nats: Some(command), ..self }
    }
}

const WARM_UP: &str = "warm-up";

use Floor::{Append, None, RoundTrip, SendFile};

/// All of them, in order. A publisher of NATS may have at least as many messages without an
/// acknowledgement as a producer of the same row; its connections keep to one stream each, so that
/// four of them use four streams where a topic has 16 partitions.
pub(super) const ROWS: &[Row] = &[
    both("rss-idle", "idle --after 1 --seconds 4", None).nats("idle --after 1 --seconds 4"),
    both(WARM_UP, "produce --partitions 4 --seconds JIT --warmup 0", None)
        .nats("nats produce --streams 4 --seconds JIT --warmup 0"),
    both("produce-100Bx150-p1-acks1", "produce TIME", Append)
        .nats("nats produce TIME --in-flight 750"),
    row("produce-100Bx150-p1-acksall", "produce TIME --acks all", Append),
    row("produce-100Bx150-p1-acks0", "produce TIME --acks 0", Append),
    both("produce-100Bx150-p16-acks1", "produce TIME --partitions 16", Append)
        .nats("nats produce TIME --streams 4 --in-flight 750"),
    row("produce-100Bx150-p1000-acks1", "produce TIME --partitions 1000 --prime", Append),
    row("produce-1KBx16-p1-acks1", "produce TIME --record-size 1000 --batch-records 16", Append)
        .nats("nats produce TIME --record-size 1000 --in-flight 750"),
    both(
        "produce-1KBx16-p16-acks1",
        "produce TIME --partitions 16 --record-size 1000 --batch-records 16",
        Append,
    )
    .nats("nats produce TIME --streams 4 --record-size 1000 --in-flight 750"),
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
    )
    .nats("nats produce TIME --streams 16 --connections 64 --in-flight 1"),
    both(
        "single-100B-64conn-pipelined",
        "produce TIME --partitions 16 --connections 64 --in-flight 10 --batch-records 1",
        None,
    )
    .nats("nats produce TIME --streams 16 --connections 64 --in-flight 10"),
    row(
        "single-100B-1conn-sync",
        "produce TIME --connections 1 --in-flight 1 --batch-records 1",
        RoundTrip,
    )
    .nats("nats produce TIME --connections 1 --in-flight 1"),
    both(
        "rate-20MBs-1KBx16-p16",
        "produce TIME --partitions 16 --in-flight 100 --record-size 1000 --batch-records 16 \
         --rate 20000",
        Append,
    )
    .nats("nats produce TIME --streams 4 --in-flight 1600 --record-size 1000 --rate 20000"),
    row(
        "rate-20MBs-100Bx150-p16-all",
        "produce TIME --partitions 16 --in-flight 100 --acks all --rate 200000",
        Append,
    ),
    both("tail-1000-per-s", "e2e TIME --rate 1000", None).nats("nats e2e TIME --rate 1000"),
    both(
        "consume-1KBx16-p1-1conn",
        "consume TIME --topic compare-p1 --keep --fill FILL --record-size 1000 --batch-records 16",
        SendFile,
    )
    .nats(
        "nats consume TIME --stream compare-p1 --keep --fill FILL --record-size 1000 --batch 1000",
    ),
    row(
        "consume-1KBx16-p1-160KB",
        "consume TIME --topic compare-p1 --keep --fill FILL --record-size 1000 --batch-records 16 \
         --max-partition-fetch-bytes 163840",
        SendFile,
    )
    .nats(
        "nats consume TIME --stream compare-p1 --keep --fill FILL --record-size 1000 --batch 160",
    ),
    row(
        "consume-1KBx16-p1-16KB",
        "consume TIME --topic compare-p1 --keep --fill FILL --record-size 1000 --batch-records 16 \
         --max-partition-fetch-bytes 16384",
        SendFile,
    )
    .nats("nats consume TIME --stream compare-p1 --keep --fill FILL --record-size 1000 --batch 16"),
    row(
        "consume-1KBx16-p1-4conn",
        "consume TIME --topic compare-p1 --keep --fill FILL --record-size 1000 --batch-records 16 \
         --connections 4 --threads 4",
        SendFile,
    )
    .nats(
        "nats consume TIME --stream compare-p1 --keep --fill FILL --record-size 1000 --batch 1000 \
         --connections 4 --threads 4",
    ),
    row(
        "consume-1KBx16-p1-verify",
        "consume --topic compare-p1 --keep --fill FILL --record-size 1000 --batch-records 16 \
         --once --verify",
        SendFile,
    ),
    both(
        "consume-100Bx150-p16-4conn",
        "consume TIME --topic compare-p16 --keep --fill FILL --partitions 16 --connections 4 \
         --threads 4",
        SendFile,
    )
    .nats(
        "nats consume TIME --stream compare-p4 --streams 4 --keep --fill TENTH --batch 1000 \
         --connections 4 --threads 4",
    ),
    both("topics-PART", "topics --partitions PART", None),
    both("conns-CONN", "conns --connections CONN", None).nats("nats conns --connections CONN"),
    row("batching", "batching", None),
    both("rss-after", "idle --after 2 --seconds 4", None).nats("idle --after 2 --seconds 4"),
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
    /// Its name.
    pub(super) fn label(&self, extent: &Extent) -> String {
        let (partitions, connections) = (extent.partitions, extent.connections);
        let label = self.label.replace("PART", &partitions.to_string());
        label.replace("CONN", &connections.to_string())
    }

    /// Whether it is the load that only lets a broker get warm.
    pub(super) fn is_warm_up(&self) -> bool {
        self.label == WARM_UP
    }

    /// Whether the bare server can bear it too.
    pub(super) fn is_for_bare(&self) -> bool {
        ["produce-", "single-", "rate-", "conns-"].iter().any(|kind| self.label.starts_with(kind))
    }

    /// The command line for a server of a protocol, filled in; none where the row is not for it.
    pub(super) fn words(&self, protocol: Protocol, extent: &Extent) -> Option<Vec<String>> {
        let command = match protocol {
            Protocol::Kafka => self.command,
            Protocol::Nats => self.nats?,
        };
        let mut words = Vec::new();
        for word in command.split_whitespace() {
            match word {
                "TIME" => words.extend([
                    "--seconds".to_owned(),
                    extent.seconds.to_string(),
                    "--warmup".to_owned(),
                    extent.warmup.to_string(),
                ]),
                "JIT" => words.push(extent.jit.to_string()),
                "FILL" => words.push(extent.fill.to_string()),
                "TENTH" => words.push((extent.fill / 10.0).to_string()),
                "PART" => words.push(extent.partitions.to_string()),
                "CONN" => words.push(extent.connections.to_string()),
                other => words.push(other.to_owned()),
            }
        }
        Some(words)
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
        let topics = ROWS.iter().find(|row| row.label.starts_with("topics")).unwrap();
        assert_eq!(topics.label(&extent), "topics-10", "a label says what was run");
        let mut commands = 0;
        for row in ROWS {
            for protocol in [Protocol::Kafka, Protocol::Nats] {
                let Some(words) = row.words(protocol, &extent) else { continue };
                let parsed = super::super::parse(&words);
                assert!(parsed.is_ok(), "{}: {:?}", row.label, parsed.err());
                let nats = words.first().is_some_and(|word| word == "nats");
                let borne = ["produce", "conns"].contains(&words[0].as_str());
                assert!(nats || borne || !row.is_for_bare(), "{words:?}");
                assert!(words[0] == "idle" || nats == (protocol == Protocol::Nats), "{words:?}");
                commands += 1;
            }
        }
        assert!(commands > ROWS.len(), "some rows are for NATS too");
        assert!(ROWS.iter().filter(|row| row.short).count() < 16, "the short form is short");
    }
}
