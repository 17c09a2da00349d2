//! Where the broker's binary is: built by cargo, beside the test binary.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Name of the variable that points at a ready binary, for a run without cargo.
pub(crate) const OVERRIDE: &str = "OTTLA_BIN";

/// The cargo target directory this test was built into.
pub fn target_dir() -> PathBuf {
    profile_dir().parent().map_or_else(|| PathBuf::from("target"), Path::to_path_buf)
}

/// The root of the workspace.
pub fn workspace_dir() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Path of the `ottla` binary of the profile this test was built with.
///
/// Cargo offers `CARGO_BIN_EXE_…` only inside the package that has the binary, so the first caller
/// lets cargo bring the binary up to date: nothing happens where `cargo test` has just built it.
pub fn ottla() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os(OVERRIDE) {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

fn build() -> PathBuf {
    let profile = profile_dir();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_dir()).args(["build", "--quiet", "--workspace", "--bin", "ottla"]);
    cargo.arg("--target-dir").arg(target_dir());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "cargo could not build the ottla binary");
    profile.join("ottla")
}

/// `target/debug` or `target/release`: two above `target/debug/deps/all-…`.
fn profile_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("a running program has a path");
    let mut dir = exe.parent().unwrap_or(&exe).to_path_buf();
    if dir.ends_with("deps") {
        dir.pop();
    }
    dir
}
