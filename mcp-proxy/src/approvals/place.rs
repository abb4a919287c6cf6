//! Where one proxy can be found by whoever approves: a socket, a file that says so, and, for a port, the token's file.
//!
//! All of it stands in a folder that this user alone may look into, and is removed at the end. What a killed proxy left is swept by
//! the next one who looks (`found.rs`).

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use agent_receipts_core::json::{Object, Value, canonical};
use agent_receipts_ipc::{FolderError, PrivateFolder};
use zeroize::Zeroizing;

/// Why nobody can approve over the socket, or the port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The environment names no folder of this user.
    #[error("no folder for the approvals' socket: set XDG_RUNTIME_DIR or HOME")]
    NoFolder,
    /// The folder is not fit, or cannot be made.
    #[error("no socket for approvals: {0}")]
    Folder(#[from] FolderError),
    /// Socket paths are short.
    #[error("no socket for approvals: `{}` is too long for one; set XDG_RUNTIME_DIR to a shorter path", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
    },
    /// The system said no.
    #[error("no {what} for approvals: {kind}")]
    System {
        /// What was to be there.
        what: &'static str,
        /// The system's reason.
        kind: io::ErrorKind,
    },
    /// The port that was asked for is not to be had.
    #[error("port {port} for approvals is not to be had: {kind}; 0 takes any that is free")]
    Port {
        /// The port.
        port: u16,
        /// The system's reason.
        kind: io::ErrorKind,
    },
}

/// The files of one proxy; gone when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    name: String,
}

impl Place {
    /// Opens a socket in the first folder that can be had. `name` is this proxy's alone.
    pub(super) fn open(
        name: &str,
        env: &impl Fn(&str) -> Option<String>,
    ) -> Result<(Self, UnixListener), EndpointError> {
        let mut fault = EndpointError::NoFolder;
        for folder in PrivateFolder::usual(FOLDER, env) {
            match Self::open_in(&folder, name) {
                Ok(opened) => return Ok(opened),
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }

    fn open_in(folder: &PrivateFolder, name: &str) -> Result<(Self, UnixListener), EndpointError> {
        folder.make()?;
        // From here on, what was made is removed whatever fails.
        let place = Self { folder: folder.path().to_owned(), name: name.to_owned() };
        let (socket, unfinished) = (place.socket(), place.file(UNFINISHED));
        if socket.as_os_str().len() > LONGEST {
            return Err(EndpointError::TooLong { path: socket });
        }
        let said = |error: io::Error| EndpointError::System { what: "socket", kind: error.kind() };
        let listener = UnixListener::bind(&unfinished).map_err(said)?;
        fs::set_permissions(&unfinished, Permissions::from_mode(OWN)).map_err(said)?;
        // INVARIANT: at its name a socket answers, or nobody will ever answer there. Whoever sweeps relies on that.
        fs::rename(&unfinished, &socket).map_err(said)?;
        Ok((place, listener))
    }

    /// The socket's path.
    pub(super) fn socket(&self) -> PathBuf {
        self.file(SOCKET)
    }

    /// The path of the file with the token.
    pub(super) fn token_file(&self) -> PathBuf {
        self.file(TOKEN)
    }

    /// Writes the token to its file.
    pub(super) fn keep(&self, token: &str) -> Result<(), EndpointError> {
        let said = |error: io::Error| EndpointError::System { what: "token's file", kind: error.kind() };
        // Wiped, as the token itself is.
        let line = Zeroizing::new(format!("{token}\n"));
        write_own(&self.token_file(), line.as_bytes()).map_err(said)
    }

    /// Says who listens here, for `found.rs`; the last step of opening.
    pub(super) fn announce(&self, server: &str, http: Option<&str>) -> Result<(), EndpointError> {
        let said = |error: io::Error| EndpointError::System { what: "file", kind: error.kind() };
        let text = |path: PathBuf| Value::from(path.to_string_lossy().into_owned());
        let mut announced: Object =
            [("v", Value::from(1_u32)), ("pid", std::process::id().into())].into_iter().collect();
        announced.insert("server", server);
        announced.insert("socket", text(self.socket()));
        if let Some(http) = http {
            announced.insert("http", http);
            announced.insert("token_file", text(self.token_file()));
        }
        let unfinished = self.file(UNFINISHED);
        write_own(&unfinished, &canonical(&announced.into())).map_err(said)?;
        fs::rename(&unfinished, self.file(ANNOUNCEMENT)).map_err(said)
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The announcement first: whoever reads it finds the rest.
        for ending in [ANNOUNCEMENT, SOCKET, TOKEN, UNFINISHED] {
            let _ = fs::remove_file(self.file(ending));
        }
    }
}

fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A file that is there already, or a link, is not ours to write to.
    OpenOptions::new().write(true).create_new(true).mode(OWN).open(path)?.write_all(bytes)
}

/// The folder's name.
pub(super) const FOLDER: &str = "approvals";
pub(super) const ANNOUNCEMENT: &str = "json";
pub(super) const SOCKET: &str = "sock";
pub(super) const TOKEN: &str = "token";
pub(super) const UNFINISHED: &str = "new";
const OWN: u32 = 0o600;
/// Bytes of a socket's path that every system allows.
const LONGEST: usize = 100;
