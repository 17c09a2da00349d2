//! Fetches the clients the tests use, each through its own package manager, into the target
//! directory.
//!
//! Nothing is fetched twice: each kit has a stamp that holds its manifest, and a file lock keeps
//! concurrent runs apart. Where a runtime is missing the caller skips with one line that says what
//! to install; under `CI=true` that line is a failure.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::binary::{target_dir, workspace_dir};

/// Why a kit cannot be used here; displayed as what to install.
#[derive(Clone, Debug)]
pub enum Missing {
    /// A program is not on the machine: its name, and the Debian package that has it.
    Program(&'static str, &'static str),
    /// The package manager ended with an error: its command and what it printed.
    Fetch(String, String),
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Program(name, package) => {
                write!(f, "{name} is not installed: apt-get install {package}")
            }
            Self::Fetch(command, text) => write!(f, "`{command}` failed: {text}"),
        }
    }
}

impl std::error::Error for Missing {}

/// The Java clients and tools: jars from Maven and our compiled programs.
#[derive(Clone, Debug)]
pub struct Java {
    libs: PathBuf,
    classes: PathBuf,
}

impl Java {
    /// Fetches the jars and compiles `integration/clients/java`, once.
    pub fn fetch() -> Result<&'static Self, Missing> {
        static KIT: OnceLock<Result<Java, Missing>> = OnceLock::new();
        KIT.get_or_init(java).as_ref().map_err(Clone::clone)
    }

    /// A `java` command with a quiet logger; class path and class are still to come.
    pub fn command(&self) -> Command {
        let mut command = Command::new("java");
        let log4j = sources().join("java/log4j2.yaml");
        command.arg(format!("-Dlog4j2.configurationFile={}", log4j.display()));
        command.args(["-XX:TieredStopAtLevel=1", "-Xshare:auto"]);
        command
    }

    /// Our classes and all jars.
    pub fn class_path(&self) -> String {
        format!("{}:{}/*", self.classes.display(), self.libs.display())
    }

    /// A command that runs one of our programs.
    pub fn program(&self, class: &str) -> Command {
        let mut command = self.command();
        command.args(["-Xmx384M", "-XX:+UseSerialGC", "-cp"]).arg(self.class_path()).arg(class);
        command
    }
}

/// The Python clients in a virtual environment.
#[derive(Clone, Debug)]
pub struct Python {
    python: PathBuf,
}

impl Python {
    /// Makes the virtual environment, once.
    pub fn fetch() -> Result<&'static Self, Missing> {
        static KIT: OnceLock<Result<Python, Missing>> = OnceLock::new();
        KIT.get_or_init(python).as_ref().map_err(Clone::clone)
    }

    /// A command that runs one of the programs in `integration/clients/python`.
    pub fn program(&self, file: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg("-u").arg(sources().join("python").join(file));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The Node clients.
#[derive(Clone, Debug)]
pub struct Node {
    modules: PathBuf,
}

impl Node {
    /// Installs the packages of the lock file, once.
    pub fn fetch() -> Result<&'static Self, Missing> {
        static KIT: OnceLock<Result<Node, Missing>> = OnceLock::new();
        KIT.get_or_init(node).as_ref().map_err(Clone::clone)
    }

    /// A command that runs one of the programs in `integration/clients/node`.
    pub fn program(&self, file: &str) -> Command {
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(self.modules.join(file));
        command
    }
}

/// The Go clients, in one program.
#[derive(Clone, Debug)]
pub struct Go {
    program: PathBuf,
}

impl Go {
    /// Fetches the modules and builds `integration/clients/go`, once.
    pub fn fetch() -> Result<&'static Self, Missing> {
        static KIT: OnceLock<Result<Go, Missing>> = OnceLock::new();
        KIT.get_or_init(go).as_ref().map_err(Clone::clone)
    }

    /// A command that runs our program with one of the client libraries.
    pub fn client(&self, library: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(library);
        command
    }
}

/// kcat, from the system's packages.
pub fn kcat() -> Result<Command, Missing> {
    require("kcat", "-V", "kcat")?;
    Ok(Command::new("kcat"))
}

/// `Some` of the kit, or `None` after one line that says what to install.
///
/// # Panics
/// Under `CI=true`, where every client must be there.
#[track_caller]
pub fn or_skip<T>(kit: Result<T, Missing>) -> Option<T> {
    match kit {
        Ok(kit) => Some(kit),
        Err(missing) if std::env::var("CI").is_ok_and(|value| value == "true") => {
            panic!("{missing}")
        }
        Err(missing) => {
            // written past the test's captured output, so that the line is seen on a green run too
            let _ = writeln!(std::io::stderr().lock(), "skipped: {missing}");
            None
        }
    }
}

fn sources() -> PathBuf {
    workspace_dir().join("integration/clients")
}

fn java() -> Result<Java, Missing> {
    require("java", "-version", "openjdk-17-jdk-headless")?;
    require("javac", "-version", "openjdk-17-jdk-headless")?;
    require("mvn", "-version", "maven")?;
    let from = sources().join("java");
    let libs = kit("java-libs", &[&from.join("pom.xml")], |dir| {
        fs::copy(from.join("pom.xml"), dir.join("pom.xml")).map_err(|e| io("copy the pom", &e))?;
        let mut mvn = Command::new("mvn");
        mvn.args(["-q", "-B", "-f"]).arg(dir.join("pom.xml"));
        mvn.arg("dependency:copy-dependencies");
        mvn.arg(format!("-DoutputDirectory={}", dir.join("libs").display()));
        run(mvn.current_dir(dir))
    })?
    .join("libs");
    let programs = files(&from.join("src"));
    let inputs: Vec<&Path> = programs.iter().map(PathBuf::as_path).collect();
    let classes = kit("java-classes", &inputs, |dir| {
        let mut javac = Command::new("javac");
        javac.args(["-nowarn", "-cp"]).arg(format!("{}/*", libs.display()));
        run(javac.arg("-d").arg(dir).args(&programs))
    })?;
    Ok(Java { libs, classes })
}

fn python() -> Result<Python, Missing> {
    require("python3", "--version", "python3-venv python3-pip")?;
    let requirements = sources().join("python/requirements.txt");
    let dir = kit("python", &[&requirements], |dir| {
        run(Command::new("python3").args(["-m", "venv"]).arg(dir.join("venv")))?;
        let mut pip = Command::new(dir.join("venv/bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        run(pip.args(["--only-binary", ":all:", "-r"]).arg(&requirements))
    })?;
    Ok(Python { python: dir.join("venv/bin/python") })
}

fn node() -> Result<Node, Missing> {
    require("node", "--version", "nodejs")?;
    require("npm", "--version", "npm")?;
    let from = sources().join("node");
    let all = files(&from);
    let inputs: Vec<&Path> = all.iter().map(PathBuf::as_path).collect();
    let modules = kit("node", &inputs, |dir| {
        for file in &all {
            let name = file.file_name().unwrap_or_default();
            fs::copy(file, dir.join(name)).map_err(|e| io("copy", &e))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--no-fund", "--no-audit", "--ignore-scripts"]);
        run(npm.current_dir(dir))
    })?;
    Ok(Node { modules })
}

fn go() -> Result<Go, Missing> {
    require("go", "version", "golang")?;
    let from = sources().join("go");
    let all = files(&from);
    let inputs: Vec<&Path> = all.iter().map(PathBuf::as_path).collect();
    let dir = kit("go", &inputs, |dir| {
        let mut build = Command::new("go");
        // the toolchain that is installed, whatever the modules would like
        build.env("GOTOOLCHAIN", "local").args(["build", "-mod=readonly", "-trimpath", "-o"]);
        run(build.arg(dir.join("clients")).arg(".").current_dir(&from))
    })?;
    Ok(Go { program: dir.join("clients") })
}

/// The directory of a kit, made by `fill` unless its stamp still holds the same `inputs`.
fn kit(
    name: &str,
    inputs: &[&Path],
    fill: impl FnOnce(&Path) -> Result<(), Missing>,
) -> Result<PathBuf, Missing> {
    let root = target_dir().join("integration-tools");
    fs::create_dir_all(&root).map_err(|e| io("make the tools directory", &e))?;
    let lock = File::create(root.join(format!("{name}.lock"))).map_err(|e| io("lock", &e))?;
    lock.lock().map_err(|e| io("lock", &e))?;
    let dir = root.join(name);
    let stamp = root.join(format!("{name}.stamp"));
    let wanted: Vec<u8> =
        inputs.iter().flat_map(|file| fs::read(file).unwrap_or_default()).collect();
    if dir.exists() && fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(dir);
    }
    let _ = fs::remove_file(&stamp);
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(|e| io("clear", &e))?;
    }
    fs::create_dir_all(&dir).map_err(|e| io("make", &e))?;
    fill(&dir)?;
    fs::write(&stamp, wanted).map_err(|e| io("stamp", &e))?;
    Ok(dir)
}

/// Regular files of `dir`, in order of their names.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_file()).collect();
    found.sort();
    found
}

pub(crate) fn require(
    program: &'static str,
    flag: &str,
    package: &'static str,
) -> Result<(), Missing> {
    match Command::new(program).arg(flag).output() {
        Ok(_) => Ok(()),
        Err(_) => Err(Missing::Program(program, package)),
    }
}

fn run(command: &mut Command) -> Result<(), Missing> {
    let output = command.output().map_err(|e| io(&format!("{command:?}"), &e))?;
    if output.status.success() {
        return Ok(());
    }
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    Err(Missing::Fetch(format!("{command:?}"), text))
}

fn io(what: &str, error: &std::io::Error) -> Missing {
    Missing::Fetch(what.to_owned(), error.to_string())
}
