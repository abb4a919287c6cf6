//! Making key pairs: what is made can be used, and nothing that exists is touched.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use agent_receipts_core::PublicKey;
use agent_receipts_core::disclosure::{ForensicPublicKey, ForensicSecretKey, open, seal};
use agent_receipts_core::json::Object;
use agent_receipts_daemon::{KeyPaths, Made, forensic_key, signing_key};
use agent_receipts_keysource::{FileError, FileKeySource, GenerateError, KeySource};

type Make = fn(&KeyPaths) -> Result<Made, GenerateError>;

/// Both kinds, for the rules that hold for both.
const KINDS: [Make; 2] = [signing_key, forensic_key];

fn paths(folder: &Path) -> KeyPaths {
    KeyPaths { private: folder.join("key"), public: folder.join("key.pub") }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_private_half_is_0600_and_the_public_0644() {
    for make in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let made = make(&paths(folder.path())).unwrap();
        assert_eq!((mode(&made.paths.private), mode(&made.paths.public)), (0o600, 0o644));
    }
}

#[test]
fn a_signing_key_signs_for_the_published_key() {
    let folder = tempfile::tempdir().unwrap();
    let made = signing_key(&paths(folder.path())).unwrap();
    let public = PublicKey::from_pem(&fs::read_to_string(&made.paths.public).unwrap()).unwrap();
    assert_eq!(made.fingerprint, public.fingerprint());
    let mut source = FileKeySource::new(&made.paths.private, "did:example:d#k1");
    source.init().unwrap();
    assert_eq!(source.public_key().unwrap(), public);
    assert_eq!(public.verify(b"message", &source.sign(b"message").unwrap()), Ok(()));
}

#[test]
fn a_forensic_key_opens_what_was_sealed_to_its_public_half() {
    let folder = tempfile::tempdir().unwrap();
    let made = forensic_key(&paths(folder.path())).unwrap();
    let bytes = |path: &Path| <[u8; 32]>::try_from(fs::read(path).unwrap()).unwrap();
    let public = ForensicPublicKey::from_bytes(bytes(&made.paths.public));
    assert_eq!(made.fingerprint, public.fingerprint());
    let secret = ForensicSecretKey::from_bytes(bytes(&made.paths.private));
    let parameters = Object::from_iter([("command", "ls")]);
    let envelope = seal(&parameters.clone().into(), &public, &[7; 32]).unwrap();
    assert_eq!(open(&envelope.into(), &secret), Ok(parameters));
}

#[test]
fn no_two_keys_are_alike() {
    for make in KINDS {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_ne!(
            make(&paths(one.path())).unwrap().fingerprint,
            make(&paths(two.path())).unwrap().fingerprint
        );
    }
}

#[test]
fn an_existing_private_key_survives() {
    for make in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        fs::write(&paths.private, "sentinel").unwrap();
        let refused = make(&paths).unwrap_err();
        assert_eq!(refused, FileError::Exists { path: paths.private.clone() }.into());
        assert!(refused.to_string().contains(paths.private.to_str().unwrap()));
        assert_eq!(fs::read(&paths.private).unwrap(), b"sentinel");
        assert!(!paths.public.exists());
    }
}

#[test]
fn an_existing_public_key_survives_and_no_private_one_is_left() {
    for make in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        fs::write(&paths.public, "sentinel").unwrap();
        assert_eq!(make(&paths).unwrap_err(), FileError::Exists { path: paths.public.clone() }.into());
        assert_eq!(fs::read(&paths.public).unwrap(), b"sentinel");
        assert!(!paths.private.exists());
    }
}

#[test]
fn links_are_not_followed() {
    for make in KINDS {
        for at_private in [true, false] {
            for target in ["target", "nowhere/target"] {
                let folder = tempfile::tempdir().unwrap();
                let paths = paths(folder.path());
                let link = if at_private { &paths.private } else { &paths.public };
                symlink(folder.path().join(target), link).unwrap();
                let refused = make(&paths).unwrap_err();
                assert!(refused.to_string().contains(link.to_str().unwrap()), "{refused}");
                assert!(!folder.path().join("target").exists());
                let other = if at_private { &paths.public } else { &paths.private };
                assert!(!other.exists());
            }
        }
    }
}

#[test]
fn one_path_for_both_halves_is_refused_before_anything_is_written() {
    for make in KINDS {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink(folder.path().join("real"), folder.path().join("alias")).unwrap();
        let key = folder.path().join("real/key");
        for public in [key.clone(), folder.path().join("alias/key"), folder.path().join("real/./key")] {
            let refused = make(&KeyPaths { private: key.clone(), public }).unwrap_err();
            assert!(matches!(refused, GenerateError::IdenticalPaths { .. }), "{refused}");
            assert!(!key.exists());
        }
    }
}

#[test]
fn an_empty_path_is_refused() {
    for make in KINDS {
        let folder = tempfile::tempdir().unwrap();
        for public in ["".into(), folder.path().join("key.pub")] {
            let refused = make(&KeyPaths { private: "".into(), public }).unwrap_err();
            assert_eq!(refused, FileError::EmptyPath.into());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn missing_folders_are_made_for_nobody_else_to_write() {
    for make in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        make(&KeyPaths { private: deep.join("key"), public: deep.join("key.pub") }).unwrap();
        assert_eq!(mode(&deep) & 0o027, 0);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    for make in KINDS {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let blocked = folder.path().join("file/under");
        let refused = make(&paths(&blocked)).unwrap_err().to_string();
        assert!(refused.contains(folder.path().join("file").to_str().unwrap()), "{refused}");
    }
}
