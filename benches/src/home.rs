//! Our own daemon in a private folder.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Failure, ProcessUsage};

/// The programs that are measured.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// `agent-receipts-daemon`.
    pub daemon: PathBuf,
    /// `agent-receipts`.
    pub cli: PathBuf,
}

impl Binaries {
    /// The ones in the folder of this program, where a build of the workspace leaves them.
    ///
    /// # Errors
    ///
    /// [`Failure::System`] if this program does not know where it is.
    pub fn beside_this_one() -> Result<Self, Failure> {
        let this = std::env::current_exe().map_err(Failure::system("find this program"))?;
        let beside = |name: &str| this.with_file_name(name);
        Ok(Self { daemon: beside("agent-receipts-daemon"), cli: beside("agent-receipts") })
    }
}

/// A private folder with a signing key, in which a daemon can run; removed when dropped.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    daemon: PathBuf,
}

impl Home {
    /// Makes the folder under `place` and has the daemon make its key there.
    ///
    /// # Errors
    ///
    /// [`Failure`], most likely because the daemon is not built.
    pub fn new(daemon: &Path, place: &Path) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("ar-bench-")
            .tempdir_in(place)
            .map_err(Failure::system(format!("make a folder in `{}`", place.display())))?;
        let home = Self { folder, daemon: daemon.to_owned() };
        let mut init = home.command();
        let output = init
            .arg("--init")
            .output()
            .map_err(Failure::system(format!("start `{}` (is it built?)", daemon.display())))?;
        if output.status.success() {
            Ok(home)
        } else {
            Err(Failure::Program {
                program: daemon.display().to_string(),
                said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            })
        }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The daemon's database.
    pub fn db(&self) -> PathBuf {
        self.path("receipts.db")
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.path("s")
    }

    /// The signing key.
    pub fn key(&self) -> PathBuf {
        self.path("key")
    }

    /// The published key.
    pub fn public_key(&self) -> PathBuf {
        self.path("key.pub")
    }

    /// Starts the daemon and waits until its socket answers.
    ///
    /// # Errors
    ///
    /// [`Failure`] with the daemon's own words if it ends instead.
    pub fn start(&self) -> Result<RunningDaemon, Failure> {
        let log = self.path("log");
        let stderr = fs::File::create(&log).map_err(Failure::system("make a log"))?;
        let began = Instant::now();
        let child = self
            .command()
            .args(["--max-connections", "2048", "--max-connections-per-uid", "2048"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .map_err(Failure::system("start the daemon"))?;
        let mut daemon = RunningDaemon { child, answered_after: Duration::ZERO };
        while UnixStream::connect(self.socket()).is_err() {
            if let Ok(Some(_)) = daemon.child.try_wait() {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(Failure::Program {
                    program: self.daemon.display().to_string(),
                    said: said.trim().to_owned(),
                });
            }
            if began.elapsed() > PATIENCE {
                return Err(too_late("the daemon's start"));
            }
            sleep(Duration::from_micros(200));
        }
        daemon.answered_after = began.elapsed();
        Ok(daemon)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.daemon);
        command.env_clear().current_dir(self.folder.path());
        command.arg("--socket").arg(self.socket()).arg("--unsafe-socket-path");
        command.arg("--db").arg(self.db()).arg("--key").arg(self.key());
        command.arg("--public-key").arg(self.public_key());
        command
    }
}

/// A daemon that runs; killed when dropped without [`RunningDaemon::stop`].
#[derive(Debug)]
pub struct RunningDaemon {
    child: Child,
    /// From the start of the process to the first connection that its socket took.
    pub answered_after: Duration,
}

impl RunningDaemon {
    /// Its process id.
    pub fn pid(&self) -> i32 {
        Pid::from_child(&self.child).as_raw_nonzero().get()
    }

    /// What it has used up to now.
    ///
    /// # Errors
    ///
    /// As [`ProcessUsage::of`].
    pub fn usage(&self) -> Result<ProcessUsage, Failure> {
        ProcessUsage::of(self.pid())
    }

    /// Has it end with SIGTERM, and says how long that took.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it does not end, or not well.
    pub fn stop(mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .map_err(|error| Failure::System { what: "stop the daemon".to_owned(), error: error.into() })?;
        while began.elapsed() < PATIENCE {
            match self.child.try_wait().map_err(Failure::system("wait for the daemon"))? {
                Some(status) if status.success() => return Ok(began.elapsed()),
                Some(status) => {
                    return Err(Failure::Program {
                        program: "agent-receipts-daemon".to_owned(),
                        said: status.to_string(),
                    });
                }
                None => sleep(Duration::from_millis(1)),
            }
        }
        Err(too_late("the daemon's end"))
    }
}

impl Drop for RunningDaemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn too_late(what: &str) -> Failure {
    Failure::TooLate { what: what.to_owned(), seconds: PATIENCE.as_secs() }
}

const PATIENCE: Duration = Duration::from_secs(60);
