//! Apache Kafka itself, to compare with: one process that is broker and controller.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::child::ChildProcess;
use crate::tools::Java;
use crate::wait::poll_until;

/// A JVM on a busy machine with two cores.
const START_LIMIT: Duration = Duration::from_secs(120);

/// A running Apache Kafka; dropping it kills the process and removes its directory.
#[derive(Debug)]
pub struct KafkaProcess {
    child: ChildProcess,
    java: Java,
    port: u16,
    dir: TempDir,
}

impl KafkaProcess {
    /// Formats a temporary directory and starts Kafka on it, with `properties` over the defaults.
    #[track_caller]
    pub fn start(java: &Java, properties: &[(&str, &str)]) -> Self {
        let dir =
            tempfile::Builder::new().prefix("kafka-").tempdir().expect("a temporary directory");
        let [port, controller] = free_ports();
        let file = dir.path().join("server.properties");
        let text = server_properties(dir.path(), port, controller, properties);
        fs::write(&file, text).expect("the temporary directory takes a file");
        format(java, &file);
        let child = launch(java, dir.path(), port);
        Self { child, java: java.clone(), port, dir }
    }

    /// Clean stop, and start on the same data and port.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        self.child = launch(&self.java, self.dir.path(), self.port);
    }

    /// SIGKILL, and start on the same data and port.
    #[track_caller]
    pub fn crash(&mut self) {
        self.child.kill();
        self.child = launch(&self.java, self.dir.path(), self.port);
    }

    /// `127.0.0.1:port`, for clients.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kafka's `log.dirs`.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// SIGTERM, and waits for the end.
    #[track_caller]
    pub fn stop(&mut self) {
        self.child.stop(Duration::from_secs(60));
    }
}

#[track_caller]
fn launch(java: &Java, dir: &Path, port: u16) -> ChildProcess {
    let mut command = java.command();
    command.args(["-Xmx512M", "-Xms256M", "-XX:+UseSerialGC", "-cp"]).arg(java.class_path());
    command.arg("kafka.Kafka").arg(dir.join("server.properties")).current_dir(dir);
    let mut child =
        ChildProcess::start("kafka", &mut command, &dir.join("kafka.log")).expect("java runs");
    // the listener opens only once the broker may serve
    let up = poll_until(START_LIMIT, || {
        if let Some(status) = child.ended() {
            panic!("kafka ended at start with {status}:\n{}", child.tail());
        }
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    assert!(up.is_some(), "kafka did not serve in {START_LIMIT:?}:\n{}", child.tail());
    child
}

#[track_caller]
fn format(java: &Java, properties: &Path) {
    let mut command = java.command();
    command.arg("-cp").arg(java.class_path()).arg("kafka.tools.StorageTool");
    command.args(["format", "--cluster-id", "b3R0bGFJbnRlZ3JhdGlvbg", "--config"]).arg(properties);
    let output = command.output().expect("java runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kafka's storage format failed: {text}");
}

fn server_properties(dir: &Path, port: u16, controller: u16, more: &[(&str, &str)]) -> String {
    let mut text = format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         transaction.state.log.replication.factor=1\n",
        dir.join("data").display()
    );
    for (key, value) in more {
        text.push_str(&format!("{key}={value}\n"));
    }
    text
}

/// Kafka cannot say which port it got, so two are picked for it.
fn free_ports() -> [u16; 2] {
    let bound = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    bound.map(|listener| listener.local_addr().expect("a bound listener has an address").port())
}
