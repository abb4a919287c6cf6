//! Making key pairs: both files or neither, and never over anything.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use agent_receipts_keysource::{
    FileError, FileKeySource, GenerateError, KeySource, generate_key_pair, public_key_path, random_seed,
    read_public_key,
};
use tempfile::{TempDir, tempdir};
use zeroize::Zeroizing;

fn place() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempdir().unwrap();
    let private = folder.path().join("signing.key");
    let public = folder.path().join("published.pub");
    (folder, private, public)
}

fn seed() -> Zeroizing<[u8; 32]> {
    random_seed().unwrap()
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

fn files_in(folder: &TempDir) -> usize {
    std::fs::read_dir(folder.path()).unwrap().count()
}

#[test]
fn a_pair_is_two_files_that_belong_together() {
    let (folder, private, public) = place();
    let key = generate_key_pair(&private, &public, &seed()).unwrap();
    assert_eq!((mode(&private), mode(&public)), (0o600, 0o644));
    assert_eq!(
        (std::fs::metadata(&private).unwrap().len(), std::fs::metadata(&public).unwrap().len()),
        (119, 113)
    );
    assert_eq!(read_public_key(&public), Ok(key));
    let mut source = FileKeySource::new(&private, "k1");
    source.init().unwrap();
    assert_eq!(source.public_key(), Ok(key));
    assert_eq!(key.verify(b"m", &source.sign(b"m").unwrap()), Ok(()));
    assert_eq!(files_in(&folder), 2);
}

#[test]
fn two_pairs_differ() {
    let (_a, private, public) = place();
    let (_b, other_private, other_public) = place();
    let first = generate_key_pair(&private, &public, &seed()).unwrap();
    assert_ne!(first, generate_key_pair(&other_private, &other_public, &seed()).unwrap());
}

#[test]
fn the_public_path_follows_from_the_private_one() {
    let (_folder, private, _) = place();
    let key = generate_key_pair(&private, Path::new(""), &seed()).unwrap();
    let derived = public_key_path(&private);
    assert!(derived.ends_with("signing.key.pub"));
    assert_eq!(read_public_key(&derived), Ok(key));
}

#[test]
fn an_empty_private_path_is_refused() {
    let (folder, _, public) = place();
    let refusal = generate_key_pair(Path::new(""), &public, &seed()).unwrap_err();
    assert_eq!(refusal, GenerateError::File(FileError::EmptyPath));
    assert_eq!(files_in(&folder), 0);
}

#[test]
fn one_path_for_both_is_refused_before_anything_is_made() {
    let (folder, private, _) = place();
    let linked = tempdir().unwrap();
    symlink(folder.path(), linked.path().join("link")).unwrap();
    let roundabout = folder.path().join(".").join("signing.key");
    for public in [private.clone(), roundabout, linked.path().join("link/signing.key")] {
        let refusal = generate_key_pair(&private, &public, &seed()).unwrap_err();
        assert_eq!(refusal, GenerateError::IdenticalPaths { path: private.clone() });
        assert_eq!(files_in(&folder), 0);
    }
    let deep = folder.path().join("new/folder/signing.key");
    assert!(matches!(generate_key_pair(&deep, &deep, &seed()), Err(GenerateError::IdenticalPaths { .. })));
    assert_eq!(files_in(&folder), 0);
}

#[test]
fn a_private_key_in_use_is_never_overwritten() {
    let (folder, private, public) = place();
    std::fs::write(&private, "live key").unwrap();
    let refusal = generate_key_pair(&private, &public, &seed()).unwrap_err();
    assert_eq!(refusal, GenerateError::File(FileError::Exists { path: private.clone() }));
    assert!(refusal.to_string().contains(private.to_str().unwrap()));
    assert_eq!(std::fs::read_to_string(&private).unwrap(), "live key");
    assert_eq!(files_in(&folder), 1);
}

#[test]
fn a_stray_public_key_stands_in_the_way() {
    let (folder, private, public) = place();
    std::fs::write(&public, "old key").unwrap();
    let refusal = generate_key_pair(&private, &public, &seed()).unwrap_err();
    assert_eq!(refusal, GenerateError::File(FileError::Exists { path: public.clone() }));
    assert_eq!(std::fs::read_to_string(&public).unwrap(), "old key");
    assert_eq!(files_in(&folder), 1);
}

#[test]
fn nothing_is_written_through_a_link() {
    for planted in ["signing.key", "published.pub"] {
        for target_exists in [true, false] {
            let (folder, private, public) = place();
            let elsewhere = tempdir().unwrap();
            let target = elsewhere.path().join("target");
            if target_exists {
                std::fs::write(&target, "untouched").unwrap();
            }
            let link = folder.path().join(planted);
            symlink(&target, &link).unwrap();
            let refusal = generate_key_pair(&private, &public, &seed()).unwrap_err();
            assert_eq!(refusal, GenerateError::File(FileError::Symlink { path: link }));
            assert_eq!(target.exists(), target_exists);
            if target_exists {
                assert_eq!(std::fs::read_to_string(&target).unwrap(), "untouched");
            }
            assert_eq!(files_in(&folder), 1, "the link alone");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_public_key_that_cannot_be_written_takes_the_private_one_back() {
    // Not even root can make a file in /proc; the private key is already written when that shows.
    let (folder, private, _) = place();
    let refusal = generate_key_pair(&private, Path::new("/proc/self/published.pub"), &seed()).unwrap_err();
    assert!(refusal.to_string().contains("/proc/self/published.pub"), "{refusal}");
    assert_eq!(files_in(&folder), 0);
    generate_key_pair(&private, Path::new(""), &seed()).unwrap();
}

#[test]
fn missing_folders_are_made_without_a_bit_for_the_world() {
    let (folder, _, _) = place();
    let private = folder.path().join("a/b/signing.key");
    let public = folder.path().join("c/signing.pub");
    generate_key_pair(&private, &public, &seed()).unwrap();
    for made in ["a", "a/b", "c"] {
        assert_eq!(mode(&folder.path().join(made)) & 0o027, 0, "{made}");
    }
}

#[test]
fn an_error_names_the_path_that_is_in_the_way() {
    let (folder, _, _) = place();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for (private, public) in [
        (file.join("signing.key"), folder.path().join("p.pub")),
        (folder.path().join("signing.key"), file.join("p.pub")),
    ] {
        let refusal = generate_key_pair(&private, &public, &seed()).unwrap_err();
        assert!(refusal.to_string().contains(file.to_str().unwrap()), "{refusal}");
        assert_eq!(files_in(&folder), 1);
    }
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    if let Ok(folder) = std::env::var("KEYSOURCE_TEST_UMASK") {
        // The part under a strict umask, in a process of its own, for a umask is the whole process's.
        let private = Path::new(&folder).join("signing.key");
        generate_key_pair(&private, Path::new(""), &seed()).unwrap();
        return;
    }
    let (folder, private, _) = place();
    let outcome = std::process::Command::new("/bin/sh")
        .args(["-c", "umask 0277; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "modes_do_not_depend_on_the_umask"])
        .env("KEYSOURCE_TEST_UMASK", folder.path())
        .output()
        .unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stdout));
    assert_eq!((mode(&private), mode(&public_key_path(&private))), (0o600, 0o644));
}
