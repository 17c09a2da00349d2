//! The tour of README.md is true: its command lines run as they stand there, against a broker that
//! has just been started, and print what stands below them.

use std::path::Path;
use std::process::{Command, Stdio};

use ottla_integration::{OttlaOptions, binary};

/// Where README's broker listens.
const ADDRESS: &str = "localhost:9092";
/// What the tour has to show at least.
const SHOWN: [&str; 7] = [
    "topics --create",
    "console-producer",
    "console-consumer",
    "consumer-groups --describe",
    "get-offsets",
    "cat ",
    "dump-log",
];

/// A command of the tour, and what it prints.
struct Step {
    command: String,
    prints: String,
}

/// The console blocks of README.md: lines behind `$ ` are typed, the others printed.
fn tour() -> Vec<Step> {
    let path = binary::workspace_dir().join("README.md");
    let text = std::fs::read_to_string(path).expect("README.md");
    let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks.flat_map(|(block, _)| block.lines()) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => {
                steps.push(Step { command: command.to_owned(), prints: String::new() });
            }
            (None, Some(step)) => step.prints.push_str(&format!("{line}\n")),
            (None, None) => panic!("a block begins with output: {line}"),
        }
    }
    steps
}

/// Times are those of the run; blanks at the end of a line are nobody's business.
fn normalised(text: &str) -> String {
    let mut lines = String::new();
    for line in text.trim_end().lines() {
        let word = |word: &str| {
            let time = word.len() == 13 && word.bytes().all(|byte| byte.is_ascii_digit());
            if time { "TIME".to_owned() } else { word.to_owned() }
        };
        let words: Vec<String> = line.trim_end().split(' ').map(word).collect();
        lines.push_str(&words.join(" "));
        lines.push('\n');
    }
    lines
}

/// What a shell in `dir` shows of a command, where `ottla` is the binary under test.
fn shown(command: &str, dir: &Path) -> String {
    let here = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(dir)
        .env("PATH", format!("{}:{here}", dir.join("bin").display()))
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_tour_of_the_readme_is_true() {
    let steps = tour();
    for part in SHOWN {
        let shows = steps.iter().any(|step| step.command.contains(&format!("ottla {part}")));
        assert!(shows, "README.md does not show ottla {part}");
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(dir.path().join("bin")).expect("a directory");
    std::os::unix::fs::symlink(binary::ottla(), dir.path().join("bin/ottla")).expect("a link");
    let mut broker = None;
    for Step { command, prints } in &steps {
        // started by the test, on a free port, and with its data where the tour has it
        if command.starts_with("ottla start") && command.ends_with('&') {
            broker = Some(OttlaOptions::default().data_dir(dir.path().join("data")).start());
            continue;
        }
        let broker = broker.as_ref().expect("the tour begins with the broker");
        let found = shown(&command.replace(ADDRESS, &broker.bootstrap()), dir.path());
        let found = found.replace(&broker.bootstrap(), ADDRESS);
        assert_eq!(normalised(&found), normalised(prints), "$ {command}");
    }
}
