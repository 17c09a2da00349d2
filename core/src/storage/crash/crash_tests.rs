//! The disk for tests keeps its own promises.

use std::io::IoSlice;

use super::*;

fn write(disk: &CrashDisk, path: &str, content: &[u8]) -> Arc<dyn DiskFile> {
    let file = disk.open(Path::new(path), OpenMode::Create).unwrap();
    file.write_at(&[IoSlice::new(content)], 0).unwrap();
    file
}

fn read(disk: &CrashDisk, path: &str) -> Option<Vec<u8>> {
    disk.read_small(Path::new(path), 1000).unwrap()
}

#[test]
fn only_what_was_synced_is_certain() {
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new("/d")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    let named = write(&disk, "/d/named", b"one");
    disk.sync_dir(Path::new("/d")).unwrap();
    let nameless = write(&disk, "/d/nameless", b"two");
    nameless.sync_data().unwrap();
    named.sync_data().unwrap();
    named.write_at(&[IoSlice::new(b"more")], 3).unwrap();

    let killed = disk.restart(Survival::Written);
    assert_eq!(read(&killed, "/d/named").unwrap(), b"onemore");
    assert_eq!(read(&killed, "/d/nameless").unwrap(), b"two");

    let synced = disk.restart(Survival::Synced);
    assert_eq!(read(&synced, "/d/named").unwrap(), b"one");
    assert_eq!(read(&synced, "/d/nameless"), None);
    assert!(disk.exists(Path::new("/d")).is_err(), "the old disk is dead");
}

#[test]
fn a_full_disk_writes_half() {
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new("/")).unwrap();
    let file = write(&disk, "/f", b"head");
    disk.fault_at(disk.calls(), Fault::NoSpace);
    let error = file.write_at(&[IoSlice::new(b"tail")], 4).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(read(&disk, "/f").unwrap(), b"headta");
    disk.fault_at(disk.calls(), Fault::PowerLoss);
    assert!(file.sync_data().is_err());
    assert!(read_fails(&disk));
}

fn read_fails(disk: &CrashDisk) -> bool {
    disk.read_small(Path::new("/f"), 10).is_err()
}
