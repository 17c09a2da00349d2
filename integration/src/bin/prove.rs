//! Measures what the broker must keep to and prints a line for each figure:
//! `prove footprint | sendfile [MB] | recovery [MB]`. Exit code 1 if one fails.

use std::process::ExitCode;

use ottla_integration::prove::{self, Finding};

const USAGE: &str = "usage: prove footprint | sendfile [MB] | recovery [MB]";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let what = words.next().unwrap_or_default();
    let megabytes: Option<u64> = words.next().and_then(|word| word.parse().ok());
    let bytes = |default: u64| megabytes.unwrap_or(default) * 1_000_000;
    let findings: Vec<Finding> = match what.as_str() {
        "footprint" => {
            let mut findings = prove::idle();
            findings.push(prove::binary_size());
            findings.push(prove::crowd(2000, 2000));
            findings
        }
        "sendfile" => match prove::sendfile(bytes(200)) {
            Ok(finding) => vec![finding],
            Err(missing) => {
                eprintln!("{missing}");
                return ExitCode::from(2);
            }
        },
        "recovery" => prove::recovery(bytes(10_000)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    findings.iter().for_each(|finding| println!("{finding}"));
    if findings.iter().all(Finding::passes) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
