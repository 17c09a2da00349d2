//! `kafka-server-start`: the broker with a property file, in front or in the background.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::kit::{Given, Kind, Out, Spec, Stop, Tool};
use super::start;

/// What the broker in the background is started with, so that it leaves the terminal.
const DETACHED: &str = "detached";
/// The file that a broker in the background prints to, as Kafka's script names it.
const CONSOLE: &str = "kafkaServer.out";

pub(super) const TOOL: Tool = Tool {
    name: "server-start",
    about: "Starts a broker as Kafka's script does; -daemon starts it in the background",
    spec,
    run,
};

fn spec() -> Spec {
    Spec::joptsimple("USAGE: server-start [-daemon] server.properties [--override property=value]*")
        .flag(
            "daemon",
            "Starts the broker in the background; it prints to LOG_DIR/kafkaServer.out.",
        )
        .value(
            "override",
            Kind::Text,
            "",
            "Optional property that should override values set in server.properties file",
        )
        .value("port-file", Kind::File, "", "As that of `ottla start`.")
        .ours()
        .flag(DETACHED, "What -daemon uses.")
        .ours()
}

fn run(given: &Given, _: &mut Out) -> Result<(), Stop> {
    let [file] = given.positional() else {
        return match given.positional() {
            [] => Err(given.usage("no server.properties is named")),
            _ => Err(given.usage("more than one server.properties is named")),
        };
    };
    if given.has("daemon") {
        return daemon(given, file);
    }
    if given.has(DETACHED) {
        rustix::process::setsid()
            .map_err(|error| Stop::error(format!("cannot leave the terminal: {error}")))?;
    }
    let overrides = given.values("override").into_iter().map(str::to_owned).collect();
    let port_file = given.value("port-file")?.map(PathBuf::from);
    let arguments = start::Arguments::new(PathBuf::from(file), overrides, port_file);
    start::run(&arguments, Instant::now())
        .map_err(|failure| Stop::error(format!("ottla: {failure}")))
}

/// Starts this program once more, away from the terminal.
fn daemon(given: &Given, file: &str) -> Result<(), Stop> {
    let failed = |what: &str, error: std::io::Error| Stop::error(format!("cannot {what}: {error}"));
    let program = std::env::current_exe().map_err(|error| failed("find this program", error))?;
    let dir = std::env::var_os("LOG_DIR").map_or_else(|| PathBuf::from("logs"), PathBuf::from);
    fs::create_dir_all(&dir)
        .map_err(|error| failed(&format!("create {}", dir.display()), error))?;
    let console = dir.join(CONSOLE);
    let open = OpenOptions::new().create(true).write(true).truncate(true).open(&console);
    let out = open.map_err(|error| failed(&format!("write {}", console.display()), error))?;
    let err = out.try_clone().map_err(|error| failed("print there twice", error))?;
    let mut command = Command::new(program);
    command.arg("server-start").arg(format!("--{DETACHED}")).arg(file);
    for value in given.values("override") {
        command.args(["--override", value]);
    }
    if let Some(port_file) = given.value("port-file")? {
        command.args(["--port-file", port_file]);
    }
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    // nobody waits for it: it is to outlive this process
    drop(command.spawn().map_err(|error| failed("start the broker", error))?);
    Ok(())
}
