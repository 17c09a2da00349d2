//! Links, completions, manual pages and contexts.

use std::process::{Command, Output};

use ottla_integration::{OttlaProcess, binary};

fn run(dir: &std::path::Path, words: &[&str]) -> Output {
    let mut command = Command::new(binary::ottla());
    command.args(words).env("XDG_CONFIG_HOME", dir).output().expect("the binary runs")
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
    let nobody = run(&["topics", "--list", "--context", "nobody"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(run(&["context", "remove", "here"]).status.success());
    assert_eq!(run(&["topics", "--list"]).status.code(), Some(1));
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
