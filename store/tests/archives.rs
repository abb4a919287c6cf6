//! Archives: there whole, or not at all.
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use agent_receipts_store::{
    ArchiveError, ArchiveFolder, ArchiveKind, ArchiveWriter, Manifest, Query, SqliteReader, StoreError,
};
use support::{mode, rows, sequences};
use tempfile::tempdir;

const RECEIPTS: u64 = 12;

fn manifest() -> Manifest {
    Manifest {
        version: Manifest::VERSION,
        kind: ArchiveKind::Lines,
        source: "x".to_owned(),
        taken_in: "2026-11-22T03:39:59Z".to_owned(),
        sha256: "sha256:00".to_owned(),
        bytes: 1,
        receipts: RECEIPTS,
        chains: Vec::new(),
        public_key: "u".to_owned(),
        earlier_keys: Vec::new(),
        vouched_keys: Vec::new(),
    }
}

fn make(folder: &ArchiveFolder, name: &str) -> Result<(), ArchiveError> {
    let mut writer = folder.begin(name)?;
    writer.append(&rows("audit", 1..=RECEIPTS / 2))?;
    writer.append(&rows("audit", RECEIPTS / 2 + 1..=RECEIPTS))?;
    writer.close();
    writer.finish(&manifest())?;
    Ok(())
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn an_archive_is_found_once_it_is_finished() {
    let folder = tempdir().unwrap();
    let archives = ArchiveFolder::beside(&folder.path().join("receipts.db"));
    assert_eq!(archives.archives(), Ok(Vec::new()));
    assert!(!archives.path().exists(), "asking makes no folder");
    drop(archives.begin("given-up").unwrap());
    let unfinished = archives.begin("one").unwrap();
    assert_eq!(archives.archives(), Ok(Vec::new()));
    assert_eq!(archives.begin("one").unwrap_err(), ArchiveError::BeingMade { name: "one".to_owned() });
    drop(unfinished);
    make(&archives, "one").unwrap();
    assert_eq!(make(&archives, "one").unwrap_err(), ArchiveError::NameTaken { name: "one".to_owned() });
    let found = archives.archives().unwrap();
    assert_eq!((found.len(), found[0].name.as_str(), &found[0].manifest), (1, "one", &manifest()));
    assert_eq!(mode(&found[0].database), 0o400);
    let reader = SqliteReader::open(&found[0].database).unwrap();
    assert_eq!(sequences(&reader, &Query::chain("audit")), (1..=RECEIPTS).collect::<Vec<_>>());
    assert_eq!(entries(archives.path()), ["one"]);
}

#[test]
fn an_archive_without_rows_is_not_finished() {
    let folder = tempdir().unwrap();
    let archives = ArchiveFolder::beside(&folder.path().join("receipts.db"));
    let refusal = archives.begin("one").unwrap().finish(&manifest()).unwrap_err();
    assert!(matches!(refusal, ArchiveError::Store(StoreError::Io { .. })), "{refusal:?}");
    assert_eq!(archives.archives(), Ok(Vec::new()));
    assert_eq!(entries(archives.path()), [""; 0]);
}

/// A fold that failed when the database was closed leaves its rows there, where no digest and no sync is of them.
#[test]
fn an_archive_with_side_files_is_neither_finished_nor_read() {
    let folder = tempdir().unwrap();
    let archives = ArchiveFolder::beside(&folder.path().join("receipts.db"));
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut writer = archives.begin("one").unwrap();
        writer.append(&rows("audit", 1..=RECEIPTS)).unwrap();
        writer.close();
        let side = |folder: &str| archives.path().join(folder).join(format!("receipts.db{suffix}"));
        let refusal = |path| ArchiveError::SideFile { path };
        std::fs::write(side(".one.partial"), "").unwrap();
        assert_eq!(writer.finish(&manifest()).unwrap_err(), refusal(side(".one.partial")));
        assert_eq!(entries(archives.path()), [""; 0]);
        make(&archives, "one").unwrap();
        std::fs::write(side("one"), "").unwrap();
        assert_eq!(archives.archives(), Err(refusal(side("one"))));
        std::fs::remove_dir_all(archives.path()).unwrap();
    }
}

/// Who may read the database may read what was moved from there.
#[test]
fn an_archive_can_be_for_the_readers_of_a_database() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    std::fs::write(&path, "").unwrap();
    for (database, files, folders) in [(0o600, 0o400, 0o700), (0o640, 0o440, 0o750)] {
        support::set_mode(&path, database);
        let archives = ArchiveFolder::beside(&path);
        let mut writer = archives.begin("one").unwrap();
        writer.belong_with(&path).unwrap();
        writer.append(&rows("audit", 1..=RECEIPTS)).unwrap();
        let place = writer.finish(&manifest()).unwrap();
        let modes = ["receipts.db", "manifest.json", "", ".."].map(|name| mode(&place.join(name)));
        assert_eq!(modes, [files, files, folders, folders]);
        std::fs::remove_dir_all(archives.path()).unwrap();
    }
}

/// Whoever owns a database must not get more of root than the archive: what stands where a folder or a file of it should is not
/// taken for it, and neither changed nor given away.
#[test]
fn what_was_put_in_an_archives_place_is_left_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    std::fs::write(&path, "").unwrap();
    let (victim, file) = (folder.path().join("victim"), folder.path().join("victim/file"));
    std::fs::create_dir(&victim).unwrap();
    std::fs::write(&file, "kept").unwrap();
    support::set_mode(&victim, 0o755);
    support::set_mode(&file, 0o644);
    let untouched = |because: &str| {
        assert_eq!((mode(&victim), mode(&file)), (0o755, 0o644), "{because}");
        assert_eq!(std::fs::read(&file).unwrap(), b"kept", "{because}");
        assert_eq!(entries(&victim), ["file"], "{because}");
    };
    let archives = ArchiveFolder::beside(&path);

    std::os::unix::fs::symlink(&victim, archives.path()).unwrap();
    let refusal = archives.begin("one").unwrap_err();
    assert_eq!(refusal, ArchiveError::Store(StoreError::Symlink { path: archives.path().to_owned() }));
    untouched("the folder of all archives is a link");
    std::fs::remove_file(archives.path()).unwrap();

    std::fs::create_dir(archives.path()).unwrap();
    let partial = archives.path().join(".one.partial");
    std::os::unix::fs::symlink(&victim, &partial).unwrap();
    let refusal = archives.begin("one").unwrap_err();
    assert_eq!(refusal, ArchiveError::Store(StoreError::Symlink { path: partial.clone() }));
    untouched("what a crash has left is a link");
    std::fs::remove_file(&partial).unwrap();

    for at in ["database", "folder"] {
        let mut writer = archives.begin("one").unwrap();
        writer.belong_with(&path).unwrap();
        if at == "database" {
            writer.append(&rows("audit", 1..=RECEIPTS)).unwrap();
            writer.close();
            std::fs::remove_file(writer.database()).unwrap();
        } else {
            std::fs::rename(&partial, archives.path().join("away")).unwrap();
            std::fs::create_dir(&partial).unwrap();
        }
        std::os::unix::fs::symlink(&file, writer.database()).unwrap();
        let refusal = writer.finish(&manifest()).unwrap_err();
        assert!(matches!(refusal, ArchiveError::Store(StoreError::Io { .. })), "{at}: {refusal:?}");
        untouched(at);
        let _ = std::fs::remove_dir(archives.path().join("away"));
    }

    // A second name of a file that is somebody's: with it the file would be given away.
    let mut writer = archives.begin("one").unwrap();
    writer.belong_with(&path).unwrap();
    std::fs::hard_link(&file, writer.database()).unwrap();
    assert!(writer.finish(&manifest()).is_err());
    untouched("a hard link");
}

/// Root works for somebody else, and everybody else for themselves.
#[test]
fn an_archive_is_the_owners_of_the_database() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    std::fs::write(&path, "").unwrap();
    let is_root = folder.path().metadata().unwrap().uid() == 0;
    if is_root {
        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
    }
    let owner = path.metadata().unwrap().uid();
    let archives = ArchiveFolder::beside(&path);
    let begin = |name: &str| -> Result<ArchiveWriter, ArchiveError> {
        let mut writer = archives.begin(name)?;
        writer.belong_with(&path)?;
        writer.append(&rows("audit", 1..=RECEIPTS))?;
        Ok(writer)
    };
    for name in ["one", "two"] {
        let place = begin(name).unwrap().finish(&manifest()).unwrap();
        for name in ["receipts.db", "manifest.json", "", ".."] {
            assert_eq!(place.join(name).metadata().unwrap().uid(), owner, "{name}");
        }
    }
    if is_root {
        // Made by somebody else, for whatever end.
        std::os::unix::fs::chown(archives.path(), Some(65_533), None).unwrap();
        let refusal = begin("three").unwrap_err();
        let path = archives.path().to_owned();
        assert_eq!(refusal, ArchiveError::ForeignFolder { path, owner: 65_533, wanted: 65_534 });
        assert_eq!(archives.path().metadata().unwrap().uid(), 65_533);
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let folder = tempdir().unwrap();
    let archives = ArchiveFolder::beside(&folder.path().join("receipts.db"));
    for name in ["", ".", "..", "../x", "a/b", ".hidden", "-a", "a b", "a\0", "é", &"x".repeat(201)] {
        let refusal = archives.begin(name).unwrap_err();
        assert_eq!(refusal, ArchiveError::BadName { name: name.to_owned() });
    }
    assert!(!archives.path().exists());
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod failing {
    use super::*;
    use nix::errno::Errno;
    use support::command;
    use support::faults::{Fared, Fault, at_every_call, synced, wait_for_tracer};

    const VICTIM: &str = "STORE_TEST_ARCHIVING";

    #[test]
    fn archive_when_traced() {
        // Only does something as the child of the tests below.
        let Ok(folder) = std::env::var(VICTIM) else { return };
        let archives = ArchiveFolder::beside(&Path::new(&folder).join("receipts.db"));
        wait_for_tracer();
        if make(&archives, "one").is_err() {
            std::process::exit(1);
        }
    }

    fn survives(fault: Fault) {
        let folder = tempdir().unwrap();
        let archives = ArchiveFolder::beside(&folder.path().join("receipts.db"));
        let begin = || {
            let _ = std::fs::remove_dir_all(archives.path());
            command("failing::archive_when_traced", VICTIM, folder.path())
        };
        let whole = |because: &str| {
            let found = archives.archives().unwrap();
            assert_eq!(found.len(), 1, "{because}");
            assert_eq!(found[0].manifest, manifest(), "{because}");
            let reader = SqliteReader::open(&found[0].database).unwrap();
            reader.check_integrity().unwrap();
            let found = sequences(&reader, &Query::chain("audit"));
            assert_eq!(found, (1..=RECEIPTS).collect::<Vec<_>>(), "{because}");
        };
        let calls = at_every_call(begin, fault, |at, fared| {
            let because = format!("{fault:?} at call {at}, {fared:?}");
            if archives.archives().unwrap().is_empty() {
                assert_ne!(fared, Fared::Struck(Some(0)), "{because}: said to be done");
                make(&archives, "one").unwrap_or_else(|error| panic!("{because}: {error}"));
            }
            whole(&because);
            assert_eq!(entries(archives.path()), ["one"], "{because}");
        });
        assert!(calls > 30, "only {calls} calls were seen");
    }

    /// Another may have made it, and been killed before its name was on disk.
    #[test]
    fn the_folder_of_all_archives_is_on_disk_whoever_made_it() {
        let folder = tempdir().unwrap();
        let work = folder.path().canonicalize().unwrap();
        let archives = ArchiveFolder::beside(&work.join("receipts.db"));
        std::fs::create_dir(archives.path()).unwrap();
        let synced = synced(command("failing::archive_when_traced", VICTIM, &work));
        assert_eq!(synced.first(), Some(&work), "{synced:?}");
        assert_eq!(synced.last(), Some(&archives.path().to_owned()), "{synced:?}");
    }

    #[test]
    fn a_crash_at_any_call_leaves_a_whole_archive_or_none() {
        survives(Fault::Crash);
    }

    #[test]
    fn a_full_disk_at_any_call_leaves_a_whole_archive_or_none() {
        survives(Fault::Refuse(Errno::ENOSPC));
    }

    #[test]
    fn a_failing_disk_at_any_call_leaves_a_whole_archive_or_none() {
        survives(Fault::Refuse(Errno::EIO));
    }
}
