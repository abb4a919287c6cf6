//! The forensic public key in its file: 32 raw bytes.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use agent_receipts_core::disclosure::{ForensicPublicKey, Plaintext, SealError, seal};
use agent_receipts_core::json::Object;
use thiserror::Error;

/// A forensic public key that nothing can be disclosed to. The daemon does not start with one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ForensicKeyError {
    /// The file cannot be read.
    #[error(
        "cannot read the forensic public key `{}`: {}: name another with --forensic-public-key, or make a pair with --init-forensic-key",
        path.display(),
        io::Error::from(*kind)
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// A directory, a device or a pipe.
    #[error("the forensic public key `{}` is not a regular file", path.display())]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// Whoever may write the file decides who can read what is disclosed.
    #[error("everybody may write the forensic public key `{}`: run `chmod o-w` on it", path.display())]
    WorldWritable {
        /// The file.
        path: PathBuf,
    },
    /// Not 32 bytes.
    #[error("the forensic public key `{}` is not 32 raw bytes (x25519)", path.display())]
    WrongLength {
        /// The file.
        path: PathBuf,
    },
    /// 32 bytes that nothing can be encrypted to.
    #[error("the forensic public key `{}` cannot be used: {error}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: SealError,
    },
}

/// Reads the key, and seals nothing to it once, so that a key of low order is found at start and not event by event.
pub(super) fn read(path: &Path) -> Result<ForensicPublicKey, ForensicKeyError> {
    let unreadable =
        |error: io::Error| ForensicKeyError::Unreadable { path: path.to_owned(), kind: error.kind() };
    // Without O_NONBLOCK a pipe in the file's place would hold the start up for ever.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(ForensicKeyError::NotAFile { path: path.to_owned() });
    }
    if about.mode() & 0o002 != 0 {
        return Err(ForensicKeyError::WorldWritable { path: path.to_owned() });
    }
    let mut bytes = Vec::with_capacity(LENGTH + 1);
    file.take(LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let bytes = <[u8; LENGTH]>::try_from(bytes)
        .map_err(|_| ForensicKeyError::WrongLength { path: path.to_owned() })?;
    let key = ForensicPublicKey::from_bytes(bytes);
    match seal(&Plaintext::from(Object::new()), &key, &[0; 32]) {
        Ok(_) => Ok(key),
        Err(error) => Err(ForensicKeyError::Unusable { path: path.to_owned(), error }),
    }
}

const LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use agent_receipts_core::disclosure::ForensicSecretKey;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    fn refused(content: &[u8]) -> ForensicKeyError {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.pub");
        fs::write(&path, content).unwrap();
        read(&path).unwrap_err()
    }

    #[test]
    fn thirty_two_raw_bytes_are_a_key() {
        let key = ForensicSecretKey::from_bytes([7; 32]).public_key();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.pub");
        fs::write(&path, key.as_bytes()).unwrap();
        assert_eq!(read(&path), Ok(key));
        fs::set_permissions(&path, Permissions::from_mode(0o646)).unwrap();
        assert_eq!(read(&path), Err(ForensicKeyError::WorldWritable { path }));
    }

    #[test]
    fn other_lengths_and_points_of_low_order_are_not() {
        for content in [&[][..], &[1; 31], &[1; 33], b"-----BEGIN PUBLIC KEY-----\n", &[b'a'; 64]] {
            assert!(matches!(refused(content), ForensicKeyError::WrongLength { .. }), "{content:?}");
        }
        let mut one = [0; 32];
        one[0] = 1;
        for content in [[0; 32], one] {
            assert!(matches!(refused(&content), ForensicKeyError::Unusable { .. }), "{content:?}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(ForensicKeyError::NotAFile { .. })));
        let missing = folder.path().join("none");
        let refusal = read(&missing).unwrap_err();
        assert_eq!(refusal, ForensicKeyError::Unreadable { path: missing, kind: io::ErrorKind::NotFound });
        assert!(refusal.to_string().contains("--init-forensic-key"), "{refusal}");
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(read(&pipe), Err(ForensicKeyError::NotAFile { .. })));
    }
}
