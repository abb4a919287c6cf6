//! A daemon that we started, and that we stop again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::socket_place::{SocketSpot, answers};

/// Why a daemon could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DaemonError {
    /// The operating system refused.
    #[error("could not start `{}`: {source}", binary.display())]
    Start {
        /// The binary.
        binary: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended before it listened.
    #[error("the daemon ended at once ({status}){}", said(last_words))]
    EndedAtOnce {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        last_words: String,
    },
    /// It lives, and does not listen.
    #[error("the daemon does not listen on `{}` after {} seconds", socket.display(), PATIENCE.as_secs())]
    Deaf {
        /// Where it should.
        socket: PathBuf,
    },
    /// It was asked to stop, and did not.
    #[error("the daemon (process {pid}) did not stop within {} seconds and was left running", PATIENCE.as_secs())]
    WouldNotStop {
        /// Its process.
        pid: u32,
    },
    /// It could not be waited for.
    #[error("could not stop the daemon: {0}")]
    Stop(io::Error),
}

/// What a daemon is started with.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// Its binary.
    pub(crate) binary: &'a Path,
    /// Where it listens.
    pub(crate) socket: &'a SocketSpot,
    /// Where it writes.
    pub(crate) database: &'a Path,
    /// What it signs with.
    pub(crate) key: &'a Path,
    /// What it publishes.
    pub(crate) public_key: &'a Path,
    /// The chain, if one was asked for.
    pub(crate) chain_id: Option<&'a str>,
    /// The configuration file, if one was named.
    pub(crate) config: Option<&'a Path>,
    /// Where its words go.
    pub(crate) log: &'a Path,
}

/// A running daemon of our own. Dropped without [`DaemonProcess::stop`], it is stopped all the same.
#[derive(Debug)]
pub(crate) struct DaemonProcess {
    child: Child,
}

impl DaemonProcess {
    /// Starts a daemon and waits until it listens.
    pub(crate) fn start(launch: &Launch<'_>) -> Result<Self, DaemonError> {
        let refused = |source| DaemonError::Start { binary: launch.binary.to_owned(), source };
        let mut log = open_log(launch.log).map_err(refused)?;
        let before = log.seek(SeekFrom::End(0)).map_err(refused)?;
        let mut command = Command::new(launch.binary);
        command.arg("--socket").arg(&launch.socket.path).arg("--db").arg(launch.database);
        command.arg("--key").arg(launch.key).arg("--public-key").arg(launch.public_key);
        if let Some(chain_id) = launch.chain_id {
            command.arg("--chain-id").arg(chain_id);
        }
        if let Some(config) = launch.config {
            command.arg("--config").arg(config);
        }
        if launch.socket.outside_policy {
            command.arg("--unsafe-socket-path");
        }
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().map_err(refused)?).stderr(log.try_clone().map_err(refused)?);
        // A group of its own: an interrupt from the terminal is meant for the command, not for the recorder.
        command.process_group(0);
        let mut daemon = Self { child: command.spawn().map_err(refused)? };
        daemon.wait_until_it_listens(&launch.socket.path, log, before)?;
        Ok(daemon)
    }

    fn wait_until_it_listens(&mut self, socket: &Path, log: File, from: u64) -> Result<(), DaemonError> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(DaemonError::Stop)? {
                return Err(DaemonError::EndedAtOnce { status, last_words: last_words(log, from) });
            }
            if answers(socket) {
                return Ok(());
            }
            sleep(PAUSE);
        }
        Err(DaemonError::Deaf { socket: socket.to_owned() })
    }

    /// Asks the daemon to stop, by its own process id, and waits until it has: then its last receipts are on disk.
    pub(crate) fn stop(mut self) -> Result<(), DaemonError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), DaemonError> {
        // Once waited for, the process id may be another process's.
        if self.child.try_wait().map_err(DaemonError::Stop)?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .map_err(|error| DaemonError::Stop(error.into()))?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.child.try_wait().map_err(DaemonError::Stop)?.is_some() {
                return Ok(());
            }
            sleep(PAUSE);
        }
        Err(DaemonError::WouldNotStop { pid: self.child.id() })
    }
}

impl Drop for DaemonProcess {
    fn drop(&mut self) {
        // The error has nowhere to go; `stop` is for those who want it.
        let _ = self.end();
    }
}

fn open_log(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(no_link).open(path)
}

/// What stands in the log from `from` on: its last lines, and not more than a screen of them.
fn last_words(mut log: File, from: u64) -> String {
    let mut bytes = Vec::new();
    let start = log.seek(SeekFrom::Start(from)).is_ok();
    if !start || log.take(MAX_LOG_READ).read_to_end(&mut bytes).is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

fn said(last_words: &str) -> String {
    if last_words.is_empty() {
        return String::new();
    }
    let lines = last_words.lines().map(|line| format!("\n  daemon: {}", crate::output::printable(line)));
    lines.fold(":".to_owned(), |all, line| all + &line)
}

/// How long a daemon may take to start or to stop. A large database is checked at start.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);
const MAX_LOG_READ: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts what is no daemon at all.
    fn start(binary: &Path) -> DaemonError {
        let dir = tempfile::tempdir().unwrap();
        let socket = SocketSpot { path: dir.path().join("s"), outside_policy: true, temporary: None };
        DaemonProcess::start(&Launch {
            binary,
            socket: &socket,
            database: Path::new("/d"),
            key: Path::new("/k"),
            public_key: Path::new("/p"),
            chain_id: Some("c"),
            config: None,
            log: &dir.path().join("log"),
        })
        .unwrap_err()
    }

    #[test]
    fn a_daemon_that_ends_at_once_is_quoted() {
        // A shell that is given a daemon's flags complains of the first.
        let error = start(Path::new("/bin/sh")).to_string();
        assert!(error.contains("ended at once") && error.contains("\n  daemon: "), "{error}");
    }

    #[test]
    fn a_binary_that_is_none_is_an_error() {
        assert!(matches!(start(Path::new("/nowhere/daemon")), DaemonError::Start { .. }));
    }
}
