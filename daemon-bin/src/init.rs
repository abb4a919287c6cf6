//! Making key pairs, once, by the operator's word. The running daemon never makes one.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use agent_receipts_core::Fingerprint;
use agent_receipts_core::disclosure::ForensicSecretKey;
use agent_receipts_keysource::{FileError, GenerateError, generate_key_pair, random_seed};
use zeroize::Zeroizing;

use crate::args::KeyPaths;

/// A key pair that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What the pair is for, such as `signing key`.
    pub purpose: &'static str,
    /// Where it stands.
    pub paths: KeyPaths,
    /// SHA-256 over the raw public key.
    pub fingerprint: Fingerprint,
}

impl fmt::Display for Made {
    /// What the operator is told: one line each for the two files and the fingerprint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { purpose, paths: KeyPaths { private, public }, fingerprint } = self;
        writeln!(f, "{purpose}: {} (private, mode 0600)", private.display())?;
        writeln!(f, "public key: {} (mode 0644)", public.display())?;
        writeln!(f, "fingerprint: {fingerprint}")
    }
}

/// Makes the signing key pair: PKCS#8 PEM with mode 0600, SubjectPublicKeyInfo PEM with mode 0644. Missing directories are made.
///
/// # Errors
///
/// [`GenerateError`]; nothing that exists is overwritten or followed.
pub fn signing_key(paths: &KeyPaths) -> Result<Made, GenerateError> {
    let public = generate_key_pair(&paths.private, &paths.public, &random_seed()?)?;
    Ok(Made { purpose: "signing key", paths: paths.clone(), fingerprint: public.fingerprint() })
}

/// Makes the key pair for disclosed parameters: 32 raw bytes each (X25519), with modes 0600 and 0644. The private half belongs on
/// another machine.
///
/// # Errors
///
/// [`GenerateError`]; nothing that exists is overwritten or followed, and of a failed attempt nothing stays.
pub fn forensic_key(paths: &KeyPaths) -> Result<Made, GenerateError> {
    let KeyPaths { private, public } = paths;
    if private.as_os_str().is_empty() || public.as_os_str().is_empty() {
        return Err(FileError::EmptyPath.into());
    }
    make_directory_of(private)?;
    make_directory_of(public)?;
    if place(private) == place(public) {
        return Err(GenerateError::IdenticalPaths { path: private.clone() });
    }
    must_be_free(private)?;
    must_be_free(public)?;
    let secret: Zeroizing<[u8; 32]> = random_seed()?;
    let key = ForensicSecretKey::from_bytes(*secret).public_key();
    create(private, 0o600, secret.as_slice())?;
    create(public, 0o644, key.as_bytes()).inspect_err(|_| {
        // A private key without its public half would block the next attempt. Nothing was sealed to it yet.
        let _ = fs::remove_file(private);
    })?;
    Ok(Made { purpose: "forensic key", paths: paths.clone(), fingerprint: key.fingerprint() })
}

/// The path with its directory's links resolved, so that two names of one file are seen to be one.
fn place(path: &Path) -> PathBuf {
    match (fs::canonicalize(directory_of(path)), path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path.to_owned(),
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn make_directory_of(path: &Path) -> Result<(), FileError> {
    let directory = directory_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(directory)
        .map_err(|e| failed(directory, "make the directory", &e))
}

fn must_be_free(path: &Path) -> Result<(), FileError> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => Err(FileError::Symlink { path: path.to_owned() }),
        Ok(_) => Err(FileError::Exists { path: path.to_owned() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(failed(path, "look at", &e)),
    }
}

/// Writes a new file and its directory entry to disk; removes it again where that fails half-way.
fn create(path: &Path, mode: u32, content: &[u8]) -> Result<(), FileError> {
    // O_EXCL: a file or link that appeared since the check is neither written nor followed.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(|e| failed(path, "create", &e))?;
    let written = file
        .write_all(content)
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| file.sync_all())
        .and_then(|()| File::open(directory_of(path))?.sync_all());
    written.map_err(|e| {
        let _ = fs::remove_file(path);
        failed(path, "write", &e)
    })
}

fn failed(path: &Path, operation: &'static str, error: &io::Error) -> FileError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::AlreadyExists => FileError::Exists { path },
        _ => FileError::Io { path, operation, code: error.raw_os_error(), message: error.to_string() },
    }
}
