//! The file adapter: which files are taken for a key, and what a key can do when.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use agent_receipts_core::Signer;
use agent_receipts_keysource::{Algorithm, FileError, FileKeySource, KeyError, KeySource, generate_key_pair};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tempfile::{TempDir, tempdir};
use zeroize::Zeroizing;

const METHOD: &str = "did:example:daemon#k1";

/// RFC 8032 §7.1, test 1: the seed and its public key.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
    0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// The same key as OpenSSL writes it.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";

fn key_file(contents: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("signing.key");
    std::fs::write(&path, contents).unwrap();
    set_mode(&path, 0o600);
    (folder, path)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn init(path: &Path) -> Result<FileKeySource, KeyError> {
    let mut source = FileKeySource::new(path, METHOD);
    source.init().map(|()| source)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_key_signs_as_the_standard_says() {
    let (_folder, path) = key_file(PEM);
    let source = init(&path).unwrap();
    assert_eq!(hex(source.public_key().unwrap().as_bytes()), PUBLIC);
    // RFC 8032 §7.1, test 1: the empty message.
    let signature = KeySource::sign(&source, b"").unwrap();
    assert_eq!(
        hex(signature.as_bytes()),
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    );
    assert_eq!(Signer::sign(&source, b""), Ok(signature));
    assert_eq!(source.verification_method(), METHOD);
    assert_eq!((source.algorithm(), source.algorithm().as_str()), (Algorithm::Ed25519, "ed25519"));
}

#[test]
fn line_ends_and_space_around_the_document_do_not_matter() {
    for text in [PEM.trim().to_owned(), PEM.replace('\n', "\r\n"), format!("\n \n{PEM}\n\n")] {
        let (_folder, path) = key_file(text);
        init(&path).unwrap();
    }
}

#[test]
fn a_key_with_its_public_half_inside_is_taken_if_they_belong_together() {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let public = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap().public_key().as_ref().to_vec();
    let pem =
        |der: &[u8]| pem_rfc7468::encode_string("PRIVATE KEY", pem_rfc7468::LineEnding::LF, der).unwrap();
    let (_folder, path) = key_file(pem(document.as_ref()));
    assert_eq!(init(&path).unwrap().public_key().unwrap().as_bytes().as_slice(), public);

    let mut mismatched = document.as_ref().to_vec();
    *mismatched.last_mut().unwrap() ^= 1;
    let (_folder, path) = key_file(pem(&mismatched));
    assert_eq!(init(&path).unwrap_err(), KeyError::NotEd25519 { path });
}

/// RFC 8410 §7's version 2 as OpenSSL encodes it, with RFC 8032's second test key.
#[test]
fn openssls_form_with_the_public_half_is_taken_byte_for_byte_only() {
    let unhex = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    let der = unhex(&format!("3051020101300506032b657004220420{seed}812100{public}"));
    let load = |der: &[u8]| {
        let pem = pem_rfc7468::encode_string("PRIVATE KEY", pem_rfc7468::LineEnding::LF, der).unwrap();
        let (_folder, path) = key_file(pem);
        init(&path)
    };
    assert!(load(&der).is_ok());
    for at in 0..der.len() {
        let mut wrong = der.clone();
        wrong[at] ^= 1;
        assert!(matches!(load(&wrong), Err(KeyError::NotEd25519 { .. })), "byte {at}");
    }
    assert!(load(&[der.as_slice(), &[0]].concat()).is_err());
    assert!(load(&der[..der.len() - 1]).is_err());
}

#[test]
fn before_init_and_after_teardown_nothing_is_signed() {
    let (_folder, path) = key_file(PEM);
    let mut source = FileKeySource::new(&path, METHOD);
    assert_eq!(KeySource::sign(&source, b"x"), Err(KeyError::NotInitialised));
    assert_eq!(source.public_key(), Err(KeyError::NotInitialised));
    source.teardown();
    assert_eq!(KeySource::sign(&source, b"x"), Err(KeyError::TornDown));
    source.init().unwrap();
    KeySource::sign(&source, b"x").unwrap();
    source.teardown();
    source.teardown();
    assert_eq!(KeySource::sign(&source, b"x"), Err(KeyError::TornDown));
    assert_eq!(source.public_key(), Err(KeyError::TornDown));
    assert!(!KeyError::TornDown.is_transient());
    assert_eq!(source.verification_method(), METHOD);
}

#[test]
fn a_failed_init_gives_up_the_key_that_was_held() {
    let (_folder, path) = key_file(PEM);
    let mut source = init(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(source.init().is_err());
    assert_eq!(KeySource::sign(&source, b"x"), Err(KeyError::NotInitialised));
}

#[test]
fn a_missing_key_is_not_made() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("signing.key");
    let refusal = init(&path).unwrap_err();
    assert_eq!(refusal, KeyError::File(FileError::Missing { path: path.clone() }));
    assert!(refusal.to_string().contains(path.to_str().unwrap()));
    assert!(!refusal.is_transient());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(init(Path::new("")).unwrap_err(), KeyError::File(FileError::EmptyPath));
}

#[test]
fn any_bit_for_others_is_refused_with_the_mend() {
    for mode in [0o640, 0o604, 0o644, 0o660, 0o610, 0o601, 0o602, 0o620, 0o777, 0o410] {
        let (_folder, path) = key_file(PEM);
        set_mode(&path, mode);
        let refusal = init(&path).unwrap_err();
        assert_eq!(refusal, KeyError::LooseMode { path, mode });
        assert!(refusal.to_string().contains("chmod 600"));
        assert!(!refusal.is_transient());
    }
    for mode in [0o600, 0o400, 0o700] {
        let (_folder, path) = key_file(PEM);
        set_mode(&path, mode);
        init(&path).unwrap();
    }
}

#[test]
fn a_key_of_another_user_is_refused() {
    let (_folder, path) = key_file(PEM);
    match std::os::unix::fs::chown(&path, Some(65_534), None) {
        Ok(()) => assert_eq!(init(&path).unwrap_err(), KeyError::ForeignOwner { path, owner: 65_534 }),
        // Only root can give a file away; for everyone else the rule has a test beside the code.
        Err(_) => drop(init(&path).unwrap()),
    }
}

#[test]
fn links_and_special_files_are_refused_and_do_not_hang() {
    let (folder, real) = key_file(PEM);
    let path = folder.path().join("other.key");
    std::os::unix::fs::symlink(&real, &path).unwrap();
    assert_eq!(init(&path).unwrap_err(), KeyError::File(FileError::Symlink { path: path.clone() }));
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/nowhere", &path).unwrap();
    assert_eq!(init(&path).unwrap_err(), KeyError::File(FileError::Symlink { path: path.clone() }));
    std::fs::remove_file(&path).unwrap();
    let irregular = KeyError::File(FileError::NotRegular { path: path.clone() });
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(init(&path).unwrap_err(), irregular);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(init(&path).unwrap_err(), irregular);
    std::fs::remove_dir(&path).unwrap();
    let _socket = UnixListener::bind(&path).unwrap();
    assert_eq!(init(&path).unwrap_err(), irregular);
    assert_eq!(
        init(Path::new("/dev/null")).unwrap_err().to_string(),
        "signing key: `/dev/null` is not a regular file"
    );
}

#[test]
fn a_file_too_large_for_a_key_is_refused() {
    let padded = format!("{PEM}{}", "\n".repeat(16 * 1024 - PEM.len()));
    assert_eq!(padded.len(), 16 * 1024);
    let (_folder, path) = key_file(&padded);
    init(&path).unwrap();
    let (_folder, path) = key_file(format!("{padded}\n"));
    assert_eq!(init(&path).unwrap_err(), KeyError::File(FileError::TooLarge { path, limit: 16 * 1024 }));
}

#[test]
fn what_is_not_exactly_one_private_key_is_refused_without_quoting_it() {
    let seed_line = PEM.lines().nth(1).unwrap();
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
                  -----END PUBLIC KEY-----\n";
    let not_pem: &[&str] = &[
        "",
        "\n",
        "a key",
        seed_line,
        &PEM[..80],
        &PEM.replace("END PRIVATE", "END PUBLIC"),
        &format!("{PEM}{PEM}"),
        &format!("{PEM}trailing"),
        &PEM.replace("MC4C", "MC*C"),
        "\u{0}\u{0}",
    ];
    for text in not_pem {
        let (_folder, path) = key_file(text);
        assert_eq!(init(&path).unwrap_err(), KeyError::NotPem { path }, "{text}");
    }
    let (_folder, path) = key_file([0xff, 0xfe, 0x00]);
    assert_eq!(init(&path).unwrap_err(), KeyError::NotPem { path });
    let others = [
        public.to_owned(),
        PEM.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        PEM.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY"),
        PEM.replace("PRIVATE KEY", "EC PRIVATE KEY"),
    ];
    for text in others {
        let (_folder, path) = key_file(&text);
        assert_eq!(init(&path).unwrap_err(), KeyError::NotPrivateKey { path }, "{text}");
    }
    // A byte short, a byte long, X25519 instead of Ed25519, version 3, an inner length that lies, and nothing at all.
    let der = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut der = [
            &[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
                [..],
            &SEED[..],
        ]
        .concat();
        change(&mut der);
        pem_rfc7468::encode_string("PRIVATE KEY", pem_rfc7468::LineEnding::LF, &der).unwrap()
    };
    assert_eq!(der(&|_| {}), PEM);
    let changed = [
        der(&|der| der.truncate(47)),
        der(&|der| der.push(0)),
        der(&|der| der[11] = 0x6e),
        der(&|der| der[4] = 3),
        der(&|der| der[15] = 0x1f),
        der(&|der| der.clear()),
    ];
    for pem in changed {
        let (_folder, path) = key_file(pem);
        let refusal = init(&path).unwrap_err();
        assert!(matches!(refusal, KeyError::NotEd25519 { .. } | KeyError::NotPem { .. }), "{refusal:?}");
        assert!(!format!("{refusal:?} {refusal}").contains("nWGxne"), "{refusal:?}");
    }
}

#[test]
fn nothing_of_the_key_can_be_printed() {
    let (_folder, path) = key_file(PEM);
    let mut source = init(&path).unwrap();
    let printed = format!("{source:?} {source:#?}");
    assert!(printed.contains("ready"));
    for secret in [hex(&SEED), format!("{SEED:?}"), "nWGxne".to_owned(), "157, 97".to_owned()] {
        assert!(!printed.contains(&secret), "{printed}");
    }
    source.teardown();
    assert!(format!("{source:?}").contains("torn down"));
}

#[test]
fn many_threads_sign_at_once() {
    let (_folder, path) = key_file(PEM);
    let source = init(&path).unwrap();
    let key = source.public_key().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8u8 {
            let source: &dyn KeySource = &source;
            scope.spawn(move || {
                for number in 0..50u8 {
                    let message = [thread, number];
                    assert_eq!(key.verify(&message, &source.sign(&message).unwrap()), Ok(()));
                }
            });
        }
    });
}

#[test]
fn a_generated_key_is_the_one_that_loads() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("signing.key");
    let published = generate_key_pair(&path, Path::new(""), &Zeroizing::new(SEED)).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), PEM);
    assert_eq!(init(&path).unwrap().public_key(), Ok(published));
}

#[test]
fn only_what_passes_by_itself_is_transient() {
    let io = |code| {
        KeyError::File(FileError::Io { path: "/k".into(), operation: "open", code, message: String::new() })
    };
    for errno in [rustix::io::Errno::MFILE, rustix::io::Errno::INTR, rustix::io::Errno::NOMEM] {
        assert!(io(Some(errno.raw_os_error())).is_transient());
    }
    for errno in [rustix::io::Errno::ACCESS, rustix::io::Errno::IO, rustix::io::Errno::ROFS] {
        assert!(!io(Some(errno.raw_os_error())).is_transient());
    }
    assert!(!io(None).is_transient());
}
