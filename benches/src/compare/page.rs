//! The page of a comparison: what was run and where, the table, how to read it, the plots, and
//! beside it the raw lines.

use std::fmt::Write;

use serde_json::Value;

use super::machine::{date, machine};
use super::plots::{self, Drawn};
use super::table::{beside_bare, labels, table};
use super::{About, CompareOptions, Comparison};
use crate::batch::wall_ms;
use crate::error::BenchError;
use crate::greet::Protocol;
use crate::report::{count, digits, sound, time};

/// Writes the page and everything beside it.
pub(super) fn write(
    options: &CompareOptions,
    brokers: &[About],
    lines: &[Value],
    interrupted: bool,
) -> Result<Comparison, BenchError> {
    let today = date(wall_ms() / 86_400_000);
    let name = options.name.clone().unwrap_or_else(|| today.clone());
    let put = |file: &str, text: &str| {
        let path = options.out.join(file);
        std::fs::write(&path, text).map_err(BenchError::system(path.display().to_string()))
    };
    std::fs::create_dir_all(&options.out)
        .map_err(BenchError::system(options.out.display().to_string()))?;
    let mut raw = String::new();
    lines.iter().for_each(|line| _ = writeln!(raw, "{line}"));
    put(&format!("{name}.jsonl"), &raw)?;

    let extent = options.extent();
    let names: Vec<&str> = brokers.iter().map(|broker| broker.name.as_str()).collect();
    let table = table(&extent, &names, lines);
    let rows: Vec<String> = labels(&extent).into_iter().map(|(label, _)| label).collect();
    let versions: Vec<String> = brokers.iter().map(About::words).collect();
    let note = format!("{}; {today}; each row has its own scale", versions.join(", "));
    let plots = plots::of_page(&name, &note, &names, &rows, lines);
    let mut drawn: Vec<&Drawn> = plots.iter().collect();
    let readme = options.readme.then(|| plots::of_readme(&note, &names, lines));
    drawn.extend(readme.iter().flatten());
    for plot in drawn {
        put(&plot.file, &plot.svg)?;
    }
    let page = Page { options, name: &name, today: &today, brokers, lines, interrupted };
    put(&format!("{name}.md"), &page.text(&table, &plots))?;
    let failed = lines.iter().any(|line| line.get("error").is_some() || !sound(line));
    let page = options.out.join(format!("{name}.md"));
    Ok(Comparison { table, page, sound: !failed, interrupted })
}

impl About {
    fn words(&self) -> String {
        format!("{} {}", self.title(), self.version).trim().to_owned()
    }

    /// Its name as its makers write it.
    fn title(&self) -> &str {
        match self.name.as_str() {
            "ottla" => "Ottla",
            "kafka" => "Apache Kafka",
            "nats" => "NATS JetStream",
            other => other,
        }
    }
}

struct Page<'a> {
    options: &'a CompareOptions,
    name: &'a str,
    today: &'a str,
    brokers: &'a [About],
    lines: &'a [Value],
    interrupted: bool,
}

impl Page<'_> {
    fn text(&self, table: &str, plots: &[Drawn]) -> String {
        let titles: Vec<&str> = self.brokers.iter().map(About::title).collect();
        let (own, others) = titles.split_first().map_or(("", &[][..]), |(own, rest)| (*own, rest));
        let beside = if others.is_empty() { "" } else { " beside " };
        let mut out = format!("# {own}{beside}{}, {}\n\n", others.join(" and "), self.name);
        self.run(&mut out);
        out.push_str("\n## The table\n\n");
        out.push_str(table);
        let first = self.brokers.first().map_or("", |own| own.name.as_str());
        if let Some(table) = beside_bare(&self.options.extent(), first, self.lines) {
            out.push_str(BESIDE);
            out.push_str(&table);
        }
        self.reading(&mut out);
        if self.brokers.iter().any(|broker| broker.protocol == Protocol::Nats) {
            out.push_str(NATS);
        }
        if !plots.is_empty() {
            out.push_str("\n## The plots\n\n");
        }
        for plot in plots {
            _ = writeln!(out, "![{}]({})\n", plot.title, plot.file);
        }
        self.commands(&mut out);
        out
    }

    /// What was run, where and how often.
    fn run(&self, out: &mut String) {
        let extent = self.options.extent();
        let versions: Vec<String> = self.brokers.iter().map(About::words).collect();
        _ = writeln!(out, "- Measured on {}: {}.", self.today, versions.join("; "));
        _ = writeln!(out, "- Machine: {}; brokers and bench actors share it.", machine());
        let turns = match self.brokers.len() {
            0 | 1 => "",
            _ => ", on one broker after the other while the rest stand idle",
        };
        let rounds = match self.options.rounds {
            0 | 1 => "once".to_owned(),
            more => format!(
                "{more} times, of which the one counts that others and the host disturbed least"
            ),
        };
        _ = writeln!(
            out,
            "- Each row: {} s of load behind {} s of warm-up{turns}, {rounds}.",
            extent.seconds, extent.warmup
        );
        _ = writeln!(out, "- Floors of the same run: {}.", floors(self.lines.first()));
        let missing = self.lines.iter().filter(|line| line.get("error").is_some()).count();
        let lost = self.lines.iter().filter(|line| !sound(line)).count();
        _ = match (missing, lost) {
            (0, 0) => writeln!(out, "- No row failed, and every record was where it belongs."),
            _ => writeln!(
                out,
                "- **{missing} failed; {lost} ended with errors or missing records.**"
            ),
        };
        if self.interrupted {
            out.push_str("- **Interrupted: rows are missing.**\n");
        }
        _ = writeln!(
            out,
            "- Repeat it with `{}`; the raw lines are in [{name}.jsonl]({name}.jsonl).",
            self.command(),
            name = self.name
        );
    }

    /// The command that does the same again.
    fn command(&self) -> String {
        let options = self.options;
        let mut words = vec!["benches/compare".to_owned()];
        let mut flag = |wanted: bool, text: &str| {
            if wanted {
                words.push(text.to_owned());
            }
        };
        flag(options.short, "--short");
        flag(options.command.is_empty(), "--without-kafka");
        flag(options.nats.is_some(), "--with-nats");
        flag(options.readme, "--readme");
        if let Some(seconds) = options.seconds {
            words.push(format!("--seconds {seconds}"));
        }
        if options.rounds > 1 {
            words.push(format!("--rounds {}", options.rounds));
        }
        if let Some(only) = &options.only {
            words.push(format!("--only {only}"));
        }
        words.join(" ")
    }

    fn reading(&self, out: &mut String) {
        out.push_str(READING);
        let others = self.brokers.len() > 1;
        if others {
            out.push_str(RATIOS);
        }
        out.push_str(FLOORS);
    }

    /// What each row runs.
    fn commands(&self, out: &mut String) {
        let extent = self.options.extent();
        out.push_str(
            "## What each row runs\n\nEach is a command that can be typed, with `--pid PID` of the \
             broker for its CPU and memory.\n\n```text\n",
        );
        for row in self.options.rows() {
            let label = row.label(&extent);
            let mut protocols: Vec<Protocol> =
                self.brokers.iter().map(|broker| broker.protocol).collect();
            protocols.dedup();
            let mut typed: Vec<String> = Vec::new();
            for protocol in protocols {
                let words = row.words(protocol, &extent).map(|words| words.join(" "));
                typed.extend(words.filter(|words| !typed.contains(words)));
            }
            for words in typed {
                _ = writeln!(out, "{label:<29} ottla bench {words}");
            }
        }
        out.push_str("```\n");
    }
}

const READING: &str = "
## How to read it

- `100Bx150`: batches of 150 records of 100 bytes, one batch a request; `p16`: over 16 partitions;
  `acks…`: as producers write it. Four connections with five requests under way, unless the row
  says otherwise. `single`: one record a request, from so many connections with one (`sync`) or
  ten (`pipelined`) requests under way. `rate`: sent at fixed times, latency counted from when a
  request was due. `tail`: from when a record was due to when a consumer has it. `consume`:
  fetches of up to 1 MB a partition, or as much as the row says.
- In bold what the broker spends: processor time a request or a megabyte, or memory.
- A star: meanwhile others used more than 25 % of a core, or the host of this machine took more
  than 5 % of one (`steal_pct`). The figures move with the machine's noise, also without a star.
";

const RATIOS: &str = "\
- The ratios are the first broker to another, **more is better**, 1 is even: *speed* is the rate;
  at a fixed rate, the 99th percentile; else the time or the memory. *CPU* is what the broker
  spends on a request, a megabyte or a connection.
";

const BESIDE: &str = "
## What the kernel alone costs

The bare server in the rows that it can bear, by turns with the brokers, and how many times its
processor time the first broker spends.

";

const FLOORS: &str = "\
- The floor is what the kernel and the checksum alone must cost: what the bare server (`ottla bench
  bare`: one thread that receives, checks, appends and answers) spent in the same row. Where it has
  none, as measured at the start: of a request its bytes received, appended and summed, or a bare
  round trip; of a megabyte read `sendfile`. Behind it, how many times that the first broker spends.
";

const NATS: &str = "
## What differs with NATS

- Its clients send each message by itself: there is no batch on the wire. Where the others send 16
  or 150 records a request, NATS sends so many publishes, as many without an acknowledgement as
  the others have records or more; its *CPU* ratio is a message's on every row. (A stream can be
  set up for batched publishing; that is off unless asked for, and was off.)
- Streams are in files, with one replica and the server's defaults. A message is acknowledged when
  it is written to the file, and the file is synced every two minutes: as much as acks=1, and as
  acks=all on a single broker, promises here.
- A stream is one log: for 16 partitions it has 16 streams, or four where there are four
  connections.
- It reads with pull consumers that want no acknowledgements, two pulls under way, of as many
  messages as the others' fetches have records; the smaller stream of 100 B messages is a tenth as
  long. Megabytes are those of the messages alone.
- Ready is when its JetStream answers; an idle connection has said CONNECT and PING.
";

fn floors(line: Option<&Value>) -> String {
    let Some(line) = line else { return "none".to_owned() };
    let of = |name: &str| line.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let p50 = line.pointer("/round_trip_us/p50").and_then(Value::as_f64).unwrap_or(0.0);
    format!(
        "a bare round trip on a socket p50 {} and {} µs of CPU; a megabyte received {} µs, \
         appended in 16 KB {} µs, in 1 MB {} µs, checksum {} µs, sent with sendfile {} µs",
        time(p50),
        digits(of("round_trip_cpu_us")),
        count(of("receive_us_per_mb")),
        count(of("append_16kb_us_per_mb")),
        count(of("append_us_per_mb")),
        count(of("crc_us_per_mb")),
        count(of("sendfile_us_per_mb"))
    )
}

#[cfg(test)]
#[path = "page_tests.rs"]
pub(super) mod tests;
