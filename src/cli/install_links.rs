//! `ottla install-links`: links under the names of Kafka's scripts.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Failure;
use super::config::print;
use super::tools::TOOLS;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Where the links go; it is made if it is not there
    dir: PathBuf,
    /// Also replaces files and links of these names that belong to something else
    #[arg(long)]
    force: bool,
}

/// What became of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Made,
    There,
    Replaced,
    Kept,
}

/// Makes a link for every command, with and without `.sh`, and says what it did.
///
/// The exit code is 1 if a name was taken.
pub(super) fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let cannot = |what: &Path, source| Failure::Write { what: what.display().to_string(), source };
    let program =
        std::env::current_exe().map_err(|source| cannot(Path::new("this program"), source))?;
    let dir = &arguments.dir;
    fs::create_dir_all(dir).map_err(|source| cannot(dir, source))?;
    let mut text = String::new();
    let mut taken = false;
    for tool in TOOLS {
        for name in [format!("kafka-{}", tool.name), format!("kafka-{}.sh", tool.name)] {
            let path = dir.join(&name);
            let done = link(&program, &path, arguments.force);
            let done = done.map_err(|source| cannot(&path, source))?;
            taken |= done == Done::Kept;
            text.push_str(&format!("{}: {}\n", path.display(), said(done)));
        }
    }
    print(&text)?;
    if taken {
        eprintln!("ottla: names marked as kept belong to something else; --force replaces them");
    }
    Ok(!taken)
}

fn said(done: Done) -> &'static str {
    match done {
        Done::Made => "linked",
        Done::There => "already linked",
        Done::Replaced => "replaced",
        Done::Kept => "kept",
    }
}

fn link(program: &Path, path: &Path, force: bool) -> io::Result<Done> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            symlink(program, path).map(|()| Done::Made)
        }
        Err(error) => Err(error),
        Ok(_) if fs::read_link(path).is_ok_and(|to| to == program) => Ok(Done::There),
        Ok(_) if !force && !is_left_over(path) => Ok(Done::Kept),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => {
            // under another name first, so that there is always one of this name
            let mut fresh = path.as_os_str().to_owned();
            fresh.push(format!(".{}", std::process::id()));
            symlink(program, &fresh)?;
            fs::rename(&fresh, path).map(|()| Done::Replaced)
        }
    }
}

/// Whether a link led to this program where it is no more: it was moved, or an older one removed.
fn is_left_over(path: &Path) -> bool {
    let ours =
        fs::read_link(path).is_ok_and(|to| to.file_name().is_some_and(|name| name == "ottla"));
    let dangling = fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    ours && dangling
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_s_is_kept_unless_forced() {
        let dir = tempfile::tempdir().expect("a directory");
        let (program, path) = (dir.path().join("ottla"), dir.path().join("kafka-topics.sh"));
        let link = |force| link(&program, &path, force).expect("a link");
        assert_eq!(link(false), Done::Made);
        assert_eq!(link(false), Done::There);
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "#!/bin/sh").expect("written");
        assert_eq!(link(false), Done::Kept);
        assert_eq!(link(true), Done::Replaced);
        assert_eq!(fs::read_link(&path).expect("a link"), program);
    }

    #[test]
    fn a_link_to_an_ottla_that_is_gone_is_replaced_and_no_other() {
        let dir = tempfile::tempdir().expect("a directory");
        let (program, path) = (dir.path().join("ottla"), dir.path().join("kafka-topics.sh"));
        let old = dir.path().join("old").join("ottla");
        let link_over = |to: &Path| {
            let _ = fs::remove_file(&path);
            symlink(to, &path).expect("a link");
            link(&program, &path, false).expect("a link")
        };
        assert_eq!(link_over(&old), Done::Replaced);
        assert_eq!(fs::read_link(&path).expect("a link"), program);
        // gone too, but never one of ours
        assert_eq!(link_over(&dir.path().join("kafka/bin/kafka-topics.sh")), Done::Kept);
        // one that works is somebody's choice
        fs::create_dir(dir.path().join("old")).expect("a directory");
        fs::write(&old, "").expect("a file");
        assert_eq!(link_over(&old), Done::Kept);
        assert_eq!(fs::read_link(&path).expect("a link"), old);
    }
}
