//! Publishing, reading and archiving public keys.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use agent_receipts_core::{KeyEncodingError, PublicKey};
use agent_receipts_keysource::{
    FileError, FileKeySource, KeyError, KeySource, PublicKeyError, archived_public_keys, generate_key_pair,
    public_key_path, publish_public_key, random_seed, read_public_key,
};
use tempfile::{TempDir, tempdir};

fn place() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("signing.key.pub");
    (folder, path)
}

fn key(number: u8) -> PublicKey {
    PublicKey::from_bytes([number; 32])
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[test]
fn a_fresh_key_is_published_for_everyone_to_read() {
    let (folder, path) = place();
    publish_public_key(&path, &key(1)).unwrap();
    assert_eq!(mode(&path), 0o644);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key(1).to_pem());
    assert_eq!(read_public_key(&path), Ok(key(1)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn publishing_the_same_key_again_changes_nothing() {
    let (_folder, path) = place();
    publish_public_key(&path, &key(1)).unwrap();
    // Long ago, for two writes of one moment may bear the same time.
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let before = std::fs::metadata(&path).unwrap();
    publish_public_key(&path, &key(1)).unwrap();
    let after = std::fs::metadata(&path).unwrap();
    let identity =
        |m: &std::fs::Metadata| (m.ino(), m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec(), m.mode());
    assert_eq!(identity(&after), identity(&before));
}

#[test]
fn publishing_the_same_key_again_mends_the_mode() {
    for loose in [0o666, 0o600, 0o755, 0o640] {
        let (_folder, path) = place();
        publish_public_key(&path, &key(1)).unwrap();
        set_mode(&path, loose);
        publish_public_key(&path, &key(1)).unwrap();
        assert_eq!(mode(&path), 0o644, "from {loose:o}");
    }
}

#[test]
fn another_key_or_anything_else_is_never_overwritten() {
    let (_folder, path) = place();
    for contents in [key(2).to_pem(), "notes".to_owned(), String::new()] {
        std::fs::write(&path, &contents).unwrap();
        set_mode(&path, 0o600);
        let refusal = publish_public_key(&path, &key(1)).unwrap_err();
        assert_eq!(refusal, PublicKeyError::Different { path: path.clone() });
        assert!(refusal.to_string().contains(path.to_str().unwrap()));
        assert_eq!((std::fs::read_to_string(&path).unwrap(), mode(&path)), (contents, 0o600));
    }
}

#[test]
fn a_planted_link_is_refused_and_its_target_untouched() {
    let (folder, path) = place();
    let target = folder.path().join("target");
    symlink(&target, &path).unwrap();
    let refusal = PublicKeyError::File(FileError::Symlink { path: path.clone() });
    assert_eq!(publish_public_key(&path, &key(1)), Err(refusal.clone()));
    assert!(!target.exists());
    // Not even if the target holds the very key.
    std::fs::write(&target, key(1).to_pem()).unwrap();
    set_mode(&target, 0o600);
    assert_eq!(publish_public_key(&path, &key(1)), Err(refusal));
    assert_eq!(mode(&target), 0o600);
}

#[test]
fn special_files_are_refused_and_do_not_hang() {
    let (_folder, path) = place();
    let refusal = PublicKeyError::File(FileError::NotRegular { path: path.clone() });
    fifo(&path);
    assert_eq!(publish_public_key(&path, &key(1)), Err(refusal.clone()));
    assert_eq!(read_public_key(&path), Err(refusal.clone()));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(publish_public_key(&path, &key(1)), Err(refusal.clone()));
    assert_eq!(read_public_key(&path), Err(refusal));
}

#[test]
fn a_path_is_needed() {
    let empty = PublicKeyError::File(FileError::EmptyPath);
    assert_eq!(publish_public_key(Path::new(""), &key(1)), Err(empty.clone()));
    assert_eq!(read_public_key(Path::new("")), Err(empty));
    let (folder, _) = place();
    let nowhere = folder.path().join("no/such/folder.pub");
    let missing = PublicKeyError::File(FileError::Missing { path: nowhere.clone() });
    assert_eq!(publish_public_key(&nowhere, &key(1)), Err(missing));
}

#[test]
fn a_source_that_is_not_ready_has_no_key_to_publish() {
    let source = FileKeySource::new("/nowhere", "k1");
    assert_eq!(source.public_key(), Err(KeyError::NotInitialised));
}

#[test]
fn the_key_of_a_real_source_is_published_and_verifies() {
    let (folder, path) = place();
    let private = folder.path().join("signing.key");
    generate_key_pair(&private, &folder.path().join("elsewhere.pub"), &random_seed().unwrap()).unwrap();
    let mut source = FileKeySource::new(&private, "k1");
    source.init().unwrap();
    assert_eq!(path, public_key_path(&private));
    publish_public_key(&path, &source.public_key().unwrap()).unwrap();
    let published = read_public_key(&path).unwrap();
    assert_eq!(published.verify(b"receipt", &source.sign(b"receipt").unwrap()), Ok(()));
    assert!(published.verify(b"another", &source.sign(b"receipt").unwrap()).is_err());
}

#[test]
fn what_is_not_a_public_key_is_not_read_as_one() {
    let (folder, path) = place();
    let private = folder.path().join("signing.key");
    generate_key_pair(&private, Path::new(""), &random_seed().unwrap()).unwrap();
    let cases = [
        (Vec::new(), KeyEncodingError::NotPem),
        (b"\xff\xfe".to_vec(), KeyEncodingError::NotPem),
        (std::fs::read(&private).unwrap(), KeyEncodingError::NotPem),
        (key(1).to_pem().replace("MCow", "MCox").into_bytes(), KeyEncodingError::NotEd25519),
    ];
    for (contents, cause) in cases {
        std::fs::write(&path, contents).unwrap();
        assert_eq!(read_public_key(&path), Err(PublicKeyError::Malformed { path: path.clone(), cause }));
    }
    std::fs::write(&path, vec![b'\n'; 16 * 1024 + 1]).unwrap();
    let too_large = FileError::TooLarge { path: path.clone(), limit: 16 * 1024 };
    assert_eq!(read_public_key(&path), Err(PublicKeyError::File(too_large)));
}

#[test]
fn a_verifier_may_name_a_public_key_by_a_link() {
    let (folder, path) = place();
    publish_public_key(&path, &key(1)).unwrap();
    let link = folder.path().join("link.pub");
    symlink(&path, &link).unwrap();
    assert_eq!(read_public_key(&link), Ok(key(1)));
}

#[test]
fn archived_keys_are_found_and_unreadable_ones_reported() {
    let (folder, path) = place();
    assert_eq!(archived_public_keys(&path), Ok(Default::default()));
    publish_public_key(&path, &key(9)).unwrap();
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    let (first, second) = (beside(".rotated-00aa"), beside(".rotated-11bb"));
    std::fs::write(&second, key(2).to_pem()).unwrap();
    std::fs::write(&first, key(1).to_pem()).unwrap();
    let (garbled, queue) = (beside(".rotated-22cc"), beside(".rotated-33dd"));
    std::fs::write(&garbled, "garbage").unwrap();
    fifo(&queue);
    for other in [beside(".rotated-"), beside(".bak"), folder.path().join("other.pub.rotated-44ee")] {
        std::fs::write(other, key(3).to_pem()).unwrap();
    }
    let archive = archived_public_keys(&path).unwrap();
    assert_eq!(archive.keys, [(first, key(1)), (second, key(2))]);
    let unreadable = [
        (garbled.clone(), PublicKeyError::Malformed { path: garbled, cause: KeyEncodingError::NotPem }),
        (queue.clone(), PublicKeyError::File(FileError::NotRegular { path: queue })),
    ];
    assert_eq!(archive.unreadable, unreadable);
}

#[test]
fn an_archive_without_end_is_refused() {
    let (folder, path) = place();
    for number in 0..4097 {
        std::fs::write(folder.path().join(format!("signing.key.pub.rotated-{number:016x}")), "").unwrap();
    }
    assert_eq!(archived_public_keys(&path), Err(PublicKeyError::TooMany { path, limit: 4096 }));
}

#[test]
fn a_folder_that_is_missing_has_no_archive_and_a_file_is_no_folder() {
    let (folder, path) = place();
    let nowhere = folder.path().join("no/such.pub");
    assert_eq!(archived_public_keys(&nowhere), Ok(Default::default()));
    std::fs::write(&path, "").unwrap();
    assert!(matches!(
        archived_public_keys(&path.join("x.pub")),
        Err(PublicKeyError::File(FileError::Io { .. }))
    ));
    assert_eq!(archived_public_keys(Path::new("")), Err(PublicKeyError::File(FileError::EmptyPath)));
}

#[test]
fn the_archive_of_the_reference_is_read() {
    let Some(shared) = std::env::var_os("AGENT_RECEIPTS_SHARED") else {
        println!("AGENT_RECEIPTS_SHARED is not set: the reference's archive is not read");
        return;
    };
    let published = Path::new(&shared).join("fixtures/rotated_valid/signing.key.pub");
    let current = read_public_key(&published).unwrap();
    let archive = archived_public_keys(&published).unwrap();
    assert_eq!((archive.keys.len(), archive.unreadable.len()), (1, 0));
    let (file, key) = &archive.keys[0];
    assert_ne!(*key, current);
    assert!(file.to_str().unwrap().ends_with(&key.short_fingerprint()));
}
