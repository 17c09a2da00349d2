//! Links, completions, manual pages and contexts.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ottla_integration::{OttlaProcess, binary};

fn command(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(binary::ottla());
    command.args(words).env("XDG_CONFIG_HOME", dir);
    command
}

fn run(dir: &Path, words: &[&str]) -> Output {
    command(dir, words).output().expect("the binary runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_link_acts_as_the_command_it_is_named_for() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let links = dir.path().join("bin");
    let made = run(dir.path(), &["install-links", &links.display().to_string()]);
    assert!(made.status.success() && out(&made).contains("kafka-topics.sh: linked"), "{made:?}");
    for name in ["kafka-topics.sh", "kafka-topics"] {
        let version = Command::new(links.join(name)).arg("--version").output().expect("it runs");
        assert_eq!(out(&version), "4.3.0\n");
        let bad = Command::new(links.join(name)).arg("--list").output().expect("it runs");
        assert_eq!(bad.status.code(), Some(1));
    }
    let again = run(dir.path(), &["install-links", &links.display().to_string()]);
    assert!(again.status.success() && out(&again).contains("already linked"), "{again:?}");
}

#[test]
fn a_context_gives_the_address() {
    let broker = OttlaProcess::with_defaults();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = |words: &[&str]| run(dir.path(), words);
    assert_eq!(run(&["topics", "--list"]).status.code(), Some(1));
    let add = ["context", "add", "here", "--bootstrap-server", &broker.bootstrap()];
    assert!(run(&add).status.success());
    assert!(run(&["topics", "--create", "--topic", "a", "--context", "here"]).status.success());
    assert_eq!(run(&["topics", "--list"]).status.code(), Some(1));
    assert!(run(&["context", "use", "here"]).status.success());
    assert_eq!(out(&run(&["topics", "--list"])), "a\n");
    assert!(out(&run(&["cluster", "cluster-id"])).starts_with("Cluster ID: "));
    assert_eq!(out(&run(&["context", "list"])), format!("* here\t{}\n", broker.bootstrap()));
    // a call without a word is enough where an address is
    assert!(out(&run(&["broker-api-versions"])).starts_with(&broker.bootstrap()));
    assert_eq!(out(&run(&["get-offsets"])), "a:0:0\n");
    assert!(out(&run(&["cat", "-L"])).contains("topic \"a\" with 1 partitions"));
    assert!(run(&["top", "--once", "--interval", "0.1", "--output", "json"]).status.success());
    let nobody = run(&["top", "--once", "--context", "nobody"]);
    assert_eq!(nobody.status.code(), Some(1));
    let nobody = run(&["topics", "--list", "--context", "nobody"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(run(&["context", "remove", "here"]).status.success());
    assert_eq!(run(&["topics", "--list"]).status.code(), Some(1));
}

#[test]
fn a_context_is_good_in_every_directory() {
    let broker = OttlaProcess::with_defaults();
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("client.properties"), "client.id=me\n").expect("written");
    let add = |address: &str| {
        let mut words = vec!["context", "add", "here", "--command-config", "client.properties"];
        words.extend(["--bootstrap-server", address]);
        command(dir.path(), &words).current_dir(dir.path()).output().expect("the binary runs")
    };
    let bad = add("localhost");
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let added = add(&broker.bootstrap());
    assert!(added.status.success(), "{added:?}");
    assert!(run(dir.path(), &["context", "use", "here"]).status.success());
    let top = &["top", "--once", "--interval", "0.1"];
    for words in [&["topics", "--list"][..], &["cat", "-L", "-q"], top] {
        let done = run(dir.path(), words);
        assert!(done.status.success(), "{done:?}");
    }
}

#[test]
fn shells_and_manuals_know_every_command() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for shell in ["bash", "zsh", "fish"] {
        let script = out(&run(dir.path(), &["completions", shell]));
        assert!(script.contains("under-replicated-partitions"), "{shell}: {script}");
    }
    let pages = dir.path().join("man");
    assert!(run(dir.path(), &["man", &pages.display().to_string()]).status.success());
    let page = std::fs::read_to_string(pages.join("ottla-topics.1")).expect("a page");
    assert!(page.contains("at\\-min\\-isr\\-partitions"), "{page}");
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let broker = OttlaProcess::with_defaults();
    let script = format!(
        "{} broker-api-versions --bootstrap-server {} | true; echo ${{PIPESTATUS[0]}}",
        binary::ottla().display(),
        broker.bootstrap()
    );
    let ended = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    let code = out(&ended);
    assert!(["0\n", "141\n"].contains(&code.as_str()), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}

/// What is printed without a broker, and the exit code where it can be.
const PRINTED: [(&str, i32); 12] = [
    ("--help", 0),
    ("help topics", 0),
    ("start --help", 0),
    ("bench --help", 0),
    ("--version", 0),
    ("version", 0),
    ("config", 0),
    ("completions bash", 0),
    ("cat -h", 0),
    ("topics --version", 0),
    ("cluster --help", 1),
    ("verifiable-producer --help", 1),
];

#[test]
fn what_cannot_be_printed_is_an_error_and_a_closed_pipe_is_not() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = |words: &str, to: Stdio| {
        let words: Vec<&str> = words.split(' ').collect();
        command(dir.path(), &words).stdout(to).output().expect("the binary runs")
    };
    for (words, code) in PRINTED {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        let ended = run(words, full.into());
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{words}: {said}");
        let reason = "cannot write standard output: No space left on device (os error 28)\n";
        assert!(said.ends_with(reason) && said.lines().count() == 1, "{words}: {said}");

        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = run(words, writer.into());
        assert!(ended.stderr.is_empty(), "{words}: {ended:?}");
        assert!([Some(code), Some(141)].contains(&ended.status.code()), "{words}: {ended:?}");
    }
    // complaints, and help where Kafka's tools print it as one, have nothing to do with it
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let ended = run("topics --help", full.into());
    assert!(String::from_utf8_lossy(&ended.stderr).starts_with("This tool helps"), "{ended:?}");
}
