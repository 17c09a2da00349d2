//! What a [`CrashDisk`](super::CrashDisk) holds: files by number, directories by path.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use super::{Dice, Fault, Locks, Survival};
use crate::storage::disk::{DirEntry, FileStat};

/// The disk and what is to happen to it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) calls: u64,
    pub(super) faults: HashMap<u64, Fault>,
    pub(super) locks: Locks,
    pub(super) dead: bool,
}

/// Files and directories.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: HashMap<u64, FileData>,
    dirs: BTreeMap<PathBuf, DirData>,
    next_inode: u64,
}

#[derive(Debug, Default)]
struct FileData {
    /// What a sync has covered.
    synced: Vec<u8>,
    /// What was done since.
    pending: Vec<Op>,
    /// What a reader sees.
    live: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Op {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

/// A name: a file's number, or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(u64),
    Dir,
}

#[derive(Debug, Default)]
struct DirData {
    synced: BTreeMap<String, Node>,
    pending: Vec<Change>,
    live: BTreeMap<String, Node>,
}

/// One change of a directory's names, atomic as in any journaling file system.
#[derive(Clone, Debug)]
enum Change {
    Add(String, Node),
    Remove(String),
    Rename(String, String),
}

impl Op {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                if let Some(place) = content.get_mut(*at..end) {
                    place.copy_from_slice(bytes);
                }
            }
            Self::SetLen(len) => content.resize(*len, 0),
        }
    }

    /// The first `count` bytes of a write; with `zeros` the file still grows to its full size.
    fn torn(&self, count: usize, zeros: bool) -> Self {
        match self {
            Self::Write(at, bytes) => {
                let mut bytes = bytes.clone();
                let full = bytes.len();
                bytes.truncate(count);
                if zeros {
                    bytes.resize(full, 0);
                }
                Self::Write(*at, bytes)
            }
            Self::SetLen(len) => Self::SetLen(*len),
        }
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, Node>) {
        match self {
            Self::Add(name, node) => {
                names.insert(name.clone(), *node);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

/// A path's directory and name.
fn split(path: &Path) -> io::Result<(&Path, String)> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(not_found)?;
    Ok((path.parent().unwrap_or_else(|| Path::new("")), name.to_owned()))
}

impl Tree {
    pub(super) fn is_dir(&self, path: &Path) -> bool {
        self.dirs.contains_key(path)
    }

    pub(super) fn file(&self, path: &Path) -> Option<u64> {
        let (dir, name) = split(path).ok()?;
        match self.dirs.get(dir)?.live.get(&name)? {
            Node::File(inode) => Some(*inode),
            Node::Dir => None,
        }
    }

    pub(super) fn content(&self, inode: u64) -> &[u8] {
        self.files.get(&inode).map_or(&[], |file| &file.live)
    }

    fn change(&mut self, dir: &Path, change: Change) -> io::Result<()> {
        let data = self.dirs.get_mut(dir).ok_or_else(not_found)?;
        change.apply(&mut data.live);
        data.pending.push(change);
        Ok(())
    }

    fn op(&mut self, inode: u64, op: Op) -> io::Result<()> {
        let file = self.files.get_mut(&inode).ok_or_else(not_found)?;
        op.apply(&mut file.live);
        file.pending.push(op);
        Ok(())
    }

    pub(super) fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        if self.is_dir(path) {
            return Ok(());
        }
        match path.parent() {
            Some(parent) if path.file_name().is_some() => {
                self.create_dir_all(parent)?;
                let (parent, name) = split(path)?;
                self.change(parent, Change::Add(name, Node::Dir))?;
            }
            _ => {}
        }
        self.dirs.insert(path.to_owned(), DirData::default());
        Ok(())
    }

    pub(super) fn create_file(&mut self, path: &Path) -> io::Result<u64> {
        let (dir, name) = split(path)?;
        let inode = self.next_inode;
        self.change(dir, Change::Add(name, Node::File(inode)))?;
        self.next_inode += 1;
        self.files.insert(inode, FileData::default());
        Ok(inode)
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let data = self.dirs.get(dir).ok_or_else(not_found)?;
        let entry = |(name, node): (&String, &Node)| DirEntry {
            name: name.clone(),
            is_dir: *node == Node::Dir,
            len: match node {
                Node::File(inode) => self.content(*inode).len() as u64,
                Node::Dir => 0,
            },
        };
        Ok(data.live.iter().map(entry).collect())
    }

    pub(super) fn stat(&self, path: &Path) -> Option<FileStat> {
        let is_dir = self.is_dir(path);
        let len = match self.file(path) {
            Some(inode) => self.content(inode).len() as u64,
            None if is_dir => 0,
            None => return None,
        };
        Some(FileStat { len, modified_ms: 0, is_dir })
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (dir, old) = split(from)?;
        let (to_dir, new) = split(to)?;
        let known = self.dirs.get(dir).is_some_and(|data| data.live.contains_key(&old));
        if !known || dir != to_dir {
            return Err(not_found());
        }
        self.change(dir, Change::Rename(old, new))?;
        let moved: Vec<PathBuf> =
            self.dirs.keys().filter(|path| path.starts_with(from)).cloned().collect();
        for path in moved {
            if let (Some(data), Ok(rest)) = (self.dirs.remove(&path), path.strip_prefix(from)) {
                let path = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
                self.dirs.insert(path, data);
            }
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (dir, name) = split(path)?;
        if !self.dirs.get(dir).is_some_and(|data| data.live.contains_key(&name)) {
            return Err(not_found());
        }
        self.change(dir, Change::Remove(name))
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        let data = self.dirs.get_mut(dir).ok_or_else(not_found)?;
        data.synced = data.live.clone();
        data.pending.clear();
        Ok(())
    }

    pub(super) fn write(&mut self, inode: u64, position: u64, bytes: Vec<u8>) -> io::Result<()> {
        let at = usize::try_from(position).map_err(|_| not_found())?;
        self.op(inode, Op::Write(at, bytes))
    }

    pub(super) fn set_len(&mut self, inode: u64, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| not_found())?;
        self.op(inode, Op::SetLen(len))
    }

    pub(super) fn sync_data(&mut self, inode: u64) -> io::Result<()> {
        let file = self.files.get_mut(&inode).ok_or_else(not_found)?;
        file.synced = file.live.clone();
        file.pending.clear();
        Ok(())
    }

    /// What is left after a loss of power.
    pub(super) fn survive(&self, survival: Survival, dice: &mut Dice) -> Self {
        let mut tree = Self { next_inode: self.next_inode, ..Self::default() };
        // in the order of their numbers, so that a seed gives the same disk each time
        let inodes: BTreeMap<_, _> = self.files.iter().collect();
        for (inode, file) in inodes {
            let content = file.survive(survival, dice);
            let file = FileData { synced: content.clone(), pending: Vec::new(), live: content };
            tree.files.insert(*inode, file);
        }
        // a parent sorts before its children: one whose name did not survive is not reached
        for (path, data) in &self.dirs {
            let reached = match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
                (Some(parent), Some(name)) => {
                    tree.dirs.get(parent).is_some_and(|dir| dir.live.contains_key(name))
                }
                _ => true,
            };
            if reached {
                let names = data.survive(survival, dice);
                let data = DirData { synced: names.clone(), pending: Vec::new(), live: names };
                tree.dirs.insert(path.clone(), data);
            }
        }
        tree.forget_lost_dirs();
        tree
    }

    /// Makes names of directories whose content did not survive names of empty ones.
    fn forget_lost_dirs(&mut self) {
        let mut missing = Vec::new();
        for (path, data) in &self.dirs {
            for (name, node) in &data.live {
                let child = path.join(name);
                if *node == Node::Dir && !self.dirs.contains_key(&child) {
                    missing.push(child);
                }
            }
        }
        for path in missing {
            self.dirs.insert(path, DirData::default());
        }
    }
}

impl FileData {
    fn survive(&self, survival: Survival, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.synced.clone();
        match survival {
            Survival::Written => return self.live.clone(),
            Survival::Synced => {}
            Survival::Random(_) => {
                let kept = dice.upto(self.pending.len());
                self.pending.iter().take(kept).for_each(|op| op.apply(&mut content));
                if let Some(next @ Op::Write(_, bytes)) = self.pending.get(kept) {
                    let torn = next.torn(dice.upto(bytes.len()), dice.upto(1) == 1);
                    torn.apply(&mut content);
                }
            }
        }
        content
    }
}

impl DirData {
    fn survive(&self, survival: Survival, dice: &mut Dice) -> BTreeMap<String, Node> {
        let mut names = self.synced.clone();
        match survival {
            Survival::Written => return self.live.clone(),
            Survival::Synced => {}
            Survival::Random(_) => {
                let kept = dice.upto(self.pending.len());
                self.pending.iter().take(kept).for_each(|change| change.apply(&mut names));
            }
        }
        names
    }
}
