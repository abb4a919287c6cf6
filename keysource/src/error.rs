//! What can go wrong with keys and their files. No variant can hold key material.

use std::io;
use std::path::{Path, PathBuf};

use agent_receipts_core::KeyEncodingError;

/// Why a key file could not be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no file at the path.
    #[error("no file at `{}`", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The path is empty.
    #[error("an empty path names no key file")]
    EmptyPath,
    /// Something already stands where a file was to be made.
    #[error("`{}` already exists: move it away first", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// The path is a symbolic link.
    #[error("`{}` is a symbolic link: name the file itself, or remove the link", path.display())]
    Symlink {
        /// The path.
        path: PathBuf,
    },
    /// The path is a directory, a FIFO, a device or a socket.
    #[error("`{}` is not a regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// The file is larger than any key file.
    #[error("`{}` is larger than {limit} bytes and cannot be a key", path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file operation failed.
    #[error("could not {operation} `{}`: {message}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was tried: a verb.
        operation: &'static str,
        /// The operating system's number for the failure, if it gave one.
        code: Option<i32>,
        /// The operating system's words.
        message: String,
    },
}

impl FileError {
    pub(crate) fn io(path: &Path, operation: &'static str, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ => Self::Io { path, operation, code: error.raw_os_error(), message: error.to_string() },
        }
    }

    /// Whether the same operation may succeed if it is tried again later without anybody changing the file.
    pub fn is_transient(&self) -> bool {
        use rustix::io::Errno;
        let passing = [
            Errno::INTR,
            Errno::AGAIN,
            Errno::BUSY,
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOMEM,
            Errno::TIMEDOUT,
            Errno::STALE,
        ];
        matches!(self, Self::Io { code: Some(code), .. } if passing.iter().any(|errno| errno.raw_os_error() == *code))
    }
}

/// Why a key source cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The source was not initialised.
    #[error("the key source is not initialised")]
    NotInitialised,
    /// The source was torn down.
    #[error("the key source was torn down")]
    TornDown,
    /// The key file cannot be used.
    #[error("signing key: {0}")]
    File(#[from] FileError),
    /// Group or world may do something with the key file.
    #[error("signing key: `{}` has mode {mode:04o}, open to others: `chmod 600` it", path.display())]
    LooseMode {
        /// The path.
        path: PathBuf,
        /// The file's permission bits.
        mode: u32,
    },
    /// The key file belongs to neither this user nor root.
    #[error("signing key: `{}` belongs to uid {owner}: `chown` it to the daemon's user", path.display())]
    ForeignOwner {
        /// The path.
        path: PathBuf,
        /// The owner's uid.
        owner: u32,
    },
    /// The file is not one PEM document.
    #[error("signing key: `{}` is not a pem document", path.display())]
    NotPem {
        /// The path.
        path: PathBuf,
    },
    /// The PEM document is not labelled `PRIVATE KEY`; public, encrypted and OpenSSH keys are not.
    #[error("signing key: `{}` is not an unencrypted pkcs#8 private key", path.display())]
    NotPrivateKey {
        /// The path.
        path: PathBuf,
    },
    /// The private key is of another algorithm, or its encoding is damaged.
    #[error("signing key: `{}` does not hold a well-formed ed25519 private key", path.display())]
    NotEd25519 {
        /// The path.
        path: PathBuf,
    },
}

impl KeyError {
    /// Whether a retry can help. False means that an operator must act first.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::File(error) if error.is_transient())
    }
}

/// Why a key pair was not made. Nothing is left behind then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The private and the public key were to be written to one file.
    #[error("the private and the public key cannot both be written to `{}`", path.display())]
    IdenticalPaths {
        /// The path.
        path: PathBuf,
    },
    /// A file could not be made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// Why a public key was not published or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// The file cannot be used.
    #[error("public key: {0}")]
    File(#[from] FileError),
    /// The file holds something else than the key that was to be published there.
    #[error("public key: `{}` holds another key: archive it, or restore the signing key that belongs to it", path.display())]
    Different {
        /// The path.
        path: PathBuf,
    },
    /// The file does not hold an Ed25519 public key.
    #[error("public key: `{}` is {cause}", path.display())]
    Malformed {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        cause: KeyEncodingError,
    },
    /// There are more archived keys than a verifier will consider.
    #[error("public key: more than {limit} archived keys beside `{}`", path.display())]
    TooMany {
        /// The path of the current public key.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
}
