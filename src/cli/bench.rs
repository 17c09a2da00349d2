//! `ottla bench`: load from bench actors, on any broker that speaks Kafka's protocol.

use std::process::ExitCode;

use ottla_benches::{
    BareOptions, Bench, BenchError, CompareOptions, EnginesOptions, FloorsOptions, INTERRUPTED,
    PathsOptions, bare, compare, engines, engines_text, floors, paths,
};

use super::Failure;
use super::config::print;
use super::embedded::Engines;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, clap::Subcommand)]
enum Kind {
    #[command(flatten)]
    One(Box<Bench>),
    Floors(FloorsOptions),
    Bare(BareOptions),
    Compare(Box<CompareOptions>),
    Paths(PathsOptions),
    Engines(EnginesOptions),
}

/// Measures and prints the result.
///
/// The exit code is 0 if nothing failed and every record is where it belongs, 130 if Ctrl-C ended
/// the run before its time.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.kind {
        Kind::One(bench) => run_one(bench),
        Kind::Floors(options) => {
            let report = floors(options).map_err(Failure::Bench)?;
            line(&if options.json { report.json().to_string() } else { report.text() })?;
            Ok(ExitCode::SUCCESS)
        }
        Kind::Bare(options) => {
            let outcome = actix::System::new().block_on(bare(options));
            outcome.map_err(Failure::Bench)?;
            Ok(ExitCode::SUCCESS)
        }
        Kind::Engines(options) => {
            let outcome = actix::System::new().block_on(engines(options, &Engines));
            let report = outcome.map_err(Failure::Bench)?;
            let json = || report.json().to_string();
            line(&if options.json { json() } else { engines_text(&report) })?;
            Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Kind::Paths(options) => {
            let outcome = actix::System::new().block_on(paths(options, &Engines));
            let paths = outcome.map_err(Failure::Bench)?;
            if options.json {
                paths.lines.iter().try_for_each(|one| line(&one.to_string()))?;
            } else {
                print(&paths.table)?;
            }
            Ok(if paths.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Kind::Compare(options) => {
            let outcome = actix::System::new().block_on(compare(options));
            let comparison = outcome.map_err(Failure::Bench)?;
            line(&format!("{}\nwrote {}", comparison.table, comparison.page.display()))?;
            Ok(match (comparison.interrupted, comparison.sound) {
                (true, _) => ExitCode::from(INTERRUPTED),
                (false, true) => ExitCode::SUCCESS,
                (false, false) => ExitCode::FAILURE,
            })
        }
    }
}

fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

fn run_one(bench: &Bench) -> Result<ExitCode, Failure> {
    let outcome = actix::System::new().block_on(bench.run(Some(&Engines)));
    let common = bench.common();
    let report = match outcome {
        Ok(report) => report,
        Err(BenchError::Interrupted) => {
            eprintln!("ottla: {}", BenchError::Interrupted);
            return Ok(ExitCode::from(INTERRUPTED));
        }
        Err(error) => {
            if common.json {
                line(&bench.failure(&error).to_string())?;
            }
            return Err(Failure::Bench(error));
        }
    };
    line(&if common.json { report.json().to_string() } else { report.text() })?;
    if let Some(path) = &common.plot {
        std::fs::write(path, report.svg())
            .map_err(|source| Failure::Write { what: path.display().to_string(), source })?;
    }
    Ok(match (report.was_interrupted(), report.is_sound()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}
