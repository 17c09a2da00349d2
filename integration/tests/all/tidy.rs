//! The source itself under test: width, length, overviews, layers and the message map.
//!
//! A limit that something already breaks stands in `RATCHET` with its present size: it may shrink,
//! never grow, and the entry goes when the limit is met.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const MAX_COLUMNS: usize = 100;
const MAX_FILE_LINES: usize = 600;
const MAX_FUNCTION_LINES: usize = 70;
const MAX_BLOB_BYTES: u64 = 256 * 1024;

/// `path` or `path::function` and the size it has today.
const RATCHET: &[(&str, usize)] = &[];

/// Rooms of `ottla-core`, lowest first: a room may use itself and what is on a lower step.
const CORE_STEPS: &[&[&str]] = &[
    &["base"],
    &["record", "wire"],
    &["partition", "replication", "group", "transaction", "controller", "client"],
    &["storage"],
];

/// Words that must not be committed: they mark unfinished work or a debugging session.
const BANNED: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME", "XXX", "HACK"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("integration/ has a parent").to_owned()
}

/// Every tracked or untracked-but-not-ignored file, relative to the root.
fn files() -> Vec<String> {
    let out = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(out.status.success(), "git ls-files failed");
    let list = String::from_utf8(out.stdout).expect("paths are UTF-8");
    list.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect()
}

fn rust_sources() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).expect("source is UTF-8");
            (path, text)
        })
        .collect()
}

fn allowed(name: &str, limit: usize) -> usize {
    RATCHET.iter().find(|(known, _)| *known == name).map_or(limit, |(_, size)| *size)
}

fn fail_on(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn lines_are_at_most_100_columns() {
    let mut problems = Vec::new();
    for (path, text) in rust_sources() {
        for (index, line) in text.lines().enumerate() {
            let width = line.chars().count();
            if width > MAX_COLUMNS && !line.contains("http") {
                problems.push(format!("{path}:{}: {width} columns", index + 1));
            }
        }
    }
    fail_on(problems);
}

#[test]
fn files_are_at_most_600_lines() {
    let mut problems = Vec::new();
    for (path, text) in rust_sources() {
        let lines = text.lines().count();
        if lines > allowed(&path, MAX_FILE_LINES) {
            problems.push(format!("{path}: {lines} lines; split it by role"));
        }
    }
    fail_on(problems);
}

/// Name and length of each function: from its signature to the brace at the same indentation.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = function_name(code) else { continue };
        let indent = &line[..line.len() - code.len()];
        let close = format!("{indent}}}");
        let end = lines[start..].iter().position(|l| *l == close);
        if let Some(length) = end {
            found.push((name, length + 1));
        }
    }
    found
}

fn function_name(code: &str) -> Option<String> {
    let mut rest = code;
    for word in ["pub(crate) ", "pub(super) ", "pub ", "const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let rest = rest.strip_prefix("fn ")?;
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!code.trim_end().ends_with(['}', ';'])).then_some(name)
}

#[test]
fn functions_are_at_most_70_lines() {
    let mut problems = Vec::new();
    for (path, text) in rust_sources() {
        for (name, length) in functions(&text) {
            if length > allowed(&format!("{path}::{name}"), MAX_FUNCTION_LINES) {
                problems.push(format!("{path}: fn {name} has {length} lines"));
            }
        }
    }
    fail_on(problems);
}

#[test]
fn ratchets_still_bite() {
    let sources: BTreeMap<String, String> = rust_sources().into_iter().collect();
    for (name, size) in RATCHET {
        let (path, function) = name.split_once("::").unwrap_or((name, ""));
        let text = sources.get(path).unwrap_or_else(|| panic!("{path} is gone: drop its ratchet"));
        let now = if function.is_empty() {
            text.lines().count()
        } else {
            functions(text)
                .into_iter()
                .filter(|(f, _)| f == function)
                .map(|(_, n)| n)
                .max()
                .unwrap_or(0)
        };
        assert_eq!(now, *size, "{name}: lower its ratchet to {now}");
    }
}

#[test]
fn every_source_file_opens_with_an_overview() {
    let problems = rust_sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!") && !text.starts_with("#![no_main]"))
        .map(|(path, _)| format!("{path}: starts without //!"))
        .collect();
    fail_on(problems);
}

#[test]
fn no_unfinished_work_is_committed() {
    let mut problems = Vec::new();
    for (path, text) in rust_sources() {
        if path.ends_with("tests/all/tidy.rs") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let words = || line.split(|c: char| !c.is_alphanumeric() && c != '!' && c != '(');
            if BANNED.iter().any(|banned| {
                words().any(|word| word.starts_with(banned) && word.len() <= banned.len() + 1)
            }) {
                problems.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    fail_on(problems);
}

#[test]
fn no_large_file_is_committed() {
    let mut problems = Vec::new();
    for path in files() {
        let size = std::fs::metadata(root().join(&path)).map_or(0, |meta| meta.len());
        if size > MAX_BLOB_BYTES && path != "Cargo.lock" {
            problems.push(format!("{path}: {size} bytes"));
        }
    }
    fail_on(problems);
}

fn core_step(room: &str) -> Option<usize> {
    CORE_STEPS.iter().position(|step| step.contains(&room))
}

#[test]
fn core_rooms_use_only_what_stands_before_them() {
    let mut problems = Vec::new();
    for (path, text) in rust_sources() {
        let Some(room) = path.strip_prefix("core/src/").and_then(|p| p.split('/').next()) else {
            continue;
        };
        let Some(own_step) = core_step(room) else { continue };
        if path.contains("test") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for used in code.split("crate::").skip(1) {
                let name: String =
                    used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let climbs = core_step(&name)
                    .is_some_and(|step| step > own_step || step == own_step && name != room);
                if climbs {
                    problems.push(format!("{path}:{}: {room} must not use {name}", index + 1));
                }
            }
        }
    }
    fail_on(problems);
}

#[test]
fn only_the_runtime_sends_past_the_mailbox_bound() {
    let mut problems = Vec::new();
    for (path, text) in rust_sources() {
        if path.starts_with("actors/src/runtime/") || path.ends_with("tests/all/tidy.rs") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if line.contains(".do_send(") || line.contains("io::Writer::new") {
                problems.push(format!("{path}:{}: use runtime's tell, offer or ask", index + 1));
            }
        }
    }
    fail_on(problems);
}

/// What runs beside the core that spawned it would outlive a core that has no thread.
#[test]
fn only_the_runtime_spawns_past_the_core_it_is_on() {
    let beside = ["spawn_blocking(", "tokio::spawn(", "tokio::task::spawn("];
    let mut problems = Vec::new();
    for (path, text) in rust_sources() {
        let room = path.starts_with("actors/src/") && !path.starts_with("actors/src/runtime/");
        let tested = path.ends_with("tests.rs") || path.contains("/tests/");
        for word in beside {
            if room && !tested && text.contains(word) {
                let instead = "use runtime::blocking or actix_rt::spawn";
                problems.push(format!("{path}: {word} is for actors/src/runtime: {instead}"));
            }
        }
    }
    fail_on(problems);
}

#[test]
fn nothing_outside_actors_names_the_actor_framework_in_core() {
    for manifest in ["core/Cargo.toml", "config/Cargo.toml"] {
        let text = std::fs::read_to_string(root().join(manifest)).expect("manifest");
        for runtime in ["actix", "tokio"] {
            assert!(!text.contains(runtime), "{manifest} must not depend on {runtime}");
        }
    }
}

#[test]
fn the_message_map_names_every_handler() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut missing = BTreeSet::new();
    for (path, text) in rust_sources() {
        if !path.starts_with("actors/src/") || path.contains("test") {
            continue;
        }
        for line in text.lines() {
            let Some(rest) = line.trim_start().strip_prefix("impl Handler<") else { continue };
            let Some((message, actor)) = rest.split_once("> for ") else { continue };
            let message = message.split("<").next().unwrap_or(message);
            let message = message.rsplit("::").next().unwrap_or(message);
            let actor = actor.trim_end_matches([' ', '{']);
            let row = map.lines().any(|l| l.contains(&format!("`{message}`")) && l.contains(actor));
            if !row {
                missing
                    .insert(format!("ARCHITECTURE.md: no row for `{message}` → {actor} ({path})"));
            }
        }
    }
    fail_on(missing.into_iter().collect());
}

#[test]
fn a_long_function_would_be_found() {
    let body = "        work();\n".repeat(80);
    let text =
        format!("impl X {{\n    pub(crate) fn long(\n        &self,\n    ) {{\n{body}    }}\n}}\n");
    assert_eq!(functions(&text), vec![("long".to_owned(), 84)]);
}
